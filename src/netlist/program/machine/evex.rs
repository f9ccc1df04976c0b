//! The few instructions on 512-bit registers that gates need, as AVX-512F encodes them.
//!
//! # Sources
//! Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: §2.7 (the EVEX prefix), §2.7.5 (compressed
//! displacement), VMOVDQA64, VPTERNLOGQ, VZEROUPPER, RET.

/// Bytes of a register, by which a one-byte displacement counts.
const BYTES: i32 = 64;

/// Where an instruction finds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// `zmm0` to `zmm31`.
    Register(u8),
    /// This many bytes after the address in `rdi`, a multiple of 64.
    Memory(i32),
}

/// Machine code so far.
#[derive(Debug, Default)]
pub(super) struct Assembler(pub(super) Vec<u8>);

impl Assembler {
    /// `vmovdqa64`: a register from a register or from memory.
    pub(super) fn load(&mut self, register: u8, from: Place) {
        self.instruction([1, 0x6f], register, 0, from);
    }

    /// `vmovdqa64`: a register into memory.
    pub(super) fn store(&mut self, register: u8, bytes: i32) {
        self.instruction([1, 0x7f], register, 0, Place::Memory(bytes));
    }

    /// `vpternlogq`: bit `4·first + 2·second + third` of the table in every lane, into `first`.
    pub(super) fn function(&mut self, table: u8, first: u8, second: u8, third: Place) {
        self.instruction([3, 0x25], first, second, third);
        self.0.push(table);
    }

    /// Back to the caller, without upper halves of registers that would slow down older instructions.
    pub(super) fn finish(&mut self) {
        self.0.extend([0xc5, 0xf8, 0x77, 0xc3]);
    }

    /// Prefix, opcode and operands; of an opcode its map and its byte.
    fn instruction(&mut self, [map, opcode]: [u8; 2], register: u8, second: u8, other: Place) {
        // The prefix keeps the upper bits of register numbers inverted.
        let inverted = |bit: u8, at: u32| (!bit & 1) << at;
        let (low, upper) = match other {
            Place::Register(other) => (0b1100_0000 | other & 7, [other >> 4, other >> 3]),
            Place::Memory(bytes) if short(bytes).is_some() => (0b0100_0111, [0; 2]),
            Place::Memory(_) => (0b1000_0111, [0; 2]),
        };
        let [x, b] = upper;
        self.0.extend([
            0x62,
            inverted(register >> 3, 7) | inverted(x, 6) | inverted(b, 5) | inverted(register >> 4, 4) | map,
            0b1000_0101 | (!second & 15) << 3,
            0b0100_0000 | inverted(second >> 4, 3),
            opcode,
            low | (register & 7) << 3,
        ]);
        if let Place::Memory(bytes) = other {
            match short(bytes) {
                Some(units) => self.0.push(units as u8),
                None => self.0.extend(bytes.to_le_bytes()),
            }
        }
    }
}

/// A displacement in one byte, where it fits.
fn short(bytes: i32) -> Option<i8> {
    i8::try_from(bytes / BYTES).ok().filter(|units| i32::from(*units) * BYTES == bytes)
}

#[cfg(test)]
mod tests {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    use proptest::prelude::*;

    use super::*;

    /// What another program reads in the code.
    fn read(code: &[u8]) -> Vec<String> {
        let mut formatter = IntelFormatter::new();
        let texts = Decoder::new(64, code, DecoderOptions::NONE).into_iter().map(|instruction| {
            let mut text = String::new();
            formatter.format(&instruction, &mut text);
            text
        });
        texts.collect()
    }

    fn text(place: Place) -> String {
        match place {
            Place::Register(number) => format!("zmm{number}"),
            Place::Memory(0) => "[rdi]".into(),
            Place::Memory(bytes) => format!("[rdi+{bytes:X}h]"),
        }
    }

    fn places() -> impl Strategy<Value = Place> {
        prop_oneof![
            (0..32u8).prop_map(Place::Register),
            (0..300i32).prop_map(|at| Place::Memory(64 * at)),
            (0..1 << 20).prop_map(|at| Place::Memory(64 * at)),
        ]
    }

    /// Hexadecimal numbers without the leading zeros that a reader may add.
    fn plain(text: &str) -> String {
        text.replace("+0", "+").replace(",0", ",")
    }

    proptest! {
        #[test]
        fn another_disassembler_reads_what_was_meant(
            table in any::<u8>(), first in 0..32u8, second in 0..32u8, third in places(), at in 0..1 << 20,
        ) {
            let mut code = Assembler::default();
            code.load(first, third);
            code.store(second, 64 * at);
            code.function(table, first, second, third);
            code.finish();
            let table = if table < 10 { format!("{table}") } else { format!("{table:X}h") };
            let expected = [
                format!("vmovdqa64 zmm{first},{}", text(third)),
                format!("vmovdqa64 {},zmm{second}", text(Place::Memory(64 * at))),
                format!("vpternlogq zmm{first},zmm{second},{},{table}", text(third)),
                "vzeroupper".into(),
                "ret".into(),
            ];
            let found: Vec<String> = read(&code.0).iter().map(|text| plain(text)).collect();
            prop_assert_eq!(found, expected.map(|text| plain(&text)));
        }
    }
}
