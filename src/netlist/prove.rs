//! Do two circuits compute the same? A proof by sweeping: nets that look equal in simulation are proved to be so from
//! the inputs on, each by a small satisfiability problem, until the outputs are one net.
//!
//! After Kuehlmann, "Dynamic transition relation simplification for bounded property checking" (ICCAD 2004) and
//! Mishchenko, Chatterjee, Jiang and Brayton, "FRAIGs: a unifying representation for logic synthesis and verification"
//! (2005). Adders of any structure and multipliers of like structure are proved in seconds; multipliers of unlike
//! structure have hardly an inner net in common and stay open above some ten bits.

use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, Instant};

use batsat::{Callbacks, Lit, Solver, SolverInterface, SolverOpts, Var, lbool};

use super::xag::{Literal, Node, Xag};
use super::{Lanes, Netlist};
use crate::rng::Stream;

/// The answer of [`prove`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// They compute the same for every input, and from reset on in every cycle.
    Equal,
    /// An input, bit by bit in the order of the ports, on which outputs differ.
    Differ(Vec<bool>),
    /// Neither was found in time.
    Open,
    /// Their registers do not hold the same, one by one, so that there is nothing to prove it from.
    Unmatched,
    /// They differ in a state that may never be reached, which says nothing.
    Unreached,
}

/// Words of 64 random inputs that nets are first told apart by.
const WORDS: usize = 16;
/// Words at most: each counterexample of the solver adds one.
const MOST_WORDS: usize = 512;
/// Nodes of a cone that a first attempt looks at; what they read may then be anything.
const NEAR: usize = 120;
/// Conflicts after which a pair of inner nets is left apart: near, and from the inputs on.
const CONFLICTS: [u64; 2] = [200, 2000];

/// Proves that two netlists of the same ports compute the same, or finds an input on which they do not.
///
/// Registers correspond where they hold the same in some random cycles from reset on.
///
/// ```
/// use std::time::Duration;
/// use axsim::{arith::design, netlist::{Proof, prove}};
/// let gates = |id: &str| design(id).unwrap().netlist();
/// let minute = Duration::from_secs(60);
/// assert_eq!(prove(&gates("add32u_exact"), &gates("add32u_kogge_stone"), minute), Proof::Equal);
/// assert!(matches!(prove(&gates("add32u_exact"), &gates("add32u_loa_k1"), minute), Proof::Differ(_)));
/// ```
///
/// # Panics
/// When the ports differ in number or width.
pub fn prove(ours: &Netlist, theirs: &Netlist, time: Duration) -> Proof {
    let bits = |netlist: &Netlist| netlist.inputs().iter().map(|(_, bus)| bus.len()).collect::<Vec<_>>();
    assert_eq!(bits(ours), bits(theirs), "circuits of the same ports are compared");
    let Some(order) = corresponding(ours, theirs) else { return Proof::Unmatched };
    let mut whole = Xag::new();
    let inputs = bits(ours).iter().sum::<usize>();
    let leaves: Vec<Literal> = (0..inputs + ours.registers().len()).map(|_| whole.input()).collect();
    let states = order.iter().map(|ours| leaves[inputs + ours]);
    let of_theirs: Vec<Literal> = leaves[..inputs].iter().copied().chain(states).collect();
    let mut outputs = [whole.copy(ours, &leaves), whole.copy(theirs, &of_theirs)];
    assert_eq!(outputs[0].len(), outputs[1].len(), "circuits of the same ports are compared");
    // Next states of ours in the order of theirs.
    let next = outputs[0].split_off(outputs[0].len() - order.len());
    outputs[0].extend(order.iter().map(|ours| next[*ours]));
    let mut sweep = Sweep::new(leaves.len(), Instant::now() + time);
    let swept = sweep.nodes(&whole);
    let place = |literal: &Literal| swept[literal.node()].invert(literal.inverted());
    let pairs = outputs[0].iter().map(place).zip(outputs[1].iter().map(place));
    match sweep.outputs(pairs) {
        Proof::Differ(_) if !ours.registers().is_empty() => Proof::Unreached,
        answer => answer,
    }
}

