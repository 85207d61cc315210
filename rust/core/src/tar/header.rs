//! One header block: its checksum, its numbers, its type and its name.

use crate::{fault::TarFault, tar::Block};

/// Largest size taken: everything above would overflow an offset computed from it.
pub const MAX_SIZE: u64 = 1 << 62;

/// What a header's type flag says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A regular file (`0`, `7`, and NUL where the name does not end in `/`).
    File,
    /// A directory (`5`, and NUL with a name that ends in `/`); `D` too, which has data.
    Directory,
    /// A hard or symbolic link (`1`, `2`).
    Link,
    /// A device or fifo (`3`, `4`, `6`).
    Device,
    /// GNU sparse (`S`).
    Sparse,
    /// GNU long name (`L`) for the next member.
    LongName,
    /// GNU long link target (`K`) for the next member.
    LongLink,
    /// PAX records (`x`, Solaris `X`) for the next member.
    Pax,
    /// PAX records (`g`) for all members after it.
    PaxGlobal,
    /// A volume's label (`V`) or the rest of a member of the volume before (`M`).
    Volume,
    /// Anything else.
    Unknown,
}

impl Type {
    /// True for headers that say something of the member after them.
    pub fn is_extension(self) -> bool {
        matches!(self, Self::LongName | Self::LongLink | Self::Pax | Self::PaxGlobal)
    }
}

/// A header block whose checksum is right.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a>(&'a Block);

impl<'a> Header<'a> {
    /// Takes a block whose checksum fits.
    ///
    /// # Errors
    /// [`TarFault::Checksum`].
    pub fn of(block: &'a Block) -> Result<Self, TarFault> {
        if checksum_fits(block) { Ok(Self(block)) } else { Err(TarFault::Checksum) }
    }

    /// Bytes of payload as the header says; PAX may say otherwise.
    ///
    /// # Errors
    /// [`TarFault::Number`].
    pub fn size(&self) -> Result<u64, TarFault> {
        number(&self.0[124..136])
    }

    /// The type flag as written.
    pub fn flag(&self) -> u8 {
        self.0[156]
    }

    /// What the type flag means. A NUL flag is a file here; its name decides later.
    pub fn kind(&self) -> Type {
        match self.flag() {
            b'0' | b'7' | 0 => Type::File,
            b'5' | b'D' => Type::Directory,
            b'1' | b'2' => Type::Link,
            b'3' | b'4' | b'6' => Type::Device,
            b'S' => Type::Sparse,
            b'L' => Type::LongName,
            b'K' => Type::LongLink,
            b'x' => Type::Pax,
            // Solaris wrote PAX records under this flag before POSIX settled on `x`.
            b'X' if self.is_posix() => Type::Pax,
            b'g' => Type::PaxGlobal,
            b'V' | b'M' => Type::Volume,
            _ => Type::Unknown,
        }
    }

    /// True for POSIX ustar. GNU's magic differs, and has other fields where ustar has the prefix.
    pub fn is_posix(&self) -> bool {
        self.0[257..263] == *b"ustar\0"
    }

    /// True if further blocks of a GNU sparse map follow this header.
    pub fn sparse_goes_on(&self) -> bool {
        self.0[482] != 0
    }

    /// Appends the name in the header's own fields.
    pub fn name_into(&self, out: &mut Vec<u8>) {
        if self.is_posix() {
            // star keeps times at the end of the prefix field, and says so in the last four bytes.
            let end = if self.0[508..512] == *b"tar\0" { 476 } else { 500 };
            let prefix = until_nul(&self.0[345..end]);
            if !prefix.is_empty() {
                out.extend_from_slice(prefix);
                out.push(b'/');
            }
        }
        out.extend_from_slice(until_nul(&self.0[..100]));
    }
}

/// What comes before the first NUL.
pub fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&b| b == 0).next().unwrap_or(field)
}

/// Sum of a header's bytes, its checksum field counted as blanks.
pub fn unsigned_sum(block: &Block) -> u32 {
    // 256 bytes fit into 16 bits, of which a vector holds twice as many.
    let halves = block.as_chunks::<256>().0.iter();
    let all: u32 = halves.map(|half| u32::from(half.iter().map(|&b| u16::from(b)).sum::<u16>())).sum();
    let field: u32 = block[148..156].iter().map(|&b| u32::from(b)).sum();
    all - field + 8 * 32
}

/// True if the checksum is the sum of the bytes, unsigned or (some old writers) signed.
pub fn checksum_fits(block: &Block) -> bool {
    let Ok(stated) = octal(&block[148..156]) else { return false };
    let unsigned = u64::from(unsigned_sum(block));
    if stated == unsigned {
        return true;
    }
    let high = block[..148].iter().chain(&block[156..]).filter(|&&b| b >= 128).count() as u64;
    high > 0 && stated + 256 * high == unsigned
}

/// A number field: octal, or base-256 where the first bit is set.
///
/// # Errors
/// [`TarFault::Number`] if it is neither, negative or above [`MAX_SIZE`].
pub fn number(field: &[u8]) -> Result<u64, TarFault> {
    match field.split_first() {
        Some((&first, rest)) if first & 0x80 != 0 => {
            // Bit 6 is the sign of a two's complement number.
            if first & 0x40 != 0 {
                return Err(TarFault::Number);
            }
            let mut value = u64::from(first & 0x3f);
            for &byte in rest {
                value = value.checked_mul(256).ok_or(TarFault::Number)? | u64::from(byte);
            }
            if value > MAX_SIZE { Err(TarFault::Number) } else { Ok(value) }
        }
        _ => octal(field),
    }
}

