//! Damage to a message of Protocol Buffers that keeps its framing: every length is written anew.

use std::mem::take;

/// What a field holds.
#[derive(Clone)]
enum Content {
    Number(u64),
    /// Four or eight bytes as they are.
    Fixed(Vec<u8>),
    /// Bytes that are no message.
    Bytes(Vec<u8>),
    Message(Vec<Field>),
}

/// A tag (field number and wire type) and what follows it.
#[derive(Clone)]
struct Field {
    tag: u64,
    content: Content,
}

/// Numbers at which something tends to break.
const NUMBERS: [u64; 16] = [0, 1, 2, 3, 4, 5, 7, 13, 16, 21, 255, 4097, 1 << 20, 1 << 31, 1 << 62, u64::MAX];

/// How deep messages are opened.
const DEEPEST: usize = 8;

/// Changes the first `size` bytes of `data`, in one field or as plain bytes, and returns how many there are then.
pub fn mutate(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let mut draw = Draw(u64::from(seed) << 1 | 1);
    let message = if draw.below(8) == 0 { None } else { read(&data[..size], 0) };
    let Some(mut fields) = message.filter(|fields| !fields.is_empty()) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, most);
    };
    let whole = fields.clone();
    for _ in 0..=draw.below(3) {
        damage(&mut fields, pick(&whole, &mut draw).clone(), &mut draw);
    }
    let bytes = write(&fields);
    if bytes.len() > most {
        return libfuzzer_sys::fuzzer_mutate(data, size, most);
    }
    data[..bytes.len()].copy_from_slice(&bytes);
    bytes.len()
}

/// One field goes, comes twice, becomes another or changes what it holds.
fn damage(fields: &mut Vec<Field>, donor: Field, draw: &mut Draw) {
    if fields.is_empty() {
        return fields.push(donor);
    }
    let at = draw.below(fields.len());
    if let Content::Message(inner) = &mut fields[at].content
        && draw.below(8) > 0
    {
        return damage(inner, donor, draw);
    }
    match draw.below(8) {
        0 => drop(fields.remove(at)),
        1 => fields.insert(at, fields[at].clone()),
        2 => fields[at].content = donor.content,
        3 => fields.insert(at, donor),
        _ => change(&mut fields[at].content, draw),
    }
}

fn change(content: &mut Content, draw: &mut Draw) {
    match content {
        Content::Number(number) if draw.below(2) == 0 => {
            *number = number.wrapping_add(draw.below(5) as u64).wrapping_sub(2)
        }
        Content::Number(number) => *number = NUMBERS[draw.below(16)],
        Content::Fixed(bytes) => {
            let size = bytes.len();
            let size = libfuzzer_sys::fuzzer_mutate(bytes, size, size);
            bytes[size..].fill(0);
        }
        Content::Bytes(bytes) => {
            let size = bytes.len();
            bytes.resize(size + 32, 0);
            let size = libfuzzer_sys::fuzzer_mutate(bytes, size, size + 32);
            bytes.truncate(size);
        }
        Content::Message(fields) => *content = Content::Bytes(write(&take(fields))),
    }
}

fn pick<'a>(fields: &'a [Field], draw: &mut Draw) -> &'a Field {
    let field = &fields[draw.below(fields.len())];
    match &field.content {
        Content::Message(inner) if !inner.is_empty() && draw.below(4) > 0 => pick(inner, draw),
        _ => field,
    }
}

/// The fields of a message; `None` where the bytes are none.
fn read(mut bytes: &[u8], depth: usize) -> Option<Vec<Field>> {
    let mut fields = vec![];
    while !bytes.is_empty() {
        let tag = number(&mut bytes)?;
        let content = match tag & 7 {
            0 => Content::Number(number(&mut bytes)?),
            1 => Content::Fixed(bytes.split_off(..8)?.to_vec()),
            5 => Content::Fixed(bytes.split_off(..4)?.to_vec()),
            2 => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let inner = bytes.split_off(..length)?;
                let message = if depth < DEEPEST { read(inner, depth + 1) } else { None };
                message.map_or_else(|| Content::Bytes(inner.to_vec()), Content::Message)
            }
            _ => return None,
        };
        fields.push(Field { tag, content });
    }
    Some(fields)
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..10 {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn write(fields: &[Field]) -> Vec<u8> {
    let mut bytes = vec![];
    for Field { tag, content } in fields {
        put(*tag, &mut bytes);
        match content {
            Content::Number(number) => put(*number, &mut bytes),
            Content::Fixed(content) => bytes.extend(content),
            Content::Bytes(content) => delimited(content, &mut bytes),
            Content::Message(fields) => delimited(&write(fields), &mut bytes),
        }
    }
    bytes
}

fn delimited(content: &[u8], bytes: &mut Vec<u8>) {
    put(content.len() as u64, bytes);
    bytes.extend(content);
}

/// Seven bits a byte, the lowest first.
fn put(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Numbers that follow from a seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % bound
    }
}
