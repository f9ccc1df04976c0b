//! Contractions on units whose clock is too fast: every operation of every unit evaluated in time, in the array's order.
//!
//! What a unit latches depends on the operands before, on the sum that enters, and on what is still under way from the
//! clock before; a table of products cannot tell it. So no operation is looked up here: the gates of the unit run, clock by
//! clock, for every output of every sample. Output-stationary units walk along the depth of one output and begin it at rest,
//! their registers at 0; weight-stationary ones keep a weight while positions pass, and hand their sums, wrong ones too, to
//! the row below. Taps in the padding are skipped, as in [`crate::kernel::convolve`].

use super::array::MacArray;
use crate::bits;
use crate::config::platform::Dataflow;
use crate::kernel::{Geometry, Operands};
use crate::netlist::clocked::{LANES, Lane};
use crate::netlist::{Clocked, pack, unpack};

/// Sums of products that the array latches: [batch, O, OH, OW], as [`crate::kernel::convolve`] has them where nothing is late.
///
/// `offsets` are taken from activation and weight codes before they enter a unit ([`MacArray::offset`]).
///
/// # Panics
/// When the array is in time, or slices and geometry do not fit together.
pub fn contract(array: &MacArray, geometry: &Geometry, operands: Operands<'_>, offsets: [u8; 2]) -> Vec<i32> {
    let grid = &array.late().expect("only a late array loses results").coarse;
    let clocked = Clocked::new(array.cells(), &grid.delays, grid.period as usize, grid.setup as usize);
    let mut work = Work { unit: Unit::new(array, clocked), geometry, operands, offsets, sums: vec![] };
    work.sums = vec![0; operands.batch * geometry.outputs_per_sample()];
    for group in 0..geometry.groups {
        match array.dataflow() {
            Dataflow::OutputStationary => work.outputs_stay(group),
            Dataflow::WeightStationary => work.weights_stay(group),
        }
    }
    work.sums
}

/// The gates of a unit, and where its result is.
struct Unit<'a> {
    array: &'a MacArray,
    clocked: Clocked<'a>,
    /// Places of the result's bits among the registers.
    result: Vec<usize>,
}

impl<'a> Unit<'a> {
    fn new(array: &'a MacArray, clocked: Clocked<'a>) -> Self {
        let netlist = array.cells();
        let place = |net: &_| netlist.registers().iter().position(|register| register.state == *net);
        let bits = netlist.outputs()[0].1.iter();
        let result = bits.map(|net| place(net).expect("the result of a unit is a register")).collect();
        Self { array, clocked, result }
    }

    /// The lanes of an operand port.
    fn port(&self, values: impl Iterator<Item = i64>) -> Vec<Lane> {
        let words: Vec<u64> = values.map(|value| self.array.mac().port_word(value)).collect();
        pack(&words, self.array.mac().port_width() as usize)
    }

    fn zero_sum(&self) -> Vec<Lane> {
        vec![Lane::default(); self.result.len()]
    }

    /// One clock; what the result register takes over at its end.
    fn step(&mut self, a: &[Lane], b: &[Lane], c: &[Lane]) -> Vec<Lane> {
        self.clocked.step(&[a, b, c].concat());
        self.result.iter().map(|at| self.clocked.captured()[*at]).collect()
    }

    fn values(&self, sums: &[Lane], count: usize) -> impl Iterator<Item = i32> {
        let width = self.array.mac().accumulator_width();
        unpack(sums, count).into_iter().map(move |code| bits::sign_extend(code, width) as i32)
    }
}

/// One output of one sample.
#[derive(Clone, Copy)]
struct Output {
    sample: usize,
    channel: usize,
    position: usize,
}

struct Work<'a> {
    unit: Unit<'a>,
    geometry: &'a Geometry,
    operands: Operands<'a>,
    /// What is taken from activation and weight codes.
    offsets: [u8; 2],
    sums: Vec<i32>,
}

