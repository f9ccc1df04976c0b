//! Do operators compute what the ONNX project's own tests of single nodes expect?
//!
//! The tests are files of the Python package `onnx` (1.16.2 holds them under `onnx/backend/test/data/node`); they run
//! where `AXSIM_ONNX_NODE_TESTS` names that folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axsim::workload::{Elements, Graph, ModelError, Value};
use rten_onnx::onnx::ModelProto;

/// What the tests of the ONNX project allow.
const RELATIVE: f64 = 1e-3;
const ABSOLUTE: f64 = 1e-7;

enum Verdict {
    Passed,
    /// Uses an operator, opset or element type that is not claimed; which.
    NotClaimed(String),
    Failed(String),
}

fn close(found: f64, expected: f64) -> bool {
    found == expected
        || found.is_nan() && expected.is_nan()
        || (found - expected).abs() <= ABSOLUTE + RELATIVE * expected.abs()
}

fn compare(found: &Value, expected: &Value) -> Result<(), String> {
    if (found.kind(), found.shape()) != (expected.kind(), expected.shape()) {
        let of = |value: &Value| format!("{} {:?}", value.kind(), value.shape());
        return Err(format!("{} instead of {}", of(found), of(expected)));
    }
    let same = match (found.elements(), expected.elements()) {
        (Elements::Whole(found), Elements::Whole(expected)) => found == expected,
        _ => {
            found.to_reals().iter().zip(expected.to_reals()).all(|(&found, expected)| close(found, expected))
        }
    };
    if same { Ok(()) } else { Err(format!("{:?} instead of {:?}", found.elements(), expected.elements())) }
}

/// The values in the files of one sort, in order; `Err` where one is of a type that is not supported.
fn values(folder: &Path, sort: &str) -> Result<Vec<Value>, String> {
    let file = |at: usize| folder.join(format!("{sort}_{at}.pb"));
    let files = (0..).map(file).take_while(|file| file.exists());
    files.map(|file| Value::from_tensor_proto(&std::fs::read(file).unwrap())).collect()
}

fn judge(folder: &Path) -> Verdict {
    let graph = match Graph::from_onnx(&std::fs::read(folder.join("model.onnx")).unwrap()) {
        Ok(graph) => graph,
        Err(ModelError::Operator { kind, .. }) => return Verdict::NotClaimed(format!("operator {kind}")),
        Err(ModelError::Opset(opset, ..)) => return Verdict::NotClaimed(format!("opset {opset}")),
        Err(error @ ModelError::Stored { .. }) => return Verdict::NotClaimed(error.to_string()),
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    let sets = (0..).map(|at| folder.join(format!("test_data_set_{at}"))).take_while(|set| set.exists());
    for set in sets {
        let (inputs, expected) = match (values(&set, "input"), values(&set, "output")) {
            (Ok(inputs), Ok(expected)) => (inputs, expected),
            (Err(what), _) | (_, Err(what)) => return Verdict::NotClaimed(what),
        };
        let found = match graph.run(inputs) {
            Ok(found) => found,
            Err(error) => return Verdict::Failed(error.to_string()),
        };
        if let Some(Err(what)) = found.iter().zip(&expected).map(|(a, b)| compare(a, b)).find(Result::is_err)
        {
            return Verdict::Failed(what);
        }
    }
    Verdict::Passed
}

#[test]
fn the_node_tests_of_the_onnx_project_pass_where_their_operators_are_claimed() {
    let Some(root) = std::env::var_os("AXSIM_ONNX_NODE_TESTS").map(PathBuf::from) else {
        eprintln!("skipped: set AXSIM_ONNX_NODE_TESTS to a folder onnx/backend/test/data/node");
        return;
    };
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let (mut passed, mut failed, mut others) = (0, vec![], BTreeMap::<String, usize>::new());
    for folder in folders {
        match judge(&folder) {
            Verdict::Passed => passed += 1,
            Verdict::NotClaimed(what) => *others.entry(what).or_default() += 1,
            Verdict::Failed(what) => {
                let name = folder.file_name().unwrap().to_string_lossy().into_owned();
                failed.push(format!("{name}: {}", what.chars().take(300).collect::<String>()));
            }
        }
    }
    let eligible = passed + failed.len();
    eprintln!("{} operators; {passed} of {eligible} tests pass", Graph::operators().len());
    eprintln!("not claimed, and how many tests: {others:#?}");
    failed.iter().for_each(|line| eprintln!("failed: {line}"));
    assert!(eligible > 800 && passed * 100 >= eligible * 98, "{passed} of {eligible}");
}

/// Numbers as they are in damaged files.
const INTEGERS: [i64; 14] = [0, 1, -1, 2, 3, 5, -2, -3, 100, 4097, 1 << 31, 1 << 62, i64::MAX, i64::MIN];

/// Draws below a bound, the same ones every time.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn integer(&mut self) -> i64 {
        INTEGERS[self.below(INTEGERS.len())]
    }
}

