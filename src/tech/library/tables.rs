//! What one output of a cell does over slew and load: delays, slews, energies, in ps, fF and fJ.

use crate::tech::liberty::Table;

/// A change of a net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// From 0 to 1.
    Rise,
    /// From 1 to 0.
    Fall,
}

impl Edge {
    /// Both.
    pub const BOTH: [Edge; 2] = [Edge::Rise, Edge::Fall];
}

/// One way from an input to the output, of those between two pins.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tech) struct Arc {
    /// Edges of the input that set it off: one of a unate function, else both.
    pub from: Vec<Edge>,
    /// What the output does.
    pub to: Edge,
    /// From the middle of one edge to the middle of the other.
    pub delay: Table,
    /// The slew of the output.
    pub transition: Table,
}

/// An input.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tech) struct Pin {
    /// Its name.
    pub name: String,
    /// What its driver charges.
    pub capacitance: f64,
    /// What its driver charges when it rises and when it falls; delays are looked up with these.
    pub edge_capacitances: [f64; 2],
    /// How many of the cell's pins this is: 1, or a half of one that two outputs share.
    pub fanout: f64,
    /// Ways to the output.
    pub arcs: Vec<Arc>,
    /// Internal energy of a transition of the output that this pin brings about, by edge and state.
    pub powers: Vec<Table>,
    /// Internal energy of a transition of this pin by itself, by edge and state.
    pub own_powers: Vec<Table>,
}

/// An output of a cell, and the inputs in the order of the gate it stands for; data and clock of a flip-flop.
///
/// One working point is the table of straight lines: delays are linear in the load and know neither slew nor edge.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::tech) struct CellTables {
    /// The cell's name.
    pub cell: String,
    /// The output's name.
    pub output: String,
    /// The inputs.
    pub pins: Vec<Pin>,
    /// How long before the clock a rising and a falling data pin is still, over the slews of clock and data; of a
    /// flip-flop alone.
    pub setup: Option<[Table; 2]>,
    /// Leakage in nW by the state of the inputs, input `i` bit `i`; a single mean where states are not told apart.
    pub leakage: Vec<f64>,
}

impl CellTables {
    /// Of a cell with two outputs the half that each carries of what they share.
    pub(super) fn half(mut self) -> Self {
        self.leakage.iter_mut().for_each(|state| *state /= 2.0);
        for pin in &mut self.pins {
            pin.capacitance /= 2.0;
            pin.fanout /= 2.0;
            pin.edge_capacitances = pin.edge_capacitances.map(|capacitance| capacitance / 2.0);
            pin.own_powers = pin.own_powers.drain(..).map(|power| power.scaled(1.0, 1.0, 0.5)).collect();
        }
        self
    }

    /// The mean leakage over the states of the inputs in nW.
    pub(super) fn mean_leakage(&self) -> f64 {
        mean(self.leakage.iter().copied())
    }

    /// Delay and slew of the output in ps as means over arcs and edges, when pin `i` changes with a slew of `slews(i)`.
    pub(in crate::tech) fn mean_answer(&self, slews: impl Fn(usize) -> f64, load: f64) -> (f64, f64) {
        let arcs =
            || self.pins.iter().enumerate().flat_map(|(at, pin)| pin.arcs.iter().map(move |arc| (at, arc)));
        let of = |table: fn(&Arc) -> &Table| mean(arcs().map(|(pin, arc)| table(arc).at(slews(pin), load)));
        (of(|arc| &arc.delay), of(|arc| &arc.transition))
    }

    /// Internal energy of a transition of the output in fJ: the mean over the inputs that bring it about, each the mean over
    /// edges and states, for a net rises as often as it falls.
    pub(in crate::tech) fn energy(&self, slews: impl Fn(usize) -> f64, load: f64) -> f64 {
        let pins = self.pins.iter().enumerate().filter(|(_, pin)| !pin.powers.is_empty());
        mean(pins.map(|(at, pin)| mean(pin.powers.iter().map(|power| power.at(slews(at), load)))))
    }
}

impl Pin {
    /// Internal energy of a transition of this pin by itself in fJ, the mean over edges and states.
    pub(in crate::tech) fn own_energy(&self, slew: f64) -> f64 {
        mean(self.own_powers.iter().map(|power| power.at(slew, 0.0)))
    }
}

/// The mean; 0 of none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
    if count > 0 { sum / f64::from(count) } else { 0.0 }
}
