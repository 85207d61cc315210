//! A row of MCUs: from bits to samples, one MCU at a time, so that coefficients never leave the first cache.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // the same loop, compiled for two kinds of CPU

#[cfg(target_arch = "x86_64")]
use super::entropy::ZIGZAG;
use super::{
    State,
    entropy::{self, Coefficients, Found, MOST_BLOCKS, Mcu, NATURAL, NATURAL_ORDER, Position},
    idct, low,
    plane::Plane,
    scan::Scan,
    tables::Codes,
    unstuff::Bitstream,
};
use crate::isa::Isa;

/// What an MCU consists of, and where its samples go.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    /// Each block's component and its place in the first MCU.
    places: [(usize, usize); MOST_BLOCKS],
    luma: usize,
    chroma: usize,
    /// Components whose samples are wanted.
    wanted: usize,
    /// Whether blocks of four samples a side are made of their low frequencies alone.
    pub(super) low: bool,
    /// Quantisation tables, in the order of the level's transform.
    quantisation: [Table; 3],
}

/// A quantisation table, in as few lines of the cache as there can be.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Table([i16; 64]);

impl Default for Blocks {
    fn default() -> Self {
        Self {
            places: [(0, 0); MOST_BLOCKS],
            luma: 0,
            chroma: 0,
            wanted: 0,
            low: false,
            quantisation: [Table([0; 64]); 3],
        }
    }
}

impl Blocks {
    pub(super) fn new(isa: Isa, planes: &[Plane; 3], scan: &Scan<'_>, has_chroma: bool) -> Self {
        let sampling = scan.sampling;
        let (across, down) = sampling.ratio();
        let luma = across * down;
        let chroma = sampling.components() - 1;
        let mut places = [(0, 0); MOST_BLOCKS];
        for (number, place) in places.iter_mut().enumerate().take(luma + chroma) {
            *place = match number.checked_sub(luma) {
                None => (0, planes[0].place(number % across, number / across)),
                Some(0) => (1, planes[1].place(0, 0)),
                Some(_) => (2, planes[2].place(0, 0)),
            };
        }
        // Words, as libjpeg multiplies modulo 16 bits.
        let quantisation = scan.quantisation.map(|values| {
            let mut table = values.map(|value| value as i16);
            if !idct::takes_zigzag(isa) {
                for (value, &place) in values.into_iter().zip(&NATURAL_ORDER) {
                    table[usize::from(place)] = value as i16;
                }
            }
            Table(table)
        });
        Self { places, luma, chroma, wanted: if has_chroma { 3 } else { 1 }, low: false, quantisation }
    }
}

/// Decodes the next row of MCUs into `planes`.
pub(super) fn mcu_row(
    isa: Isa,
    stream: &Bitstream,
    codes: [&Codes; 3],
    coefficients: &mut Coefficients,
    planes: &mut [Plane; 3],
    state: &mut State,
) -> Option<()> {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the CPU has these instructions.
    unsafe {
        if isa >= Isa::Avx512 {
            return mcu_row_avx512(stream, codes, coefficients, planes, state);
        } else if isa >= Isa::Avx2 {
            return mcu_row_avx2(stream, codes, coefficients, planes, state);
        }
    }
    any_mcu_row::<false, NATURAL>(isa, stream, codes, coefficients, planes, state)
}

/// The same code with the instructions of newer CPUs, for bits above all.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn mcu_row_avx2(
    stream: &Bitstream,
    codes: [&Codes; 3],
    coefficients: &mut Coefficients,
    planes: &mut [Plane; 3],
    state: &mut State,
) -> Option<()> {
    any_mcu_row::<true, NATURAL>(Isa::Avx2, stream, codes, coefficients, planes, state)
}

/// The same, where a permutation puts coefficients in order.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512vl")]
fn mcu_row_avx512(
    stream: &Bitstream,
    codes: [&Codes; 3],
    coefficients: &mut Coefficients,
    planes: &mut [Plane; 3],
    state: &mut State,
) -> Option<()> {
    any_mcu_row::<true, ZIGZAG>(Isa::Avx512, stream, codes, coefficients, planes, state)
}

