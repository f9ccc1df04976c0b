//! Which vector registers loops use: what the processor has, or less where a process or a caller asks for less.
//!
//! No result depends on it. Every loop that is written for certain instructions asks `detected!` for them, with the level
//! that it was given or that of the process.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// The widest registers that loops may use; of their instructions, those that the processor has.
///
/// ```
/// use axsim::simd::Level;
/// assert!(Level::Portable < Level::Avx2 && Level::Avx2 < Level::Avx512);
/// assert_eq!("avx2".parse(), Ok(Level::Avx2));
/// assert!(Level::at_hand() <= Level::of_processor());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Those that every processor of the kind has.
    Portable,
    /// Of 256 bits.
    Avx2,
    /// Of 512 bits.
    Avx512,
}

static AT_HAND: OnceLock<Level> = OnceLock::new();

/// Whether instructions may be used, by a [`Level`] that needs at least the named one, and the processor has them.
#[cfg(target_arch = "x86_64")]
macro_rules! detected {
    ($level:expr, $least:ident: $($feature:tt),+) => {
        $level >= $crate::simd::Level::$least && $(std::arch::is_x86_feature_detected!($feature))&&+
    };
}
#[cfg(target_arch = "x86_64")]
pub(crate) use detected;

impl Level {
    /// All, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The widest that the processor has.
    pub fn of_processor() -> Self {
        #[cfg(target_arch = "x86_64")]
        for level in [Self::Avx512, Self::Avx2] {
            if level.has_loops() {
                return level;
            }
        }
        Self::Portable
    }

    /// That of the process: the processor's, unless [`Level::limit`] came first.
    #[inline]
    pub fn at_hand() -> Self {
        *AT_HAND.get_or_init(Self::of_processor)
    }

    /// Makes this the level of the process.
    ///
    /// # Errors
    /// Where the processor lacks it, or the level was asked for before and is another.
    pub fn limit(self) -> Result<(), LevelError> {
        let has = Self::of_processor();
        if self > has {
            return Err(LevelError::Missing { asked: self, has });
        }
        let now = *AT_HAND.get_or_init(|| self);
        if now == self { Ok(()) } else { Err(LevelError::Late(now)) }
    }

    /// As [`widest`], for registers of this level at most.
    #[inline(always)]
    pub fn widest<T>(self, run: impl FnOnce() -> T) -> T {
        #[cfg(target_arch = "x86_64")]
        {
            if self == Self::Avx512 && self.has_loops() {
                // SAFETY: the processor has just been asked for these features.
                #[allow(unsafe_code)]
                return unsafe { avx512(run) };
            }
            if self >= Self::Avx2 && Self::Avx2.has_loops() {
                // SAFETY: the processor has just been asked for these features.
                #[allow(unsafe_code)]
                return unsafe { avx2(run) };
            }
        }
        run()
    }

    /// Whether the processor has what loops for these registers are compiled for.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn has_loops(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => detected!(self, Avx2: "avx2", "popcnt"),
            Self::Avx512 => detected!(self, Avx512: "avx512f", "avx512bw", "popcnt"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(name: &str) -> Result<Self, LevelError> {
        let known = Self::ALL.into_iter().find(|level| level.name() == name);
        known.ok_or_else(|| LevelError::Unknown(name.into()))
    }
}

/// Why a level cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LevelError {
    /// A name of none.
    #[error("`{0}` is not one of portable, avx2, avx512")]
    Unknown(String),
    /// The processor lacks it.
    #[error("this processor has no {asked}, only {has}")]
    Missing {
        /// What was asked for.
        asked: Level,
        /// The widest that there is.
        has: Level,
    },
    /// Loops have run already.
    #[error("loops of this process have used {0} already")]
    Late(Level),
}

/// Runs a loop, compiled for registers of 512 bits, of 256 bits or for any processor, by the [level of the
/// process](Level::at_hand).
///
/// The result is the same: only integer loops and such as the compiler may not reorder belong here. The closure should
/// be marked `#[inline(always)] move`: only what is compiled into this function uses its registers, and what a closure
/// borrows may be anywhere, which keeps loops from becoming vector instructions.
///
/// ```
/// let mut numbers = vec![1u32; 100];
/// let slice = &mut numbers[..];
/// axsim::simd::widest(#[inline(always)] move || slice.iter_mut().for_each(|number| *number += 1));
/// assert_eq!(numbers, [2; 100]);
/// ```
#[inline(always)]
pub fn widest<T>(run: impl FnOnce() -> T) -> T {
    Level::at_hand().widest(run)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,popcnt")]
fn avx512<T>(run: impl FnOnce() -> T) -> T {
    run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn avx2<T>(run: impl FnOnce() -> T) -> T {
    run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_give_the_same_at_every_level() {
        let sum = |level: Level| {
            let (mut sums, numbers) =
                ([7i32; 77], std::array::from_fn::<i32, 77, _>(|at| at as i32 * 40_503));
            let to = &mut sums[..];
            level.widest(
                #[inline(always)]
                move || to.iter_mut().zip(numbers).for_each(|(sum, number)| *sum = sum.wrapping_mul(number)),
            );
            sums
        };
        let expected = std::array::from_fn(|at| (at as i32 * 40_503).wrapping_mul(7));
        assert_eq!(Level::ALL.map(sum), [expected; 3]);
    }

    #[test]
    fn names_are_read_and_what_is_none_is_named() {
        assert_eq!(Level::ALL.map(|level| level.to_string().parse()), Level::ALL.map(Ok));
        let wrong = "AVX2".parse::<Level>().unwrap_err();
        assert_eq!(wrong.to_string(), "`AVX2` is not one of portable, avx2, avx512");
    }

    #[test]
    fn a_level_that_loops_have_used_stays() {
        let now = Level::at_hand();
        assert_eq!(now.limit(), Ok(()));
        let other = Level::Portable;
        assert_eq!(other.limit(), if now == other { Ok(()) } else { Err(LevelError::Late(now)) });
    }
}
