//! SHA-256 of many messages at once.
//!
//! One message is a chain: each round needs the one before, and no CPU gets beyond two bytes a cycle. Several
//! messages fill what the chain leaves idle. A [`Kernel`] is one way of doing so; `plain` defines what all of them
//! compute, and [`Kernel::current`] is the fastest that this CPU has and [`Isa`] allows.

mod plain;

#[cfg(target_arch = "x86_64")]
mod hybrid;
#[cfg(target_arch = "x86_64")]
mod ni;
#[cfg(target_arch = "x86_64")]
mod wide;

use std::sync::OnceLock;

use crate::isa::Isa;

/// Bytes of one block.
pub const BLOCK: usize = 64;

/// The eight words that a message's blocks are folded into.
pub type State = [u32; 8];

/// The state before the first block.
pub const START: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The constants of the 64 rounds.
#[rustfmt::skip]
const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// One message: its state so far, and what comes next of it.
#[derive(Debug)]
pub struct Lane<'a> {
    /// Its state.
    pub state: &'a mut State,
    /// Its next bytes; only whole blocks are taken.
    pub data: &'a [u8],
}

/// A way to compute SHA-256, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// Plain arithmetic, one message at a time.
    Plain,
    /// The `sha2` crate, one message at a time: it knows the extensions of other CPUs.
    Crate,
    /// AVX-512, sixteen messages at once.
    Wide,
    /// The SHA extension of x86, two messages at once.
    Ni,
    /// Schedules in AVX-512 and rounds by the SHA extension, eight messages at once.
    Hybrid,
}

impl Kernel {
    /// All kernels.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Crate, Self::Wide, Self::Ni, Self::Hybrid];

