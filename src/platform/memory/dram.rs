//! Dynamic memory: energy from datasheet currents, retention errors from measured modules.
//!
//! State-and-count model: bits moved, rows opened (streaming: one activation per row of traffic), time in
//! active standby during transfers and in precharge power-down otherwise, refreshes in proportion to
//! 1/interval. Energies per command are the Micron power-note formulas over both core supplies, with the
//! currents of the DRAMSys/DRAMPower memory specification (datasheet maxima).
//!
//! A cell loses its charge after a log-normal time (fit to the measured modules of Chang et al.,
//! SIGMETRICS 2017, at 20 and 70 °C, interpolated linearly between). Failing cells are fixed per device. In a
//! true cell a 1 is the charged value and is lost, in an anti cell a 0; rows alternate between the two, so
//! about half of the failing cells show. Up to the base interval of 32 ms no cell fails.

use super::{Memory, Place, Traffic, fault, normal_cdf};
use crate::config::platform::{self as config, DramDevice};
use crate::constant::{Constant, Trust};
use crate::ledger::{Ledger, Stage};
use crate::platform::{Bill, PlatformError};
use crate::units::Seconds;

/// Refresh interval at which the device is specified: 8192 refreshes 3.9 µs apart.
pub const BASE_INTERVAL: Seconds = Seconds(0.032);
/// Bytes per second that 64 data pins at 1600 Mb/s sustain: 80 % of 12.8 GB/s.
pub const BANDWIDTH: f64 = 10.24e9;
/// Bits of a row: true and anti cells alternate, and an activation is paid, per row.
const ROW_BITS: u64 = 32768;

/// One core supply of a part: volts, and the datasheet currents in milliamperes.
struct Supply {
    volts: f64,
    idd0: f64,
    idd2n: f64,
    idd2p: f64,
    idd3n: f64,
    idd4r: f64,
    idd4w: f64,
    idd5: f64,
}

/// A part: supplies, timing in clock cycles, and bits moved by a burst.
struct Part {
    supplies: [Supply; 2],
    cycle: f64,
    t_rc: f64,
    t_ras: f64,
    t_rfc: f64,
    t_refi: f64,
    burst: f64,
    burst_bits: f64,
}

const LPDDR3_1600: Part = Part {
    supplies: [
        Supply {
            volts: 1.8,
            idd0: 15.0,
            idd2n: 2.0,
            idd2p: 0.6,
            idd3n: 2.0,
            idd4r: 5.0,
            idd4w: 10.0,
            idd5: 40.0,
        },
        Supply {
            volts: 1.2,
            idd0: 80.0,
            idd2n: 38.0,
            idd2p: 0.87,
            idd3n: 45.0,
            idd4r: 260.0,
            idd4w: 284.0,
            idd5: 160.0,
        },
    ],
    cycle: 1.25e-9,
    t_rc: 48.0,
    t_ras: 36.0,
    t_rfc: 104.0,
    t_refi: 3120.0,
    burst: 4.0,
    burst_bits: 256.0,
};

impl Part {
    /// Sum over the supplies of volts times what `current` gives, in watts (or joules for ampere seconds).
    fn sum(&self, current: impl Fn(&Supply) -> f64) -> f64 {
        self.supplies.iter().map(|supply| supply.volts * current(supply) * 1e-3).sum()
    }
    fn activate(&self) -> f64 {
        let t_rp = self.t_rc - self.t_ras;
        let extra = |s: &Supply| s.idd0 * self.t_rc - (s.idd3n * self.t_ras + s.idd2n * t_rp);
        self.sum(extra) * self.cycle
    }
    fn read_bit(&self) -> f64 {
        self.sum(|s| s.idd4r - s.idd3n) * self.burst * self.cycle / self.burst_bits
    }
    fn write_bit(&self) -> f64 {
        self.sum(|s| s.idd4w - s.idd3n) * self.burst * self.cycle / self.burst_bits
    }
    fn refresh_power(&self) -> f64 {
        self.sum(|s| s.idd5 - s.idd2n) * self.t_rfc / self.t_refi
    }
}

/// Dynamic memory.
pub struct Dram {
    dies: f64,
    interval: Seconds,
    share: f64,
    read: Constant,
    write: Constant,
    interface: Constant,
    activate: Constant,
    standby: Constant,
    power_down: Constant,
    refresh: Constant,
    name: String,
}

