//! Static memory with a scalable supply.
//!
//! Energy per access, leakage and area are those of CACTI 7 at 45 nm, 64-bit words, 330 K, one port.
//! Cells fail below a voltage that is normally distributed over the array; the fit of the measured arrays of
//! Chandramoorthy et al. (HPCA 2019) as printed by Stutz et al. (MLSys 2021) is
//! `share(v) = Φ(12.767 − 18.098·v)` with `v` relative to the lowest error-free supply. A failing cell
//! inverts what it stores, always; energy and leakage are proportional to `v²`.

use super::{Memory, Place, Traffic, fault, normal_cdf};
use crate::config::platform::{self as config, SramClass};
use crate::constant::{Constant, Trust};
use crate::ledger::{Ledger, Stage};
use crate::platform::{Bill, PlatformError};
use crate::units::{Bytes, Joules, SquareMicrometres};

/// Bytes per access.
pub const WORD_BYTES: f64 = 8.0;

/// One capacity of the CACTI table: picojoules to read and write a word and milliwatts of leakage for HP,
/// LOP and LSTP, and the area in mm² (that of LOP, used for all classes).
struct Row {
    kib: f64,
    classes: [[f64; 3]; 3],
    area: f64,
}

#[expect(clippy::approx_constant, reason = "6.28 pJ is an energy, not a circle")]
const TABLE: [Row; 5] = [
    Row { kib: 8.0, classes: [[4.31, 9.24, 7.5], [2.65, 4.57, 0.424], [4.92, 11.2, 0.001]], area: 0.025 },
    Row { kib: 32.0, classes: [[10.7, 13.3, 26.7], [6.2, 6.28, 1.66], [13.2, 16.8, 0.003]], area: 0.122 },
    Row { kib: 128.0, classes: [[21.6, 26.8, 110.3], [13.6, 11.0, 5.29], [27.5, 34.8, 0.011]], area: 0.499 },
    Row { kib: 256.0, classes: [[26.2, 36.1, 237.0], [15.5, 19.4, 13.3], [44.7, 38.5, 0.019]], area: 0.923 },
    Row { kib: 512.0, classes: [[44.9, 41.6, 386.0], [25.9, 23.2, 21.0], [63.5, 54.4, 0.036]], area: 1.95 },
];

const SOURCE: &str = "CACTI 7, 45 nm, 64-bit word, 330 K, one port";

/// Static memory.
pub struct Sram {
    read: Constant,
    write: Constant,
    leakage: Constant,
    area: SquareMicrometres,
    voltage: f64,
    name: String,
}

impl Sram {
    /// A memory of every tabulated size and class, at the lowest error-free supply.
    pub fn all() -> Vec<Self> {
        let classes = [SramClass::Hp, SramClass::Lop, SramClass::Lstp];
        let each = TABLE.iter().flat_map(|row| classes.map(|class| (row.kib, class)));
        let config = |(kib, class)| config::Sram { size: Bytes(kib * 1024.0), class, voltage: 1.0 };
        each.map(config).map(|config| Self::new(&config, "memory").expect("its row is there")).collect()
    }

    /// A memory of a tabulated size; `path` names it in errors.
    ///
    /// # Errors
    /// When the size is not tabulated (CACTI's energies jump between sizes, so nothing is interpolated) or
    /// the supply is outside 0.7 to 1.
    pub fn new(config: &config::Sram, path: &str) -> Result<Self, PlatformError> {
        let row = TABLE.iter().find(|row| row.kib * 1024.0 == config.size.0);
        let row = row.ok_or_else(|| PlatformError::OutOfRange {
            field: format!("{path}.sram.size"),
            value: format!("{} KiB", config.size.0 / 1024.0),
            allowed: "one of 8, 32, 128, 256, 512 KiB",
        })?;
        let fine = (0.7..=1.0).contains(&config.voltage);
        PlatformError::unless(fine, &format!("{path}.sram.voltage"), config.voltage, "between 0.7 and 1")?;
        let (name, [read, write, leakage]) = match config.class {
            SramClass::Hp => ("hp", row.classes[0]),
            SramClass::Lop => ("lop", row.classes[1]),
            SramClass::Lstp => ("lstp", row.classes[2]),
        };
        let constant = |what: &str, value: f64, unit| {
            let name = format!("sram.{name}.{}kib.{what}", row.kib);
            Constant::new(&name, value, unit, Trust::Measured, SOURCE).within(value / 2.0, value * 2.0)
        };
        Ok(Self {
            read: constant("read", read * 1e-12, "J per 64-bit access"),
            write: constant("write", write * 1e-12, "J per 64-bit access"),
            leakage: constant("leakage", leakage * 1e-3, "W"),
            area: SquareMicrometres(row.area * 1e6),
            voltage: config.voltage,
            name: path.to_owned(),
        })
    }
}

