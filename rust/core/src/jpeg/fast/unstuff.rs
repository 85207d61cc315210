//! The bits of a scan, in one piece: without the zeros stuffed behind each 0xFF and without restart markers.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
use super::pair::MOST_BYTES;
use crate::isa::Isa;

#[cfg(not(target_arch = "x86_64"))]
const MOST_BYTES: usize = 0;

/// Zero bytes behind the bits, so that reading ahead needs no test of its own.
const PADDING: usize = 64;

/// Bytes copied at a time.
const STEP: usize = 32;

/// A scan's bits; kept from one image to the next for its memory.
#[derive(Debug, Default)]
pub(super) struct Bitstream {
    bytes: Vec<u8>,
    /// Where the bits between two restart markers end, in bytes.
    ends: Vec<usize>,
}

impl Bitstream {
    /// Takes over what follows a scan's header, up to the end-of-image marker. `None` if anything but restart
    /// markers in their order comes first.
    pub(super) fn fill(&mut self, entropy: &[u8], isa: Isa) -> Option<()> {
        // What lies behind the padding is of no meaning, but may be read by a lane.
        let most = entropy.len() + PADDING + STEP + MOST_BYTES;
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
        self.ends.clear();
        let (mut from, mut to) = (0, 0);
        loop {
            let plain = copy_plain(entropy.get(from..)?, self.bytes.get_mut(to..)?, isa);
            (from, to) = (from + plain, to + plain);
            match entropy.get(from..from + 2)? {
                [0xFF, 0] => {
                    *self.bytes.get_mut(to)? = 0xFF;
                    to += 1;
                }
                &[0xFF, marker @ 0xD0..=0xD7] if usize::from(marker & 7) == self.ends.len() % 8 => {
                    self.ends.push(to);
                }
                [0xFF, 0xD9] => break,
                _ => return None,
            }
            from += 2;
        }
        self.ends.push(to);
        self.bytes.get_mut(to..to + PADDING)?.fill(0);
        Some(())
    }

    /// The bits, and zeros behind them.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the pieces between restart markers end.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }
}

/// Copies what precedes the first 0xFF and says how much that is. What `to`, which must be longer by a step,
/// holds behind it is of no meaning.
fn copy_plain(from: &[u8], to: &mut [u8], isa: Isa) -> usize {
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx2 && to.len() >= from.len() {
        // SAFETY: the CPU has AVX2 and `to` is as long as `from`.
        return unsafe { x86::copy_plain(from, to) };
    }
    let _ = isa;
    plain_copy(from, to)
}

fn plain_copy(from: &[u8], to: &mut [u8]) -> usize {
    let mut places = to.iter_mut();
    let plain = from.iter().take_while(|&&byte| byte != 0xFF);
    plain.zip(&mut places).map(|(byte, place)| *place = *byte).count()
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    #[allow(clippy::wildcard_imports)] // a kernel names its instructions
    use std::arch::x86_64::*;

    use super::STEP;

    /// The AVX2 twin of `plain_copy`.
    ///
    /// # Safety
    /// AVX2; `to` at least as long as `from`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn copy_plain(from: &[u8], to: &mut [u8]) -> usize {
        let marker = _mm256_set1_epi8(-1);
        let mut at = 0;
        while at + STEP <= from.len() {
            // SAFETY: a step ends within `from`, and `to` is as long.
            let bytes = unsafe {
                let bytes = _mm256_loadu_si256(from.as_ptr().add(at).cast());
                _mm256_storeu_si256(to.as_mut_ptr().add(at).cast(), bytes);
                bytes
            };
            let found = _mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, marker)) as u32;
            if found != 0 {
                return at + found.trailing_zeros() as usize;
            }
            at += STEP;
        }
        let (from, to) = (from.get(at..).unwrap_or_default(), to.get_mut(at..).unwrap_or_default());
        at + super::plain_copy(from, to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffing_and_restart_markers_are_taken_out() {
        let mut entropy = Vec::new();
        let (mut bits, mut ends) = (Vec::new(), Vec::new());
        for piece in 0..11_usize {
            for i in 0..piece * 23 {
                let byte = if i % 19 == 5 || i % 41 == 6 { 0xFF } else { (i * 7 % 255) as u8 };
                bits.push(byte);
                entropy.push(byte);
                if byte == 0xFF {
                    entropy.push(0);
                }
            }
            ends.push(bits.len());
            entropy.extend([0xFF, if piece == 10 { 0xD9 } else { 0xD0 + piece as u8 % 8 }]);
        }
        entropy.extend([0xFF, 1, 2, 3]);
        assert!(bits.contains(&0xFF));
        for isa in Isa::available() {
            let mut stream = Bitstream::default();
            for _ in 0..2 {
                assert_eq!(stream.fill(&entropy, isa), Some(()));
                assert_eq!(stream.bytes().get(..bits.len()), Some(&*bits));
                assert_eq!(stream.bytes().get(bits.len()..bits.len() + PADDING), Some(&[0; PADDING][..]));
                assert_eq!(stream.ends(), ends);
            }
        }
    }

    #[test]
    fn other_markers_and_missing_ends_are_refused() {
        let mut refused = 0;
        for bad in [
            &b"\x01\x02"[..],
            b"\x01\xff",
            b"",
            b"\x01\xff\xff\xd9",
            b"\xff\xd1\x01\xff\xd9",
            b"\xff\xd0\x01\xff\xd0\x01\xff\xd9",
            b"\x01\xff\xda\x01\xff\xd9",
        ] {
            for isa in Isa::available() {
                assert_eq!(Bitstream::default().fill(bad, isa), None, "{bad:?}");
                refused += 1;
            }
        }
        assert!(refused >= 7);
    }
}
