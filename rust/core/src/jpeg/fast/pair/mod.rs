//! Two images at a time in one thread: what one stream's look-ups wait for, those of the other fill, and no look-up depends on
//! a branch that bits decide, which is what one stream alone is slowed by.
//!
//! The image that is wanted is read row by row, and the next one as far as the time between suffices; its samples are kept. One that
//! is left alone ends its row of MCUs and goes on as if it had always been. An image that meets anything strange gives up, as on
//! the other path.
#![allow(unsafe_code)]

mod kernel;
mod lane;
mod place;
#[cfg(test)]
mod tests;

use kernel::{Link, Stream};
use lane::{BEGUN, CHUNK, COMPONENT, Source};
pub(super) use lane::{Lane, MOST_BYTES};

use super::{
    bits::Position,
    entropy::MOST_BLOCKS,
    output::Output,
    picture::{Beside, Picture, State, begin_row, finish_row},
    plane::Plane,
    tables::Cache,
    unstuff::Bitstream,
};
use crate::isa::Isa;

/// Fewer MCUs in a row are not worth the beginning; of one or two the blocks begun too early might be more than there are.
const FEWEST: usize = 4;

/// Whether an image can be one of two.
pub(super) fn can_join(state: &State) -> bool {
    state.restart_interval == 0 && state.decoded == 0 && !state.blocks.low && state.mcus.0 >= FEWEST
}

/// Decodes a row of MCUs of `first`, whose lane is open, and what comes in between of `second`. `None` if the bits of the first
/// are not plainly right.
pub(super) fn mcu_row<'a>(
    cache: &'a Cache,
    first: &'a mut Picture,
    second: Option<Beside<'a>>,
) -> Option<()> {
    let mut first = Half::new(first, cache)?;
    first.begin_row();
    let second = second.filter(|(second, _)| second.lane.is_open());
    let mut second = second.and_then(|(second, output)| Some(Half { output, ..Half::new(second, cache)? }));
    if let Some(second) = &mut second {
        second.begin_row();
        second.enter();
    }
    first.enter();
    let result = run(&mut first, &mut second);
    first.leave();
    if result.is_none() || first.state.decoded == first.state.mcus.1 {
        first.lane.close();
    }
    if let Some(second) = &mut second {
        second.leave();
    }
    result
}

fn run(first: &mut Half<'_>, second: &mut Option<Half<'_>>) -> Option<()> {
    loop {
        let Some(other) = second else { return first.alone() };
        if first.is_full() {
            if first.full()? {
                return Some(());
            }
        } else if other.is_full() {
            let is_row = other.full();
            if is_row.is_none() {
                other.give_up();
                *second = None;
            } else if other.state.decoded == other.state.mcus.1 {
                other.lane.close();
                *second = None;
            } else if is_row == Some(true) {
                other.begin_row();
                other.enter();
            }
        } else {
            // SAFETY: lanes are only opened where the CPU has all of AVX-512. Both streams are as `enter` made them of
            // lanes that are not full, or as the kernel left them; of `ring` and bytes see there.
            let why = unsafe { kernel::both(&raw mut first.stream, &raw mut other.stream) };
            match why {
                kernel::FIRST_STUCK => first.stuck()?,
                kernel::SECOND_STUCK if other.stuck().is_none() => {
                    other.give_up();
                    *second = None;
                }
                _ => {}
            }
        }
    }
}

/// An image in the kernel's hands. It stays where it is while it is, as its links do.
struct Half<'a> {
    lane: &'a mut Lane,
    source: Source<'a>,
    bits: &'a Bitstream,
    planes: &'a mut [Plane; 3],
    state: &'a mut State,
    line: &'a mut Vec<u8>,
    /// Where rows go at once.
    output: Option<Output<'a>>,
    links: [Link; MOST_BLOCKS],
    stream: Stream,
    /// The lane is to be left with the row of MCUs.
    is_last: bool,
}

