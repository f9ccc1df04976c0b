//! How every value becomes codes: the grid that the file has, that was found on calibration samples, or that groups and tokens ask
//! for.

use super::grid::{Grid, Scheme};
use super::group::Layout;
use super::layout::{self, Written};
use super::range::{Observations, Range};
use super::role::{Role, roles};
use super::{CalibrationError, Precision, filed, turned};
use crate::config::{Quantize, Rounding};
use crate::workload::network::Network;
use crate::workload::rotation::Rotation;

/// What values are put away as.
pub(super) struct Chosen {
    /// The grid of each value; absent where it stays real.
    pub grids: Vec<Option<Grid>>,
    /// How each is written where its codes have shifts or scales.
    pub written: Vec<Option<Written>>,
    /// How the channels of each are rotated before.
    pub rotations: Vec<Option<Rotation>>,
    /// The grid that the file has for each.
    pub filed: Vec<Option<Grid>>,
}

impl Chosen {
    /// Chooses by what was observed; a file's own grids are kept where the scheme takes them.
    pub fn of(
        network: &Network,
        (settings, precision): (&Quantize, &Precision),
        scheme: Scheme,
        observed: &Observations,
    ) -> Result<Self, CalibrationError> {
        let written = layout::layouts(network, settings, precision)?;
        let rotations = turned::rotations(network, precision)?;
        let changed = written.iter().zip(&rotations);
        let changed: Vec<bool> = changed.map(|(written, own)| written.is_some() || own.is_some()).collect();
        let filed = filed::grids(network, &rotations);
        let values = Values {
            roles: roles(network),
            passes: layout::on_the_way(network, &changed),
            settings,
            precision,
            scheme,
            written: &written,
            filed: &filed,
        };
        let grid = |value: usize, range| values.by_range(value, range);
        let ranges = observed.ranges(network, (settings.calibration, &rotations), &grid);
        if let Some(value) = observed.zeroed(&ranges).find(|&value| values.needs_range(value)) {
            return Err(CalibrationError::Zeros(network.value_name(value)));
        }
        let grids = ranges.into_iter().enumerate().map(|(value, range)| values.grid(value, range?)).collect();
        let grids = rounded_once(network, &changed, grids);
        Ok(Self { grids, written, rotations, filed })
    }
}

/// What is known of values before their ranges are.
struct Values<'a> {
    roles: Vec<Option<Role>>,
    /// Which are put away in another way further on.
    passes: Vec<bool>,
    settings: &'a Quantize,
    precision: &'a Precision,
    scheme: Scheme,
    written: &'a [Option<Written>],
    filed: &'a [Option<Grid>],
}

impl Values<'_> {
    /// The grid of a value; none where it is not put away.
    fn grid(&self, value: usize, range: Range) -> Option<Grid> {
        let (low, high) = range;
        (!self.passes[value]).then(|| match self.written[value] {
            Some(Written::Groups(Layout { coder, .. })) => {
                Grid::of_groups(coder.bits, coder.scale(low.abs().max(high.abs())))
            }
            // Scales come with the tokens.
            Some(Written::Tokens(_)) => Grid::of_groups(self.precision.of_value(value), 1.0),
            None => self.kept(value).unwrap_or_else(|| self.by_range(value, range)),
        })
    }

    /// Codes of one grid for all that a range holds.
    fn by_range(&self, value: usize, (low, high): Range) -> Grid {
        let precision = self.precision;
        let grid = match self.roles[value] {
            Some(Role::Weights) => Grid::new(Scheme::Symmetric, precision.of_computed(value), low, high),
            _ => Grid::new(self.scheme, precision.of_value(value), low, high),
        };
        grid.rounding(self.settings.rounding).keeping_signs(precision.keeps_sign(value))
    }

    /// The file's own grid, where it is kept.
    fn kept(&self, value: usize) -> Option<Grid> {
        let own = self.filed[value].filter(|_| self.precision.of_value(value) == 8)?;
        let fits = filed::fits(own, self.roles[value], self.scheme);
        fits.then(|| own.keeping_signs(self.precision.keeps_sign(value)))
    }

    /// Whether codes of a value have the step that its range tells.
    fn needs_range(&self, value: usize) -> bool {
        let has_scales = matches!(self.written[value], Some(Written::Tokens(_)));
        !self.passes[value] && !has_scales && self.kept(value).is_none()
    }
}

/// What lies on a grid already goes to the nearest code, whatever the rounding: divided by the step again, a real value may
/// be a little less than the whole number that it was.
fn rounded_once(network: &Network, changed: &[bool], mut grids: Vec<Option<Grid>>) -> Vec<Option<Grid>> {
    let nearest = |grid: Option<Grid>| grid.map(|grid| grid.rounding(Rounding::HalfEven));
    for (at, step) in network.steps.iter().enumerate() {
        let (from, to) = (step.inputs[0], at + 1);
        let same = nearest(grids[from]) == nearest(grids[to]) && !changed[from] && !changed[to];
        if step.op.keeps_codes() && same {
            grids[to] = nearest(grids[to]);
        }
    }
    grids
}
