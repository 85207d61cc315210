//! The batches in the making: who makes which row, and what becomes of them.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    memory::{Bank, Memory, Slots},
    order::Deal,
    recipe::{Draw, Recipe, Row},
};
use crate::{
    catalog::Catalog,
    error::{Error, Kind, Result},
};

/// What an iteration takes its samples from.
pub struct Taken {
    /// The release.
    pub catalog: Arc<Catalog>,
    /// How rows are made.
    pub recipe: Arc<Recipe>,
    /// Numbers of the release's samples in the order of this epoch.
    pub order: Vec<u32>,
    /// Seed and epoch.
    pub draw: Draw,
    /// This consumer's part of it.
    pub deal: Deal,
    /// Memory used before.
    pub bank: Arc<Bank>,
    /// The caller's own memory, used in turn, instead of any from the bank.
    pub ring: Vec<Memory>,
}

/// A batch, complete.
pub struct Batch {
    /// The rows' pixels, one behind the other.
    pub memory: Memory,
    /// Its number among all ranks' and workers'.
    pub step: u64,
    /// Samples delivered in all once this batch is.
    pub delivered: u64,
    /// Number of each row's sample, false beside those that only fill the batch up, and what became of it.
    pub rows: Vec<(usize, bool, Row)>,
}

#[derive(Default)]
pub(super) struct Queue {
    /// Steps not yet opened.
    pub(super) steps: VecDeque<u64>,
    /// Open batches, oldest first.
    pub(super) open: VecDeque<Open>,
    /// The caller's memory that is free.
    pub(super) ring: VecDeque<Memory>,
    pub(super) batches: u64,
    pub(super) waited: Duration,
}

/// A batch in the making.
pub(super) struct Open {
    pub(super) step: u64,
    pub(super) slots: Arc<Slots>,
    pub(super) samples: Vec<(usize, bool)>,
    pub(super) claimed: usize,
    pub(super) rows: Vec<Option<Row>>,
    pub(super) left: usize,
}

/// One row for a worker to make.
pub(super) struct Task {
    pub(super) step: u64,
    pub(super) number: usize,
    pub(super) sample: usize,
    pub(super) slots: Arc<Slots>,
}

/// What the queue is fed from.
pub(super) struct Feed {
    pub(super) taken: Taken,
    /// Open batches, at most.
    pub(super) limit: usize,
    /// Whether the memory is the caller's.
    pub(super) lends: bool,
}

impl Queue {
    /// The next row to make: of the oldest open batch that has one, else of a batch opened for it.
    pub(super) fn claim(&mut self, feed: &Feed) -> Option<Task> {
        if self.open.iter().all(|open| open.claimed == open.samples.len()) {
            self.open_next(feed)?;
        }
        let open = self.open.iter_mut().find(|open| open.claimed < open.samples.len())?;
        let number = open.claimed;
        open.claimed += 1;
        let (sample, _) = *open.samples.get(number)?;
        Some(Task { step: open.step, number, sample, slots: Arc::clone(&open.slots) })
    }

    fn open_next(&mut self, feed: &Feed) -> Option<()> {
        let Taken { recipe, order, deal, bank, .. } = &feed.taken;
        if self.open.len() >= feed.limit || self.steps.is_empty() {
            return None;
        }
        let rows = usize::try_from(deal.batch_size).unwrap_or(usize::MAX);
        let memory = if feed.lends {
            self.ring.pop_front()?
        } else {
            bank.get(recipe.row_bytes().saturating_mul(rows))
        };
        let step = self.steps.pop_front()?;
        let sample = |(place, valid): (u64, bool)| {
            (order.get(place as usize).map_or(0, |&sample| sample as usize), valid)
        };
        let samples: Vec<_> = deal.places(step).map(sample).collect();
        let slots = Arc::new(Slots::new(memory, recipe.row_bytes(), rows));
        let empty = samples.iter().map(|_| None).collect();
        let left = samples.len();
        self.open.push_back(Open { step, slots, samples, claimed: 0, rows: empty, left });
        Some(())
    }
}

impl Open {
    pub(super) fn close(self, deal: &Deal) -> Result<Batch> {
        let lost = || Error::new(Kind::Internal("a batch was taken before it was complete".to_owned()));
        let memory = Arc::into_inner(self.slots).ok_or_else(lost)?.into_memory();
        let rows = self.samples.into_iter().zip(self.rows);
        let rows: Option<Vec<_>> = rows.map(|((sample, valid), row)| Some((sample, valid, row?))).collect();
        let delivered = deal.delivered(self.step);
        Ok(Batch { memory, step: self.step, delivered, rows: rows.ok_or_else(lost)? })
    }
}
