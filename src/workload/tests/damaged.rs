//! Does no file, however damaged, make a reader panic, hang or take memory that the file does not hold?

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::collection::vec;
use proptest::prelude::any;
use rten_onnx::onnx::{AttributeProto, DataType, ModelProto, NodeProto, TensorProto};

use crate::rng::Stream;
use crate::tensor::Tensor;
use crate::workload::data::{DataError, Images, cifar10, features, idx, raw};
use crate::workload::{ModelError, Network, Value};

fn header(kind: u8, axes: u8, sizes: &[u32]) -> Vec<u8> {
    let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
    [0, 0, kind, axes].into_iter().chain(sizes).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut file = GzEncoder::new(Vec::new(), Compression::best());
    file.write_all(bytes).unwrap();
    file.finish().unwrap()
}

fn read(images: &[u8], labels: &[u8]) -> Result<Images, DataError> {
    Images::join(idx::images(images)?, idx::labels(labels)?)
}

fn images() -> Vec<u8> {
    [header(8, 3, &[2, 1, 2]), vec![5; 4]].concat()
}

#[test]
fn wrong_data_name_the_byte_or_the_image() {
    let labels = [header(8, 1, &[2]), vec![1, 2]].concat();
    assert_eq!(read(&images(), &labels).unwrap().pixels.shape(), [2, 1, 1, 2]);
    assert_eq!(read(&gzip(&images()), &gzip(&labels)), read(&images(), &labels));
    assert_eq!(read(&images()[..19], &labels), Err(DataError::Length { expected: 20, found: 19 }));
    let longer = [images(), vec![0; 9]].concat();
    assert_eq!(idx::images(&longer), Err(DataError::Surplus { expected: 20 }));
    let error = idx::labels(&header(13, 1, &[2])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "byte 2: elements of kind 0x0d are not supported; unsigned bytes (0x08) are"
    );
    let three = [header(8, 1, &[3]), vec![1, 2, 3]].concat();
    assert_eq!(read(&images(), &three), Err(DataError::Count { images: 2, labels: 3 }));
    let mut record = vec![0; 2 * 3073];
    record[3073] = 10;
    assert_eq!(cifar10::read(&record), Err(DataError::Label { image: 1, label: 10, classes: 10 }));
    assert_eq!(cifar10::read(&record[..3000]), Err(DataError::Length { expected: 3073, found: 3000 }));
    let part = |bytes: &[u8], labels: &[u8], range| features::read(bytes, labels, &[1, 2, 2], range);
    assert_eq!(part(&[0; 8], &[3, 4], 1..2).unwrap().labels, [4]);
    assert_eq!(part(&[0; 7], &[3, 4], 0..2), Err(DataError::Length { expected: 8, found: 7 }));
    assert_eq!(part(&[], &[], 0..0), Err(DataError::Length { expected: 4, found: 0 }));
    assert_eq!(part(&[0; 8], &[3], 0..1), Err(DataError::Count { images: 2, labels: 1 }));
    for (from, to) in [(0, 3), (1, 1), (2, 1)] {
        assert_eq!(part(&[0; 8], &[3, 4], from..to), Err(DataError::Range { from, to, held: 2 }));
    }
}

#[test]
fn a_header_that_promises_more_than_there_is_takes_no_memory() {
    let most = u32::MAX;
    // 2^96 elements, and 2^62, which fit a word.
    for sizes in [[most, most, most], [1 << 31, 1 << 31, 1]] {
        let file = [header(8, 3, &sizes), vec![0; 100]].concat();
        assert!(matches!(idx::images(&file), Err(DataError::Length { found: 116, .. })));
        assert!(matches!(idx::images(&gzip(&file)), Err(DataError::TooLarge { .. })));
    }
    // 64 MiB of zeros in 64 KiB: only what the header announces is unpacked.
    let bomb = gzip(&[header(8, 1, &[10]), vec![0; 1 << 26]].concat());
    assert!(bomb.len() < 1 << 17);
    assert_eq!(idx::labels(&bomb), Err(DataError::Surplus { expected: 18 }));
}

#[test]
fn members_of_a_compressed_file_are_read_one_after_the_other_and_nothing_else_behind_them() {
    let file = [header(8, 1, &[10]), (0..10).collect()].concat();
    let two = [gzip(&file[..13]), gzip(&file[13..])].concat();
    assert_eq!(idx::labels(&two).unwrap(), (0..10).collect::<Vec<u8>>());
    assert_eq!(raw::unpacked(two.clone()).unwrap(), file);
    let junk = [two, b"more".to_vec()].concat();
    assert!(matches!(raw::unpacked(junk.clone()), Err(DataError::Gzip(_))));
    assert!(idx::labels(&junk).is_err());
}

fn scenes() -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/workloads/scenes/scenes.onnx");
    std::fs::read(path).unwrap()
}