impl Dram {
    /// A memory of `dies` devices in parallel; `path` names it in errors.
    ///
    /// # Errors
    /// When the temperature is outside 20 to 70 °C (the range measured), there is no die, or the refresh
    /// interval leaves no time for anything else.
    pub fn new(config: &config::Dram, path: &str) -> Result<Self, PlatformError> {
        let celsius = config.temperature;
        let fine = (20.0..=70.0).contains(&celsius.0);
        PlatformError::unless(fine, &format!("{path}.temperature"), celsius, "between 20 C and 70 C")?;
        PlatformError::unless(config.dies > 0, &format!("{path}.dies"), config.dies, "1 or more")?;
        let interval = config.refresh_interval;
        let field = format!("{path}.refresh_interval");
        let part = match config.device {
            DramDevice::Lpddr3_1600 => LPDDR3_1600,
        };
        // One that refreshes more often does nothing else.
        let least = BASE_INTERVAL.0 * part.t_rfc / part.t_refi;
        PlatformError::unless(interval.0 > least, &field, interval, "longer than 1.07 ms")?;
        let source = "DRAMSys/DRAMPower memory specification, LPDDR3-1600 4 Gb x32, Micron formulas";
        let constant = |what: &str, value: f64, unit| {
            let name = format!("dram.lpddr3_1600.{what}");
            Constant::new(&name, value, unit, Trust::Derived, source).within(0.7 * value, 1.3 * value)
        };
        let pins = "1/4 C V^2 with 6 pF at 1.2 V per random bit; the capacitance is unverified";
        let name = "dram.lpddr3_1600.interface";
        let interface = Constant::new(name, 2.2e-12, "J per bit", Trust::Unverified, pins);
        Ok(Self {
            dies: f64::from(config.dies),
            interval,
            share: failing_share(interval, celsius.0),
            read: constant("read", part.read_bit(), "J per bit"),
            write: constant("write", part.write_bit(), "J per bit"),
            interface: interface.within(1.1e-12, 4.4e-12),
            activate: constant("activate", part.activate(), "J per row"),
            standby: constant("active_standby", part.sum(|s| s.idd3n), "W per die"),
            power_down: constant("power_down", part.sum(|s| s.idd2p), "W per die"),
            refresh: constant("refresh", part.refresh_power(), "W per die at 32 ms"),
            name: path.to_owned(),
        })
    }
}

/// Share of the cells that hold their charge for less than `interval`.
fn failing_share(interval: Seconds, celsius: f64) -> f64 {
    if interval <= BASE_INTERVAL {
        return 0.0;
    }
    let hot = (celsius - 20.0) / 50.0;
    let (mean, deviation) = (8.301 + hot * (5.951 - 8.301), 1.303 + hot * (1.033 - 1.303));
    normal_cdf((interval.0.ln() - mean) / deviation)
}

impl Memory for Dram {
    fn hold(&self, place: Place, codes: &mut [u8]) -> u64 {
        fault::invert(&self.name, place, self.share, codes, |cell, stored| {
            let charged = (cell / ROW_BITS).is_multiple_of(2);
            stored == charged
        })
    }

    fn bill(&self, ledger: &mut Ledger, component: &str, traffic: &Traffic) {
        let bytes = traffic.read_bytes + traffic.written_bytes;
        let busy = bytes / BANDWIDTH;
        let mut bill = Bill { ledger, stage: Stage::Memory, component };
        bill.at("read bits", traffic.read_bytes * 8.0, &self.read);
        bill.at("write bits", traffic.written_bytes * 8.0, &self.write);
        bill.at("interface bits", bytes * 8.0, &self.interface);
        bill.at("row activations", bytes * 8.0 / ROW_BITS as f64, &self.activate);
        bill.at("active standby seconds", busy * self.dies, &self.standby);
        let idle = (traffic.period.0 - busy).max(0.0);
        bill.at("power-down seconds", idle * self.dies, &self.power_down);
        let refreshed = traffic.period.0 * self.dies * (BASE_INTERVAL / self.interval);
        bill.at("refresh seconds at 32 ms", refreshed, &self.refresh);
    }

