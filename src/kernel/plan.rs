//! What a table of products is compiled into: forms of it that are summed faster than products are looked up.

#[cfg(target_arch = "x86_64")]
use super::avx512::Planes;
#[cfg(target_arch = "x86_64")]
use super::cost::{FOUR_BITS, MULTIPLIED, ONE_BY_ONE, Use, Way, cheapest};
#[cfg(target_arch = "x86_64")]
use super::factors::Factors;
#[cfg(target_arch = "x86_64")]
use super::nibbles::Nibbles;
#[cfg(target_arch = "x86_64")]
use super::residual::Residual;
use super::straight::Straight;
use super::{Geometry, Operands};
use crate::simd::Level;

/// Why a form of a table is not used.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unfit {
    /// The table has none, or one that costs too much.
    Large,
    /// It does not give the table: something went wrong when it was found.
    Wrong,
}

/// A form of a table that is summed faster than its entries.
#[cfg(target_arch = "x86_64")]
pub(super) trait Form: Sized {
    /// As it is named where it fails.
    const NAME: &str;

    /// Whether it gives the products of a weight, but for codes that it leaves out.
    fn gives(&self, weight: u8, row: &[i32; 256]) -> bool;

    /// The form, where it gives every product of the table.
    fn verified(self, rows: &[[i32; 256]]) -> Result<Self, Unfit> {
        let right = (0..=255).zip(rows).all(|(weight, row)| self.gives(weight, row));
        if right { Ok(self) } else { Err(Unfit::Wrong) }
    }
}

/// All forms of a table that were found, before they are verified.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone)]
pub(super) struct Forms {
    /// The rows as sums of few exact products.
    pub(super) terms: Result<Factors, Unfit>,
    /// The rows as lines and bytes; not looked for where two terms do.
    pub(super) lines: Result<Residual, Unfit>,
    /// The rows as one or two bytes.
    pub(super) bytes: Result<Planes, Unfit>,
    /// The first sixteen products of each row as bytes; not looked for where a term does.
    pub(super) nibbles: Result<Nibbles, Unfit>,
}

#[cfg(target_arch = "x86_64")]
impl Forms {
    pub(super) fn find(rows: &[[i32; 256]]) -> Self {
        let terms = Factors::find(rows);
        let more_than = |most: usize| terms.as_ref().map_or(Ok(()), |found| found.more_than(most));
        Self {
            // Two terms cost less than a line and its byte.
            lines: more_than(2).and_then(|()| Residual::find(rows)),
            bytes: Planes::split(rows).ok_or(Unfit::Large),
            nibbles: more_than(1).and_then(|()| Nibbles::find(rows).ok_or(Unfit::Large)),
            terms,
        }
    }
}

/// A table (row: weight code, column: activation code) and those of its forms that are verified on all of its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) rows: Box<[[i32; 256]]>,
    /// The rows as straight lines, every product of which was compared.
    pub(super) straight: Option<Straight>,
    #[cfg(target_arch = "x86_64")]
    pub(super) planes: Option<Planes>,
    #[cfg(target_arch = "x86_64")]
    pub(super) factors: Option<Factors>,
    #[cfg(target_arch = "x86_64")]
    pub(super) nibbles: Option<Nibbles>,
    #[cfg(target_arch = "x86_64")]
    pub(super) residual: Option<Residual>,
    /// Names of forms that were found and do not give the table.
    #[cfg(target_arch = "x86_64")]
    failed: Failed,
}

/// Names of forms that failed.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Failed(Vec<&'static str>);

#[cfg(target_arch = "x86_64")]
impl Failed {
    /// A form, where it was found and gives the table; else nothing, and its name where it is wrong.
    pub(super) fn verified<F: Form>(&mut self, found: Result<F, Unfit>, rows: &[[i32; 256]]) -> Option<F> {
        let verified = found.and_then(|form| form.verified(rows));
        verified.inspect_err(|unfit| self.0.extend((*unfit == Unfit::Wrong).then_some(F::NAME))).ok()
    }

    /// What to say of them after a way that is used.
    pub(super) fn told(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        format!("; a plan of {} failed its check", self.0.join(" and one of "))
    }
}