#[test]
fn a_cut_or_foreign_model_is_an_error() {
    let bytes = scenes();
    assert!(Network::from_onnx(&bytes).is_ok());
    for foreign in [&b"hello"[..], &[], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"{\"model\": 1}"] {
        assert!(matches!(Network::from_onnx(foreign), Err(ModelError::NotOnnx(_) | ModelError::Opset(..))));
    }
    let lite = Network::from_onnx(b"\x1c\0\0\0TFL3\x14\0 \0");
    assert!(
        lite.as_ref().is_err_and(|error| error.to_string().contains("tf2onnx.convert --tflite")),
        "{lite:?}"
    );
    for length in (0..bytes.len()).step_by(997) {
        assert!(Network::from_onnx(&bytes[..length]).is_err(), "cut at {length}");
    }
}

/// A length-delimited field of a protocol buffer that announces `length` bytes.
fn field(number: u8, length: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut rest = length;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    [bytes, content.to_vec()].concat()
}

#[test]
fn a_model_that_promises_more_than_there_is_takes_no_memory_and_no_stack() {
    for length in [5, 1 << 31, 1 << 60, i64::MAX as u64, u64::MAX - 3, u64::MAX] {
        for content in
            [field(2, length, b"name"), field(7, 13, &field(1, length, b"node")), field(9, length, b"")]
        {
            let error = Network::from_onnx(&content).err().unwrap().to_string();
            assert!(error.contains("byte "), "{error}");
        }
    }
    let deep =
        (0..20_000).fold(vec![], |inner: Vec<u8>, at| field([6, 5, 1][at % 3], inner.len() as u64, &inner));
    let deep = field(7, deep.len() as u64, &deep);
    assert!(Network::from_onnx(&deep).is_err());
}

/// The decoder of packed numbers makes no end of one that does not end; a fuzzer found it.
#[test]
fn packed_numbers_that_do_not_fill_their_field_are_refused() {
    let endless = [&[0xcc; 13][..], &[1]].concat();
    let tensor =
        |number, content: &[u8]| [&[16, 7][..], &field(number, content.len() as u64, content)].concat();
    for (number, content) in
        [(1, &endless[..]), (5, &endless), (7, &endless), (11, &endless), (4, &[0; 5]), (10, &[0; 12])]
    {
        let tensor = tensor(number, content);
        let error = Value::from_tensor_proto(&tensor).unwrap_err();
        assert!(error.starts_with("byte "), "{error}");
        let graph = field(5, tensor.len() as u64, &tensor);
        let model = field(7, graph.len() as u64, &graph);
        let error = Network::from_onnx(&model).err().unwrap().to_string();
        assert!(error.contains("byte ") && error.contains("number"), "{error}");
    }
}

#[test]
fn a_weight_that_is_no_number_is_named() {
    let mut model = ModelProto::parse_buf(&scenes()).unwrap();
    let weights = &mut model.graph.as_mut().unwrap().initializer[0];
    let count = weights.dims.iter().product::<i64>() as usize;
    weights.raw_data = None;
    weights.float_data = vec![1.0; count];
    weights.float_data[3] = f32::NAN;
    let name = weights.name.clone().unwrap();
    let error = Network::from_onnx(&model.write_buf().unwrap()).err().unwrap().to_string();
    assert_eq!(error, format!("value `{name}`: element 3 is NaN; stored values must be numbers"));
}

/// The scenes network behind a normalisation of its only channel.
fn normalised(variance: f32) -> Vec<u8> {
    let mut model = ModelProto::parse_buf(&scenes()).unwrap();
    let graph = model.graph.as_mut().unwrap();
    let input = std::mem::replace(&mut graph.node[0].input[0], "normalised".into());
    let parameters = [("scale", 1.0), ("shift", 0.0), ("mean", 0.0), ("variance", variance)];
    let stored = |(name, value): (&str, f32)| TensorProto {
        name: Some(name.into()),
        dims: vec![1],
        data_type: Some(DataType::FLOAT),
        float_data: vec![value],
        ..Default::default()
    };
    graph.initializer.extend(parameters.map(stored));
    let node = NodeProto {
        name: Some("norm".into()),
        op_type: Some("BatchNormalization".into()),
        input: [input].into_iter().chain(parameters.map(|(name, _)| name.into())).collect(),
        output: vec!["normalised".into()],
        ..Default::default()
    };
    graph.node.insert(0, node);
    model.write_buf().unwrap()
}

#[test]
fn a_variance_below_zero_is_an_error_at_its_node() {
    assert!(Network::from_onnx(&normalised(0.5)).is_ok());
    let error = Network::from_onnx(&normalised(-1.0)).err().unwrap().to_string();
    assert_eq!(
        error,
        "node `norm`: the factor of channel 0 comes to NaN; check the values that the node reads"
    );
}

