//! Asks onnxruntime, with its graph optimisation off, what models answer.

use std::fs;
use std::path::Path;
use std::process::Command;

use axsim::workload::{Elements, Kind, Value};

/// Whether `python3` has onnxruntime; without it a test is skipped aloud, in CI it fails.
pub(super) fn onnxruntime() -> bool {
    let found = Command::new("python3").args(["-c", "import onnxruntime"]).output();
    let found = found.is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("CI").is_none(), "onnxruntime is missing; in CI it must be installed");
    if !found {
        eprintln!("skipped: python3 has no onnxruntime, so it did not say what models answer");
    }
    found
}

/// Every output [samples, …] of each model for its samples [samples, …], which are run one by one with a batch of 1.
pub(super) fn answers(questions: &[(Vec<u8>, Value)]) -> Vec<Vec<Value>> {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: String| folder.path().join(name);
    for (at, (model, samples)) in questions.iter().enumerate() {
        fs::write(file(format!("{at}.onnx")), model).unwrap();
        fs::write(file(format!("{at}.npy")), npy(samples)).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/unoptimised.py");
    let output = Command::new("python3").arg(script).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let outputs = |at: usize| {
        let files = (0..).map(|output| file(format!("{at}.{output}.npy"))).take_while(|file| file.exists());
        files.map(|file| value(&fs::read(file).unwrap())).collect()
    };
    (0..questions.len()).map(outputs).collect()
}

/// Element types by their names in NPY files.
const TYPES: [(&str, Kind); 7] = [
    ("|i1", Kind::I8),
    ("|u1", Kind::U8),
    ("<i2", Kind::I16),
    ("<u2", Kind::U16),
    ("<i4", Kind::I32),
    ("<i8", Kind::I64),
    ("<f4", Kind::F32),
];

/// A version 1 NPY file.
fn npy(value: &Value) -> Vec<u8> {
    let (name, _) = TYPES.iter().find(|(_, kind)| *kind == value.kind()).unwrap();
    let shape: String = value.shape().iter().map(|size| format!("{size},")).collect();
    let header = format!("{{'descr': '{name}', 'fortran_order': False, 'shape': ({shape}), }}");
    // With its newline it ends at a multiple of 64 bytes.
    let header = format!("{header:width$}\n", width = (header.len() + 11).next_multiple_of(64) - 11);
    let size = usize::from(name.as_bytes()[2] - b'0');
    let elements: Vec<u8> = match value.elements() {
        Elements::Real(reals) => reals.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect(),
        Elements::Whole(wholes) => wholes.iter().flat_map(|x| x.to_le_bytes()[..size].to_vec()).collect(),
    };
    let length = (header.len() as u16).to_le_bytes();
    [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), &elements].concat()
}

fn value(bytes: &[u8]) -> Value {
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8_lossy(&bytes[10..start]).into_owned();
    let (name, kind) = TYPES.iter().find(|(name, _)| header.contains(name)).expect("a type that we have");
    let shape = header.split(['(', ')']).nth(1).expect("a shape");
    let shape: Vec<usize> = shape.split(',').filter_map(|size| size.trim().parse().ok()).collect();
    let size = usize::from(name.as_bytes()[2] - b'0');
    let elements = bytes[start..].chunks_exact(size);
    if kind.is_real() {
        let real = |bytes: &[u8]| f64::from(f32::from_le_bytes(bytes.try_into().unwrap()));
        return Value::real(*kind, &shape, elements.map(real).collect()).unwrap();
    }
    // What is above the type's own bytes is wrapped away.
    let whole = |bytes: &[u8]| i64::from_le_bytes(std::array::from_fn(|at| *bytes.get(at).unwrap_or(&0)));
    Value::whole(*kind, &shape, elements.map(whole).collect()).unwrap()
}
