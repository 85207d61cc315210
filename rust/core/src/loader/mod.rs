//! Batches of whole samples, in an order that a seed decides, decoded ahead of the one who takes them.
//!
//! ```text
//! catalog ─order::permutation─► places ─Deal─► this rank's steps ─Recipe (threads)─► slots of one Memory ─► Batch
//! ```
//!
//! What comes when depends on seed, epoch and the release alone: the number of threads, ranks and workers only
//! decides who decodes it. `docs/loading.md` says what users can rely on.

mod augment;
mod iteration;
mod memory;
mod normalize;
mod order;
mod picture;
mod queue;
mod recipe;

pub use iteration::{Iteration, Limits, Stats};
pub use memory::{Bank, Memory};
pub use normalize::Normalize;
pub use order::{Deal, permutation};
pub use queue::{Batch, Taken};
pub use recipe::{Draw, Hand, Pick, Recipe, Row};

use crate::{
    catalog::Catalog,
    error::{Error, Result},
    pool::{Cancel, Pool, Stash},
};

/// Makes one row each of some samples, in the given order, into `out`, on the pool's threads.
///
/// # Errors
/// `Invalid` if `out` has not [`Recipe::row_bytes`] a sample; `Cancelled`. What is wrong with a sample is in its row.
pub fn load(
    catalog: &Catalog,
    recipe: &Recipe,
    samples: &[usize],
    draw: Draw,
    (pool, stash, cancel): (&Pool, &Stash<Hand>, &Cancel<'_>),
    out: &mut [u8],
) -> Result<Vec<Row>> {
    let length = recipe.row_bytes();
    if length.checked_mul(samples.len()) != Some(out.len()) {
        let (has, rows) = (out.len(), samples.len());
        return Err(Error::invalid(format!("the buffer holds {has} bytes, not {rows} rows of {length}")));
    }
    let work = samples.iter().zip(out.chunks_exact_mut(length.max(1)));
    pool.map(work, stash, cancel, |hand, (&sample, place)| {
        Ok(recipe.fill(catalog, sample, draw, hand, &|| cancel.is_set(), place))
    })
}
