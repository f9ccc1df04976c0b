//! Words of a few bits: masks, two's complement, operand ranges, and bit lanes.

/// The lowest `width` bits set; `width` up to 64.
pub const fn mask(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

/// Reads the low `width` bits of `word` as two's complement; `width` from 1 to 64.
pub const fn sign_extend(word: u64, width: u32) -> i64 {
    let shift = 64 - width;
    ((word << shift) as i64) >> shift
}

/// The integer that the `width`-bit code `word` stands for, signed or not.
pub const fn decode(word: u64, width: u32, signed: bool) -> i64 {
    if signed { sign_extend(word, width) } else { (word & mask(width)) as i64 }
}

/// The `width`-bit code of `value`: its low bits.
pub const fn encode(value: i64, width: u32) -> u64 {
    value as u64 & mask(width)
}

/// Position of the leading one; `None` for zero.
pub const fn leading_one(word: u64) -> Option<u32> {
    if word == 0 { None } else { Some(63 - word.leading_zeros()) }
}

/// Transposes a 64×64 bit matrix in place: bit `j` of word `i` becomes bit `i` of word `j`.
///
/// Turns 64 operand words into 64 bit lanes and back (recursive block swap).
pub fn transpose64(rows: &mut [u64; 64]) {
    let mut half = 32;
    let mut keep = 0x0000_0000_ffff_ffff_u64;
    while half != 0 {
        let mut i = 0;
        while i < 64 {
            let swap = ((rows[i] >> half) ^ rows[i + half]) & keep;
            rows[i] ^= swap << half;
            rows[i + half] ^= swap;
            i = (i + half + 1) & !half;
        }
        half >>= 1;
        keep ^= keep << half;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_values_round_trip() {
        for width in 1..=12 {
            for code in 0..1u64 << width {
                assert_eq!(encode(decode(code, width, true), width), code);
                assert_eq!(encode(decode(code, width, false), width), code);
            }
        }
        assert_eq!(decode(0xff, 8, true), -1);
        assert_eq!(leading_one(0), None);
        assert_eq!(leading_one(9), Some(3));
    }

    proptest::proptest! {
        #[test]
        fn transposing_moves_every_bit(words in proptest::array::uniform32(proptest::num::u64::ANY)) {
            let mut rows = [0; 64];
            rows[..32].copy_from_slice(&words);
            rows[32..].copy_from_slice(&words.map(|word| word.rotate_left(7)));
            let before = rows;
            transpose64(&mut rows);
            for (i, word) in before.iter().enumerate() {
                for (j, row) in rows.iter().enumerate() {
                    proptest::prop_assert_eq!(word >> j & 1, row >> i & 1);
                }
            }
        }
    }
}