impl Memory for Sram {
    fn hold(&self, place: Place, codes: &mut [u8]) -> u64 {
        fault::invert(&self.name, place, self.failing_share(), codes, |_, _| true)
    }

    fn bill(&self, ledger: &mut Ledger, component: &str, traffic: &Traffic) {
        let mut bill = Bill { ledger, stage: Stage::Memory, component };
        let lines = [
            ("read words", traffic.read_bytes / WORD_BYTES, &self.read),
            ("write words", traffic.written_bytes / WORD_BYTES, &self.write),
            ("leak seconds", traffic.active.0, &self.leakage),
        ];
        for (action, count, constant) in lines {
            let each = Joules(constant.value * self.voltage.powi(2));
            bill.add(action, count, each, constant);
        }
    }

    fn failing_share(&self) -> f64 {
        if self.voltage >= 1.0 { 0.0 } else { normal_cdf(12.767 - 18.098 * self.voltage) }
    }

    fn area(&self) -> SquareMicrometres {
        self.area
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Bytes, Seconds};

    fn sram(voltage: f64) -> Sram {
        let config = config::Sram { size: Bytes(262144.0), class: SramClass::Lop, voltage };
        Sram::new(&config, "memory.buffer").unwrap()
    }

    #[test]
    fn the_law_is_within_a_quarter_of_the_six_published_points() {
        let points = [1.9e-6, 6.9e-5, 1.29e-3, 1.12e-2, 5.57e-2, 0.206];
        for (step, published) in points.into_iter().enumerate() {
            let voltage = (23 - step) as f64 / 24.0;
            let share = sram(voltage).failing_share();
            assert!((share / published - 1.0).abs() < 0.25, "{voltage}: {share} against {published}");
        }
    }

    #[test]
    fn held_bits_change_as_often_as_the_law_says_and_never_at_the_nominal_supply() {
        let place = Place { map: 3, address: 64, bits: 8 };
        let stored = vec![0x5au8; 1 << 20];
        let mut codes = stored.clone();
        assert!(!sram(1.0).errs());
        assert_eq!(sram(1.0).hold(place, &mut codes), 0);
        assert_eq!(codes, stored);
        let memory = sram(0.875);
        let changed = memory.hold(place, &mut codes);
        let differing: u32 = codes.iter().zip(&stored).map(|(a, b)| (a ^ b).count_ones()).sum();
        assert_eq!(changed, u64::from(differing));
        let mean = (8 << 20) as f64 * memory.failing_share();
        assert!((changed as f64 - mean).abs() < 4.0 * mean.sqrt(), "{changed} instead of {mean}");
    }

    #[test]
    fn random_inversions_cost_what_their_significance_says() {
        // Independent flips at rate p have a mean squared error of p·(4⁸ − 1)/3 LSB² (two's complement words).
        let (mut codes, memory) = (vec![0u8; 1 << 21], sram(0.84));
        memory.hold(Place { map: 1, address: 0, bits: 8 }, &mut codes);
        let squares: f64 = codes.iter().map(|&code| f64::from(code as i8).powi(2)).sum();
        let p = memory.failing_share();
        // Zero words: a negative top bit and positive others also have cross terms, p² times theirs.
        let expected = 21845.0 * p + p * p * (16129.0 - 5461.0 - 2.0 * 128.0 * 127.0);
        let ratio = squares / codes.len() as f64 / expected;
        assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
    }

    #[test]
    fn energy_and_leakage_follow_the_square_of_the_supply() {
        let traffic =
            Traffic { read_bytes: 8e6, written_bytes: 8e6, active: Seconds(0.01), period: Seconds(0.03) };
        let total = |voltage| {
            let mut ledger = Ledger::default();
            sram(voltage).bill(&mut ledger, "memory.buffer", &traffic);
            ledger.total().0
        };
        assert!((total(1.0) - (15.5e-6 + 19.4e-6 + 133e-6)).abs() < 1e-15);
        assert!((total(0.8) / total(1.0) - 0.64).abs() < 1e-12);
    }

    #[test]
    fn an_untabulated_size_is_refused_with_the_sizes_there_are() {
        let config = config::Sram { size: Bytes(65536.0), class: SramClass::Lop, voltage: 1.0 };
        let error = Sram::new(&config, "memory.buffer").err().unwrap();
        let text = "`memory.buffer.sram.size` is 64 KiB, but must be one of 8, 32, 128, 256, 512 KiB";
        assert_eq!(error.to_string(), text);
    }
}
