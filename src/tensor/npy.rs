//! Arrays as NumPy's file format stores them.
//!
//! Source: `numpy.lib.format` (NEP 1), version 1.0.

/// A type of elements that an array file may hold.
pub trait Element: Copy {
    /// Its name in a header.
    const NAME: &'static str;
    /// Appends its bytes, the lowest first.
    fn append(self, bytes: &mut Vec<u8>);
}

macro_rules! element {
    ($($type:ty, $name:literal;)*) => {$(
        impl Element for $type {
            const NAME: &'static str = $name;
            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend(self.to_le_bytes());
            }
        }
    )*};
}

element! { u8, "|u1"; i8, "|i1"; i32, "<i4"; }

/// An NPY file, version 1.0, of `elements` in row-major order.
///
/// ```
/// use axsim::tensor::npy;
/// let file = npy::write(&[3], &[-1i8, 0, 1]);
/// assert!(String::from_utf8_lossy(&file).contains("{'descr': '|i1', 'fortran_order': False, 'shape': (3,), }"));
/// assert_eq!((file.len(), &file[128..]), (131, &[255, 0, 1][..]));
/// ```
pub fn write<T: Element>(shape: &[usize], elements: &[T]) -> Vec<u8> {
    // A tuple of one has a comma behind it.
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let sizes = if let [size] = &*sizes { format!("{size},") } else { sizes.join(", ") };
    let mut header = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({sizes}), }}", T::NAME);
    // The elements begin at a multiple of 64 bytes, after a line feed.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let size = (header.len() as u16).to_le_bytes();
    let mut bytes: Vec<u8> = b"\x93NUMPY\x01\x00".iter().copied().chain(size).chain(header.bytes()).collect();
    elements.iter().for_each(|element| element.append(&mut bytes));
    bytes
}
