//! Simulator of approximate-computing hardware: what does an approximation save, and what does it cost the task?
//!
//! An engineer who approximates *here* (the sensor that captures a sample, the memory that holds it, the
//! arithmetic that computes on it, the link that sends it) learns how much energy, area and time that
//! saves, and what it costs a real trained network on real data.
//!
//! # Bird's-eye view
//!
//! Two columns and one seam. The *circuit column* says what a design computes and costs: a `Netlist` of
//! gates and an independent function agree on every operand, a `CellLibrary` prices the gates. The *system
//! column* says what happens to a task: sensor, memory, array and link handle every sample of a workload.
//! They meet in the product `Table` and in the energy of operand streams replayed through the gates.
//!
//! # Layers
//!
//! A module uses only modules of lower layers, never a sibling; a test enforces it.
//!
//! | layer | modules | job |
//! |---|---|---|
//! | 0 | `units` `bits` `rng` `simd` `tensor` `constant` | quantities as types, bit lanes, named random streams, loops for wide registers and which of them to use, arrays, figures with their source |
//! | 1 | `ledger` `netlist` `table` `config` `razor` | the account of a run; gates as plain data; the complete function of a small design; YAML as typed data; numbers razored to codes of few bits |
//! | 2 | `tech` `kernel` | what a cell costs; integer contractions with any table, fast and naive |
//! | 3 | `arith` `workload` | designs known twice, metrics; networks, operators, quantisation, data |
//! | 4 | `platform` | sensor, memory, array, link |
//! | 5 | `run` `validate` | one configuration → outcome; a design against its goldens |
//! | 6 | `explore` | knobs × search → points → Pareto front |
//! | 7 | `report` | text, JSON, CSV, HTML, SVG |
//! | 8 | `error` | the one public error |
//! | 9 | `cli` `main` | the verbs |
//!
//! # Invariants
//!
//! - Nothing costs except through the [`ledger`]; stage energies sum to the total.
//! - Neutral knobs reproduce the exact run bit for bit.
//! - No result depends on the number of threads; every draw comes from a named stream of [`rng`].
//! - The library neither prints nor reads the environment.
//! - *Golden* is from an outside authority and never regenerated; *snapshot* is our own past.
//!
//! # Glossary
//!
//! | term | meaning |
//! |---|---|
//! | netlist, cell, net, bus | circuit, one gate, one bit's driver, ordered bits (index 0 least significant) |
//! | operand, product, partial product | inputs and result of an operation; one AND term |
//! | `error_rate` (ER, EP) | share of operand pairs with a wrong result |
//! | `med` (MAE), `nmed` | mean error distance; divided by the largest exact magnitude |
//! | `mred` (MRE) | mean relative error distance over pairs whose exact result is not 0 |
//! | `wce`, `wcre`, `bias` | worst error distance, worst relative one, mean signed error |
//! | glitch, settled energy | a transition that another one undoes before the circuit is quiet; what switches without them |
//! | mapping | which library cells do the work of the gates |
//! | razoring, basis, flag | cutting integers of a basis of 8 or 16 bits to codes of few bits by group; low bits that a group loses |
//! | group, shift, effective bits | numbers that share a step, how far their codes are shifted left; bits in memory, shares of flags counted |
//! | fold, dataflow, stationary operand | one pass over the array; which operand stays; that operand |
//! | scale, zero point, calibrate | as in ONNX |
//! | retention, refresh interval, `ber` | how long a cell holds; time between refreshes; bit error rate |
//! | payload, capture | what is sent; what the sensor does |
//! | knob, neutral value | a configured approximation; the value at which it does nothing |
//! | recovery, measure | what a layer does, without training, about the errors of its products; one way to do it |
//! | exit, threshold | an output at which samples may leave a network; how sure it must be |
//! | token; expert, gate | a row of what a transformer reads; layers that some samples ask, by what their result is multiplied |
//! | pruning; gating, skipping | leaving weights out; a unit that holds still at a zero, a zero that takes no cycle |
//! | sweep, point, Pareto front | the grid, one entry, the entries no other beats |
//! | screened out | a point that is not run, as its multipliers put the sums of some layer too far off on average |
#![warn(missing_docs)]
// What only paths for one processor's registers use lies idle on others.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, unused_variables))]

pub mod arith;
pub mod bits;
pub mod cli;
pub mod config;
pub mod constant;
pub mod error;
pub mod explore;
pub mod kernel;
pub mod ledger;
pub mod netlist;
pub mod platform;
pub mod razor;
pub mod report;
pub mod rng;
pub mod run;
pub mod simd;
pub mod table;
pub mod tech;
pub mod tensor;
pub mod units;
pub mod validate;
pub mod workload;
