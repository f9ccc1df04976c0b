//! Functions of three bits: the truth table as a byte, bit `4·a + 2·b + c` the value for `a`, `b`, `c`.

use super::{Operation, Slot, WORDS};

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The function that takes its inputs in another order: input `i` of the new one is input `order[i]` of this one.
pub(super) const fn reordered(function: u8, order: [usize; 3]) -> u8 {
    // Two inputs change places where entries that differ in both do.
    let (first, last) = (swapped(function, 0b0000_1100, 2), swapped(function, 0b0010_0010, 1));
    match order {
        [0, 1, 2] => function,
        [1, 0, 2] => first,
        [0, 2, 1] => last,
        [1, 2, 0] => swapped(first, 0b0010_0010, 1),
        [2, 0, 1] => swapped(last, 0b0000_1100, 2),
        [2, 1, 0] => swapped(function, 0b0000_1010, 3),
        _ => panic!("an order has each input once"),
    }
}

/// Exchanges the bits of a mask with those so many places above.
const fn swapped(bits: u8, low: u8, places: u32) -> u8 {
    let differing = (bits ^ bits >> places) & low;
    bits ^ differing ^ differing << places
}

/// The order of inputs that gives the least table, with that table, for each function: 80 of 256 remain.
const CANONICAL: [(u8, [usize; 3]); 256] = {
    let mut least = [(u8::MAX, ORDERS[0]); 256];
    let mut function = 0;
    while function < 256 {
        let mut at = 0;
        while at < 6 {
            let table = reordered(function as u8, ORDERS[at]);
            if table < least[function].0 {
                least[function] = (table, ORDERS[at]);
            }
            at += 1;
        }
        function += 1;
    }
    least
};

/// The same gate with its inputs in the order that gives the least table.
pub(super) fn canonical(function: u8, inputs: [u32; 3]) -> (u8, [u32; 3]) {
    let (table, order) = CANONICAL[function as usize];
    (table, order.map(|at| inputs[at]))
}

/// A function of two bits on words; bit `2·b + c` of the table.
#[inline(always)]
fn two(table: u8, b: u64, c: u64) -> u64 {
    match table & 15 {
        0b0000 => 0,
        0b0001 => !(b | c),
        0b0010 => !b & c,
        0b0011 => !b,
        0b0100 => b & !c,
        0b0101 => !c,
        0b0110 => b ^ c,
        0b0111 => !(b & c),
        0b1000 => b & c,
        0b1001 => !(b ^ c),
        0b1010 => c,
        0b1011 => !b | c,
        0b1100 => b,
        0b1101 => b | !c,
        0b1110 => b | c,
        _ => u64::MAX,
    }
}

/// A function of three bits on words; the table is known to the compiler, which leaves one or two instructions.
#[inline(always)]
fn three<const TABLE: u8>(a: u64, b: u64, c: u64) -> u64 {
    match TABLE {
        0b1001_0110 => a ^ b ^ c,
        0b1110_1000 => (a & b) | (c & (a | b)),
        _ if TABLE >> 4 == TABLE & 15 => two(TABLE, b, c),
        _ => (a & two(TABLE >> 4, b, c)) | (!a & two(TABLE, b, c)),
    }
}

/// Applies one function to all lanes of each operation in turn.
#[inline(always)]
fn each<const TABLE: u8>(operations: &[Operation], slots: &mut [Slot]) {
    for Operation { inputs: [a, b, c], output, .. } in operations {
        let (a, b, c) = (slots[*a as usize].0, slots[*b as usize].0, slots[*c as usize].0);
        let output = &mut slots[*output as usize].0;
        for word in 0..WORDS {
            output[word] = three::<TABLE>(a[word], b[word], c[word]);
        }
    }
}

/// Applies a canonical function to all lanes of each operation in turn.
#[inline(always)]
pub(super) fn apply(function: u8, operations: &[Operation], slots: &mut [Slot]) {
    // One match for many operations: the loop within is the same few instructions for each.
    macro_rules! arms {
        ($($table:literal)*) => {
            match function {
                $($table => each::<$table>(operations, slots),)*
                _ => unreachable!("only canonical functions are compiled"),
            }
        };
    }
    arms!(
        0 1 2 3 6 7 8 9 10 11 14 15 22 23 24 25 26 27 30 31 40 41 42 43 44 45 46 47 60 61 62 63 104 105 106
        107 110 111 126 127 128 129 130 131 134 135 136 137 138 139 142 143 150 151 152 153 154 155 158 159
        168 169 170 171 172 173 174 175 188 189 190 191 232 233 234 235 238 239 254 255
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_change_places() {
        for (function, order) in (0..=255u8).flat_map(|function| ORDERS.map(|order| (function, order))) {
            for values in 0..8usize {
                let value = |at: usize| values >> at & 1;
                let index = |inputs: [usize; 3]| inputs.iter().fold(0, |index, &at| 2 * index + value(at));
                let (own, new) = (function >> index([0, 1, 2]), reordered(function, order) >> index(order));
                assert_eq!(own & 1, new & 1, "{function} {order:?}");
            }
        }
    }

    #[test]
    fn every_function_in_canonical_form_is_itself() {
        for function in 0..=255u8 {
            let (table, [a, b, c]) = canonical(function, [0, 1, 2]);
            let inputs: Vec<Slot> = (0..3).map(|at| Slot([[0xf0, 0xcc, 0xaa][at]; WORDS])).collect();
            let mut slots = [inputs, vec![Slot([0; WORDS])]].concat();
            apply(table, &[Operation { table, inputs: [a, b, c], output: 3 }], &mut slots);
            assert_eq!(slots[3].0.map(|word| word as u8), [function; WORDS]);
        }
    }
}