/// Changes one attribute or operand of a node, as a wrong exporter might.
fn damage(model: &mut ModelProto, draws: &mut Draws) {
    let nodes = &mut model.graph.as_mut().unwrap().node;
    let at = draws.below(nodes.len());
    let node = &mut nodes[at];
    let (attributes, inputs) = (node.attribute.len(), node.input.len());
    match draws.below(4) {
        0 if inputs > 1 => {
            let (a, b) = (draws.below(inputs), draws.below(inputs));
            node.input.swap(a, b);
        }
        1 if inputs > 0 => node.input[draws.below(inputs)].clear(),
        _ if attributes > 0 => {
            let attribute = &mut node.attribute[draws.below(attributes)];
            attribute.i = attribute.i.map(|_| draws.integer());
            attribute.f = attribute.f.map(|_| draws.integer() as f32);
            if !attribute.ints.is_empty() {
                let at = draws.below(attribute.ints.len());
                attribute.ints[at] = draws.integer();
            }
            if draws.below(4) == 0 {
                attribute.ints.pop();
            }
        }
        _ => node.input.truncate(1),
    }
}

/// Another shape or another element of a value.
fn damaged(value: Value, draws: &mut Draws) -> Value {
    let (kind, count) = (value.kind(), value.len());
    let shapes =
        [vec![], vec![count], vec![0], vec![1, count], vec![count, 1, 1], vec![1], vec![1; 6], vec![2, 0, 3]];
    let shape = &shapes[draws.below(shapes.len())];
    let elements = |draws: &mut Draws| {
        let mut elements = value.to_reals();
        elements.resize(shape.iter().product(), 1.0);
        let at = draws.below(elements.len());
        if let (Some(element), true) = (elements.get_mut(at), draws.below(2) == 0) {
            *element = draws.integer() as f64;
        }
        elements
    };
    let elements = elements(draws);
    let damaged = match value.elements() {
        Elements::Real(_) => Value::real(kind, shape, elements),
        Elements::Whole(_) => Value::whole(kind, shape, elements.into_iter().map(|x| x as i64).collect()),
    };
    // A value cannot hold a number that its type has and the engine refuses.
    damaged.unwrap_or(value)
}

#[test]
fn the_readme_lists_every_operator() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text: Vec<String> =
        std::fs::read_to_string(path).unwrap().split_whitespace().map(String::from).collect();
    let list = Graph::operators().join(", ");
    assert!(text.join(" ").contains(&format!("The operators: {list}.")), "write in README.md: {list}");
}

#[test]
fn damaged_nodes_are_refused_or_run() {
    let Some(root) = std::env::var_os("AXSIM_ONNX_NODE_TESTS").map(PathBuf::from) else {
        eprintln!("skipped: set AXSIM_ONNX_NODE_TESTS to a folder onnx/backend/test/data/node");
        return;
    };
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let (mut draws, mut refused, mut ran, mut broken) = (Draws(1), 0, 0, vec![]);
    for folder in folders {
        let bytes = std::fs::read(folder.join("model.onnx")).unwrap();
        let set = folder.join("test_data_set_0");
        let (Ok(_), Ok(inputs)) = (Graph::from_onnx(&bytes), values(&set, "input")) else { continue };
        for _ in 0..20 {
            let (mut model, mut inputs) = (ModelProto::parse_buf(&bytes).unwrap(), inputs.clone());
            if draws.below(2) == 0 {
                damage(&mut model, &mut draws);
            }
            if !inputs.is_empty() && draws.below(2) == 0 {
                let at = draws.below(inputs.len());
                inputs[at] = damaged(inputs[at].clone(), &mut draws);
            }
            let bytes = model.write_buf().unwrap();
            let run = || Graph::from_onnx(&bytes).and_then(|graph| graph.run(inputs));
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
                Ok(Ok(_)) => ran += 1,
                Ok(Err(_)) => refused += 1,
                Err(_) => broken.push(folder.file_name().unwrap().to_owned()),
            }
        }
    }
    eprintln!("{ran} ran, {refused} were refused");
    assert!(broken.is_empty(), "these panicked: {broken:?}");
    assert!(ran > 1000 && refused > 1000, "{ran} ran, {refused} were refused: the damage does not bite");
}
