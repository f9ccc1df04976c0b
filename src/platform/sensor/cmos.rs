//! A CMOS image sensor with a column converter.
//!
//! **Signal**, per pixel, in the order of EMVA 1288: shot noise (Poisson) on the electrons, read noise
//! (normal), clipping at the full well, scaling so that the full well is the highest code, *rounding* and
//! clipping to `0 ..= 2^bits − 1`. Then k×k pixels are averaged to a code again (`bin`), and every pixel not
//! read (`skip`, `bin`, another `resolution`) takes the value of its nearest read neighbour above and left.
//!
//! **Colour** frames are captured as full planes: there is no Bayer mosaic, hence no demosaicing loss. Costs
//! and times count one conversion a pixel whatever the number of planes, as on a mosaic of that resolution.
//!
//! **Energy** follows the linear model of LiKamWa et al. (MobiSys 2013): pixels, conversions of 2^bits
//! steps, interface bytes, static power while on, standby power for the rest of the frame period, image
//! signal processor. Exposure and readout overlap (rolling shutter), so the sensor is on for the longer one.

use std::ops::Range;

use super::Sensor;
use crate::config::platform as config;
use crate::constant::{Constant, Trust};
use crate::ledger::Stage;
use crate::platform::{Bill, Context, PlatformError};
use crate::rng::Stream;
use crate::tensor::Tensor;
use crate::units::{Joules, Seconds};

/// A published figure: name, value in J or W, band, trust and source.
type Published = (&'static str, f64, [f64; 2], Trust, &'static str);

/// Figures a configuration may quote; any other value is the user's own choice.
const PUBLISHED: [Published; 6] = [
    ("pixel", 12.1e-12, [5e-12, 40e-12], Trust::Verified, "LeCA, ISCA 2023"),
    ("adc_step", 100e-15, [6e-15, 100e-15], Trust::Verified, "CamJ default, ISCA 2023"),
    ("interface", 100e-12, [50e-12, 200e-12], Trust::Verified, "MIPI CSI-2 in CamJ, ISCA 2023"),
    (
        "static",
        57.8e-3,
        [46e-3, 69e-3],
        Trust::Derived,
        "OV7670 class: 60 mW at VGA, 30 fps, less per-pixel work",
    ),
    ("standby", 0.1e-3, [0.01e-3, 1e-3], Trust::Unverified, "order of sensor datasheets, from memory"),
    ("isp", 1.23e-9, [0.01e-9, 2e-9], Trust::Unverified, "commercial processor, 153 mW at 1080p60"),
];

fn constant(what: &str, value: f64, unit: &str) -> Constant {
    let quoted =
        PUBLISHED.iter().find(|(name, known, ..)| *name == what && (value / known - 1.0).abs() < 1e-9);
    let name = format!("sensor.{what}");
    match quoted {
        Some((_, _, [low, high], trust, source)) => {
            Constant::new(&name, value, unit, *trust, source).within(*low, *high)
        }
        None => Constant::new(&name, value, unit, Trust::Chosen, "set in the platform's configuration"),
    }
}

/// A CMOS image sensor.
pub struct Cmos {
    config: config::Cmos,
    period: Seconds,
    prices: Prices,
}

struct Prices {
    pixel: Constant,
    adc_step: Constant,
    interface: Constant,
    on: Constant,
    standby: Constant,
    isp: Constant,
}

impl Prices {
    fn new(config: &config::Cmos) -> Self {
        Self {
            pixel: constant("pixel", config.pixel_energy.0, "J per pixel"),
            adc_step: constant("adc_step", config.adc_step_energy.0, "J per conversion step"),
            interface: constant("interface", config.interface_energy.0, "J per byte"),
            on: constant("static", config.static_power.0, "W"),
            standby: constant("standby", config.standby_power.0, "W"),
            isp: constant("isp", config.isp_energy.0, "J per pixel"),
        }
    }

    fn all(&self) -> [&Constant; 6] {
        [&self.pixel, &self.adc_step, &self.interface, &self.on, &self.standby, &self.isp]
    }
}

