//! A unit as gates and registers.

use super::{Code, Mac, Shift};
use crate::arith::adder::{Carries, FAST};
use crate::arith::{negated_if, sign_extended};
use crate::config::platform::Overflow;
use crate::kernel::Steps;
use crate::netlist::{Builder, Bus, Net, Netlist, balanced};

/// Registers of a unit, which a stall holds.
struct Ranks {
    build: Builder,
    enable: Option<Net>,
}

impl Ranks {
    /// Registers that take `bus` over at an edge, but hold where `load` is there and 0.
    fn register(&mut self, bus: &[Net], load: Option<Net>) -> Bus {
        let Self { build, enable } = self;
        let state = build.state(bus.len() as u32);
        let conditions: Vec<Net> = load.into_iter().chain(*enable).collect();
        let next = match balanced(conditions, |a, b| build.and(a, b)) {
            Some(go) => bus.iter().zip(&state).map(|(next, held)| build.mux(go, *next, *held)).collect(),
            None => bus.to_vec(),
        };
        build.set_next(&state, &next);
        state
    }

    fn register_all(&mut self, buses: Vec<Bus>) -> Vec<Bus> {
        buses.iter().map(|bus| self.register(bus, None)).collect()
    }
}

impl Mac {
    /// The gates with registers for both operands and the result, and those that [`super::Shape`] asks for.
    pub fn netlist(&self) -> Netlist {
        let (shape, mut build) = (self.shape(), Builder::new(self.id()));
        let mut inputs: Vec<Bus> =
            self.ports().iter().map(|port| build.input(&port.name, port.width)).collect();
        let enable = shape.stalls.then(|| inputs.pop().expect("the last port stalls")[0]);
        let sum = inputs.pop().expect("a sum enters");
        let shifts = inputs.split_off(2 * shape.lanes as usize);
        let mut ranks = Ranks { build, enable };
        let products = self.lanes(&mut ranks, &inputs);
        let (sums, shifts) = self.held(&mut ranks, products, shifts);
        let addend = self.addend(&mut ranks.build, &sums, &shifts);
        let carries = self.accumulator.scheme.carries();
        let next = self.accumulated(&mut ranks.build, carries, &sum, &addend);
        let y = ranks.register(&next, None);
        ranks.build.output("y", y);
        ranks.build.finish()
    }

    /// The accumulator alone, from `sum` and `product` to the next sum `y`: the function of [`Mac::accumulate`], of few gates
    /// for being evaluated, its exact parts chains of full adders. Of a wider accumulator so many low bits, which are the
    /// whole one's where all that is above a low part of fewer bits is added exactly.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let gates = Mac::from_id("mac8s_exact__gear_r4_p4").unwrap().accumulator_gates(32);
    /// assert_eq!(gates.eval(&[0x0f0, 0x110])[0], 0x200);
    /// ```
    pub fn accumulator_gates(&self, bits: u32) -> Netlist {
        let mut build = Builder::new(&format!("{}_accumulator", self.id()));
        let sum = build.input("sum", bits.min(self.accumulator_width()));
        let product = build.input("product", self.addend_width());
        let next = self.accumulated(&mut build, Carries::Ripple, &sum, &product);
        build.output("y", next);
        build.finish()
    }

    /// The product of each lane, its operands held.
    fn lanes(&self, ranks: &mut Ranks, operands: &[Bus]) -> Vec<Bus> {
        let (of_a, of_b) = operands.split_at(operands.len() / 2);
        let pairs = of_a.iter().zip(of_b);
        if !self.shape().gated {
            let held: Vec<[Bus; 2]> =
                pairs.map(|(a, b)| [a, b].map(|operand| ranks.register(operand, None))).collect();
            return held.iter().map(|[a, b]| self.product_gates(&mut ranks.build, a, b)).collect();
        }
        pairs.map(|(a, b)| self.gated_product(ranks, [a, b])).collect()
    }

    /// A product whose operands stay where one is zero.
    fn gated_product(&self, ranks: &mut Ranks, operands: [&Bus; 2]) -> Bus {
        let sign = usize::from(self.code() == Code::SignMagnitude);
        let any = operands.map(|operand| {
            let magnitude = operand[..operand.len() - sign].to_vec();
            balanced(magnitude, |a, b| ranks.build.or(a, b)).expect("an operand has bits")
        });
        let live = ranks.build.and(any[0], any[1]);
        let [a, b] = operands.map(|operand| ranks.register(operand, Some(live)));
        let live = ranks.register(&[live], None)[0];
        let product = self.product_gates(&mut ranks.build, &a, &b);
        product.iter().map(|bit| ranks.build.and(*bit, live)).collect()
    }