/// Octal digits after blanks or NULs, ended by a blank, a NUL or the field's end; what follows is ignored, none is 0.
fn octal(field: &[u8]) -> Result<u64, TarFault> {
    usual_octal(field).map_or_else(|| any_octal(field), Ok)
}

/// The two spellings that nearly all headers have, without a step a digit: eleven digits and six, each filled up with
/// zeros and ended.
fn usual_octal(field: &[u8]) -> Option<u64> {
    match field {
        [digits @ .., b' ' | 0] if digits.len() == 11 => {
            // Five digits are in both halves.
            let (first, last) = (eight_octal(*digits.first_chunk()?)?, eight_octal(*digits.last_chunk()?)?);
            Some(first >> 15 << 24 | last)
        }
        &[a, b, c, d, e, f, b' ' | 0, _] => eight_octal([b'0', b'0', a, b, c, d, e, f]),
        _ => None,
    }
}

/// Eight octal digits: neighbours are put together, then neighbouring pairs, then fours.
fn eight_octal(digits: [u8; 8]) -> Option<u64> {
    let digits = u64::from_le_bytes(digits) ^ 0x3030_3030_3030_3030;
    if digits & 0xf8f8_f8f8_f8f8_f8f8 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul((8 << 8) + 1) >> 8 & 0x003f_003f_003f_003f;
    let fours = pairs.wrapping_mul((64 << 16) + 1) >> 16 & 0x0000_0fff_0000_0fff;
    Some(fours.wrapping_mul((4096 << 32) + 1) >> 32)
}

fn any_octal(field: &[u8]) -> Result<u64, TarFault> {
    let start = field.iter().position(|&b| b != b' ' && b != 0).unwrap_or(field.len());
    let mut value = 0_u64;
    for &byte in &field[start..] {
        match byte {
            b'0'..=b'7' => {
                value = value.checked_mul(8).ok_or(TarFault::Number)? | u64::from(byte - b'0');
            }
            b' ' | 0 => break,
            _ => return Err(TarFault::Number),
        }
    }
    if value > MAX_SIZE { Err(TarFault::Number) } else { Ok(value) }
}

/// True if a block that fails its checksum still has a header's shape: a name, and numbers where numbers belong.
pub fn looks_like_header(bytes: &[u8]) -> bool {
    let numeric = |b: &u8| matches!(b, b'0'..=b'7' | b' ' | 0);
    let whole_fields = bytes.get(100..124).is_some_and(|fields| fields.iter().all(numeric));
    let magic = bytes.get(257..262).is_some_and(|magic| magic == b"ustar");
    bytes.first().is_some_and(|&b| b != 0) && (whole_fields || magic)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn numbers_in_every_spelling() {
        let good: [(&[u8], u64); 9] = [
            (b"00000000017\0", 15),
            (b"        17 \0", 15),
            (b"\0\0\0\0\0\0\0\0\x0017 ", 15),
            (b"777777777777", 0o777_777_777_777),
            (b"            ", 0),
            (b"\0\0\0\0\0\0\0\0\0\0\0\0", 0),
            (b"17 garbage\0\0", 15),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\x01", 0x2_0000_0001),
            (b"\x80\0\0\0\x40\0\0\0\0\0\0\0", MAX_SIZE),
        ];
        for (field, value) in good {
            assert_eq!(number(field).unwrap(), value, "{field:?}");
        }
        let bad: [&[u8]; 7] = [
            b"-0000000017\0",
            b"+17        \0",
            b"0x1f       \0",
            b"18         \0",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x80\0\0\0\x40\0\0\0\0\0\0\x01",
            b"\x80\0\0\x01\0\0\0\0\0\0\0\0",
        ];
        for field in bad {
            assert_eq!(number(field), Err(TarFault::Number), "{field:?}");
        }
    }

    #[test]
    fn the_usual_spellings_are_read_as_any_other() {
        let mut random = Random::new(8);
        let mut seen = [0; 2];
        for length in [8, 12] {
            for _ in 0..20_000 {
                let digits = if length == 12 { 11 } else { 6 };
                let mut field = format!("{:0digits$o}", random.below(1 << (3 * digits))).into_bytes();
                field.resize(length, b" \0"[random.below(2) as usize]);
                if random.below(2) == 0 {
                    field[random.below(length as u64) as usize] = random.below(256) as u8;
                }
                let usual = usual_octal(&field);
                assert!(usual.is_none() || usual == any_octal(&field).ok(), "{field:?}");
                seen[usize::from(usual.is_some())] += 1;
            }
        }
        assert!(seen.into_iter().all(|seen| seen > 1000), "{seen:?}");
    }

    #[test]
    fn both_checksums_are_taken_and_no_third() {
        let mut block = [0; 512];
        block[..3].copy_from_slice(b"\xe4\xf6.");
        let unsigned = unsigned_sum(&block);
        let mut with = |sum: u32| {
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            checksum_fits(&block)
        };
        assert!(with(unsigned) && with(unsigned - 512));
        assert!(!with(unsigned - 256) && !with(unsigned + 1) && !with(0));
    }
}
