//! A program as machine code for processors with 512-bit registers: values stay in registers between operations.

mod code;
mod evex;
mod registers;
mod steps;

use std::fmt;
use std::sync::Arc;

use self::code::Code;
use self::registers::Registers;
use self::steps::steps;
use super::{Operation, Slot};
#[cfg(all(target_arch = "x86_64", unix))]
use crate::simd::{Level, detected};

/// Lanes of a register; the code evaluates so many of a slot at once.
const WORDS: usize = 8;

/// Machine code that evaluates the operations from some place on.
#[derive(Clone)]
pub(super) struct Machine {
    code: Arc<Code>,
    /// Where in the code each part begins, and where it ends.
    entries: Vec<usize>,
    /// The slots that the code reads and writes.
    slots: usize,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of machine code", self.entries.last().unwrap_or(&0))
    }
}

impl Machine {
    /// Whether this processor can run such code, and the process may.
    pub(super) fn supported() -> bool {
        #[cfg(all(target_arch = "x86_64", unix))]
        return detected!(Level::at_hand(), Avx512: "avx512f");
        #[cfg(not(all(target_arch = "x86_64", unix)))]
        false
    }

    /// Translates functions of three bits; at each of `starts`, and at the first one, a walk may
    /// begin. Slots of `outputs` are to be read afterwards.
    ///
    /// `None` where the processor cannot run it, or the system lets no program write code.
    pub(super) fn new(
        operations: &[Operation],
        starts: &[usize],
        outputs: &[usize],
        slots: usize,
    ) -> Option<Self> {
        if !Self::supported() || i32::try_from(slots * size_of::<Slot>()).is_err() {
            return None;
        }
        let mut bounds = [&[0], starts, &[operations.len()]].concat();
        bounds.sort_unstable();
        bounds.dedup();
        let steps = steps(operations, &bounds, outputs, slots);
        let mut registers = Registers::new(slots);
        let mut entries = vec![0; operations.len() + 1];
        for part in bounds.windows(2) {
            entries[part[0]] = registers.code.0.len();
            registers.translate(&steps[part[0]..part[1]]);
        }
        entries[operations.len()] = registers.code.0.len();
        registers.code.finish();
        Some(Self { code: Arc::new(Code::new(&registers.code.0)?), entries, slots })
    }

    /// Evaluates all operations from this one on, one of the starts.
    #[inline]
    pub(super) fn run(&self, slots: &mut [Slot], first: usize) {
        assert!(slots.len() >= self.slots, "a program's own slots");
        #[cfg(target_arch = "x86_64")]
        for part in 0..super::WORDS / WORDS {
            // SAFETY: the code was translated for this processor from operations whose slots are all among these, reads
            // and writes nothing else, and ends with a return; each entry is the first instruction of a part, which
            // expects nothing in registers but the address.
            #[allow(unsafe_code)]
            unsafe {
                let entry = self.code.as_ptr().add(self.entries[first]);
                let function = std::mem::transmute::<*const u8, extern "sysv64" fn(*mut u64)>(entry);
                function(slots.as_mut_ptr().cast::<u64>().add(WORDS * part));
            }
        }
    }
}
