//! What a platform was asked for beyond what it can do, in sentences.

use crate::run::outcome::{Overfull, Strain};
use crate::units::with_prefix;

/// Sentences about an outcome's strain.
pub(super) fn strain(strain: &Strain) -> Vec<String> {
    let stages = [
        ("The sensor captures and sends for", strain.sensor_s),
        ("The array computes for", strain.busy_s),
        ("The link sends for", strain.link_s),
    ];
    let slow = stages.into_iter().filter_map(|(works, seconds)| Some(slower(works, seconds?)));
    let recoded = Some(&strain.recoded[..]).filter(|layers| !layers.is_empty()).map(recoded);
    strain.overfull.as_ref().map(overfull).into_iter().chain(slow).chain(recoded).collect()
}

fn slower(works: &str, seconds: f64) -> String {
    format!(
        "{works} {} a sample, longer than the frame period: frames come only as fast as that.",
        with_prefix(seconds, "s")
    )
}

/// Names that are told of many layers.
const NAMED: usize = 3;

fn recoded(layers: &[String]) -> String {
    let named: Vec<String> = layers.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let rest = match layers.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!(
        "The model's file has codes with zero points that put them beyond −128 to 127, where a signed multiplier of 8 bits ends, so \
         what layers {}{rest} read, or their weights, is coded anew. The file's codes are kept by a multiplier without signs \
         (`compute.array.multiplier: mul8u_exact`), one of 9 bits, and `compute.array.products: raw`.",
        named.join(", ")
    )
}

fn overfull(found: &Overfull) -> String {
    let kib = |bytes: f64| format!("{:.1} KiB", bytes / 1024.0);
    format!(
        "Memory `{0}` of {1} would have to hold {2} at once. It is priced as if it could: area, leakage and accesses are those of \
         {1}. Choose a larger one (`memory.{0}.sram.size`), or a platform with a main memory.",
        found.memory,
        kib(found.size_bytes),
        kib(found.needed_bytes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_told_and_nothing_else() {
        assert!(strain(&Strain::default()).is_empty());
        let overfull = Overfull { memory: "buffer".into(), size_bytes: 131072.0, needed_bytes: 406528.0 };
        let all = Strain {
            overfull: Some(overfull),
            sensor_s: Some(0.5),
            busy_s: Some(0.0626),
            link_s: Some(307.0),
            recoded: ["a", "b", "c", "d", "e"].map(String::from).into(),
        };
        let [small, seen, slow, sent, recoded] = strain(&all).try_into().unwrap();
        assert!(
            small.starts_with("Memory `buffer` of 128.0 KiB would have to hold 397.0 KiB at once."),
            "{small}"
        );
        assert!(seen.starts_with("The sensor captures and sends for 500 ms a sample, longer"), "{seen}");
        assert!(slow.starts_with("The array computes for 62.6 ms a sample"), "{slow}");
        assert!(sent.starts_with("The link sends for 307 s a sample"), "{sent}");
        assert!(recoded.contains("so what layers `a`, `b`, `c` and 2 more read, or their"), "{recoded}");
    }
}
