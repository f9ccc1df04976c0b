//! One integration binary, a module per question.

mod config;
mod layers;