#[inline(always)]
fn any_mcu_row<const BMI: bool, const ORDER: bool>(
    isa: Isa,
    stream: &Bitstream,
    codes: [&Codes; 3],
    coefficients: &mut Coefficients,
    planes: &mut [Plane; 3],
    state: &mut State,
) -> Option<()> {
    let bytes = stream.bytes();
    let mcu = Mcu::new(codes, state.blocks.luma, state.blocks.chroma);
    let mut bits = state.position.of(bytes)?;
    let mut last = state.last;
    let inside = if state.decoded < state.first { 0..0 } else { state.inside.clone() };
    for x in 0..state.mcus.0 {
        if state.until_restart == 0 {
            // All whole bytes of a piece are used up, or libjpeg has something to say.
            let end = *stream.ends().get(state.piece)?;
            if (end * 8).checked_sub(bits.position(bytes).read())? >= 8 {
                return None;
            }
            (bits, last) = (Position::new(end).of(bytes)?, [0; 3]);
            state.piece += 1;
            state.until_restart = state.restart_interval;
        }
        state.until_restart -= 1;
        let found;
        (bits, found) = entropy::mcu::<BMI, ORDER>(&mcu, bits, coefficients, &mut last)?;
        match found {
            Found::Flat if inside.contains(&x) => flat(planes, &state.blocks, x, last),
            Found::Flat => {}
            Found::Blocks(dc_only) => {
                let wanted = if inside.contains(&x) { state.blocks.wanted } else { 0 };
                blocks(isa, coefficients, planes, &state.blocks, wanted, x, dc_only);
            }
        }
    }
    (state.position, state.last) = (bits.position(bytes), last);
    Some(())
}

/// An MCU that is of one colour.
#[inline(always)]
fn flat(planes: &mut [Plane; 3], blocks: &Blocks, x: usize, last: [i16; 3]) {
    let tables = blocks.quantisation.iter().zip(last);
    for (plane, (Table(table), dc)) in planes.iter_mut().zip(tables).take(blocks.wanted) {
        let value = idct::level(dc, table[0], plane.side);
        plane.fill(plane.place(0, 0) + x * plane.columns, plane.columns, plane.rows, value);
    }
}

/// An MCU of blocks, of whose components so many are wanted; the bits of `dc_only` are set for blocks that have no AC.
#[inline(always)]
fn blocks(
    isa: Isa,
    coefficients: &mut Coefficients,
    planes: &mut [Plane; 3],
    blocks: &Blocks,
    wanted: usize,
    x: usize,
    dc_only: u32,
) {
    let all = (1 << (blocks.luma + blocks.chroma)) - 1;
    // Each kind by itself: which block is of which kind no CPU can guess, but there is an end to guess once.
    for (mut left, is_level) in [(dc_only & all, true), (!dc_only & all, false)] {
        while left != 0 {
            let number = left.trailing_zeros() as usize;
            left &= left - 1;
            let Some(block) = coefficients.block(number) else { return };
            let Some(&(component, place)) = blocks.places.get(number) else { return };
            if component < wanted
                && let Some(plane) = planes.get_mut(component)
                && let Some(Table(table)) = blocks.quantisation.get(component)
            {
                let place = place + x * plane.columns;
                let (side, stride) = (plane.side, plane.stride);
                if is_level {
                    plane.fill(place, side, side, idct::level(block[0], table[0], side));
                } else if let Some(out) = plane.samples_from(place) {
                    if blocks.low && side == 4 {
                        low::transform(block, table, idct::takes_zigzag(isa), out, stride);
                    } else {
                        idct::transform(isa, block, table, side, out, stride);
                    }
                }
            }
            if is_level {
                block[0] = 0;
            } else {
                *block = [0; 64];
            }
        }
    }
}
