//! What every net of a circuit did over time.

use super::{Net, Netlist, Timed};

/// Clocks of a circuit with every transition and its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waveform {
    first: Vec<bool>,
    /// Ticks after the edge and net of every transition, a clock each.
    clocks: Vec<Vec<(u32, Net)>>,
    tick: u64,
    period: u64,
}

impl Waveform {
    /// Simulates a circuit event by event ([`Timed`]) and keeps what happens.
    ///
    /// `steps` holds the input bits of every clock. The first ones settle without time and hold from time 0 until the
    /// first clock edge, one `period` later; the others take effect at an edge. `delays` are ticks per cell, `tick` and
    /// `period` picoseconds. A period in which the circuit does not settle is stretched until it does.
    ///
    /// # Panics
    /// As [`Timed::new`] and [`Timed::step`].
    ///
    /// ```
    /// use axsim::netlist::{Builder, Net, Waveform};
    /// let mut build = Builder::new("inverter");
    /// let a = build.input("a", 1)[0];
    /// let y = build.not(a);
    /// build.output("y", vec![y]);
    /// let wave = Waveform::record(&build.finish(), &[0, 7], 2, 100, [vec![false], vec![true]]);
    /// assert_eq!(wave.first(), [false, true]);
    /// assert_eq!(wave.changes().collect::<Vec<_>>(), [(100, Net(0)), (114, Net(1))]);
    /// assert_eq!(wave.duration(), 200);
    /// ```
    pub fn record(
        netlist: &Netlist,
        delays: &[u32],
        tick: u64,
        period: u64,
        steps: impl IntoIterator<Item = Vec<bool>>,
    ) -> Self {
        let mut timed = Timed::<1>::new(netlist, delays);
        let (mut first, mut clocks) = (vec![], vec![]);
        for bits in steps {
            // All lanes see the same, so that every one of them is the one.
            let words: Vec<[u64; 1]> = bits.iter().map(|bit| [if *bit { u64::MAX } else { 0 }]).collect();
            let mut clock = vec![];
            timed.step_seen(&words, &mut |time, net, _| clock.push((time, net)));
            if first.is_empty() {
                first = timed.nets().iter().map(|lanes| lanes[0] & 1 == 1).collect();
            } else {
                clocks.push(clock);
            }
        }
        let longest = clocks.iter().flatten().map(|(time, _)| *time).max().unwrap_or(0);
        Self { first, clocks, tick, period: period.max((u64::from(longest) + 1) * tick) }
    }

    /// Value of every net from time 0 on.
    pub fn first(&self) -> &[bool] {
        &self.first
    }

    /// Every transition in the order of time: its time in picoseconds, and the net.
    pub fn changes(&self) -> impl Iterator<Item = (u64, Net)> {
        let (period, tick) = (self.period, self.tick);
        self.clocks.iter().enumerate().flat_map(move |(at, clock)| {
            let edge = (at as u64 + 1) * period;
            clock.iter().map(move |(time, net)| (edge + u64::from(*time) * tick, *net))
        })
    }

    /// Transitions of every net.
    pub fn toggles(&self) -> Vec<u64> {
        let mut toggles = vec![0; self.first.len()];
        self.clocks.iter().flatten().for_each(|(_, net)| toggles[net.index()] += 1);
        toggles
    }

    /// Rising clock edges; the clock falls half a period later.
    pub fn edges(&self) -> u64 {
        self.clocks.len() as u64
    }

    /// From one clock edge to the next, in picoseconds.
    pub fn period(&self) -> u64 {
        self.period
    }

    /// Picoseconds from the start to the end of the last clock.
    pub fn duration(&self) -> u64 {
        (self.edges() + 1) * self.period
    }
}
