//! A picture to a file, a row of MCUs at a time: so that samples, coefficients and bits stay in the caches.
#![allow(unsafe_code)]
#![allow(clippy::inline_always)] // the same loop, compiled for several kinds of CPU

use super::{
    EncodeOptions, Picture, headers,
    headers::Headers,
    huffman::{self, Writer},
    strip::Strip,
    tables::{CODES, Codes},
    transform::{self, Divisors, Quad, Samples},
};
use crate::{
    image::{Size, Subsampling},
    isa::Isa,
    jpeg::quality,
};

/// The encoder's memory; one a worker.
#[derive(Debug)]
pub(super) struct Baseline {
    isa: Isa,
    strip: Strip,
    quads: [[Quad; 3]; 2],
    /// A row of MCUs as bits, before zeros are put in.
    raw: Vec<u8>,
    /// The quality of `quantisation`, and of luma's and chroma's `divisors`.
    quality: u8,
    quantisation: [[u16; 64]; 2],
    divisors: [Divisors; 2],
}

/// What four blocks are, in a group of MCUs.
#[derive(Debug, Clone, Copy)]
enum Four {
    /// Side by side in a component, from that row of its samples on.
    Beside { component: usize, y: usize },
    /// Two of each chroma component.
    Chroma,
}

/// As few MCUs as make whole fours of blocks.
#[derive(Debug)]
struct Group {
    mcus: usize,
    /// Columns and rows of luma's blocks in an MCU.
    luma: (usize, usize),
    fours: &'static [Four],
    /// In the order in which they are coded: which four, which of its blocks, which component.
    order: &'static [(usize, usize, usize)],
}

const LUMA: Four = Four::Beside { component: 0, y: 0 };

static GREY: Group =
    Group { mcus: 4, luma: (1, 1), fours: &[LUMA], order: &[(0, 0, 0), (0, 1, 0), (0, 2, 0), (0, 3, 0)] };

#[rustfmt::skip]
static S444: Group = Group {
    mcus: 4,
    luma: (1, 1),
    fours: &[LUMA, Four::Beside { component: 1, y: 0 }, Four::Beside { component: 2, y: 0 }],
    order: &[
        (0, 0, 0), (1, 0, 1), (2, 0, 2),
        (0, 1, 0), (1, 1, 1), (2, 1, 2),
        (0, 2, 0), (1, 2, 1), (2, 2, 2),
        (0, 3, 0), (1, 3, 1), (2, 3, 2),
    ],
};

#[rustfmt::skip]
static S422: Group = Group {
    mcus: 2,
    luma: (2, 1),
    fours: &[LUMA, Four::Chroma],
    order: &[
        (0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 2, 2),
        (0, 2, 0), (0, 3, 0), (1, 1, 1), (1, 3, 2),
    ],
};

#[rustfmt::skip]
static S420: Group = Group {
    mcus: 2,
    luma: (2, 2),
    fours: &[LUMA, Four::Beside { component: 0, y: 8 }, Four::Chroma],
    order: &[
        (0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (2, 0, 1), (2, 2, 2),
        (0, 2, 0), (0, 3, 0), (1, 2, 0), (1, 3, 0), (2, 1, 1), (2, 3, 2),
    ],
};

impl Group {
    fn of(subsampling: Option<Subsampling>) -> &'static Self {
        match subsampling {
            None => &GREY,
            Some(Subsampling::S444) => &S444,
            Some(Subsampling::S422) => &S422,
            Some(Subsampling::S420) => &S420,
        }
    }
}

/// A row of MCUs that is coded.
struct Row<'a> {
    strip: &'a Strip,
    divisors: &'a [Divisors; 2],
    group: &'static Group,
    /// MCUs in it.
    mcus: usize,
    /// Whether the blocks on the right of the last MCU lie outside, and those at the bottom of all.
    outside: (bool, bool),
}

/// What goes on from one row to the next.
struct State<'a> {
    quads: &'a mut [[Quad; 3]; 2],
    raw: &'a mut [u8],
    writer: Writer,
    /// The last DC of each component.
    last: [i16; 3],
}

impl Baseline {
    /// At that level. The portable one is slower than libjpeg-turbo.
    pub(super) fn new(isa: Isa) -> Self {
        let quantisation = quality::tables(1);
        Self {
            isa,
            strip: Strip::default(),
            quads: Default::default(),
            raw: Vec::new(),
            quality: 1,
            quantisation,
            divisors: quantisation.each_ref().map(Divisors::new),
        }
    }

    /// Encodes a picture, all of which is checked, with the standard tables, and appends the file to `out`.
    pub(super) fn encode(
        &mut self,
        picture: Picture<'_>,
        size: Size,
        options: EncodeOptions,
        markers: &[(u8, &[u8])],
        out: &mut Vec<u8>,
    ) {
        let grey = matches!(picture, Picture::Pixels { channels: 1, .. });
        let subsampling = (!grey).then_some(options.subsampling);
        if self.quality != options.quality {
            self.quality = options.quality;
            self.quantisation = quality::tables(options.quality);
            self.divisors = self.quantisation.each_ref().map(Divisors::new);
        }
        let Self { isa, strip, quads, raw, quantisation, divisors, .. } = self;
        headers::begin(out, &Headers { size, subsampling, quantisation, markers });

        let group = Group::of(subsampling);
        let (across, down) = group.luma;
        let (columns, rows) = (size.width.div_ceil(8), size.height.div_ceil(8));
        let (mcus, mcu_rows) = (columns.div_ceil(across), rows.div_ceil(down));
        strip.begin(size.width, subsampling);
        // Only what is written to becomes memory.
        let most = (mcus * group.order.len() / group.mcus + 1) * huffman::MOST;
        if raw.len() < most {
            *raw = vec![0; most];
        }
        let mut state = State { quads, raw, writer: Writer::default(), last: [0; 3] };
        for mcu_row in 0..mcu_rows {
            strip.fill(*isa, picture, size, subsampling, mcu_row);
            let outside = (columns % across != 0, rows % down != 0 && mcu_row + 1 == mcu_rows);
            code_row(*isa, &Row { strip, divisors, group, mcus, outside }, &mut state, out);
        }
        let State { raw, mut writer, .. } = state;
        let end = writer.finish(raw);
        huffman::stuff(raw.get(..end).unwrap_or_default(), out);
        headers::end(out);
    }
}

