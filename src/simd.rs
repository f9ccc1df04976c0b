//! Plain loops compiled once more for the widest vector registers of the processor at hand.

/// Runs a loop, compiled for registers of 512 bits, of 256 bits or for any processor.
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
    #[cfg(target_arch = "x86_64")]
    {
        let counts = is_x86_feature_detected!("popcnt");
        if counts && is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw") {
            // SAFETY: the processor has just been asked for these features.
            #[allow(unsafe_code)]
            return unsafe { avx512(run) };
        }
        if counts && is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has just been asked for these features.
            #[allow(unsafe_code)]
            return unsafe { avx2(run) };
        }
    }
    run()
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
