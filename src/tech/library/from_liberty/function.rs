//! Functions of Liberty's pins as truth tables.

use crate::netlist::{Gate, apply};

/// A pin by name, and its value as a function of the inputs.
pub(super) type Named<'t> = (&'t str, u8);

/// The inputs of a cell, at most three.
pub(super) fn inputs<'t>(names: &[&'t str]) -> Vec<Named<'t>> {
    names.iter().zip(VARIABLES).map(|(name, table)| (*name, table as u8)).collect()
}

/// Bit `Σ pin[i]·2^i` of the table is the function's answer; none where the text is no function of these pins.
pub(super) fn table(text: &str, pins: &[Named]) -> Option<u8> {
    let mut parser = Parser { text, pins, depth: 0 };
    let table = parser.or()?;
    parser.text.trim().is_empty().then_some(table)
}

fn mask(pins: usize) -> u8 {
    ((1u16 << (1 << pins)) - 1) as u8
}

/// Which pin is which input of a gate, where a table is that of the gate: the first order that fits.
pub(super) fn order(gate: Gate, table: u8) -> Option<[usize; 3]> {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let inputs = gate.inputs();
    let fits = |order: &[usize; 3]| order[..inputs].iter().all(|pin| *pin < inputs);
    ORDERS.into_iter().filter(fits).find(|order| {
        let lanes = order.map(|pin| [VARIABLES[pin]]);
        apply(gate, &lanes[0], &lanes[1], &lanes[2])[0] as u8 & mask(inputs) == table & mask(inputs)
    })
}

/// Tables of the pins themselves.
const VARIABLES: [u64; 3] = [0b1010_1010, 0b1100_1100, 0b1111_0000];

struct Parser<'t> {
    text: &'t str,
    pins: &'t [Named<'t>],
    depth: u32,
}

impl Parser<'_> {
    fn accept(&mut self, signs: &[char]) -> bool {
        self.text = self.text.trim_start();
        let rest = self.text.strip_prefix(signs);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    fn or(&mut self) -> Option<u8> {
        let mut left = self.and()?;
        while self.accept(&['|', '+']) {
            left |= self.and()?;
        }
        Some(left)
    }

    /// Exclusive-or binds closer than and, as the format has it.
    fn exclusive(&mut self) -> Option<u8> {
        let mut left = self.not()?;
        while self.accept(&['^']) {
            left ^= self.not()?;
        }
        Some(left)
    }

    /// Also what stands side by side.
    fn and(&mut self) -> Option<u8> {
        let mut left = self.exclusive()?;
        loop {
            let sign = self.accept(&['&', '*']);
            let next = self.text.trim_start().chars().next();
            if !sign && !next.is_some_and(|c| c.is_alphanumeric() || "_(!".contains(c)) {
                return Some(left);
            }
            left &= self.exclusive()?;
        }
    }

    fn not(&mut self) -> Option<u8> {
        self.depth += 1;
        if self.depth > 100 {
            return None;
        }
        let mut value = if self.accept(&['!']) { !self.not()? } else { self.atom()? };
        while self.accept(&['\'']) {
            value = !value;
        }
        self.depth -= 1;
        Some(value)
    }

    fn atom(&mut self) -> Option<u8> {
        if self.accept(&['(']) {
            let inner = self.or()?;
            return self.accept(&[')']).then_some(inner);
        }
        let length = self.text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.text.len());
        let (name, rest) = self.text.split_at(length);
        self.text = rest;
        match name {
            "0" => Some(0),
            "1" => Some(u8::MAX),
            _ => self.pins.iter().find(|(pin, _)| *pin == name).map(|(_, table)| *table),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_what_their_signs_say() {
        let pins = inputs(&["A", "B1", "C"]);
        for (text, expected) in [
            ("!(A & B1)", 0b0111_0111u8),
            ("A' + B1", 0b1101_1101),
            ("(A*B1) | (C^A)", 0b1101_1010),
            ("A B1 !C", 0b0000_1000),
            ("!A & !B1 | C", 0b1111_0001),
            ("A & B1 ^ C", 0b0010_1000),
            ("1", 255),
        ] {
            assert_eq!(table(text, &pins), Some(expected), "{text}");
        }
        for text in ["A &", "(A", "D", "A ) B1", "", "A ? B1"] {
            assert_eq!(table(text, &pins), None, "{text}");
        }
        assert_eq!(table(&"!".repeat(1000), &pins), None);
        let mux = table("(S & B) | (!S & A)", &inputs(&["A", "B", "S"])).unwrap();
        assert_eq!(order(Gate::Mux, mux), Some([2, 1, 0]));
        assert_eq!(order(Gate::And, table("A | B", &inputs(&["A", "B"])).unwrap()), None);
        // A state may speak of an output, which is a function of the inputs.
        let known = [inputs(&["A", "B"]), vec![("Y", !(0b1010_1010 & 0b1100_1100))]].concat();
        assert_eq!(table("A * !B * Y", &known).map(|table| table & 15), Some(0b0010));
    }
}