impl<'a> Half<'a> {
    fn new(picture: &'a mut Picture, cache: &'a Cache) -> Option<Self> {
        let Picture { stream: bits, planes, state, lane, line, .. } = picture;
        let first = cache.get(state.codes[0])?;
        let codes = state.codes.map(|number| cache.get(number).unwrap_or(first));
        let (luma, blocks) = (state.blocks.luma, state.blocks.luma + state.blocks.chroma);
        if luma == 0 || blocks > MOST_BLOCKS {
            return None;
        }
        let source = Source { bytes: bits.bytes(), codes, blocks, luma };
        let (links, stream) = ([Link::default(); MOST_BLOCKS], Stream::default());
        Some(Self { lane, source, bits, planes, state, line, output: None, links, stream, is_last: false })
    }

    fn begin_row(&mut self) {
        if !self.lane.has_begun {
            begin_row(self.planes, self.state);
            (self.lane.has_begun, self.lane.x) = (true, 0);
        }
    }

    /// MCUs of the row that the chunk is to hold, and whether nothing behind its blocks may be read.
    fn chunk(&self) -> (usize, bool) {
        let (across, down) = self.state.mcus;
        let (left, most) = (
            across.saturating_sub(self.lane.x),
            (CHUNK / self.source.blocks).min(COMPONENT / self.source.luma),
        );
        // Not a few last ones, which might be begun with the chunk before.
        let mcus = if left > most && left < 2 * most { left / 2 } else { left.min(most) };
        let is_last_row = self.is_last || self.state.decoded + 1 == down;
        (mcus, is_last_row && self.lane.x + mcus == across)
    }

    /// Puts the lane into the kernel's form.
    fn enter(&mut self) {
        let (mcus, is_exact) = self.chunk();
        let blocks = mcus * self.source.blocks;
        let limit = if is_exact { blocks.saturating_sub(BEGUN) } else { blocks };
        self.stream = self.lane.enter(&self.source, &mut self.links, limit);
    }

    /// Takes over what the kernel has made of it.
    fn leave(&mut self) {
        self.lane.leave(&self.source, &self.links, &self.stream);
    }

    fn is_full(&self) -> bool {
        self.stream.block >= self.stream.limit
    }

    /// Makes the samples of a full chunk and begins the next; the `bool` is whether it was the row's last.
    fn full(&mut self) -> Option<bool> {
        self.leave();
        let (mcus, is_exact) = self.chunk();
        let blocks = mcus * self.source.blocks;
        while is_exact && self.lane.block < blocks {
            if !self.lane.step(&self.source) {
                self.lane.symbol(&self.source)?;
            }
        }
        // There are bits enough for another chunk, if only zeros, or the kernel must not go on.
        if self.lane.bit > self.bits.ends().first()? * 8 {
            return None;
        }
        let State { blocks: kinds, last, .. } = &mut *self.state;
        let x = self.lane.x;
        // SAFETY: lanes are only opened where the CPU has these instructions.
        unsafe { place::chunk(self.lane.blocks(), x, mcus, self.planes, kinds, last) };
        self.lane.shift(blocks);
        self.lane.x += mcus;
        self.planes.iter().take(self.state.blocks.wanted).for_each(|plane| plane.fetch(self.lane.x));
        let is_row = self.lane.x >= self.state.mcus.0;
        if is_row {
            self.lane.has_begun = false;
            self.state.position = Position::at_bit(self.source.bytes, self.lane.bit)?;
            finish_row(self.state, self.planes, self.bits)?;
            if let Some(output) = &mut self.output {
                output.give(Isa::Avx512, self.planes, self.state, self.line)?;
            }
        }
        self.enter();
        Some(is_row)
    }

    /// Reads a symbol that the kernel cannot.
    fn stuck(&mut self) -> Option<()> {
        self.leave();
        self.lane.symbol(&self.source)?;
        self.enter();
        Some(())
    }

    /// Ends the row of MCUs, and the use of the lane.
    fn alone(&mut self) -> Option<()> {
        if self.is_full() && self.full()? {
            return Some(());
        }
        self.is_last = true;
        self.leave();
        self.enter();
        loop {
            if self.is_full() {
                if self.full()? {
                    self.lane.close();
                    return Some(());
                }
            // SAFETY: as in `run`.
            } else if unsafe { kernel::one(&raw mut self.stream) } == kernel::FIRST_STUCK {
                self.stuck()?;
            }
        }
    }

    fn give_up(&mut self) {
        self.state.gave_up = true;
        self.lane.close();
    }
}