    /// Its name, with the messages it works on at once.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "portable",
            Self::Crate => "sha2",
            Self::Wide => "avx512x16",
            Self::Ni => "sha-ni x2",
            Self::Hybrid => "hybrid8",
        }
    }

    /// True if this CPU has what it needs.
    pub fn is_available(self) -> bool {
        match self {
            Self::Plain | Self::Crate => true,
            Self::Wide => Isa::detected() >= Isa::Avx512,
            Self::Ni => has_ni(),
            Self::Hybrid => has_ni() && Isa::detected() >= Isa::Avx512,
        }
    }

    /// The fastest of a level; the SHA extension counts to AVX2's.
    pub fn of(level: Isa) -> Self {
        match (level, has_ni()) {
            (Isa::Avx512, true) => Self::Hybrid,
            (Isa::Avx2, true) => Self::Ni,
            (Isa::Avx512, false) => Self::Wide,
            // `portable` means no vectors and no extensions, which `sha2` does not let itself be told.
            _ if cfg!(target_arch = "x86_64") => Self::Plain,
            _ => Self::Crate,
        }
    }

    /// The kernel to use.
    pub fn current() -> Self {
        static CURRENT: OnceLock<Kernel> = OnceLock::new();
        *CURRENT.get_or_init(|| Self::of(Isa::current()))
    }

    /// How many messages to keep going for it to run at its best.
    pub fn lanes(self) -> usize {
        match self {
            Self::Plain | Self::Crate => 1,
            Self::Ni => 2,
            Self::Hybrid => 8,
            Self::Wide => 16,
        }
    }

    /// Takes as many whole blocks of every lane as the shortest has; returns their bytes (of one lane).
    pub fn compress(self, lanes: &mut [Lane<'_>]) -> usize {
        let blocks = lanes.iter().map(|lane| lane.data.len() / BLOCK).min().unwrap_or(0);
        let taken = blocks * BLOCK;
        if blocks > 0 && self.is_available() {
            self.run(lanes, blocks);
        }
        taken
    }

    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code)]
    fn run(self, mut lanes: &mut [Lane<'_>], blocks: usize) {
        while !lanes.is_empty() {
            let some = lanes.len().min(self.at_once(lanes.len()));
            let (these, rest) = lanes.split_at_mut(some);
            lanes = rest;
            match (self, these) {
                // SAFETY: the caller saw that the CPU has what the kernel needs, and that each lane has the blocks.
                (Self::Ni | Self::Hybrid, [one]) => unsafe {
                    ni::compress([&mut *one.state], [one.data.as_ptr()], blocks);
                },
                // SAFETY: as above.
                (Self::Ni | Self::Hybrid, [one, two]) => unsafe {
                    let data = [one.data.as_ptr(), two.data.as_ptr()];
                    ni::compress([&mut *one.state, &mut *two.state], data, blocks);
                },
                // SAFETY: as above.
                (Self::Hybrid, these) => padded(these, |states, data| unsafe {
                    hybrid::compress(states, data, blocks);
                }),
                // SAFETY: as above.
                (Self::Wide, these) if these.len() > 1 => padded(these, |states, data| unsafe {
                    wide::compress(states, data, blocks);
                }),
                (_, these) => one_by_one(self, these, blocks),
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn run(self, lanes: &mut [Lane<'_>], blocks: usize) {
        one_by_one(self, lanes, blocks);
    }

    /// How many of `live` lanes to take together.
    #[cfg(target_arch = "x86_64")]
    fn at_once(self, live: usize) -> usize {
        match self {
            Self::Plain | Self::Crate => 1,
            Self::Ni => 2,
            // With fewer, idle lanes cost more than the schedule saves.
            Self::Hybrid if live < 5 => 2,
            Self::Hybrid => hybrid::LANES,
            Self::Wide => wide::LANES,
        }
    }
}

fn one_by_one(kernel: Kernel, lanes: &mut [Lane<'_>], blocks: usize) {
    for lane in lanes {
        let data = lane.data.get(..blocks * BLOCK).unwrap_or(&[]);
        match kernel {
            Kernel::Crate => sha2::block_api::compress256(lane.state, data.as_chunks::<BLOCK>().0),
            _ => plain::compress(lane.state, data),
        }
    }
}

/// Fills up with lanes that repeat the first and whose states nobody looks at.
#[cfg(target_arch = "x86_64")]
fn padded<const N: usize>(lanes: &mut [Lane<'_>], run: impl FnOnce(&mut [State; N], &[*const u8; N])) {
    let Some(first) = lanes.first() else { return };
    let (mut states, mut data) = ([START; N], [first.data.as_ptr(); N]);
    for ((state, data), lane) in states.iter_mut().zip(&mut data).zip(&*lanes) {
        *state = *lane.state;
        *data = lane.data.as_ptr();
    }
    run(&mut states, &data);
    for (lane, state) in lanes.iter_mut().zip(states) {
        *lane.state = state;
    }
}

/// True if this CPU has the SHA extension of x86.
fn has_ni() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::is_x86_feature_detected as has;
        has!("sha") && has!("ssse3") && has!("sse4.1")
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Bytes of padding at most, which ends every message.
pub const PADDING: usize = 2 * BLOCK;

/// Writes what ends a message of `size` bytes: its last `tail` bytes lie in front of `room`, after whole blocks.
/// Returns how much of `room`, [`PADDING`] bytes at least, it took: tail and padding together are whole blocks.
pub fn pad(size: u64, tail: usize, room: &mut [u8]) -> usize {
    let len = (tail % BLOCK + 9).next_multiple_of(BLOCK) - tail % BLOCK;
    let Some((length, zeros)) =
        room.get_mut(..len).and_then(<[u8]>::split_last_chunk_mut::<8>).map(|(z, l)| (l, z))
    else {
        return 0;
    };
    zeros.fill(0);
    if let Some(first) = zeros.first_mut() {
        *first = 0x80;
    }
    *length = (size.wrapping_mul(8)).to_be_bytes();
    len
}

/// The bytes of a state: the digest, once the padding is in it.
pub fn bytes(state: &State) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::random::Random;

    /// A message's digest by itself, by one kernel.
    fn digest(kernel: Kernel, message: &[u8]) -> [u8; 32] {
        let (mut state, mut message) = (START, message.to_vec());
        let size = message.len();
        message.resize(size + PADDING, 0xaa);
        let end = size + pad(size as u64, size, &mut message[size..]);
        let mut lanes = [Lane { state: &mut state, data: &message[..end] }];
        assert_eq!(kernel.compress(&mut lanes), end);
        bytes(&state)
    }

    fn kernels() -> Vec<Kernel> {
        let kernels: Vec<Kernel> = Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()).collect();
        assert!(kernels.contains(&Kernel::Plain) && kernels.contains(&Kernel::current()));
        kernels
    }

    #[test]
    fn the_definition_meets_nist_and_another_implementation() {
        let hex = |digest: [u8; 32]| digest.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            hex(digest(Kernel::Plain, b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex(digest(Kernel::Plain, &vec![b'a'; 1_000_000])),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        );
        for len in 0..200 {
            let message: Vec<u8> = (0..len).map(|i| (i * 37 + len) as u8).collect();
            for kernel in kernels() {
                assert_eq!(digest(kernel, &message), *Sha256::digest(&message), "{kernel:?}, {len} bytes");
            }
        }
    }

    #[test]
    fn any_number_of_lanes_with_ends_anywhere_equals_the_definition() {
        let mut random = Random::new(256);
        let bytes: Vec<u8> = (0..20 * 1000).map(|_| random.below(256) as u8).collect();
        let mut seen = 0;
        for kernel in kernels() {
            for count in 1..=20 {
                let starts: Vec<State> =
                    (0..count).map(|_| START.map(|word| word ^ random.below(1 << 32) as u32)).collect();
                let data: Vec<&[u8]> = (0..count)
                    .map(|lane| &bytes[lane * 1000..][..random.below(400) as usize + (count + lane) % 3 * 64])
                    .collect();
                let mut states = starts.clone();
                let mut lanes: Vec<Lane<'_>> =
                    states.iter_mut().zip(&data).map(|(state, data)| Lane { state, data }).collect();
                let taken = kernel.compress(&mut lanes);
                assert_eq!(taken, data.iter().map(|data| data.len() / BLOCK * BLOCK).min().unwrap());
                for ((mut start, data), state) in starts.into_iter().zip(&data).zip(&states) {
                    plain::compress(&mut start, &data[..taken]);
                    assert_eq!(start, *state, "{kernel:?}, {count} lanes");
                }
                seen += taken;
            }
        }
        assert!(seen > 1000, "nothing was hashed");
    }

    #[test]
    fn levels_choose_what_they_allow() {
        for level in Isa::available() {
            assert!(Kernel::of(level).is_available());
        }
        if cfg!(target_arch = "x86_64") {
            assert_eq!(Kernel::of(Isa::Portable), Kernel::Plain);
            assert!(Kernel::of(Isa::Avx2) <= Kernel::Ni);
        }
    }
}
