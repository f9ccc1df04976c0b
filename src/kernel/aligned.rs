//! Bytes that begin where a register's load begins in a cache line: loads that cross lines count twice.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line, and of the widest registers.
const LINE: usize = 64;

/// A slice of bytes on the heap whose first one begins a cache line.
#[derive(Debug)]
pub(super) struct Aligned {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// So many bytes of one value.
    pub(super) fn new(value: u8, length: usize) -> Self {
        let bytes = vec![value; length + LINE - 1];
        // Where the line cannot be told, loads are slower and nothing else changes.
        let start = bytes.as_ptr().align_offset(LINE).min(LINE - 1);
        Self { bytes, start, length }
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..][..self.length]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..][..self.length]
    }
}

impl From<&[u8]> for Aligned {
    fn from(bytes: &[u8]) -> Self {
        let mut aligned = Self::new(0, bytes.len());
        aligned.copy_from_slice(bytes);
        aligned
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        Self::from(&**self)
    }
}

impl PartialEq for Aligned {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Aligned {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_begin_a_line_and_copies_are_equal() {
        for length in [0, 1, 63, 64, 1000] {
            let mut aligned = Aligned::new(7, length);
            assert_eq!(aligned.as_ptr() as usize % LINE, 0);
            assert_eq!(*aligned, vec![7; length]);
            aligned.iter_mut().enumerate().for_each(|(at, byte)| *byte = at as u8);
            let copy = aligned.clone();
            assert_eq!((copy.as_ptr() as usize % LINE, &copy), (0, &aligned));
        }
    }
}
