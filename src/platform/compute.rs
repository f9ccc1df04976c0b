//! What computes: a grid of multiply-accumulate units and how contractions are folded onto it.

pub mod activity;
pub mod array;
pub mod beside;
pub mod groups;
pub mod late;
pub mod mapping;
pub mod neurons;
pub mod nonzeros;
pub mod signs;
pub mod storage;
pub mod stream;
pub mod units;
