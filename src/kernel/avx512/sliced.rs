//! Looked-up bytes of many positions, sliced in registers.

use std::arch::x86_64::*;

use super::super::sliced::{Lookup, UNIT};
use super::{found, in_registers, supported};
use crate::netlist::program::{Slot, WORDS};
use crate::simd::Level;

/// As [`Lookup::write`].
///
/// # Panics
/// Without the instructions, a table, a code or a slot.
pub(in super::super) fn sliced(
    lookup: &Lookup<'_>,
    tables: &[usize],
    offset: usize,
    slots: &mut [Slot],
    places: &[usize],
) {
    let last = lookup.starts.iter().max().expect("there are parts") + offset + UNIT;
    assert!(supported(Level::Avx512) && last <= lookup.codes.len(), "instructions, and codes of all parts");
    // SAFETY: the instructions were detected above, and so were codes behind the last start.
    #[allow(unsafe_code)]
    unsafe {
        match tables {
            [_] => sliced_of::<true>(lookup, tables, offset, slots, places),
            _ => sliced_of::<false>(lookup, tables, offset, slots, places),
        }
    }
}

/// With one table for all parts, or with each one's own.
///
/// # Safety
/// The processor needs AVX-512 F, BW and VBMI; each part has 64 codes so far from its start.
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn sliced_of<const ALIKE: bool>(
    lookup: &Lookup<'_>,
    tables: &[usize],
    offset: usize,
    slots: &mut [Slot],
    places: &[usize],
) {
    let table = in_registers(&lookup.tables[tables[0]]);
    for half in 0..2 {
        let mut rows = [_mm512_setzero_si512(); 8];
        for (row, to) in rows.iter_mut().enumerate() {
            let part = 2 * row + half;
            let table = if ALIKE { table } else { in_registers(&lookup.tables[tables[part]]) };
            // SAFETY: the caller says that there are these codes.
            let code =
                unsafe { _mm512_loadu_si512(lookup.codes.as_ptr().add(lookup.starts[part] + offset).cast()) };
            *to = found(table, code, _mm512_movepi8_mask(code));
        }
        swap::<4>(&mut rows, 0x0f);
        swap::<2>(&mut rows, 0x33);
        swap::<1>(&mut rows, 0x55);
        for (row, &place) in rows.into_iter().zip(places) {
            let lanes = &mut slots[place].0[half * WORDS / 2..];
            // SAFETY: half a lane has the 64 bytes that are written.
            unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), row) };
        }
    }
}

/// Swaps the bits that a mask of bytes leaves out of a row with those that it keeps of the row at a distance.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn swap<const DISTANCE: u32>(rows: &mut [__m512i; 8], keep: i8) {
    let (keep, distance) = (_mm512_set1_epi8(keep), DISTANCE as usize);
    for low in (0..8).filter(|row| row & distance == 0) {
        let (a, b) = (rows[low], rows[low + distance]);
        // Where the mask is 1 the second, else the third: 0xca.
        rows[low] = _mm512_ternarylogic_epi64::<0xca>(keep, a, _mm512_slli_epi64::<DISTANCE>(b));
        rows[low + distance] = _mm512_ternarylogic_epi64::<0xca>(keep, _mm512_srli_epi64::<DISTANCE>(a), b);
    }
}