/// For each register of `theirs` the one of `ours` that holds the same, if there is one for each.
fn corresponding(ours: &Netlist, theirs: &Netlist) -> Option<Vec<usize>> {
    let mut left: HashMap<Vec<u64>, Vec<usize>> = HashMap::new();
    // The first of equal ones is taken first.
    for (at, trace) in traces(ours).into_iter().enumerate().rev() {
        left.entry(trace).or_default().push(at);
    }
    let order = traces(theirs).into_iter().map(|trace| left.get_mut(&trace)?.pop());
    order.collect::<Option<Vec<usize>>>().filter(|order| order.len() == ours.registers().len())
}

/// What each register holds in 64 runs of some cycles.
fn traces(netlist: &Netlist) -> Vec<Vec<u64>> {
    const CYCLES: usize = 32;
    let mut random = Stream::new(1, "netlist.prove.registers", 0);
    let mut lanes = Lanes::<1>::new(netlist);
    let bits: usize = netlist.inputs().iter().map(|(_, bus)| bus.len()).sum();
    let mut traces = vec![vec![]; netlist.registers().len()];
    for _ in 0..CYCLES {
        lanes.step(&(0..bits).map(|_| [random.word()]).collect::<Vec<_>>());
        for (trace, register) in traces.iter_mut().zip(netlist.registers()) {
            trace.push(lanes.net(register.state)[0]);
        }
    }
    traces
}

/// When a problem is given up.
struct Limit {
    until: Instant,
    learnt: u64,
    conflicts: u64,
}

impl Callbacks for Limit {
    fn on_new_clause(&mut self, _: &[Lit], _: batsat::ClauseKind) {
        self.learnt += 1;
    }
    fn stop(&self) -> bool {
        self.learnt >= self.conflicts || Instant::now() > self.until
    }
}

/// A graph in which nets that were proved equal are one.
struct Sweep {
    graph: Xag,
    /// What each node was proved to be; itself, as long as that is nothing earlier.
    same: Vec<Literal>,
    /// The values of each node, and a hash of them that inversion does not change.
    words: Vec<Vec<u64>>,
    keys: Vec<u64>,
    /// The first node of each hash.
    classes: HashMap<u64, usize>,
    inputs: usize,
    random: Stream,
    until: Instant,
}

impl Sweep {
    fn new(inputs: usize, until: Instant) -> Self {
        let random = Stream::new(1, "netlist.prove", 0);
        let (graph, classes) = (Xag::new(), HashMap::new());
        let mut sweep =
            Self { graph, same: vec![], words: vec![], keys: vec![], classes, inputs, random, until };
        for _ in 0..inputs {
            sweep.graph.input();
        }
        sweep.known();
        sweep
    }

    /// Gives values to nodes that are new, and a place among those that look alike.
    fn known(&mut self) {
        for at in self.words.len()..self.graph.nodes().len() {
            let words: Vec<u64> = match self.graph.nodes()[at] {
                Node::Zero => vec![0; WORDS],
                Node::Input => (0..WORDS).map(|_| self.random.word()).collect(),
                node => (0..self.words[0].len()).map(|word| self.value(node, word)).collect(),
            };
            let key = words.iter().fold(0, |key, word| mixed(key, word ^ mask(words[0] & 1 == 1)));
            self.words.push(words);
            self.keys.push(key);
            self.same.push(Literal::new(at));
            self.classes.entry(key).or_insert(at);
        }
    }

    fn value(&self, node: Node, word: usize) -> u64 {
        let value = |pin: Literal| self.words[pin.node()][word] ^ mask(pin.inverted());
        match node {
            Node::And([a, b]) => value(a) & value(b),
            Node::Xor([a, b]) => value(a) ^ value(b),
            Node::Zero | Node::Input => unreachable!("their values are given"),
        }
    }

    /// The nodes of a graph in this one.
    fn nodes(&mut self, whole: &Xag) -> Vec<Literal> {
        let mut swept: Vec<Literal> = vec![];
        for (at, node) in whole.nodes().iter().enumerate() {
            let pin = |pin: Literal| swept[pin.node()].invert(pin.inverted());
            let literal = match *node {
                Node::Zero | Node::Input => Literal::new(at),
                Node::And([a, b]) => {
                    let (a, b) = (pin(a), pin(b));
                    self.graph.and(a, b)
                }
                Node::Xor([a, b]) => {
                    let (a, b) = (pin(a), pin(b));
                    self.graph.xor(a, b)
                }
            };
            let new = literal.node() >= self.words.len();
            self.known();
            if new {
                self.merge(literal.node());
            }
            swept.push(self.same[literal.node()].invert(literal.inverted()));
        }
        swept
    }

