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
            let (read, written) = copy_stuffed(entropy.get(from..)?, self.bytes.get_mut(to..)?, isa);
            (from, to) = (from + read, to + written);
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

/// Copies, without the zeros behind each 0xFF, what precedes a marker, or some place before the end; says how much was read and
/// how much that left. What `to` holds behind it is of no meaning.
fn copy_stuffed(from: &[u8], to: &mut [u8], isa: Isa) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    if isa >= Isa::Avx512 && to.len() >= from.len() {
        // SAFETY: the CPU has AVX-512 and `to` is as long as `from`.
        return unsafe { x86::copy_stuffed(from, to) };
    }
    let _ = (from, to, isa);
    (0, 0)
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

    /// Without a branch at each 0xFF, which in a picture of high quality is one byte of 55.
    ///
    /// # Safety
    /// AVX-512 F, BW, VBMI2; `to` at least as long as `from`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt,bmi1,bmi2")]
    pub(super) unsafe fn copy_stuffed(from: &[u8], to: &mut [u8]) -> (usize, usize) {
        let (mut read, mut written) = (0, 0);
        // Whether the byte before these was 0xFF.
        let mut behind = 0;
        while read + 64 <= from.len() {
            // SAFETY: a step ends within `from`.
            let bytes = unsafe { _mm512_loadu_si512(from.as_ptr().add(read).cast()) };
            let marks = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(-1));
            let stuffed = marks << 1 | behind;
            let not_zero = _mm512_test_epi8_mask(bytes, bytes);
            let wrong = stuffed & not_zero;
            // SAFETY: never more is written than was read, and `to` is as long as `from`.
            unsafe {
                let kept = _mm512_maskz_compress_epi8(!stuffed, bytes);
                _mm512_storeu_si512(to.as_mut_ptr().add(written).cast(), kept);
            }
            if wrong != 0 {
                // The 0xFF before it is not read; it may be the last byte of the step before.
                let marker = wrong.trailing_zeros() as usize;
                let before = !stuffed & ((1 << marker) - 1);
                return ((read + marker) - 1, written + before.count_ones() as usize - 1);
            }
            written += 64 - stuffed.count_ones() as usize;
            read += 64;
            behind = marks >> 63;
        }
        let last = behind as usize;
        (read - last, written - last)
    }

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
    fn every_level_stops_at_the_same_place() {
        // A marker, or a stuffed zero, at every place of a step and across two.
        let mut seen = 0;
        for at in 0..200 {
            for what in [
                &b"\xff\x00"[..],
                b"\xff\x00\xff\x00",
                b"\xff\x00\x00",
                b"\x00\xff\xd0\xff\x00",
                b"\xff\xff\x00",
                b"\xff\x01",
            ] {
                for behind in [0, 1, 62, 63, 64, 65, 200] {
                    let entropy = [&vec![7; at][..], what, &vec![9; behind], b"\xff\xd9"].concat();
                    let mut plain = Bitstream::default();
                    let wanted = plain.fill(&entropy, Isa::Portable);
                    for isa in Isa::available() {
                        let mut stream = Bitstream::default();
                        assert_eq!(stream.fill(&entropy, isa), wanted, "{isa:?} {at} {what:?} {behind}");
                        if wanted.is_some() {
                            let end = plain.ends().last().unwrap() + PADDING;
                            assert_eq!(stream.ends(), plain.ends());
                            assert!(
                                stream.bytes().get(..end) == plain.bytes().get(..end),
                                "{isa:?} {at} {what:?}"
                            );
                            seen += 1;
                        }
                    }
                }
            }
        }
        assert!(seen > 2000);
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