    /// Sums of the products of each group and their shifts, behind the ranks of registers that are asked for.
    fn held(&self, ranks: &mut Ranks, mut products: Vec<Bus>, shifts: Vec<Bus>) -> (Vec<Bus>, Vec<Bus>) {
        let depth = self.shape().ranks;
        let mut shifts = ranks.register_all(shifts);
        if depth > 0 {
            products = ranks.register_all(products);
            shifts = ranks.register_all(shifts);
        }
        let groups = products.chunks(self.shape().group() as usize);
        let mut sums: Vec<Bus> = groups.map(|group| total(&mut ranks.build, group)).collect();
        if depth > 1 {
            sums = ranks.register_all(sums);
            shifts = ranks.register_all(shifts);
        }
        (sums, shifts)
    }

    /// What is accumulated: the sums, shifted or multiplied, as one.
    fn addend(&self, build: &mut Builder, sums: &[Bus], shifts: &[Bus]) -> Bus {
        let Some(Shift { steps, .. }) = self.shape().shift else { return total(build, sums) };
        let most = self.accumulator_width() as usize;
        let stepped = sums.iter().zip(shifts).map(|(sum, by)| match steps {
            Steps::PowersOfTwo => shifted(build, sum, by, most),
            Steps::Multiples => multiplied(build, sum, by),
        });
        let stepped: Vec<Bus> = stepped.collect();
        total(build, &stepped)
    }

    /// The next value of the accumulator.
    fn accumulated(&self, build: &mut Builder, exact: Carries, before: &[Net], addend: &[Net]) -> Bus {
        let addend = sign_extended(addend, before.len() as u32);
        let mut sum = self.accumulator.scheme.build_with(build, exact, [before, &addend]);
        sum.truncate(before.len());
        if self.overflow == Overflow::Saturate {
            sum = saturated(build, before, &addend, &sum);
        }
        sum
    }

    fn product_gates(&self, build: &mut Builder, a: &[Net], b: &[Net]) -> Bus {
        let part = self.multiplier.netlist();
        if !self.signs_outside {
            let mut product = build.instance(&part, &[a, b]).remove(0);
            if !self.multiplier.signature().signed {
                product.push(build.constant(false));
            }
            return product;
        }
        let (sign_a, sign_b) = (a[a.len() - 1], b[b.len() - 1]);
        let mut magnitude = build.instance(&part, &[&a[..a.len() - 1], &b[..b.len() - 1]]).remove(0);
        magnitude.push(build.constant(false));
        let negative = build.xor(sign_a, sign_b);
        negated_if(build, &magnitude, negative)
    }
}

/// The sum of numbers in two's complement, of as many bits as it may need.
fn total(build: &mut Builder, buses: &[Bus]) -> Bus {
    let mut sums = buses.to_vec();
    while sums.len() > 1 {
        let pair = |pair: &[Bus]| match pair {
            [a, b] => {
                let width = a.len().max(b.len()) + 1;
                let [a, b] = [a, b].map(|bus| sign_extended(bus, width as u32));
                let mut sum = FAST.build(build, [&a, &b], None);
                sum.truncate(width);
                sum
            }
            _ => pair[0].clone(),
        };
        sums = sums.chunks(2).map(pair).collect();
    }
    sums.pop().expect("a unit has a lane")
}

/// A number in two's complement, shifted left, of at most `most` bits.
fn shifted(build: &mut Builder, bus: &[Net], by: &[Net], most: usize) -> Bus {
    let zero = build.constant(false);
    let mut bus = bus.to_vec();
    for (at, select) in by.iter().enumerate() {
        let places = 1 << at;
        let width = (bus.len() + places).min(most.max(bus.len()));
        let stay = sign_extended(&bus, width as u32);
        let moved = |bit: usize| if bit < places { zero } else { stay[bit - places] };
        bus = (0..width).map(|bit| build.mux(*select, moved(bit), stay[bit])).collect();
    }
    bus
}

/// A number in two's complement, times one without sign: a row for each bit of that.
fn multiplied(build: &mut Builder, bus: &[Net], by: &[Net]) -> Bus {
    let zero = build.constant(false);
    let row = |(place, select): (usize, &Net)| {
        let row = bus.iter().map(|bit| build.and(*bit, *select));
        vec![zero; place].into_iter().chain(row).collect()
    };
    let rows: Vec<Bus> = by.iter().enumerate().map(row).collect();
    total(build, &rows)
}

/// The sum, or where it has another sign than both of its parts the extreme of their sign.
fn saturated(build: &mut Builder, before: &[Net], addend: &[Net], sum: &[Net]) -> Bus {
    let top = sum.len() - 1;
    let (alike, turned) = (build.xnor(before[top], addend[top]), build.xor(before[top], sum[top]));
    let beyond = build.and(alike, turned);
    let highest = build.not(before[top]);
    let extreme = |at: usize| if at == top { before[top] } else { highest };
    (0..sum.len()).map(|at| build.mux(beyond, extreme(at), sum[at])).collect()
}
