//! Does a large network on large pictures stay within a small machine's memory?

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use axsim::rng::Stream;
use rten_onnx::onnx::{
    AttributeProto, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

/// The most that the program may take.
const MOST: u64 = 3 << 29;
/// Pixels of a picture's side.
const SIDE: usize = 224;

/// A graph as it grows.
struct Builder {
    graph: GraphProto,
    stream: Stream,
}

impl Builder {
    fn node(&mut self, kind: &str, inputs: &[&str], attributes: &[(&str, &[i64])]) -> String {
        let name = format!("{kind}{}", self.graph.node.len());
        let attribute = |(name, ints): &(&str, &[i64])| AttributeProto {
            name: Some(name.to_string()),
            ints: ints.to_vec(),
            ..Default::default()
        };
        self.graph.node.push(NodeProto {
            name: Some(name.clone()),
            op_type: Some(kind.into()),
            input: inputs.iter().map(|input| input.to_string()).collect(),
            output: vec![name.clone()],
            attribute: attributes.iter().map(attribute).collect(),
            ..Default::default()
        });
        name
    }

    /// Weights of the size that keeps activations as they are.
    fn stored(&mut self, dims: &[i64], fan: f32) -> String {
        let name = format!("stored{}", self.graph.initializer.len());
        let spread = (6.0 / fan).sqrt();
        let count = dims.iter().product::<i64>();
        let values = (0..count).map(|_| (self.stream.below(2001) as f32 / 1000.0 - 1.0) * spread).collect();
        self.graph.initializer.push(TensorProto {
            name: Some(name.clone()),
            dims: dims.to_vec(),
            data_type: Some(DataType::FLOAT),
            float_data: values,
            ..Default::default()
        });
        name
    }

    fn convolution(&mut self, input: &str, [from, to]: [i64; 2], [kernel, stride]: [i64; 2]) -> String {
        let weights = self.stored(&[to, from, kernel, kernel], (from * kernel * kernel) as f32);
        let window = [("strides", &[stride, stride][..]), ("pads", &[kernel / 2; 4][..])];
        self.node("Conv", &[input, &weights], &window)
    }

    /// Two convolutions around a shortcut.
    fn block(&mut self, input: &str, [from, to]: [i64; 2], stride: i64) -> String {
        let first = self.convolution(input, [from, to], [3, stride]);
        let first = self.node("Relu", &[&first], &[]);
        let second = self.convolution(&first, [to, to], [3, 1]);
        let shortcut =
            if from == to { input.into() } else { self.convolution(input, [from, to], [1, stride]) };
        let sum = self.node("Add", &[&second, &shortcut], &[]);
        self.node("Relu", &[&sum], &[])
    }
}

/// ResNet-18 for pictures of 224 × 224 in 1,000 classes, with random weights.
fn resnet18() -> Vec<u8> {
    let mut build = Builder { graph: GraphProto::default(), stream: Stream::new(1, "test.memory", 0) };
    let first = build.convolution("picture", [3, 64], [7, 2]);
    let first = build.node("Relu", &[&first], &[]);
    let window = [("kernel_shape", &[3, 3][..]), ("strides", &[2, 2][..]), ("pads", &[1; 4][..])];
    let mut value = build.node("MaxPool", &[&first], &window);
    for [from, to] in [[64, 64], [64, 128], [128, 256], [256, 512]] {
        value = build.block(&value, [from, to], if from == to { 1 } else { 2 });
        value = build.block(&value, [to, to], 1);
    }
    let pooled = build.node("GlobalAveragePool", &[&value], &[]);
    let flat = build.node("Flatten", &[&pooled], &[]);
    let [weights, bias] = [build.stored(&[512, 1000], 512.0), build.stored(&[1000], 512.0)];
    let output = build.node("Gemm", &[&flat, &weights, &bias], &[]);
    let mut graph = build.graph;
    graph.input = vec![value_info("picture", &[1, 3, SIDE as i64, SIDE as i64])];
    graph.output = vec![value_info(&output, &[1, 1000])];
    let opset_import = vec![OperatorSetIdProto { version: Some(13), ..Default::default() }];
    ModelProto { graph: Some(graph), opset_import, ..Default::default() }.write_buf().unwrap()
}

pub(crate) fn value_info(name: &str, sizes: &[i64]) -> ValueInfoProto {
    let dim = sizes.iter().map(|&size| Dimension { dim_value: Some(size), ..Default::default() });
    let tensor_type = TypeProtoTensor {
        elem_type: Some(DataType::FLOAT),
        shape: Some(TensorShapeProto { dim: dim.collect() }),
    };
    let r#type = Some(TypeProto { tensor_type: Some(tensor_type), ..Default::default() });
    ValueInfoProto { name: Some(name.into()), r#type }
}

/// A configuration with its files: the network on `samples` random pictures, calibrated on `calibrated` more.
fn task(folder: &Path, [samples, calibrated]: [usize; 2]) {
    let mut stream = Stream::new(2, "test.memory", 0);
    let pictures: Vec<u8> =
        (0..(samples + calibrated) * 3 * SIDE * SIDE).map(|_| stream.word() as u8).collect();
    fs::write(folder.join("resnet18.onnx"), resnet18()).unwrap();
    fs::write(folder.join("pictures"), pictures).unwrap();
    fs::write(folder.join("labels"), vec![0; samples + calibrated]).unwrap();
    let files = "features: pictures, labels: labels";
    let text = format!(
        "workload:\n  model: resnet18.onnx\n  samples: {samples}\n  quantize: {{calibration_samples: {calibrated}}}\n  preprocess: \
         {{scale: 0.01, mean: [1.28], std: [1]}}\n  data: {{features: {{test: {{{files}, from: {calibrated}}}, calibration: {{{files}, \
         to: {calibrated}}}}}}}\nplatform:\n  preset: always_on\n  sensor: ideal\n  compute: {{array: {{multiplier: exact}}}}\n\
         approximate:\n  compute.array.multiplier: mul8s_bwtrunc_t4\n  compute.array.accumulator: add24s_loa_k6\n"
    );
    fs::write(folder.join("run.yaml"), text).unwrap();
}

/// The most memory that a process has taken, in bytes; none where it is over or the system does not tell.
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[test]
fn resnet18_on_large_pictures_fits_into_one_and_a_half_gibibytes() {
    // Twelve setups, and more threads than most machines have. What a run takes grows with the pictures themselves only; 200 of
    // them take minutes.
    let large = std::env::var_os("AXSIM_LARGE_NETWORK").is_some();
    let [samples, calibrated] = if large { [200, 64] } else { [12, 32] };
    let folder = tempfile::tempdir().unwrap();
    task(folder.path(), [samples, calibrated]);
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("axsim"));
    command.current_dir(folder.path()).args([
        "run",
        "run.yaml",
        "--quiet",
        "--threads",
        "32",
        "--out",
        "out",
    ]);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut most = 0;
    let status = loop {
        most = peak(&child).unwrap_or(most);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success());
    eprintln!("{samples} pictures, {calibrated} of calibration: {} MiB", most >> 20);
    assert!(most < MOST, "{} MiB for {samples} pictures, {calibrated} of calibration", most >> 20);
}
