//! Column truncation: a·b less the partial products of low weight.

/// a·b − Σ_{i<t} a_i 2^i (b mod 2^(t−i)).
pub(super) fn apply(cut: u32, a: u64, b: u64) -> u64 {
    let dropped = (0..cut.min(32)).map(|i| (a >> i & 1) * ((b & crate::bits::mask(cut - i)) << i));
    a * b - dropped.sum::<u64>()
}
