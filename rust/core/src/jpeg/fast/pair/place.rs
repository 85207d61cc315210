//! The samples of a chunk of blocks, by kind of block: what is the next one's kind cannot be foreseen, so each kind has a loop
//! of its own.
#![allow(unsafe_code)]

#[allow(clippy::wildcard_imports)] // a kernel names its instructions
use std::arch::x86_64::*;

use super::lane::COMPONENT;
use crate::{
    isa::Isa,
    jpeg::fast::{
        idct,
        plane::Plane,
        reconstruct::{Blocks, Table},
    },
};

/// Takes the lowest of the bits that are set; 64 if none is.
#[inline]
fn take_lowest(bits: &mut u64) -> usize {
    let number = bits.trailing_zeros() as usize;
    *bits &= bits.wrapping_sub(1);
    number
}

/// Makes the samples of the MCUs from number `x` of the row on, which begin the `ring`, and zeroes them there. The last DC of
/// each component goes to `last`.
#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
pub(super) fn chunk(
    ring: &mut [[i16; 64]],
    x: usize,
    mcus: usize,
    planes: &mut [Plane; 3],
    blocks: &Blocks,
    last: &mut [i16; 3],
) {
    let in_mcu = blocks.luma + blocks.chroma;
    for (component, (plane, last)) in planes.iter_mut().zip(last).enumerate() {
        let numbers = if component == 0 {
            0..blocks.luma
        } else {
            blocks.luma + component - 1..blocks.luma + component
        };
        if numbers.end > in_mcu {
            break;
        }
        if component >= blocks.wanted {
            for mcu in 0..mcus {
                let start = mcu * in_mcu;
                ring.get_mut(start + numbers.start..start + numbers.end).unwrap_or_default().fill([0; 64]);
            }
            continue;
        }
        // Which coefficients of each block are not zero, beyond the DC, and beyond the corner; where the block is, and where
        // its samples go.
        let (mut others, mut beyond) = ([0_u32; COMPONENT], [0_u32; COMPONENT]);
        let mut found = [(0_u32, 0_u32); COMPONENT];
        let mut count = 0;
        for mcu in 0..mcus {
            for number in numbers.clone() {
                let at = mcu * in_mcu + number;
                let (Some(block), Some(place)) = (ring.get_mut(at), blocks.places.get(number)) else {
                    return;
                };
                if count >= COMPONENT {
                    return;
                }
                // Before the DC is stored, or these wide loads would wait for it.
                let (first, rest) = present(block);
                *last = last.wrapping_add(block[0]);
                block[0] = *last;
                found[count] = (at as u32, (place.first + (x + mcu) * place.step) as u32);
                others[count] = first >> 1 | rest;
                beyond[count] = first >> idct::CORNER | rest;
                count += 1;
            }
        }
        let (others, mut full) = (not_zero(&others), not_zero(&beyond));
        let (mut level, mut corner) = (!others & (u64::MAX >> ((64 - count) & 63)), others & !full);
        let Table(table) = &blocks.quantisation[component];
        let (side, stride) = (plane.side, plane.stride);
        let found = |number: usize| {
            let (at, place) = found.get(number).copied().unwrap_or_default();
            (at as usize, place as usize)
        };
        while level != 0 {
            let (at, place) = found(take_lowest(&mut level));
            if let (Some(block), Some(out)) = (ring.get_mut(at), plane.samples_from(place)) {
                idct::fill(Isa::Avx512, idct::level(block[0], table[0], side), side, out, stride);
                block[0] = 0;
            }
        }
        while corner != 0 {
            let (at, place) = found(take_lowest(&mut corner));
            if let (Some(block), Some(out)) = (ring.get_mut(at), plane.samples_from(place)) {
                idct::transform_corner(Isa::Avx512, block, table, side, out, stride);
                block[..idct::CORNER].fill(0);
            }
        }
        while full != 0 {
            let (at, place) = found(take_lowest(&mut full));
            if let (Some(block), Some(out)) = (ring.get_mut(at), plane.samples_from(place)) {
                idct::transform(Isa::Avx512, block, table, side, out, stride);
                *block = [0; 64];
            }
        }
    }
}

/// A bit for each coefficient that is not zero, of the first 32 and of the others.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn present(block: &[i16; 64]) -> (u32, u32) {
    // SAFETY: 32 of 64 words each.
    let (low, high) = unsafe {
        (_mm512_loadu_si512(block.as_ptr().cast()), _mm512_loadu_si512(block.as_ptr().add(32).cast()))
    };
    (_mm512_test_epi16_mask(low, low), _mm512_test_epi16_mask(high, high))
}

/// A bit for each number that is not zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn not_zero(numbers: &[u32; COMPONENT]) -> u64 {
    let mut bits = 0;
    for (i, numbers) in numbers.as_chunks::<16>().0.iter().enumerate() {
        // SAFETY: 16 numbers.
        let numbers = unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) };
        bits |= u64::from(_mm512_test_epi32_mask(numbers, numbers)) << (i * 16);
    }
    bits
}
