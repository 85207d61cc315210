//! The kernel and its definition.
#![allow(unsafe_code)]

use super::{
    kernel::{self, Link},
    lane::{CHUNK, Lane, MOST_BYTES, Source},
};
use crate::{
    isa::Isa,
    jpeg::fast::{entropy::MOST_BLOCKS, scan::Spec, tables::Codes},
};

/// Next number of a sequence that looks random.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Tables of some kind, with long codes among them, and codes that are none.
fn codes(state: &mut u64) -> Codes {
    loop {
        let mut spec = |sizes: &dyn Fn(u64) -> u8, most: u64| {
            let (mut counts, mut symbols) = ([0; 16], Vec::new());
            let mut room = 2_u64;
            for (i, count) in counts.iter_mut().enumerate() {
                // Hardly any bits are none in the end.
                let share = if i == 15 { room - 1 } else { next(state) % (room / 2 + 1) };
                let wanted = share.min(most - symbols.len() as u64);
                *count = if i < 2 { wanted.min(1) } else { wanted } as u8;
                symbols.extend((0..*count).map(|_| sizes(next(state))));
                room = (room - u64::from(*count)) * 2;
            }
            (counts, symbols)
        };
        let dc = spec(&|n| (n % 12) as u8, 12);
        let ac = spec(&|n| if n % 3 == 0 { 0 } else { (n % 48) as u8 }, 250);
        let [dc, ac] = [&dc, &ac].map(|(counts, symbols)| Spec { counts, symbols });
        if let Some(codes) = Codes::new(&dc, &ac) {
            return codes;
        }
    }
}

#[test]
fn the_kernel_does_what_its_definition_does() {
    if Isa::current() < Isa::Avx512 {
        return;
    }
    let mut state = 1;
    let (mut chunks, mut bad) = (0, 0);
    for number in 0..400_u64 {
        let sets: Vec<Codes> = (0..3).map(|_| codes(&mut state)).collect();
        let bytes: Vec<u8> = (0..MOST_BYTES + 4096)
            .map(|_| (next(&mut state) & next(&mut state) >> (number % 3 * 4)) as u8)
            .collect();
        let (luma, blocks) = [(4, 6), (2, 4), (1, 3), (1, 1)][number as usize % 4];
        let source = Source { bytes: &bytes, codes: [&sets[0], &sets[1], &sets[2]], blocks, luma };
        let limit = 1 + next(&mut state) as usize % (CHUNK - 2);
        let (mut found, mut wanted) = (Lane::default(), Lane::default());
        found.open();
        wanted.open();
        let mut links = [Link::default(); MOST_BLOCKS];
        let mut is_good = true;
        while is_good && found.block < limit {
            let mut stream = found.enter(&source, &mut links, limit);
            // SAFETY: the CPU has all it takes; a fresh lane below its limit, with bits for a chunk behind.
            let why = unsafe { kernel::one(&raw mut stream) };
            found.leave(&source, &links, &stream);
            is_good = why != kernel::FIRST_STUCK || found.symbol(&source).is_some();
        }
        // The kernel stops after every other look-up only, so it tells how far its definition is to go.
        let place = |lane: &Lane| (lane.block, lane.bit, lane.next, lane.number);
        while place(&wanted) != place(&found) {
            assert!(wanted.step(&source) || wanted.symbol(&source).is_some(), "{number}");
            assert!(wanted.bit <= found.bit, "{number}");
        }
        if is_good {
            assert!(found.blocks() == wanted.blocks(), "{number}");
            chunks += 1;
        } else {
            assert!(!wanted.step(&source) && wanted.symbol(&source).is_none(), "{number}");
            bad += 1;
        }
    }
    assert!(chunks > 60 && bad > 60, "{chunks} {bad}");
}
