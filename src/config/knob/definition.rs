//! What is said of a knob.

use serde_json::{Value, json};

use super::KNOBS;

/// What a knob approximates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What the sensor captures.
    Sensing,
    /// How memory keeps it.
    Storage,
    /// How the array computes.
    Arithmetic,
    /// How many bits a code has.
    Precision,
    /// What of the network is computed.
    Network,
    /// How much of the network is computed.
    Depth,
}

/// The value at which a knob does nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Neutral {
    /// The same on every platform.
    Whole(u32),
    /// The same on every platform, as text.
    Text(&'static str),
    /// The same on every platform, as an empty list.
    Empty,
    /// Not to be set; in words, what holds in its place.
    Absent(&'static str),
    /// Whatever platform or workload give.
    Platform,
}

/// One knob; `*` in a path stands for any name.
#[derive(Debug, Clone, Copy)]
pub struct Knob {
    /// Full path into the platform or the workload.
    pub path: &'static str,
    /// What it approximates.
    pub class: Class,
    /// Values allowed, in words.
    pub range: &'static str,
    /// Where it does nothing.
    pub neutral: Neutral,
    /// What it does.
    pub does: &'static str,
    /// How energy follows it.
    pub energy: &'static str,
}

impl Knob {
    /// The knob of a full path below platform or workload, if it has one.
    pub fn of(path: &[String]) -> Option<&'static Self> {
        let fits = |knob: &&Knob| {
            let pattern: Vec<&str> = knob.path.split('.').collect();
            pattern.len() == path.len() && pattern.iter().zip(path).all(|(p, s)| *p == "*" || p == s)
        };
        KNOBS.iter().find(fits)
    }

    /// The neutral value where it is fixed; `None` where it is to be absent or the platform's own.
    pub fn neutral(&self) -> Option<Value> {
        match self.neutral {
            Neutral::Whole(number) => Some(json!(number)),
            Neutral::Text(text) => Some(json!(text)),
            Neutral::Empty => Some(json!([])),
            Neutral::Absent(_) | Neutral::Platform => None,
        }
    }

    /// The neutral value in words.
    pub fn neutral_in_words(&self) -> String {
        match self.neutral {
            Neutral::Absent(instead) => format!("none of its own: {instead}"),
            _ => self.neutral().map_or("as configured".into(), |value| value.to_string()),
        }
    }
}
