//! What computes: how contractions are folded onto a grid of multiply-accumulate units.

pub mod mapping;