impl Cmos {
    /// A sensor that takes one frame every `period`.
    ///
    /// # Errors
    /// When the converter does not have 1 to 14 bits, a count is 0, the full well or the pixel rate is not
    /// positive, the read noise, an energy or a power is negative, or the exposure is longer than the period.
    pub fn new(config: &config::Cmos, period: Seconds) -> Result<Self, PlatformError> {
        let check = |fine, field: &str, value: &dyn std::fmt::Display, allowed| {
            PlatformError::unless(fine, &format!("sensor.{field}"), value, allowed)
        };
        check((1..=14).contains(&config.adc_bits), "adc_bits", &config.adc_bits, "between 1 and 14")?;
        check(config.skip >= 1, "skip", &config.skip, "1 or more")?;
        check(config.bin >= 1, "bin", &config.bin, "1 or more")?;
        check(config.full_well > 0.0, "full_well", &config.full_well, "more than 0 electrons")?;
        check(config.read_noise >= 0.0, "read_noise", &config.read_noise, "0 electrons or more")?;
        check(config.pixel_rate.0 > 0.0, "pixel_rate", &config.pixel_rate, "more than 0 Hz")?;
        let exposure = config.exposure;
        let fine = exposure.0 >= 0.0 && exposure <= period;
        check(fine, "exposure", &exposure, "no longer than the frame period")?;
        let [rows, columns] = config.resolution.unwrap_or([1, 1]);
        let fine = [rows, columns].iter().all(|n| (1..=16_384).contains(n));
        let allowed = "between 1 and 16384 pixels in each direction";
        check(fine, "resolution", &format!("{rows}x{columns}"), allowed)?;
        let prices = Prices::new(config);
        for price in prices.all() {
            PlatformError::unless(price.value >= 0.0, &price.name, price.value, "0 or more")?;
        }
        Ok(Self { config: config.clone(), period, prices })
    }

    /// Pixels converted of a frame of `height` × `width`: its own, or those of the configured resolution.
    fn converted(&self, height: usize, width: usize) -> f64 {
        let [rows, columns] = self.config.resolution.unwrap_or([height, width]);
        (rows.div_ceil(self.config.skip) * columns.div_ceil(self.config.skip)) as f64
    }

    /// Pixels sent: the converted ones, averaged.
    fn sent(&self, height: usize, width: usize) -> f64 {
        let [rows, columns] = self.config.resolution.unwrap_or([height, width]);
        let kept = |n: usize| n.div_ceil(self.config.skip).div_ceil(self.config.bin);
        (kept(rows) * kept(columns)) as f64
    }

    fn bytes(&self, height: usize, width: usize) -> f64 {
        self.sent(height, width) * f64::from(self.config.adc_bits) / 8.0
    }

    fn bill(&self, cx: &mut Context<'_>, height: usize, width: usize) {
        let (converted, sent) = (self.converted(height, width), self.sent(height, width));
        let (bits, prices) = (self.config.adc_bits, &self.prices);
        let on = self.latency(height, width).0;
        let mut bill = Bill { ledger: cx.ledger, stage: Stage::Sensor, component: "sensor" };
        bill.at("read pixels", converted, &prices.pixel);
        let conversion = Joules(prices.adc_step.value * f64::from(1u32 << bits));
        bill.add("convert", converted, conversion, &prices.adc_step);
        bill.at("send bytes", self.bytes(height, width), &prices.interface);
        bill.at("on seconds", on, &prices.on);
        bill.at("standby seconds", (self.period.0 - on).max(0.0), &prices.standby);
        bill.at("process pixels", sent, &prices.isp);
    }

    /// The code of a pixel lit to `light` of the full well.
    fn convert(&self, light: f32, noise: &mut Stream) -> f64 {
        let (well, top) = (self.config.full_well, f64::from((1u32 << self.config.adc_bits) - 1));
        let mean = f64::from(light).clamp(0.0, 1.0) * well;
        let shot = if self.config.shot_noise { noise.poisson(mean) } else { mean };
        let read = if self.config.read_noise > 0.0 { self.config.read_noise * noise.normal() } else { 0.0 };
        ((shot + read).min(well) / well * top).round().clamp(0.0, top)
    }

    /// Captures one plane of `[height, width]` pixels.
    ///
    /// Only codes that some value comes from are drawn: a resolution above that of the sample costs energy, not
    /// time to simulate.
    fn plane(&self, light: &[f32], [height, width]: [usize; 2], noise: &mut Stream) -> Vec<f32> {
        let [rows, columns] = self.config.resolution.unwrap_or([height, width]);
        let (down, across) = (self.sources(height, rows), self.sources(width, columns));
        let top = f64::from((1u32 << self.config.adc_bits) - 1);
        let mut values = vec![0.0; height * width];
        for (row, rows_fed) in &down {
            for (column, columns_fed) in &across {
                let lit = |r: usize, c: usize| light[r * height / rows * width + c * width / columns];
                let code = self.sent_code([*row, *column], [rows, columns], &lit, noise);
                for row in rows_fed.clone() {
                    values[row * width..][columns_fed.clone()].fill((code / top) as f32);
                }
            }
        }
        values
    }