fn code_row(isa: Isa, row: &Row<'_>, state: &mut State<'_>, out: &mut Vec<u8>) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the CPU has these instructions.
    unsafe {
        if isa >= Isa::Avx512 {
            return code_row_avx512(row, state, out);
        } else if isa >= Isa::Avx2 {
            return code_row_avx2(row, state, out);
        }
    }
    let _ = isa;
    any_row(transform::quad_plain, huffman::block, row, state, out);
}

/// The same code with the instructions of newer CPUs, for bits above all.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2")]
fn code_row_avx2(row: &Row<'_>, state: &mut State<'_>, out: &mut Vec<u8>) {
    let quad =
        |samples: Samples<'_>, divisors: &_, quad: &mut _| transform::quad_avx2(samples, divisors, quad);
    any_row(quad, |a, b, c, d, e, f| huffman::block_bmi(a, b, c, d, e, f), row, state, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512vbmi,avx512vnni")]
fn code_row_avx512(row: &Row<'_>, state: &mut State<'_>, out: &mut Vec<u8>) {
    let quad =
        |samples: Samples<'_>, divisors: &_, quad: &mut _| transform::quad_avx512(samples, divisors, quad);
    any_row(quad, |a, b, c, d, e, f| huffman::block_bmi(a, b, c, d, e, f), row, state, out);
}

#[inline(always)]
fn any_row(
    quad: impl Fn(Samples<'_>, &Divisors, &mut Quad),
    block: impl Fn(&mut Writer, &mut [u8], &Codes, &[i16; 64], u64, &mut i16),
    row: &Row<'_>,
    state: &mut State<'_>,
    out: &mut Vec<u8>,
) {
    let &Row { strip, divisors, group, mcus, outside } = row;
    let State { quads, raw, writer, last } = state;
    let [now, next] = &mut **quads;
    let (mut now, mut next) = (now, next);
    let make = |quads: &mut [Quad; 3], first: usize, number: usize| {
        let Some((&four, place)) = group.fours.get(number).zip(quads.get_mut(number)) else { return };
        let (pairs, table) = match four {
            Four::Beside { component, y } => {
                let x = first * group.luma.0 * 8;
                ([strip.from(component, x, y), strip.from(component, x + 16, y)], component.min(1))
            }
            Four::Chroma => ([1, 2].map(|component| strip.from(component, first * 8, 0)), 1),
        };
        quad(Samples { pairs, stride: strip.stride }, &divisors[table], place);
    };
    let mut coded: &[(usize, usize, usize)] = &[];
    let groups = mcus.div_ceil(group.mcus);
    let part = group.order.len() / group.fours.len();
    for number in 0..=groups {
        for four in 0..group.fours.len() {
            // Made a group ahead and four by four, as a block's end, which nothing foretells, costs less where there is this
            // to do.
            if number < groups {
                make(next, number * group.mcus, four);
            }
            for &(four, number, component) in coded.iter().skip(four * part).take(part) {
                let Some(Quad { coefficients, nonzero }) = now.get(four) else { continue };
                let (coefficients, nonzero) = (&coefficients[number & 3], nonzero[number & 3]);
                let codes = &CODES[component.min(1)];
                block(writer, raw, codes, coefficients, nonzero, &mut last[component]);
            }
        }
        let count = group.mcus.min(mcus.saturating_sub(number * group.mcus));
        if outside.0 && number + 1 == groups {
            empty_right(next, group, count - 1);
        }
        if outside.1 {
            empty_below(next);
        }
        coded = group.order.get(..count * group.order.len() / group.mcus).unwrap_or_default();
        std::mem::swap(&mut now, &mut next);
    }
    huffman::stuff(raw.get(..writer.at).unwrap_or_default(), out);
    writer.at = 0;
}

/// Luma's blocks outside, on the right of an MCU of two columns: what the block before has in the mean, which takes the fewest bits.
fn empty_right(quads: &mut [Quad; 3], group: &Group, mcu: usize) {
    for Quad { coefficients, nonzero } in quads.iter_mut().take(group.luma.1) {
        coefficients[(mcu * 2 + 1) & 3][0] = coefficients[(mcu * 2) & 3][0];
        nonzero[(mcu * 2 + 1) & 3] = 0;
    }
}

/// Luma's blocks outside, at the bottom of MCUs of two rows and two columns.
fn empty_below(quads: &mut [Quad; 3]) {
    let [upper, lower, _] = quads;
    for (before, blocks) in [1, 3].into_iter().zip(lower.coefficients.as_chunks_mut::<2>().0) {
        for block in blocks {
            block[0] = upper.coefficients[before][0];
        }
    }
    lower.nonzero = [0; 4];
}
