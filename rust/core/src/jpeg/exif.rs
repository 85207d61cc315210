//! The little of EXIF this crate needs: the orientation, and a copy without the thumbnail.

use std::borrow::Cow;

const ORIENTATION: u16 = 0x0112;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;

/// A TIFF structure; offsets count from its first byte.
#[derive(Clone, Copy)]
struct Tiff<'d> {
    data: &'d [u8],
    big: bool,
}

impl<'d> Tiff<'d> {
    fn new(data: &'d [u8]) -> Option<Self> {
        match data.first_chunk()? {
            b"MM\0\x2a" => Some(Self { data, big: true }),
            b"II\x2a\0" => Some(Self { data, big: false }),
            _ => None,
        }
    }

    fn u16(self, at: usize) -> Option<u16> {
        let bytes = *self.data.get(at..)?.first_chunk()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(self, at: usize) -> Option<u32> {
        let bytes = *self.data.get(at..)?.first_chunk()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// Where the entry of `tag` lies in the directory at `directory`.
    fn entry(self, directory: usize, tag: u16) -> Option<usize> {
        let count = usize::from(self.u16(directory)?);
        (0..count).map(|i| directory + 2 + 12 * i).find(|&at| self.u16(at) == Some(tag))
    }

    /// The one value of an entry, which must be a whole number.
    fn value(self, directory: usize, tag: u16) -> Option<u32> {
        let at = self.entry(directory, tag)?;
        if self.u32(at + 4)? != 1 {
            return None;
        }
        match self.u16(at + 2)? {
            1 => self.data.get(at + 8).map(|&byte| u32::from(byte)),
            3 => self.u16(at + 8).map(u32::from),
            4 => self.u32(at + 8),
            _ => None,
        }
    }

    fn first_directory(self) -> Option<usize> {
        Some(self.u32(4)? as usize)
    }

    /// Where the offset of the directory after the one at `directory` is written.
    fn next_field(self, directory: usize) -> Option<usize> {
        Some(directory + 2 + 12 * usize::from(self.u16(directory)?))
    }
}

/// The orientation, 1 to 8, of a TIFF structure.
pub(crate) fn orientation(tiff: &[u8]) -> Option<u8> {
    let tiff = Tiff::new(tiff)?;
    let value = tiff.value(tiff.first_directory()?, ORIENTATION)?;
    u8::try_from(value).ok().filter(|n| (1..=8).contains(n))
}

/// The TIFF structure without its thumbnail: nothing points to it any more, and where it was the last
/// thing in the data it is cut off. Anything unexpected is left as it is.
pub(crate) fn without_thumbnail(data: &[u8]) -> Cow<'_, [u8]> {
    let found = || {
        let tiff = Tiff::new(data)?;
        let field = tiff.next_field(tiff.first_directory()?)?;
        let second = tiff.u32(field)? as usize;
        (second != 0).then_some((tiff, field, second))
    };
    let Some((tiff, field, second)) = found() else { return Cow::Borrowed(data) };
    let mut copy = data.to_vec();
    if let Some(bytes) = copy.get_mut(field..field + 4) {
        bytes.fill(0);
    }
    let thumbnail = || {
        let offset = tiff.value(second, THUMBNAIL_OFFSET)? as usize;
        let length = tiff.value(second, THUMBNAIL_LENGTH)? as usize;
        Some(offset..offset.checked_add(length)?)
    };
    if let Some(range) = thumbnail()
        && let Some(bytes) = copy.get_mut(range.clone())
    {
        if range.end == data.len() && range.start >= field + 4 {
            copy.truncate(range.start);
        } else if range.start >= field + 4 {
            bytes.fill(0);
        }
    }
    Cow::Owned(copy)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Orientation 6 in the first directory; the second points to four bytes of thumbnail at the end.
    fn sample(big: bool) -> Vec<u8> {
        let mut out = if big { b"MM\0\x2a".to_vec() } else { b"II\x2a\0".to_vec() };
        let u16 = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        let u32 = |v: u32| if big { v.to_be_bytes() } else { v.to_le_bytes() };
        out.extend(u32(8));
        out.extend(u16(1));
        for part in [u16(ORIENTATION), u16(3)] {
            out.extend(part);
        }
        out.extend(u32(1));
        out.extend(u16(6));
        out.extend(u16(0));
        out.extend(u32(26));
        out.extend(u16(2));
        for (tag, value) in [(THUMBNAIL_OFFSET, 56), (THUMBNAIL_LENGTH, 4)] {
            out.extend(u16(tag));
            out.extend(u16(4));
            out.extend(u32(1));
            out.extend(u32(value));
        }
        out.extend(u32(0));
        assert_eq!(out.len(), 56);
        out.extend(b"\xff\xd8\xff\xd9");
        out
    }

    #[test]
    fn both_byte_orders_are_read() {
        for big in [false, true] {
            assert_eq!(orientation(&sample(big)), Some(6));
        }
        assert_eq!(orientation(b"II\x2b\0"), None);
    }

    #[test]
    fn the_thumbnail_goes_and_the_orientation_stays() {
        for big in [false, true] {
            let data = sample(big);
            let copy = without_thumbnail(&data);
            assert_eq!(copy.len(), data.len() - 4);
            assert_eq!(orientation(&copy), Some(6));
            assert_eq!(without_thumbnail(&copy), copy);
        }
    }

    #[test]
    fn no_prefix_and_no_flipped_byte_panics() {
        for big in [false, true] {
            let data = sample(big);
            for end in 0..data.len() {
                let _ = (orientation(&data[..end]), without_thumbnail(&data[..end]));
            }
            for at in 0..data.len() {
                for value in [0, 1, 0x7F, 0x80, 0xFF] {
                    let mut broken = data.clone();
                    broken[at] = value;
                    let _ = (orientation(&broken), without_thumbnail(&broken));
                }
            }
        }
    }
}