    /// The codes sent along one axis that values come from, each with the values that it feeds.
    fn sources(&self, values: usize, pixels: usize) -> Vec<(usize, Range<usize>)> {
        let source = |at: usize| at * pixels / values / self.config.skip / self.config.bin;
        let all: Vec<usize> = (0..values).collect();
        let fed = all.chunk_by(|a, b| source(*a) == source(*b));
        fed.map(|fed| (source(fed[0]), fed[0]..fed[0] + fed.len())).collect()
    }

    /// One code as it is sent: a block of `bin` × `bin` converted pixels, smaller at the border, averaged.
    fn sent_code(
        &self,
        [row, column]: [usize; 2],
        [rows, columns]: [usize; 2],
        light: &dyn Fn(usize, usize) -> f32,
        noise: &mut Stream,
    ) -> f64 {
        let (skip, bin) = (self.config.skip, self.config.bin);
        let span = |at: usize, end: usize| at * bin..((at + 1) * bin).min(end.div_ceil(skip));
        let (down, across) = (span(row, rows), span(column, columns));
        let count = (down.len() * across.len()) as f64;
        let pixels = down.flat_map(|r| across.clone().map(move |c| (r, c)));
        let sum: f64 = pixels.map(|(r, c)| self.convert(light(r * skip, c * skip), noise)).sum();
        (sum / count).round()
    }
}

impl Sensor for Cmos {
    /// Captures a frame of the shape `[channels, height, width]`.
    ///
    /// # Panics
    /// When the frame does not have three axes: only images have a camera.
    fn capture(&self, cx: &mut Context<'_>, frame: &Tensor<f32>) -> Tensor<f32> {
        let &[_, height, width] = frame.shape() else { panic!("a frame is [channels, height, width]") };
        self.bill(cx, height, width);
        let mut noise = Stream::new(cx.seed, "sensor.noise", cx.sample as u64);
        let planes = frame.data().chunks(height * width);
        let data = planes.flat_map(|light| self.plane(light, [height, width], &mut noise)).collect();
        Tensor::new(frame.shape(), data).expect("a captured frame has the shape of its scene")
    }

    fn latency(&self, height: usize, width: usize) -> Seconds {
        let readout = self.converted(height, width) / self.config.pixel_rate.0;
        Seconds(self.config.exposure.0.max(readout))
    }