impl Plan {
    #[cfg(target_arch = "x86_64")]
    pub(super) fn of(rows: Box<[[i32; 256]]>) -> Self {
        let forms = Forms::find(&rows);
        Self::verified(rows, forms)
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn of(rows: Box<[[i32; 256]]>) -> Self {
        Self { straight: Straight::find(&rows), rows }
    }

    /// With those forms that give the table.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn verified(rows: Box<[[i32; 256]]>, forms: Forms) -> Self {
        let mut failed = Failed::default();
        Self {
            factors: failed.verified(forms.terms, &rows),
            residual: failed.verified(forms.lines, &rows),
            planes: failed.verified(forms.bytes, &rows),
            nibbles: failed.verified(forms.nibbles, &rows),
            failed,
            straight: Straight::find(&rows),
            rows,
        }
    }

    /// As [`Products::way`](super::Products::way).
    #[cfg(target_arch = "x86_64")]
    pub(super) fn way(&self, level: Level, upper_half: bool) -> String {
        let codes = match (self.has_four_bits(), upper_half) {
            (true, _) => 0..=15,
            (false, true) => 128..=255,
            (false, false) => 0..=255,
        };
        self.way_as_asked(&Use::any(codes, level))
    }

    /// As [`Products::way_of`](super::Products::way_of).
    #[cfg(target_arch = "x86_64")]
    pub(super) fn way_of(&self, geometry: &Geometry, operands: &Operands<'_>, level: Level) -> String {
        self.way_as_asked(&Use::of(geometry, operands, level))
    }

    #[cfg(target_arch = "x86_64")]
    fn way_as_asked(&self, asked: &Use<'_>) -> String {
        let way: String = match self.cheapest(asked) {
            Way::FourBits => "looked up, four weights at a time, in registers".into(),
            Way::Terms => match self.factors.as_ref().map_or(0, |factors| factors.terms.len()) {
                0 | 1 => "one exact product of bytes".into(),
                terms => format!("the sum of {terms} exact products of bytes"),
            },
            Way::Line => "an exact product of bytes and a byte looked up in registers".into(),
            Way::Bytes => "looked up, two bytes each, in registers".into(),
            Way::Memory => self.way_without_registers(),
        };
        way + &self.failed.told()
    }

    /// As [`Products::way`](super::Products::way).
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn way(&self, _: Level, _: bool) -> String {
        self.way_without_registers()
    }

    fn way_without_registers(&self) -> String {
        let way = if self.straight.is_some() { "multiplied one by one" } else { "looked up one by one" };
        way.into()
    }

    /// As [`Products::way_of`](super::Products::way_of).
    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn way_of(&self, _: &Geometry, _: &Operands<'_>, level: Level) -> String {
        self.way(level, false)
    }

