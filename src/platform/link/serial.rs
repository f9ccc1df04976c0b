//! A link with an energy per useful bit and a cost of waking up.
//!
//! A radio's energy per bit is mostly time × power, not bits: the figure of a radio belongs to a goodput.

use super::Link;
use crate::config::platform::{self as config, Radio};
use crate::constant::{Constant, Trust};
use crate::ledger::{Ledger, Stage};
use crate::platform::{Bill, PlatformError};
use crate::units::Seconds;

/// Energy per useful bit of an ESP8266-class Wi-Fi link at a goodput in bits per second.
///
/// The receiver is on (60 mA at 3.3 V) except for the air time, 225 µs per 1500 bytes at MCS7, when
/// it sends (135 mA): `P_rx/R + (P_tx − P_rx)·t_air` per bit (datasheet currents).
pub fn wifi_bit_energy(goodput: f64) -> f64 {
    let (receive, send, air) = (3.3 * 0.060, 3.3 * 0.135, 225e-6 / 12_000.0);
    receive / goodput + (send - receive) * air
}

/// Energy per useful bit of an nRF52840-class Bluetooth link on the 1M (`megabits` = 1) or 2M PHY.
///
/// 244 useful bytes travel in a link packet of 251, plus 10 (1M) or 11 (2M) bytes around it; an empty
/// packet acknowledges; two gaps of 150 µs at 9 mW (assumed) part them. 3 V, 6.40 mA sending, 6.26 mA receiving.
pub fn ble_bit_energy(megabits: u32) -> f64 {
    let overhead = if megabits == 1 { 10.0 } else { 11.0 };
    let air = |bytes: f64| (bytes + overhead) * 8.0 / (f64::from(megabits) * 1e6);
    let energy = 3.0 * 6.40e-3 * air(251.0) + 3.0 * 6.26e-3 * air(0.0) + 9e-3 * 2.0 * 150e-6;
    energy / (244.0 * 8.0)
}

/// A serial link.
pub struct Serial {
    bit: Constant,
    wake: Constant,
    goodput: f64,
}

impl Serial {
    /// A link with the configured figures; a figure that the radio's model confirms within 1 % carries its
    /// source, any other is a choice.
    ///
    /// # Errors
    /// When the goodput is not positive or an energy is negative.
    pub fn new(config: &config::Serial) -> Result<Self, PlatformError> {
        let (goodput, bit, wake) = (config.goodput.0, config.bit_energy.0, config.wake_energy.0);
        PlatformError::unless(goodput > 0.0, "link.goodput", config.goodput, "more than 0 b/s")?;
        PlatformError::unless(bit >= 0.0, "link.bit_energy", config.bit_energy, "0 J or more")?;
        PlatformError::unless(wake >= 0.0, "link.wake_energy", config.wake_energy, "0 J or more")?;
        let (trust, source) = provenance(config.radio, goodput, bit);
        let choice = "set in the platform's configuration";
        Ok(Self {
            bit: Constant::new("link.bit", bit, "J per useful bit", trust, source),
            wake: Constant::new("link.wake", wake, "J per message", Trust::Chosen, choice),
            goodput,
        })
    }
}

/// Trust and source of the energy per bit.
fn provenance(radio: Radio, goodput: f64, bit: f64) -> (Trust, &'static str) {
    let near = |expected: f64| (bit / expected - 1.0).abs() < 0.01;
    match radio {
        Radio::Csi2 if near(12.5e-12) => (Trust::Verified, "MIPI CSI-2, 100 pJ/B, in CamJ (ISCA 2023)"),
        Radio::WifiEsp8266 if near(wifi_bit_energy(goodput)) => {
            (Trust::Derived, "ESP8266 datasheet currents at this goodput")
        }
        Radio::BleNrf52840 if near(ble_bit_energy(1)) || near(ble_bit_energy(2)) => {
            (Trust::Derived, "nRF52840 datasheet currents, 251-byte packets")
        }
        _ => (Trust::Chosen, "set in the platform's configuration"),
    }
}

impl Link for Serial {
    fn bill(&self, ledger: &mut Ledger, bytes: f64) {
        let mut bill = Bill { ledger, stage: Stage::Link, component: "link" };
        bill.at("send bits", bytes * 8.0, &self.bit);
        bill.at("wake up", 1.0, &self.wake);
    }

    fn latency(&self, bytes: f64) -> Seconds {
        Seconds(bytes * 8.0 / self.goodput)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::platform::Payload;
    use crate::units::{BitRate, Joules};

    #[test]
    fn radio_models_give_the_published_energies_per_bit() {
        for (megabits, nanojoules) in [(5.0, 44.2), (10.0, 24.4), (20.0, 14.5), (33.0, 10.6)] {
            let energy = wifi_bit_energy(megabits * 1e6) * 1e9;
            assert!((energy / nanojoules - 1.0).abs() < 0.01, "{megabits} Mb/s: {energy} nJ");
        }
        for (megabits, nanojoules) in [(1, 22.7), (2, 12.1)] {
            let energy = ble_bit_energy(megabits) * 1e9;
            assert!((energy / nanojoules - 1.0).abs() < 0.01, "{megabits}M: {energy} nJ");
        }
    }

    #[test]
    fn a_message_costs_its_bits_and_a_wake_up_and_says_where_the_figure_stands() {
        let config = config::Serial {
            radio: Radio::WifiEsp8266,
            payload: Payload::Result,
            bit_energy: Joules(24.4e-9),
            wake_energy: Joules(50e-6),
            goodput: BitRate(10e6),
        };
        let link = Serial::new(&config).unwrap();
        let mut ledger = Ledger::default();
        link.bill(&mut ledger, 2.0);
        assert!((ledger.total().0 - (16.0 * 24.4e-9 + 50e-6)).abs() < 1e-18);
        assert_eq!(link.latency(1250.0), Seconds(1e-3));
        assert_eq!(link.bit.trust, Trust::Derived);
        let own = config::Serial { bit_energy: Joules(30e-9), ..config };
        assert_eq!(Serial::new(&own).unwrap().bit.trust, Trust::Chosen);
    }
}