    fn failing_share(&self) -> f64 {
        self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Celsius;

    fn close(value: f64, expected: f64, tolerance: f64) {
        assert!((value / expected - 1.0).abs() < tolerance, "{value} instead of {expected}");
    }

    fn dram(interval: f64, celsius: f64) -> Dram {
        let config = config::Dram {
            device: DramDevice::Lpddr3_1600,
            dies: 2,
            refresh_interval: Seconds(interval),
            temperature: Celsius(celsius),
        };
        Dram::new(&config, "memory.main").unwrap()
    }

    fn energy(interval: f64, period: f64) -> f64 {
        let mut ledger = Ledger::default();
        let traffic =
            Traffic { read_bytes: 20e6, written_bytes: 10e6, active: Seconds::ZERO, period: Seconds(period) };
        dram(interval, 45.0).bill(&mut ledger, "memory.main", &traffic);
        ledger.total().0
    }

    #[test]
    fn an_interval_that_leaves_time_for_nothing_else_is_refused() {
        let config = |interval: f64| config::Dram {
            device: DramDevice::Lpddr3_1600,
            dies: 1,
            refresh_interval: Seconds(interval),
            temperature: Celsius(45.0),
        };
        // 8,192 commands of 130 ns, in the clock's periods of 1.25 ns.
        let least = 32e-3 / (3120.0 * 1.25e-9) * 104.0 * 1.25e-9;
        let told = Dram::new(&config(0.999 * least), "memory.main").err().unwrap().to_string();
        assert!(told.contains("longer than 1.07 ms"), "{told}");
        assert!(Dram::new(&config(1.001 * least), "memory.main").is_ok());
    }

    #[test]
    fn datasheet_currents_give_the_published_figures() {
        let part = LPDDR3_1600;
        close(part.refresh_power(), 7.16e-3, 0.005);
        close(part.read_bit(), 5.14e-12, 0.005);
        close(part.write_bit(), 5.88e-12, 0.005);
        close(part.activate(), 4.05e-9, 0.005);
        close(part.sum(|s| s.idd2n), 49.2e-3, 0.001);
        close(part.sum(|s| s.idd3n), 57.6e-3, 0.001);
        close(part.sum(|s| s.idd2p), 2.12e-3, 0.005);
    }

    #[test]
    fn micron_ddr3_oracle_follows_from_the_same_formulas() {
        // One supply of 1.5 V, times in nanoseconds; the oracle takes refresh over IDD3N.
        let supply = |volts| Supply {
            volts,
            idd0: 95.0,
            idd2n: 42.0,
            idd2p: 35.0,
            idd3n: 45.0,
            idd4r: 180.0,
            idd4w: 185.0,
            idd5: 215.0 - 45.0 + 42.0,
        };
        let part = Part {
            supplies: [supply(1.5), supply(0.0)],
            cycle: 1e-9,
            t_rc: 47.5,
            t_ras: 35.0,
            t_rfc: 160.0,
            t_refi: 7800.0,
            burst: 1.0,
            burst_bits: 1e-9,
        };
        close(part.sum(|s| s.idd2p), 52.5e-3, 0.001);
        close(part.sum(|s| s.idd2n), 63.0e-3, 0.001);
        close(part.sum(|s| s.idd3n), 67.5e-3, 0.001);
        close(part.activate() / 47.5e-9, 76.2e-3, 0.001);
        close(part.read_bit(), 202.5e-3, 0.001);
        close(part.write_bit(), 210.0e-3, 0.001);
        close(part.refresh_power(), 5.231e-3, 0.001);
    }

    #[test]
    fn slower_refresh_saves_what_the_duty_cycle_allows() {
        for (period, published) in
            [(1.0 / 30.0, [0.128, 0.149, 0.160, 0.165, 0.168]), (1.0, [0.518, 0.604, 0.647, 0.669, 0.680])]
        {
            for (factor, expected) in [4.0, 8.0, 16.0, 32.0, 64.0].into_iter().zip(published) {
                let saving = 1.0 - energy(0.032 * factor, period) / energy(0.032, period);
                assert!((saving - expected).abs() < 0.01, "{period} s × {factor}: {saving}");
            }
        }
    }

    #[test]
    fn the_retention_law_gives_the_tabulated_shares() {
        for (interval, celsius, share) in [
            (1.024, 45.0, 6e-10),
            (10.0, 20.0, 2.1e-6),
            (10.0, 45.0, 1.8e-5),
            (10.0, 70.0, 2.1e-4),
            (60.0, 45.0, 4.7e-3),
        ] {
            close(failing_share(Seconds(interval), celsius), share, 0.08);
        }
        assert!(failing_share(Seconds(0.064), 45.0) < 1e-15);
        assert_eq!(failing_share(BASE_INTERVAL, 70.0), 0.0);
    }

    #[test]
    fn only_charged_cells_lose_their_value() {
        let (memory, place) = (dram(60.0, 70.0), Place { map: 2, address: 0, bits: 8 });
        let stored: Vec<u8> = (0..1u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut codes = stored.clone();
        let changed = memory.hold(place, &mut codes) as f64;
        let expected = (8 << 20) as f64 * memory.failing_share() / 2.0;
        assert!((changed - expected).abs() < 5.0 * expected.sqrt(), "{changed} instead of {expected}");
        for (at, (&new, &old)) in codes.iter().zip(&stored).enumerate() {
            let anti = (at / 4096) % 2 == 1;
            assert_eq!(if anti { old & !new } else { new & !old }, 0, "address {at}");
        }
    }

    #[test]
    fn errors_are_nested_in_interval_and_absent_at_the_base() {
        let place = Place { map: 7, address: 12_288, bits: 4 };
        let held = |interval, celsius| {
            let mut codes = vec![0x0f; 1 << 18];
            dram(interval, celsius).hold(place, &mut codes);
            codes
        };
        assert!(held(0.032, 70.0).iter().all(|&code| code == 0x0f));
        for ((t1, c1), (t2, c2)) in [((20.0, 45.0), (40.0, 45.0)), ((40.0, 45.0), (40.0, 70.0))] {
            let (mild, harsh) = (held(t1, c1), held(t2, c2));
            assert!(mild != harsh && mild.iter().zip(&harsh).all(|(mild, harsh)| harsh & !mild == 0));
        }
    }
}