impl Work<'_> {
    /// Outputs that read the same taps, hundreds of them side by side.
    fn outputs_stay(&mut self, group: usize) {
        for (taps, positions) in self.windows() {
            let outputs = self.channels(group).flat_map(|(sample, channel)| {
                positions.iter().map(move |&position| Output { sample, channel, position })
            });
            let outputs: Vec<Output> = outputs.collect();
            for outputs in outputs.chunks(LANES) {
                let sums = self.along_the_depth(group, outputs, &taps);
                self.keep(outputs, &sums);
            }
        }
    }

    /// Operands of one clock meet in the next one, when the sum of those before has been latched.
    fn along_the_depth(&mut self, group: usize, outputs: &[Output], taps: &[usize]) -> Vec<Lane> {
        let mut sum = self.unit.zero_sum();
        let mut ports = [0, 0].map(|_| self.unit.port(outputs.iter().map(|_| 0)));
        self.unit.clocked.quiet(&[&ports[0][..], &ports[1], &sum].concat(), 2);
        for at in 0..=taps.len() {
            if let Some(&tap) = taps.get(at) {
                let activations = outputs.iter().map(|output| self.activation(group, output, tap));
                let weights = outputs.iter().map(|output| self.weight(output.channel, tap));
                ports = [self.unit.port(activations), self.unit.port(weights)];
            }
            let latched = self.unit.step(&ports[0], &ports[1], &sum);
            if at > 0 {
                sum = latched;
            }
        }
        sum
    }

    /// Channels of samples side by side, one row of the array after the other.
    fn weights_stay(&mut self, group: usize) {
        let columns: Vec<(usize, usize)> = self.channels(group).collect();
        for columns in columns.chunks(LANES) {
            let mut sums = vec![self.unit.zero_sum(); self.geometry.positions()];
            for tap in self.taps() {
                self.along_the_positions(group, columns, tap, &mut sums);
            }
            for (position, sums) in sums.iter().enumerate() {
                let output = |&(sample, channel): &(usize, usize)| Output { sample, channel, position };
                self.keep(&columns.iter().map(output).collect::<Vec<_>>(), sums);
            }
        }
    }

    /// The row of a tap: every position passes, and its sum from the row above meets it one clock later.
    fn along_the_positions(
        &mut self,
        group: usize,
        columns: &[(usize, usize)],
        tap: usize,
        sums: &mut [Vec<Lane>],
    ) {
        let inside: Vec<usize> = (0..sums.len()).filter(|&position| self.reads(tap, position)).collect();
        let weights = self.unit.port(columns.iter().map(|&(_, channel)| self.weight(channel, tap)));
        let mut activations = self.unit.port(columns.iter().map(|_| 0));
        let none = self.unit.zero_sum();
        self.unit.clocked.quiet(&[&activations[..], &weights, &none].concat(), 2);
        for at in 0..=inside.len() {
            if let Some(&position) = inside.get(at) {
                let output = |&(sample, channel): &(usize, usize)| Output { sample, channel, position };
                let values = columns.iter().map(|column| self.activation(group, &output(column), tap));
                activations = self.unit.port(values);
            }
            let before = at.checked_sub(1).map(|before| inside[before]);
            let latched = self.unit.step(&activations, &weights, before.map_or(&none, |at| &sums[at]));
            if let Some(before) = before {
                sums[before] = latched;
            }
        }
    }

    /// Samples with the channels of a group.
    fn channels(&self, group: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (batch, channels) = (self.operands.batch, self.geometry.group_channels(group));
        (0..batch).flat_map(move |sample| channels.clone().map(move |channel| (sample, channel)))
    }

    /// Positions by the taps that they read inside the image.
    fn windows(&self) -> Vec<(Vec<usize>, Vec<usize>)> {
        let mut windows: Vec<(Vec<usize>, Vec<usize>)> = vec![];
        for position in 0..self.geometry.positions() {
            let taps: Vec<usize> = self.taps().filter(|&tap| self.reads(tap, position)).collect();
            match windows.iter_mut().find(|(known, _)| *known == taps) {
                Some((_, positions)) => positions.push(position),
                None => windows.push((taps, vec![position])),
            }
        }
        windows
    }

    /// In the array's order.
    fn taps(&self) -> impl Iterator<Item = usize> + use<> {
        self.geometry.taps(self.unit.array.order())
    }

    fn place(&self, tap: usize, position: usize) -> Option<usize> {
        let width = self.geometry.out_width();
        self.geometry.tap(tap, position / width, position % width)
    }

    fn reads(&self, tap: usize, position: usize) -> bool {
        self.place(tap, position).is_some()
    }

    fn activation(&self, group: usize, output: &Output, tap: usize) -> i64 {
        let start = output.sample * self.geometry.inputs_per_sample() + self.geometry.group_offset(group);
        let code = |place: usize| i64::from(self.operands.input[start + place]);
        self.place(tap, output.position).map_or(0, |place| code(place) - i64::from(self.offsets[0]))
    }

    fn weight(&self, channel: usize, tap: usize) -> i64 {
        let filter = self.geometry.filter(self.operands.weights, channel);
        i64::from(filter[tap]) - i64::from(self.offsets[1])
    }

    fn keep(&mut self, outputs: &[Output], sums: &[Lane]) {
        let positions = self.geometry.positions();
        for (output, sum) in outputs.iter().zip(self.unit.values(sums, outputs.len())) {
            let channel = output.sample * self.geometry.out_channels + output.channel;
            self.sums[channel * positions + output.position] = sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::platform::{AccumulationOrder, Array, Clock, Multiplier, Timing};
    use crate::kernel::{self, convolve};
    use crate::netlist::{Netlist, Timed};
    use crate::platform::PlatformError;
    use crate::platform::compute::array::unit;
    use crate::rng::Stream;
    use crate::tech::{CellLibrary, Grid};
    use crate::units::{Hertz, Volts};

    const BOTH: [Dataflow; 2] = [Dataflow::OutputStationary, Dataflow::WeightStationary];
    const ORDERS: [AccumulationOrder; 2] =
        [AccumulationOrder::ChannelsFirst, AccumulationOrder::ChannelsLast];

    fn array(
        dataflow: Dataflow,
        multiplier: &str,
        clock: Clock,
        voltage: f64,
    ) -> Result<MacArray, PlatformError> {
        ordered(AccumulationOrder::ChannelsFirst, dataflow, multiplier, (clock, voltage))
    }

    fn ordered(
        accumulation_order: AccumulationOrder,
        dataflow: Dataflow,
        multiplier: &str,
        (clock, voltage): (Clock, f64),
    ) -> Result<MacArray, PlatformError> {
        let config = Array {
            accumulation_order,
            clock,
            voltage: Some(Volts(voltage)),
            timing: Timing::Latch,
            multiplier: Multiplier::Id(multiplier.into()),
            ..Array::exact([4, 3], dataflow)
        };
        let unit = unit(&config, 4, &|_, _| unreachable!("no table is configured"))?;
        MacArray::new(&config, unit, &CellLibrary::nangate45())
    }

    struct Codes {
        input: Vec<u8>,
        weights: Vec<u8>,
    }

    impl Codes {
        fn random(batch: usize) -> Self {
            let mut stream = Stream::new(6, "test.late", 0);
            let mut codes = |count: usize| (0..count).map(|_| stream.below(15) as u8 + 1).collect();
            let input = codes(batch * Geometry::UNEVEN.inputs_per_sample());
            Self { input, weights: codes(Geometry::UNEVEN.weights()) }
        }

        fn operands(&self) -> Operands<'_> {
            let batch = self.input.len() / Geometry::UNEVEN.inputs_per_sample();
            Operands { batch, input: &self.input, weights: &self.weights, pad: 8 }
        }
    }

    /// A clock that is too fast by less than the grid tells: nothing comes late enough to be lost.
    #[test]
    fn in_time_the_gates_give_the_exact_sums() {
        let codes = Codes::random(3);
        let exact = convolve(&Geometry::UNEVEN, codes.operands(), &kernel::Products::exact(8, 8));
        for dataflow in BOTH {
            for multiplier in ["exact", "mul4s_array", "mul4u_exact"] {
                assert!(!array(dataflow, multiplier, Clock::Fit, 1.1).unwrap().is_late());
                for order in ORDERS {
                    let array = ordered(order, dataflow, multiplier, (Clock::Fit, 1.0995)).unwrap();
                    assert!(array.is_late());
                    let found = contract(&array, &Geometry::UNEVEN, codes.operands(), [8, 8]);
                    assert_eq!(found, exact, "{multiplier}, {order:?}");
                }
            }
        }
    }

    /// Rows of the array hand their sums down in its order.
    #[test]
    fn weights_that_stay_lose_other_results_in_another_order() {
        let codes = Codes::random(2);
        let [first, last] = ORDERS.map(|order| {
            let array = ordered(order, Dataflow::WeightStationary, "exact", (Clock::Fit, 0.8)).unwrap();
            contract(&array, &Geometry::UNEVEN, codes.operands(), [8, 8])
        });
        assert_ne!(first, last);
    }

    #[test]
    fn the_lower_the_supply_the_more_is_lost() {
        let codes = Codes::random(3);
        let exact = convolve(&Geometry::UNEVEN, codes.operands(), &kernel::Products::exact(8, 8));
        for dataflow in BOTH {
            let wrong = |voltage: f64| {
                let array = array(dataflow, "exact", Clock::Fit, voltage).unwrap();
                assert!(array.is_late());
                let sums = contract(&array, &Geometry::UNEVEN, codes.operands(), [8, 8]);
                sums.iter().zip(&exact).filter(|(sum, exact)| sum != exact).count()
            };
            let [mild, severe] = [0.95, 0.75].map(wrong);
            assert!(mild < severe && severe > exact.len() / 4, "{mild}, {severe} of {}", exact.len());
        }
    }

    /// One output after the other, one lane, by the agenda of events instead of the plan.
    #[test]
    fn an_output_alone_is_what_it_is_among_hundreds_in_either_order() {
        let channels_first: Vec<usize> = (0..12).collect();
        // Two channels of six taps.
        let channels_last: Vec<usize> = (0..6).flat_map(|tap| [tap, tap + 6]).collect();
        let first = alone_and_together(AccumulationOrder::ChannelsFirst, &channels_first);
        assert_ne!(first, alone_and_together(AccumulationOrder::ChannelsLast, &channels_last));
    }

    fn alone_and_together(order: AccumulationOrder, taps: &[usize]) -> Vec<i32> {
        let codes = Codes::random(2);
        let array = ordered(order, Dataflow::OutputStationary, "exact", (Clock::Fit, 0.8)).unwrap();
        let together = contract(&array, &Geometry::UNEVEN, codes.operands(), [8, 8]);
        let grid = &array.late().unwrap().coarse;
        let (netlist, mac) = (array.cells(), array.mac());
        for (at, found) in together.iter().enumerate().step_by(7) {
            let (sample, rest) =
                (at / Geometry::UNEVEN.outputs_per_sample(), at % Geometry::UNEVEN.outputs_per_sample());
            let (channel, position) =
                (rest / Geometry::UNEVEN.positions(), rest % Geometry::UNEVEN.positions());
            let group = channel / 3;
            let pairs = taps.iter().filter_map(|&tap| {
                let width = Geometry::UNEVEN.out_width();
                let place = Geometry::UNEVEN.tap(tap, position / width, position % width)?;
                let start =
                    sample * Geometry::UNEVEN.inputs_per_sample() + Geometry::UNEVEN.group_offset(group);
                let weight = codes.weights[channel * Geometry::UNEVEN.depth() + tap];
                Some([codes.input[start + place], weight].map(|code| mac.port_word(i64::from(code) - 8)))
            });
            let sum = alone(netlist, grid, &pairs.collect::<Vec<_>>(), mac.port_width());
            assert_eq!(bits::sign_extend(sum, mac.accumulator_width()) as i32, *found, "output {at}");
        }
        together
    }

    fn alone(netlist: &Netlist, grid: &Grid, pairs: &[[u64; 2]], port: u32) -> u64 {
        let mut timed = Timed::<1>::new(netlist, &grid.delays);
        let sum_width = netlist.outputs()[0].1.len();
        let word =
            |value: u64, width: u32| (0..width).map(move |bit| [value >> bit & 1]).collect::<Vec<[u64; 1]>>();
        let first = netlist.registers().len() - sum_width;
        let mut sum = 0;
        timed.clock(&vec![[0]; 2 * port as usize + sum_width], grid.period, grid.setup);
        for at in 0..=pairs.len() {
            let [a, b] = pairs.get(at).copied().unwrap_or(pairs[pairs.len() - 1]);
            let inputs = [word(a, port), word(b, port), word(sum, sum_width as u32)].concat();
            timed.clock(&inputs, grid.period, grid.setup);
            let latched = &timed.captured()[first..];
            if at > 0 {
                sum = latched.iter().enumerate().fold(0, |sum, (bit, lane)| sum | (lane[0] & 1) << bit);
            }
        }
        sum
    }

    #[test]
    fn a_clock_that_no_register_keeps_is_refused() {
        let error = array(BOTH[0], "exact", Clock::Fixed(Hertz(2e10)), 1.1).err().unwrap().to_string();
        assert!(error.contains("a register alone do not fit"), "{error}");
    }
}