    fn frame_bytes(&self, height: usize, width: usize) -> Option<f64> {
        Some(self.bytes(height, width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::units::{Hertz, Watts};

    const PERIOD: Seconds = Seconds(1.0 / 30.0);

    fn research(adc_bits: u32) -> config::Cmos {
        config::Cmos {
            resolution: None,
            adc_bits,
            skip: 1,
            bin: 1,
            exposure: Seconds(0.010),
            full_well: 15000.0,
            read_noise: 10.0,
            shot_noise: true,
            pixel_rate: Hertz(307_200.0 * 30.0),
            pixel_energy: Joules(12.1e-12),
            adc_step_energy: Joules(100e-15),
            interface_energy: Joules(100e-12),
            static_power: Watts(0.0),
            standby_power: Watts(0.0),
            isp_energy: Joules(0.0),
        }
    }

    fn capture(config: &config::Cmos, frame: &Tensor<f32>) -> (Tensor<f32>, f64) {
        let mut ledger = Ledger::default();
        let mut cx = Context { seed: 1, map: 0, sample: 0, ledger: &mut ledger };
        let captured = Cmos::new(config, PERIOD).unwrap().capture(&mut cx, frame);
        (captured, ledger.total().0)
    }

    fn grey(light: f32, side: usize) -> Tensor<f32> {
        Tensor::filled([1, side, side], light)
    }

    /// Mean and variance of the codes of an evenly lit frame.
    fn moments(config: &config::Cmos, light: f32) -> (f64, f64) {
        let top = f64::from((1u32 << config.adc_bits) - 1);
        let (frame, _) = capture(config, &grey(light, 400));
        let codes: Vec<f64> = frame.data().iter().map(|&value| f64::from(value) * top).collect();
        let mean = codes.iter().sum::<f64>() / codes.len() as f64;
        (mean, codes.iter().map(|code| (code - mean).powi(2)).sum::<f64>() / codes.len() as f64)
    }

    #[test]
    fn a_research_sensor_costs_the_published_energy_per_pixel() {
        for (bits, picojoules) in [(8, 137.7), (10, 239.5)] {
            let (_, energy) = capture(&research(bits), &grey(0.5, 100));
            assert!((energy * 1e12 / 1e4 / picojoules - 1.0).abs() < 1e-9, "{bits} bits: {energy}");
        }
    }

    #[test]
    fn the_photon_transfer_curve_has_the_gain_as_slope_and_the_floor_as_intercept() {
        let config = config::Cmos { adc_bits: 12, ..research(12) };
        let gain = 4095.0 / 15000.0;
        let (dark_mean, dark) = moments(&config::Cmos { shot_noise: false, ..config.clone() }, 0.05);
        let floor = gain * gain * 100.0 + 1.0 / 12.0;
        assert!((dark / floor - 1.0).abs() < 0.03, "{dark} instead of {floor}, at {dark_mean}");
        let points = [0.1, 0.2, 0.4, 0.6, 0.8].map(|light| moments(&config, light));
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / 5.0;
        let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
        let slope = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>()
            / points.iter().map(|p| (p.0 - x).powi(2)).sum::<f64>();
        assert!((slope / gain - 1.0).abs() < 0.02, "{slope} instead of {gain}");
    }

    #[test]
    fn without_noise_a_pixel_is_its_rounded_code() {
        let config = config::Cmos { read_noise: 0.0, shot_noise: false, ..research(3) };
        let light: Vec<f32> = (0..64).map(|i| i as f32 / 63.0).collect();
        let (frame, _) = capture(&config, &Tensor::new([1, 8, 8], light.clone()).unwrap());
        for (light, value) in light.iter().zip(frame.data()) {
            assert_eq!(*value, (light * 7.0).round() / 7.0);
        }
    }

    #[test]
    fn skipped_pixels_repeat_their_neighbour_and_binned_ones_share_a_mean() {
        let quiet = config::Cmos { read_noise: 0.0, shot_noise: false, ..research(14) };
        let light: Vec<f32> = (0..25).map(|i| i as f32 / 24.0).collect();
        let frame = Tensor::new([1, 5, 5], light.clone()).unwrap();
        let (skipped, _) = capture(&config::Cmos { skip: 2, ..quiet.clone() }, &frame);
        let (binned, _) = capture(&config::Cmos { bin: 2, ..quiet }, &frame);
        for (at, (skipped, binned)) in skipped.data().iter().zip(binned.data()).enumerate() {
            let (row, column) = (at / 5 / 2 * 2, at % 5 / 2 * 2);
            assert!((skipped - light[row * 5 + column]).abs() < 1e-4, "skip at {at}");
            let block: Vec<f32> = (row..(row + 2).min(5))
                .flat_map(|r| (column..(column + 2).min(5)).map(move |c| r * 5 + c))
                .map(|at| light[at])
                .collect();
            let mean = block.iter().sum::<f32>() / block.len() as f32;
            assert!((binned - mean).abs() < 1e-4, "bin at {at}");
        }
    }

    #[test]
    fn binning_divides_the_noise_by_its_factor() {
        let noisy = config::Cmos { read_noise: 300.0, shot_noise: false, ..research(12) };
        let (_, single) = moments(&noisy, 0.5);
        let (_, binned) = moments(&config::Cmos { bin: 4, ..noisy }, 0.5);
        assert!((single / binned / 16.0 - 1.0).abs() < 0.05, "{single} and {binned}");
    }

    #[test]
    fn a_static_sensor_saves_by_sleeping_not_by_reading_less() {
        let vga = config::Cmos {
            resolution: Some([480, 640]),
            static_power: Watts(57.8e-3),
            standby_power: Watts(0.1e-3),
            ..research(10)
        };
        let awake = config::Cmos { standby_power: Watts(57.8e-3), ..vga.clone() };
        let saving = |config: &config::Cmos| {
            let half = config::Cmos { resolution: Some([240, 320]), ..config.clone() };
            1.0 - capture(&half, &grey(0.5, 4)).1 / capture(config, &grey(0.5, 4)).1
        };
        assert!(saving(&awake) < 0.05 && saving(&awake) > 0.0);
        assert!((saving(&vga) - 0.70).abs() < 0.03, "{}", saving(&vga));
    }

    #[test]
    fn a_capture_is_repeatable_and_depends_on_seed_and_sample() {
        let sensor = Cmos::new(&research(10), PERIOD).unwrap();
        let shot = |seed, sample| {
            let mut ledger = Ledger::default();
            sensor.capture(&mut Context { seed, map: 0, sample, ledger: &mut ledger }, &grey(0.5, 16))
        };
        assert_eq!(shot(1, 2), shot(1, 2));
        assert!(shot(1, 2) != shot(1, 3) && shot(1, 2) != shot(2, 2));
    }

    #[test]
    fn values_outside_the_model_are_refused() {
        let error = Cmos::new(&research(15), PERIOD).err().unwrap();
        assert_eq!(error.to_string(), "`sensor.adc_bits` is 15, but must be between 1 and 14");
        let config = config::Cmos { static_power: Watts(-1.0), ..research(8) };
        let error = Cmos::new(&config, PERIOD).err().unwrap();
        assert_eq!(error.to_string(), "`sensor.static` is -1, but must be 0 or more");
    }
}
