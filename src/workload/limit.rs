//! How much is believed of a file: a damaged or hostile size shall not ask for all memory or all time.

/// Elements of an array that the operator text computes.
pub(super) const ELEMENTS: usize = 1 << 25;

/// Elements of a value per sample in a lowered network.
pub(super) const VALUE: usize = 1 << 28;

/// Elements of what takes a place in a list each: arrangements, operands and results of products, stored inputs.
pub(super) const PLACES: usize = 1 << 24;

/// Products of one node, some seconds of work.
pub(super) const PRODUCTS: usize = 1 << 33;

/// A stride, padding, dilation or kernel of a layer, whose geometry is counted through tap by tap.
pub(super) const WINDOW: usize = 4096;

/// A stride, padding, kernel or neighbourhood in the operator text.
pub(super) const TEXT_WINDOW: i64 = 1 << 20;

/// Bytes that are unpacked: a small gzip file can hold a thousand times its size.
pub(super) const UNPACKED: usize = 1 << 30;