/// Changes one part of a model that still is well-framed: what a wrong exporter would write.
fn damage(model: &mut ModelProto, stream: &mut Stream) {
    const INTEGERS: [i64; 12] = [0, 1, -1, 2, 3, 7, -2, 4097, 1 << 31, 1 << 62, i64::MAX, i64::MIN];
    const NAMES: [&str; 10] =
        ["", "x", "Conv", "Add", "MaxPool", "AveragePool", "Reshape", "pads", "axis", "dilations"];
    let graph = model.graph.as_mut().unwrap();
    let integer = INTEGERS[stream.below(12) as usize];
    let name = NAMES[stream.below(10) as usize].to_string();
    match stream.below(8) {
        0 => return tensor(one(&mut graph.initializer, stream), integer, stream),
        1 => {
            let shape = graph.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape.as_mut();
            one(&mut shape.unwrap().dim, stream).dim_value = Some(integer);
            return;
        }
        2 => drop(graph.node.remove(stream.below(graph.node.len() as u64) as usize)),
        3 => drop(graph.initializer.pop()),
        _ => {}
    }
    node(one(&mut graph.node, stream), integer, name, stream);
}

fn one<'a, T>(items: &'a mut [T], stream: &mut Stream) -> &'a mut T {
    let at = stream.below(items.len() as u64) as usize;
    &mut items[at]
}

fn tensor(tensor: &mut TensorProto, integer: i64, stream: &mut Stream) {
    match stream.below(4) {
        0 if !tensor.dims.is_empty() => *one(&mut tensor.dims, stream) = integer,
        1 => {
            tensor.data_type = Some(if integer & 1 == 0 { DataType::INT64 } else { DataType(integer as i32) })
        }
        2 => tensor.dims.push(integer),
        _ => tensor.float_data.push(f32::NAN),
    }
}

fn node(node: &mut NodeProto, integer: i64, name: String, stream: &mut Stream) {
    match stream.below(6) {
        0 => node.op_type = Some(name),
        1 if !node.input.is_empty() => *one(&mut node.input, stream) = name,
        2 => node.input.truncate(1),
        3 => node.output.clear(),
        4 => node.attribute.push(AttributeProto {
            name: Some(name),
            ints: vec![integer; 4],
            ..Default::default()
        }),
        _ if !node.attribute.is_empty() => {
            let attribute = one(&mut node.attribute, stream);
            attribute.i = attribute.i.map(|_| integer);
            if !attribute.ints.is_empty() {
                *one(&mut attribute.ints, stream) = integer;
            }
        }
        _ => {}
    }
}

#[test]
fn a_model_with_a_wrong_part_is_refused_or_runs() {
    let whole = scenes();
    let (mut refused, mut run) = (0, 0);
    for case in 0..2000 {
        let mut stream = Stream::new(1, "damaged model", case);
        let mut model = ModelProto::parse_buf(&whole).unwrap();
        for _ in 0..=stream.below(2) {
            damage(&mut model, &mut stream);
        }
        let Ok(network) = Network::from_onnx(&model.write_buf().unwrap()) else {
            refused += 1;
            continue;
        };
        run += 1;
        let sample = [&[1], network.sample_shape()].concat();
        let answer = network.run(&Tensor::filled(sample, 0.5)).unwrap().remove(0);
        assert!(answer.data().iter().all(|value| value.is_finite()), "case {case}");
    }
    assert!(refused > 500 && run > 100, "{refused} refused, {run} run: the damage does not bite");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_data_reader_panic(bytes in vec(any::<u8>(), 0..80), head in 0usize..4, zipped: bool) {
        let head = [header(8, 3, &[1, 2, 3]), header(8, 1, &[7]), vec![0x1f, 0x8b, 8], vec![]][head].clone();
        let file = [head, bytes.clone()].concat();
        let file = if zipped { gzip(&file) } else { file };
        let _ = (idx::images(&file), idx::labels(&file), cifar10::read(&bytes));
        let _ = features::read(&bytes, &bytes[bytes.len() * 2 / 3..], &[1, 3], 0..bytes.len() / 3);
    }

    #[test]
    fn a_changed_byte_of_a_data_file_is_an_error_or_a_pixel(at in 0usize..100, byte: u8, cut in 0usize..60) {
        let file = images();
        let mut plain = file.clone();
        plain[at % file.len()] = byte;
        if let Ok(read) = idx::images(&plain) {
            proptest::prop_assert_eq!(read.len(), 4);
        }
        let mut packed = gzip(&file);
        let at = at % packed.len();
        packed[at] = byte;
        let _ = idx::images(&packed);
        packed.truncate(cut % packed.len());
        proptest::prop_assert!(idx::images(&packed).is_err());
    }

    #[test]
    fn no_bytes_make_the_model_reader_panic(bytes in vec(any::<u8>(), 0..200), model: bool) {
        let start = if model { field(7, bytes.len() as u64, b"") } else { vec![] };
        let _ = Network::from_onnx(&[start, bytes].concat());
    }

    #[test]
    fn changed_bytes_of_a_model_never_panic(changes in vec((any::<u32>(), any::<u8>()), 1..5)) {
        let mut file = scenes();
        // The structure sits at both ends of the file, weights lie between.
        let ends = |at: usize, length: usize| if at.is_multiple_of(2) { at % 4000 } else { length - 1 - at % 4000 };
        for (at, byte) in changes {
            let at = ends(at as usize, file.len());
            file[at] = byte;
        }
        let _ = Network::from_onnx(&file);
    }
}
