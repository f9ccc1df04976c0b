//! Any bytes are a model, or an error that names the place; a model with a small input runs or says why not.
#![no_main]

use axsim::tensor::Tensor;
use axsim::workload::{Graph, Kind, Network, Value};
use axsim_fuzz::fields;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

/// Elements up to which a model is run on zeros.
const SMALL: usize = 4096;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(network) = Network::from_onnx(bytes) {
        let sample = [&[1], network.sample_shape()].concat();
        if sample.iter().product::<usize>() <= SMALL {
            let _ = network.run(&Tensor::filled(sample, 0.0));
        }
    }
    if let Ok(graph) = Graph::from_onnx(bytes) {
        for shape in [&[1, 2, 4, 4][..], &[1, 3, 4], &[4, 4], &[3]] {
            for kind in [Kind::F32, Kind::I64, Kind::U8] {
                let zeros = vec![0.0; shape.iter().product()];
                let value = if kind.is_real() {
                    Value::real(kind, shape, zeros)
                } else {
                    Value::whole(kind, shape, vec![0; zeros.len()])
                };
                let _ = graph.run(vec![value.expect("zeros fill the shape"); graph.inputs().len()]);
            }
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    // The macro takes a block only.
    fields::mutate(data, size, most, seed)
});