    /// Looks for an earlier node that this one equals.
    fn merge(&mut self, node: usize) {
        while let Some(&earlier) = self.classes.get(&self.keys[node])
            && earlier != node
            && Instant::now() < self.until
        {
            let inverted = (self.words[node][0] ^ self.words[earlier][0]) & 1 == 1;
            let target = self.same[earlier].invert(inverted);
            match self.compare(Literal::new(node), target, CONFLICTS) {
                Proof::Equal => {
                    self.same[node] = target;
                    return;
                }
                Proof::Differ(input) if self.words[0].len() < MOST_WORDS => self.refine(&input),
                _ => return,
            }
        }
    }

    /// One more word, of an input that tells nets apart and of its neighbours.
    fn refine(&mut self, input: &[bool]) {
        self.classes.clear();
        for at in 0..self.words.len() {
            let word = match self.graph.nodes()[at] {
                Node::Zero => 0,
                Node::Input => {
                    // Of the neighbours each bit differs with a chance of 1/8; the first lane is the input itself.
                    let flips = self.random.word() & self.random.word() & self.random.word() & !1;
                    mask(input[at - 1]) ^ flips
                }
                node => self.value(node, self.words[0].len() - 1),
            };
            self.words[at].push(word);
            let inverted = mask(self.words[at][0] & 1 == 1);
            self.keys[at] = mixed(self.keys[at], word ^ inverted);
            self.classes.entry(self.keys[at]).or_insert(at);
        }
    }

    /// Whether two literals are equal: first looking at what is near them, then from the inputs on.
    fn compare(&self, a: Literal, b: Literal, conflicts: [u64; 2]) -> Proof {
        match self.solve(a, b, NEAR, conflicts[0]) {
            Proof::Equal => Proof::Equal,
            _ => self.solve(a, b, usize::MAX, conflicts[1]),
        }
    }

    /// The problem "a and b differ" over at most so many nodes; what those read beyond them may be anything.
    fn solve(&self, a: Literal, b: Literal, nodes: usize, conflicts: u64) -> Proof {
        let limit = Limit { until: self.until, learnt: 0, conflicts };
        let mut problem = Problem { solver: Solver::new(SolverOpts::default(), limit), vars: HashMap::new() };
        let mut ahead = BinaryHeap::from([a.node(), b.node()]);
        let (mut looked_at, mut last) = (0, usize::MAX);
        while let Some(node) = ahead.pop().filter(|_| looked_at < nodes) {
            // The greatest comes first, so a node that comes again comes at once.
            if std::mem::replace(&mut last, node) == node {
                continue;
            }
            looked_at += 1;
            ahead.extend(problem.node(node, self.graph.nodes()[node]));
        }
        let (x, y) = (problem.literal(a), problem.literal(b));
        problem.clause(&[x, y]);
        problem.clause(&[!x, !y]);
        let answer = problem.solver.solve_limited(&[]);
        if answer == lbool::FALSE {
            return Proof::Equal;
        }
        if answer == lbool::UNDEF || looked_at >= nodes {
            return Proof::Open;
        }
        let value = |at: usize| {
            let var = problem.vars.get(&(at + 1));
            var.is_some_and(|var| problem.solver.value_var(*var) == lbool::TRUE)
        };
        Proof::Differ((0..self.inputs).map(value).collect())
    }

    /// Pair by pair.
    fn outputs(&self, pairs: impl Iterator<Item = (Literal, Literal)>) -> Proof {
        let mut whole = Proof::Equal;
        for (a, b) in pairs.filter(|(a, b)| a != b) {
            match self.seen(a, b).unwrap_or_else(|| self.compare(a, b, [CONFLICTS[1], u64::MAX])) {
                Proof::Equal => {}
                Proof::Open => whole = Proof::Open,
                differ => return differ,
            }
        }
        whole
    }

