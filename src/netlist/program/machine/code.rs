//! Pages of memory that hold machine code: writable first, then executable, never both.

use std::cell::Cell;
use std::ops::Deref;

use memmap2::{Mmap, MmapMut};

/// Bytes that a thread keeps for its next program at most.
const KEPT: usize = 1 << 20;

thread_local! {
    /// Pages of a program that is gone: to take them costs half of what it costs to ask the system for new ones.
    static SPARE: Cell<Option<Mmap>> = const { Cell::new(None) };
}

/// Instructions, and whatever an earlier program left behind their last one.
pub(super) struct Code(Option<Mmap>);

impl Code {
    /// `None` where the system lets no program write code.
    pub(super) fn new(instructions: &[u8]) -> Option<Self> {
        let spare = SPARE.take().filter(|pages| pages.len() >= instructions.len());
        let mut pages = match spare {
            Some(pages) => pages.make_mut().ok()?,
            None => MmapMut::map_anon(instructions.len().next_multiple_of(1 << 14)).ok()?,
        };
        pages[..instructions.len()].copy_from_slice(instructions);
        Some(Self(Some(pages.make_exec().ok()?)))
    }
}

impl Deref for Code {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.as_ref().expect("pages are there until the code is gone")
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let pages = self.0.take().filter(|pages| pages.len() <= KEPT);
        // A thread that ends keeps nothing.
        _ = SPARE.try_with(|spare| spare.set(pages));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_used_again_where_code_fits_them() {
        let Some(first) = Code::new(&[1; 100]) else {
            return eprintln!("skipped: no program may write code here");
        };
        let place = first.as_ptr();
        drop(first);
        let second = Code::new(&[2; 50]).unwrap();
        assert_eq!((second.as_ptr(), &second[..50]), (place, &[2; 50][..]));
        let third = Code::new(&[3; 1 << 15]).unwrap();
        assert_ne!(third.as_ptr(), place);
        drop((second, third));
        assert!(Code::new(&[4; 1 << 16]).unwrap().iter().take(1 << 16).all(|&byte| byte == 4));
    }
}