    /// The cheapest way for what is asked.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn cheapest(&self, asked: &Use<'_>) -> Way {
        let terms = self.factors.as_ref().and_then(|factors| super::factored::cost(factors, asked));
        // Nothing that is looked up costs less than four bits do.
        if terms.is_some_and(|cost| cost <= FOUR_BITS) {
            return Way::Terms;
        }
        if self.nibbles.as_ref().is_some_and(|nibbles| nibbles.fits(asked)) {
            return Way::FourBits;
        }
        let line = self.residual.as_ref().and_then(|residual| residual.cost(asked));
        let bytes = self.planes.as_ref().and_then(|planes| planes.cost(asked));
        // A line that is flat costs no more than its bytes, and adds nothing.
        let memory = if self.straight.is_some() { MULTIPLIED } else { ONE_BY_ONE };
        cheapest(memory, [(Way::Terms, terms), (Way::Bytes, bytes), (Way::Line, line)])
    }

    /// Whether activation codes above those of four bits have no product.
    #[cfg(target_arch = "x86_64")]
    fn has_four_bits(&self) -> bool {
        self.rows.iter().all(|row| row[16..].iter().all(|&product| product == 0))
    }
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::super::tests::{FIRST, rows};
    use super::super::{Geometry, Operands, Products, convolve, convolve_accumulating};
    use super::*;
    use crate::rng::Stream;

    type Table = Vec<[i32; 256]>;

    /// Tables with a form of each kind.
    fn tables() -> [(&'static str, Table); 4] {
        let mut stream = Stream::new(8, "kernel.plan", 0);
        let noise: Vec<i32> = (0..1 << 16).map(|_| stream.below(1 << 15) as i32).collect();
        let noise = |w: i32, x: i32| noise[(w << 8 | x) as usize];
        [
            (Factors::NAME, rows(|w, x| (w - 100) * (x - 3))),
            (Residual::NAME, rows(|w, x| w * x + noise(w, x) % 200)),
            (Planes::NAME, rows(noise)),
            (Nibbles::NAME, rows(|w, x| if w < 16 && x < 16 { noise(w, x) % 200 } else { 0 })),
        ]
    }

    /// The same with one product off, which no code but 5 and 9 have.
    fn off_by_one(rows: &Table) -> Table {
        let mut off = rows.clone();
        off[5][9] += 1;
        off
    }

    /// Which forms a plan has, as they are named.
    fn used(plan: &Plan) -> Vec<&'static str> {
        let all = [
            (Factors::NAME, plan.factors.is_some()),
            (Residual::NAME, plan.residual.is_some()),
            (Planes::NAME, plan.planes.is_some()),
            (Nibbles::NAME, plan.nibbles.is_some()),
        ];
        all.into_iter().filter(|(_, used)| *used).map(|(name, _)| name).collect()
    }

    /// Forms with one of them as of another table.
    fn damaged(name: &str, right: &Table) -> Forms {
        let (forms, wrong) = (Forms::find(right), Forms::find(&off_by_one(right)));
        match name {
            Factors::NAME => Forms { terms: wrong.terms, ..forms },
            Residual::NAME => Forms { lines: wrong.lines, ..forms },
            Planes::NAME => Forms { bytes: wrong.bytes, ..forms },
            _ => Forms { nibbles: wrong.nibbles, ..forms },
        }
    }

    #[test]
    fn a_form_that_is_wrong_in_one_product_is_told_and_not_used() {
        for (name, rows) in tables() {
            let right = Plan::of(rows.clone().into());
            assert!(used(&right).contains(&name) && right.failed == Failed::default(), "{name}");
            let wrong = Plan::verified(rows.clone().into(), damaged(name, &rows));
            let mut others = used(&right);
            others.retain(|other| *other != name);
            assert_eq!((used(&wrong), &wrong.failed.0), (others, &vec![name]));
            let way = wrong.way(Level::at_hand(), false);
            assert!(way.ends_with(&format!("; a plan of {name} failed its check")), "{way}");
        }
    }

    #[test]
    fn sums_without_a_form_that_failed_are_those_of_the_table() {
        let mut stream = Stream::new(8, "kernel.plan", 1);
        let geometry = Geometry::UNEVEN;
        for (name, rows) in tables() {
            let mut codes =
                |count: usize| -> Vec<u8> { (0..count).map(|_| stream.below(16) as u8).collect() };
            let (input, weights) = (codes(3 * geometry.inputs_per_sample()), codes(geometry.weights()));
            let operands = Operands { batch: 3, input: &input, weights: &weights, pad: 9 };
            let right = Products::new(rows.as_flattened());
            let plan = Plan::verified(rows.clone().into(), damaged(name, &rows)).into();
            let expected = convolve_accumulating(&geometry, operands, &right, FIRST, &i32::wrapping_add);
            assert_eq!(convolve(&geometry, operands, &Products { plan, ..right }), expected, "{name}");
        }
    }

    /// What holds four bits says nothing of other codes.
    #[test]
    fn a_form_of_some_codes_is_verified_on_those() {
        let (_, mut rows) = tables()[3].clone();
        let forms = Forms::find(&rows);
        rows[200][200] = 1;
        assert_eq!(used(&Plan::verified(rows.into(), forms)), [Nibbles::NAME]);
    }

    #[test]
    fn all_forms_that_failed_are_told() {
        assert_eq!(
            Failed(vec!["lines", "bytes"]).told(),
            "; a plan of lines and one of bytes failed its check"
        );
    }
}