    /// An input on which simulation has already told two literals apart.
    fn seen(&self, a: Literal, b: Literal) -> Option<Proof> {
        let value =
            |literal: Literal, word: usize| self.words[literal.node()][word] ^ mask(literal.inverted());
        let differing = |word: usize| value(a, word) ^ value(b, word);
        let word = (0..self.words[0].len()).find(|word| differing(*word) != 0)?;
        let lane = differing(word).trailing_zeros();
        Some(Proof::Differ((1..=self.inputs).map(|at| self.words[at][word] >> lane & 1 == 1).collect()))
    }
}

fn mask(set: bool) -> u64 {
    if set { u64::MAX } else { 0 }
}

fn mixed(key: u64, word: u64) -> u64 {
    let mixed = (key ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

/// Clauses of the nodes of a cone (Tseitin).
struct Problem {
    solver: Solver<Limit>,
    vars: HashMap<usize, Var>,
}

impl Problem {
    fn literal(&mut self, literal: Literal) -> Lit {
        let var = *self.vars.entry(literal.node()).or_insert_with(|| self.solver.new_var_default());
        Lit::new(var, !literal.inverted())
    }

    fn clause(&mut self, literals: &[Lit]) {
        self.solver.add_clause_reuse(&mut literals.to_vec());
    }

    /// What a node says; returns the nodes that it reads.
    fn node(&mut self, at: usize, node: Node) -> Vec<usize> {
        let y = self.literal(Literal::new(at));
        match node {
            Node::Input => vec![],
            Node::Zero => {
                self.clause(&[!y]);
                vec![]
            }
            Node::And(pins) => {
                let [a, b] = pins.map(|pin| self.literal(pin));
                self.clause(&[!y, a]);
                self.clause(&[!y, b]);
                self.clause(&[y, !a, !b]);
                pins.map(Literal::node).into()
            }
            Node::Xor(pins) => {
                let [a, b] = pins.map(|pin| self.literal(pin));
                self.clause(&[!y, a, b]);
                self.clause(&[!y, !a, !b]);
                self.clause(&[y, !a, b]);
                self.clause(&[y, a, !b]);
                pins.map(Literal::node).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netlist::sample::netlists;
    use crate::netlist::{Cell, Gate};

    const MINUTE: Duration = Duration::from_secs(60);

    /// Every input of at most 12 bits.
    fn inputs(netlist: &Netlist) -> Vec<Vec<u64>> {
        let widths: Vec<u32> = netlist.inputs().iter().map(|(_, bus)| bus.len() as u32).collect();
        let split = |mut rest: u64| {
            let word = |width: &u32| {
                let word = rest & crate::bits::mask(*width);
                rest >>= width;
                word
            };
            widths.iter().map(word).collect()
        };
        (0..1 << widths.iter().sum::<u32>()).map(split).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        /// A circuit and one with another gate in it: the answer against every input.
        #[test]
        fn answers_are_those_of_trying_every_input(ours in netlists(), at in any::<usize>(), gate in 0..16usize) {
            prop_assert_eq!(prove(&ours, &ours.apart(|_| true), MINUTE), Proof::Equal);
            prop_assume!(ours.registers().is_empty());
            let mut theirs = ours.clone();
            let gates: Vec<usize> =
                (0..theirs.cells.len()).filter(|at| matches!(theirs.cells[*at], Cell::Gate(..))).collect();
            let Cell::Gate(found, _) = &mut theirs.cells[gates[at % gates.len()]] else { unreachable!() };
            if Gate::ALL[gate].inputs() <= found.inputs() {
                *found = Gate::ALL[gate];
            }
            let differing = inputs(&ours).into_iter().find(|words| ours.eval(words) != theirs.eval(words));
            match prove(&ours, &theirs, MINUTE) {
                Proof::Equal => prop_assert_eq!(differing, None),
                Proof::Differ(bits) => {
                    let mut bits = bits.into_iter();
                    let word = |(_, bus): &(String, Vec<_>)| {
                        (0..bus.len()).fold(0, |word, bit| word | u64::from(bits.next() == Some(true)) << bit)
                    };
                    let words: Vec<u64> = ours.inputs().iter().map(word).collect();
                    prop_assert_ne!(ours.eval(&words), theirs.eval(&words));
                }
                open => prop_assert!(false, "a small problem is solved, not {open:?}"),
            }
        }
    }
}
