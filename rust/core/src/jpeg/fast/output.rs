//! Where the rows of an image go that is read beside another one, as they are made.

use super::{
    picture::{State, pixels},
    plane::Plane,
};
use crate::isa::Isa;

/// Bytes behind a row handed on, which make it faster to take.
const BEHIND: usize = 64;

/// In the place of an address: rows were not written but handed on.
pub(super) const HANDED_ON: usize = 0;

/// Where rows go, from the first one of an image on.
pub(crate) enum Output<'a> {
    /// Pixels to memory, `stride` bytes apart.
    Rows { out: &'a mut [u8], stride: usize },
    /// Rows of pixels to whoever takes them, each the beginning of a longer slice. Whoever goes on with the image must have been
    /// told how many.
    Pixels(&'a mut dyn FnMut(&[u8])),
    /// The same, of planes, with the plane's number.
    Planes(&'a mut dyn FnMut(usize, &[u8])),
}

impl Output<'_> {
    /// The same, for a while.
    pub(crate) fn again(&mut self) -> Output<'_> {
        match self {
            Self::Rows { out, stride } => Output::Rows { out, stride: *stride },
            Self::Pixels(take) => Output::Pixels(*take),
            Self::Planes(take) => Output::Planes(*take),
        }
    }

    /// Gives what the last row of MCUs has made ready. `line` is scratch.
    pub(super) fn give(
        &mut self,
        isa: Isa,
        planes: &[Plane; 3],
        state: &mut State,
        line: &mut Vec<u8>,
    ) -> Option<()> {
        let row = state.columns.len() * if state.has_chroma { 3 } else { 1 };
        match self {
            Self::Rows { out, stride } => {
                while state.taken < state.ready {
                    let start = state.taken * *stride;
                    pixels(isa, planes, state, line, out.get_mut(start..start + row)?)?;
                    state.taken += 1;
                    state.written = (state.taken, out.as_ptr().addr());
                }
            }
            Self::Pixels(take) => {
                line.resize(line.len().max(row + BEHIND), 0);
                while state.taken < state.ready {
                    // The image is whole, so that no row needs scratch of its own.
                    pixels(isa, planes, state, &mut Vec::new(), line.get_mut(..row)?)?;
                    take(line);
                    state.taken += 1;
                    state.written = (state.taken, HANDED_ON);
                }
            }
            Self::Planes(take) => {
                state.planes(planes, take);
                state.written = (state.taken, HANDED_ON);
            }
        }
        Some(())
    }
}
