//! A row of MCUs: from bits to samples, one MCU at a time, so that coefficients never leave the first cache.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // the same loop, compiled for two kinds of CPU

#[cfg(target_arch = "x86_64")]
use super::entropy::ZIGZAG;
use super::{
    bits::Position,
    entropy::{self, Coefficients, MOST_BLOCKS, Mcu, NATURAL},
    idct, low,
    order::NATURAL_ORDER,
    picture::State,
    plane::Plane,
    scan::Scan,
    tables::Codes,
    unstuff::Bitstream,
};
use crate::isa::Isa;

/// What an MCU consists of, and where its samples go.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    /// Where each block's samples go.
    pub(super) places: [Place; MOST_BLOCKS],
    pub(super) luma: usize,
    pub(super) chroma: usize,
    /// Components whose samples are wanted.
    pub(super) wanted: usize,
    /// Whether blocks of four samples a side are made of their low frequencies alone.
    pub(super) low: bool,
    /// Quantisation tables, in the order of the level's transform.
    pub(super) quantisation: [Table; 3],
}

/// Where a block's samples go; numbers of its plane are repeated here, to be found in one step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    component: usize,
    /// In the first MCU, and how far it is to the next one.
    pub(super) first: usize,
    pub(super) step: usize,
    side: usize,
    stride: usize,
}

/// A quantisation table, in as few lines of the cache as there can be.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(super) struct Table(pub(super) [i16; 64]);

impl Default for Blocks {
    fn default() -> Self {
        Self {
            places: [Place::default(); MOST_BLOCKS],
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
        let places = std::array::from_fn(|number| {
            let component = number.saturating_sub(luma - 1).min(2);
            let (x, y) = if component == 0 { (number % across, number / across) } else { (0, 0) };
            let Plane { columns: step, side, stride, .. } = planes[component];
            Place { component, first: planes[component].place(x, y), step, side, stride }
        });
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
    let place = |block: &mut _, number, reach, row: &mut Row<'_>| place_block(isa, block, number, reach, row);
    any_mcu_row::<false, NATURAL>(place, stream, codes, coefficients, planes, state)
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
    let place = |block: &mut _, number, reach, row: &mut Row<'_>| {
        place_block_avx2(block, number, reach, row);
    };
    any_mcu_row::<true, NATURAL>(place, stream, codes, coefficients, planes, state)
}

/// The same, where a permutation puts coefficients in order.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
fn mcu_row_avx512(
    stream: &Bitstream,
    codes: [&Codes; 3],
    coefficients: &mut Coefficients,
    planes: &mut [Plane; 3],
    state: &mut State,
) -> Option<()> {
    let place = |block: &mut _, number, reach, row: &mut Row<'_>| {
        place_block_avx512(block, number, reach, row);
    };
    any_mcu_row::<true, ZIGZAG>(place, stream, codes, coefficients, planes, state)
}

#[inline(always)]
fn any_mcu_row<const BMI: bool, const ORDER: bool>(
    place: impl Fn(&mut [i16; 64], usize, usize, &mut Row<'_>),
    stream: &Bitstream,
    codes: [&Codes; 3],
    coefficients: &mut Coefficients,
    planes: &mut [Plane; 3],
    state: &mut State,
) -> Option<()> {
    let bytes = stream.bytes();
    let mcu = Mcu::new(codes, state.blocks.luma, state.blocks.chroma);
    let mut begun = entropy::begin(mcu.codes[0], state.position.of(bytes)?)?;
    let mut last = state.last;
    let inside = if state.decoded < state.first { 0..0 } else { state.inside.clone() };
    for x in 0..state.mcus.0 {
        if state.until_restart == 0 {
            // All whole bytes of a piece are used up, or libjpeg has something to say.
            let end = *stream.ends().get(state.piece)?;
            if (end * 8).checked_sub(begun.bits.position(bytes).read())? >= 8 {
                return None;
            }
            (begun, last) = (entropy::begin(mcu.codes[0], Position::new(end).of(bytes)?)?, [0; 3]);
            state.piece += 1;
            state.until_restart = state.restart_interval;
        }
        state.until_restart -= 1;
        let is_inside = inside.contains(&x);
        let wanted = if is_inside { state.blocks.wanted } else { 0 };
        let is_flat;
        let mut row = Row { planes, blocks: &state.blocks, wanted, x };
        // A block is transformed as soon as it is read: where it ended, which nothing can foretell, tells of which kind it
        // is, and while the bits of the next one are waited for, there is this to do.
        (begun, is_flat) =
            entropy::mcu::<BMI, ORDER>(&mcu, begun, coefficients, &mut last, |number, reach, block| {
                place(block, number, reach, &mut row);
            })?;
        if is_flat && is_inside {
            flat(planes, &state.blocks, x, last);
        }
    }
    (state.position, state.last) = (begun.bits.position(bytes), last);
    Some(())
}

/// An MCU that is of one colour.
#[inline(always)]
fn flat(planes: &mut [Plane; 3], blocks: &Blocks, x: usize, last: [i16; 3]) {
    let tables = blocks.quantisation.iter().zip(last);
    for (plane, (Table(table), dc)) in planes.iter_mut().zip(tables).take(blocks.wanted) {
        let value = idct::level(dc, table[0], plane.side);
        plane.fill(plane.place(0, 0) + x * plane.columns, (plane.columns, plane.rows), value);
    }
}

/// What is the same for all blocks of an MCU.
struct Row<'a> {
    planes: &'a mut [Plane; 3],
    blocks: &'a Blocks,
    /// Components whose samples are wanted.
    wanted: usize,
    /// The MCU's number in the row.
    x: usize,
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
#[inline(never)]
fn place_block_avx2(block: &mut [i16; 64], number: usize, reach: usize, row: &mut Row<'_>) {
    place_block(Isa::Avx2, block, number, reach, row);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vnni")]
#[inline(never)]
fn place_block_avx512(block: &mut [i16; 64], number: usize, reach: usize, row: &mut Row<'_>) {
    place_block(Isa::Avx512, block, number, reach, row);
}

/// Makes the samples of a block, of which `reach` coefficients in zigzag order may not be zero, if they are wanted, and
/// zeroes it.
#[inline(always)]
fn place_block(isa: Isa, block: &mut [i16; 64], number: usize, reach: usize, row: &mut Row<'_>) {
    let blocks = row.blocks;
    let Some(&Place { component, first, step, side, stride }) = blocks.places.get(number) else { return };
    if component < row.wanted
        && let Some(plane) = row.planes.get_mut(component)
        && let Some(Table(table)) = blocks.quantisation.get(component)
    {
        let place = first + row.x * step;
        if let Some(out) = plane.samples_from(place) {
            if blocks.low && side == 4 && reach > 1 {
                low::transform(block, table, idct::takes_zigzag(isa), out, stride);
            } else {
                idct::samples(isa, block, reach, table, side, out, stride);
            }
        }
    }
    if reach <= 1 {
        block[0] = 0;
    } else {
        *block = [0; 64];
    }
}
