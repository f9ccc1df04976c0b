//! A stream of codes alone: rows of cells, each with one code.

#[cfg(target_arch = "x86_64")]
use std::ops::Range;

use super::side::Rows;
use crate::simd::Level;

/// Writes a stream's cells; what is between rows stays.
pub(super) fn copy(to: &mut [u8], from: &[u8], rows: Rows, level: Level) {
    #[cfg(target_arch = "x86_64")]
    if rows.step <= 2 && super::super::avx512::supported(level) {
        rows.check(to, from);
        // SAFETY: the instructions were detected, all cells lie within the slices.
        #[allow(unsafe_code)]
        unsafe {
            match rows.step {
                1 => copy_steps::<1>(to, from, rows),
                _ => copy_steps::<2>(to, from, rows),
            }
        }
        return;
    }
    let _ = level;
    for row in 0..rows.rows {
        let (to, from) = (&mut to[row * rows.pitch_together..][..rows.cells], &from[row * rows.pitch..]);
        match rows.step {
            1 => to.copy_from_slice(&from[..rows.cells]),
            step => to.iter_mut().zip(from.iter().step_by(step)).for_each(|(to, from)| *to = *from),
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Rows {
    /// Panics where cells are outside of their slices.
    fn check(&self, to: &[u8], from: &[u8]) {
        let last = self.rows - 1;
        let read = last * self.pitch + (self.cells - 1) * self.step;
        assert!(
            last * self.pitch_together + self.cells <= to.len() && read < from.len(),
            "room for all cells"
        );
    }
}

/// # Safety
/// The processor needs AVX-512 F and BW; the slices have all cells of rows.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn copy_steps<const STEP: usize>(to: &mut [u8], from: &[u8], rows: Rows) {
    use std::arch::x86_64::*;
    const CELLS: usize = 32;
    for row in 0..rows.rows {
        for start in (0..rows.cells).step_by(CELLS) {
            let count = (rows.cells - start).min(CELLS);
            let mask = u32::MAX >> (CELLS - count);
            // SAFETY: no bytes are read beyond the last cell's, and only cells are written.
            unsafe {
                let from = from.as_ptr().add(row * rows.pitch + start * STEP);
                let to = to.as_mut_ptr().add(row * rows.pitch_together + start);
                let codes = match STEP {
                    1 => _mm512_castsi512_si256(_mm512_maskz_loadu_epi8(mask.into(), from.cast())),
                    _ => {
                        let every = u64::MAX >> (64 - (2 * count - 1));
                        _mm512_cvtepi16_epi8(_mm512_maskz_loadu_epi8(every, from.cast()))
                    }
                };
                _mm512_mask_storeu_epi8(to.cast(), mask.into(), _mm512_castsi256_si512(codes));
            }
        }
    }
}

/// Rows that are as far apart as those that are written, which registers take all at once.
#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
pub(super) struct Whole {
    rows: Rows,
    /// Of 64 neighbouring places each, those that are cells; what is between rows is none.
    cells: Vec<u64>,
}

#[cfg(target_arch = "x86_64")]
impl Whole {
    /// None where the processor has no such registers, or rows stand otherwise.
    pub(super) fn new(rows: Rows, level: Level) -> Option<Self> {
        let alike = rows.step == 1 && rows.pitch == rows.pitch_together;
        let end = (rows.rows - 1) * rows.pitch + rows.cells;
        if !alike || !super::super::avx512::supported(level) {
            return None;
        }
        let mut cells = vec![0; end.div_ceil(64)];
        for start in (0..rows.rows).map(|row| row * rows.pitch) {
            mark(&mut cells, start..start + rows.cells);
        }
        Some(Self { rows, cells })
    }

    /// As [`copy`], so many times, each so far behind the one before in both slices.
    pub(super) fn copy(&self, to: &mut [u8], from: &[u8], times: usize, [to_pitch, from_pitch]: [usize; 2]) {
        let last = times - 1;
        self.rows.check(&to[last * to_pitch..], &from[last * from_pitch..]);
        // SAFETY: they are made where the instructions are, all cells of the last time lie within the slices.
        #[allow(unsafe_code)]
        unsafe {
            copy_masked(&self.cells, to, from, times, [to_pitch, from_pitch])
        }
    }
}

/// Sets the bits of these places.
#[cfg(target_arch = "x86_64")]
fn mark(words: &mut [u64], places: Range<usize>) {
    let first = places.start / 64;
    for (word, start) in words[first..places.end.div_ceil(64)].iter_mut().zip((64 * first..).step_by(64)) {
        let (from, to) = (places.start.saturating_sub(start), (places.end - start).min(64));
        *word |= u64::MAX << from & u64::MAX >> (64 - to);
    }
}

/// # Safety
/// The processor needs AVX-512 F and BW; the slices have all places that the masks tell, of all times.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn copy_masked(
    cells: &[u64],
    to: &mut [u8],
    from: &[u8],
    times: usize,
    [to_pitch, from_pitch]: [usize; 2],
) {
    use std::arch::x86_64::*;
    for time in 0..times {
        let from = from.as_ptr().wrapping_add(time * from_pitch);
        let to = to.as_mut_ptr().wrapping_add(time * to_pitch);
        for (at, &mask) in cells.iter().enumerate() {
            // SAFETY: only what the mask tells is read and written.
            unsafe {
                let codes = _mm512_maskz_loadu_epi8(mask, from.wrapping_add(64 * at).cast());
                _mm512_mask_storeu_epi8(to.wrapping_add(64 * at).cast(), mask, codes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows from the definition.
    fn expected(to: &[u8], from: &[u8], rows: Rows) -> Vec<u8> {
        let mut to = to.to_vec();
        for (row, cell) in (0..rows.rows).flat_map(|row| (0..rows.cells).map(move |cell| (row, cell))) {
            to[row * rows.pitch_together + cell] = from[row * rows.pitch + cell * rows.step];
        }
        to
    }

    #[test]
    fn cells_are_written_and_what_is_between_them_stays() {
        for (cells, step) in
            [1, 5, 8, 31, 32, 33, 63, 64, 70, 130].into_iter().flat_map(|c| [1, 2, 3].map(|s| (c, s)))
        {
            for gap in [0, 2] {
                let rows =
                    Rows { rows: 3, cells, pitch: cells * step + 1, pitch_together: cells + gap, step };
                // The last row ends with its last code.
                let from: Vec<u8> =
                    (0..2 * rows.pitch + (cells - 1) * step + 1).map(|at| (at * 11 + 1) as u8).collect();
                let before = vec![77; 2 * rows.pitch_together + cells];
                for level in Level::ALL {
                    let mut to = before.clone();
                    copy(&mut to, &from, rows, level);
                    assert_eq!(to, expected(&before, &from, rows), "{cells} cells, step {step}, {level:?}");
                }
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn rows_of_the_same_pitch_are_copied_at_once() {
        for (cells, gap) in
            [1, 4, 25, 63, 64, 65].into_iter().flat_map(|cells| [0, 1, 3].map(|gap| (cells, gap)))
        {
            let pitch = cells + gap;
            let rows = Rows { rows: 7, cells, pitch, pitch_together: pitch, step: 1 };
            let from: Vec<u8> = (0..6 * pitch + cells).map(|at| (at * 11 + 1) as u8).collect();
            let before = vec![77; 6 * pitch + cells];
            assert!(Whole::new(rows, Level::Portable).is_none());
            assert!(Whole::new(Rows { pitch: pitch + 1, ..rows }, Level::Avx512).is_none());
            let whole = Whole::new(rows, Level::Avx512);
            assert_eq!(whole.is_some(), crate::kernel::avx512::supported(Level::Avx512));
            let Some(whole) = whole else { return eprintln!("skipped: the processor lacks AVX-512 VBMI") };
            let mut to = before.repeat(2);
            whole.copy(&mut to, &[&from[..], &[0], &from].concat(), 2, [before.len(), from.len() + 1]);
            assert_eq!(to, expected(&before, &from, rows).repeat(2));
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    #[should_panic(expected = "room for all cells")]
    fn cells_outside_are_refused() {
        let rows = Rows { rows: 2, cells: 4, pitch: 4, pitch_together: 4, step: 1 };
        rows.check(&[0; 8], &[0; 7]);
    }
}
