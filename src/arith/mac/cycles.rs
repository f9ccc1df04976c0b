//! A unit clock by clock, by its function alone.

use super::Mac;

/// A unit in use: what stands at its ports and in its registers.
#[derive(Clone)]
pub struct Cycles<'a> {
    mac: &'a Mac,
    ports: usize,
    /// At the ports, for the next edge; none before the first cycle.
    given: Option<Vec<i64>>,
    registers: Registers,
}

/// What the registers of a unit hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// Operands: those of all lanes for `a`, then for `b`.
    pub operands: Vec<i64>,
    /// Whether both operands of a lane were other than zero, where lanes are gated.
    pub live: Vec<bool>,
    /// Shifts, by how many edges they are behind the ports, and group.
    pub shifts: Vec<Vec<i64>>,
    /// Products, where they are held.
    pub products: Vec<i64>,
    /// Sums of products by group, where they are held.
    pub sums: Vec<i64>,
    /// The result.
    pub result: i64,
}

impl Cycles<'_> {
    /// One cycle with these numbers at the ports, in their order ([`Mac::ports`]); returns what the result register holds in
    /// it.
    ///
    /// # Panics
    /// When there is not one number a port.
    pub fn step(&mut self, inputs: &[i64]) -> i64 {
        assert_eq!(inputs.len(), self.ports, "a number for each port");
        self.edge();
        self.given = Some(inputs.to_vec());
        self.registers.result
    }

    /// What the result register will hold in the next cycle, to be fed back at `c` in it.
    pub fn next_result(&self) -> i64 {
        let mut next = self.clone();
        next.edge();
        next.registers.result
    }

    /// What the registers hold in the present cycle.
    pub fn registers(&self) -> &Registers {
        &self.registers
    }

    fn edge(&mut self) {
        let Some(given) = self.given.take() else { return };
        let shape = self.mac.shape();
        if shape.stalls && given.last() == Some(&0) {
            return;
        }
        let lanes = shape.lanes as usize;
        let (operands, rest) = given.split_at(2 * lanes);
        let groups = self.registers.shifts.first().map_or(0, Vec::len);
        let (shifts, rest) = rest.split_at(groups);
        let next = Registers {
            operands: self.operands(operands),
            live: (0..lanes).map(|lane| operands[lane] != 0 && operands[lanes + lane] != 0).collect(),
            shifts: self.shifts(shifts),
            products: self.products(),
            sums: self.sums(&self.registers.products),
            result: self.mac.accumulate(rest[0], self.addend()),
        };
        self.registers = next;
    }

    fn operands(&self, given: &[i64]) -> Vec<i64> {
        let lanes = given.len() / 2;
        let held = |at: usize| {
            let zero = given[at % lanes] == 0 || given[at % lanes + lanes] == 0;
            if self.mac.shape().gated && zero { self.registers.operands[at] } else { given[at] }
        };
        (0..given.len()).map(held).collect()
    }

    fn shifts(&self, given: &[i64]) -> Vec<Vec<i64>> {
        let before = &self.registers.shifts;
        let kept = before.len().saturating_sub(1);
        let next = std::iter::once(given.to_vec()).chain(before[..kept].iter().cloned());
        next.take(before.len()).collect()
    }

    /// Products of the operands that are held.
    fn products(&self) -> Vec<i64> {
        let Registers { operands, live, .. } = &self.registers;
        let lanes = operands.len() / 2;
        let product = |lane: usize| {
            let stopped = self.mac.shape().gated && !live[lane];
            if stopped { 0 } else { self.mac.product(operands[lane], operands[lanes + lane]) }
        };
        (0..lanes).map(product).collect()
    }

    fn sums(&self, products: &[i64]) -> Vec<i64> {
        products.chunks(self.mac.shape().group() as usize).map(|group| group.iter().sum()).collect()
    }

    /// What is accumulated next.
    fn addend(&self) -> i64 {
        let Registers { products, sums, shifts, .. } = &self.registers;
        let sums = match self.mac.shape().ranks {
            0 => self.sums(&self.products()),
            1 => self.sums(products),
            _ => sums.clone(),
        };
        match shifts.last() {
            Some(shifts) => {
                let shape = self.mac.shape();
                sums.iter().zip(shifts).map(|(sum, by)| shape.shifted(*sum, *by)).sum()
            }
            None => sums.iter().sum(),
        }
    }
}

impl Mac {
    /// The unit clock by clock, from reset, by its function alone.
    ///
    /// ```
    /// use axsim::arith::mac::Mac;
    /// let mac = Mac::from_id("mac8s_exact").unwrap();
    /// let mut cycles = mac.cycles();
    /// // Operands of one cycle meet the sum that enters in the next; their result shows in the one after.
    /// assert_eq!([[3, 4, 0], [0, 0, 30], [0, 0, 0]].map(|ports| cycles.step(&ports)), [0, 0, 42]);
    /// ```
    pub fn cycles(&self) -> Cycles<'_> {
        let shape = self.shape();
        let (lanes, groups) = (shape.lanes as usize, (shape.lanes / shape.group()) as usize);
        let ranks = shape.shift.map_or(0, |_| shape.ranks as usize + 1);
        let registers = Registers {
            operands: vec![0; 2 * lanes],
            live: vec![false; lanes],
            shifts: vec![vec![0; groups]; ranks],
            products: vec![0; lanes],
            sums: vec![0; groups],
            result: 0,
        };
        Cycles { mac: self, ports: self.ports().len(), given: None, registers }
    }
}

impl Registers {
    /// What there is of them in a unit, by name: held operands, whether lanes are live, shifts, products, sums.
    pub fn named(&self, mac: &Mac) -> Vec<(String, i64)> {
        let (shape, ports) = (mac.shape(), mac.ports());
        let (operands, rest) = ports.split_at(self.operands.len());
        let mut named: Vec<(String, i64)> = operands
            .iter()
            .zip(&self.operands)
            .map(|(port, held)| (format!("{}.held", port.name), *held))
            .collect();
        if shape.gated {
            named.extend(
                self.live.iter().enumerate().map(|(lane, live)| (format!("live{lane}"), i64::from(*live))),
            );
        }
        for (rank, shifts) in self.shifts.iter().enumerate() {
            let held = rest.iter().zip(shifts);
            named.extend(held.map(|(port, shift)| (format!("{}.held{}", port.name, rank + 1), *shift)));
        }
        let depth = shape.ranks as usize;
        for (name, values) in [("product", &self.products), ("sum", &self.sums)].into_iter().take(depth) {
            named.extend(values.iter().enumerate().map(|(at, value)| (format!("{name}{at}"), *value)));
        }
        named
    }
}
