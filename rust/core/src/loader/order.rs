//! Which sample comes when: a permutation of its own for each epoch, dealt to ranks and workers.
//!
//! `docs/loading.md` writes the algorithm down with test vectors; the tests below hold both to it.

use crate::{
    digest::Digest,
    random::{Random, mix},
};

/// What a stream of random numbers is for; streams for different things never meet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    /// The order of an epoch.
    Order = 0,
    /// The fields of a sample that are drawn.
    Fields = 1,
    /// Whether a sample is mirrored.
    Flip = 2,
    /// The part of a sample's images that is cut out.
    Crop = 3,
}

/// The stream of random numbers for something in an epoch.
pub(super) fn stream(purpose: Purpose, seed: u64, epoch: u64, about: u64) -> Random {
    let words = [purpose as u64, seed, epoch, about];
    Random::new(words.into_iter().fold(0, |state: u64, word| {
        mix((state ^ word).wrapping_add(0x9E37_79B9_7F4A_7C15)) // SplitMix64's increment: zeros must not stay zero
    }))
}

/// The order of `samples` samples in an epoch: a function of its arguments and of nothing else.
pub fn permutation(seed: u64, epoch: u64, fingerprint: Digest, samples: u32) -> Vec<u32> {
    let about = fingerprint.0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let mut order: Vec<u32> = (0..samples).collect();
    stream(Purpose::Order, seed, epoch, about).shuffle(&mut order);
    order
}

/// How an epoch is dealt: global batches one after the other, each cut into a batch for each rank.
#[derive(Debug, Clone, Copy)]
pub struct Deal {
    /// Samples of the whole.
    pub samples: u64,
    /// Samples that were delivered before, by whatever number of ranks.
    pub start: u64,
    /// This rank's number.
    pub rank: u64,
    /// Ranks.
    pub world_size: u64,
    /// Samples a rank takes in a step.
    pub batch_size: u64,
    /// Leave out the last samples if they do not fill a global batch; else fill it up from the start of the order.
    pub drop_last: bool,
    /// Number of this worker process within the rank.
    pub worker: u64,
    /// Worker processes of the rank, which take its batches in turn.
    pub workers: u64,
}

impl Deal {
    /// Samples all ranks take in a step.
    pub fn global_batch(&self) -> u64 {
        self.world_size.saturating_mul(self.batch_size).max(1)
    }

    /// Steps from `start` to the end of the epoch, the same for every rank.
    pub fn steps(&self) -> u64 {
        let rest = self.samples.saturating_sub(self.start);
        if self.drop_last { rest / self.global_batch() } else { rest.div_ceil(self.global_batch()) }
    }

    /// The steps of this worker.
    pub fn own_steps(&self) -> impl Iterator<Item = u64> + use<> {
        (self.worker..self.steps()).step_by(usize::try_from(self.workers.max(1)).unwrap_or(usize::MAX))
    }

    /// Samples delivered in all once a step is done.
    pub fn delivered(&self, step: u64) -> u64 {
        let done = step.saturating_add(1).saturating_mul(self.global_batch());
        self.start.saturating_add(done).min(self.samples)
    }

    /// The places in the order that this rank takes in a step; false beside those that only fill it up.
    pub fn places(&self, step: u64) -> impl Iterator<Item = (u64, bool)> + use<> {
        let first = self.start + step * self.global_batch() + self.rank * self.batch_size;
        let samples = self.samples.max(1);
        (first..first + self.batch_size).map(move |place| (place % samples, place < samples))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_document() {
        let none = Digest([0; 32]);
        let ones = Digest([1; 32]);
        assert_eq!(permutation(0, 0, none, 10), VECTORS[0]);
        assert_eq!(permutation(0, 1, none, 10), VECTORS[1]);
        assert_eq!(permutation(1, 0, none, 10), VECTORS[2]);
        assert_eq!(permutation(0, 0, ones, 10), VECTORS[3]);
        let document = include_str!("../../../../docs/loading.md");
        for vector in VECTORS {
            assert!(document.contains(&format!("`{vector:?}`")), "{vector:?}");
        }
    }

    const VECTORS: [[u32; 10]; 4] = [
        [3, 9, 8, 1, 0, 5, 7, 2, 6, 4],
        [6, 8, 4, 5, 0, 1, 7, 3, 9, 2],
        [1, 8, 4, 2, 5, 3, 6, 0, 7, 9],
        [7, 9, 8, 5, 1, 2, 6, 4, 0, 3],
    ];

    #[test]
    fn each_sample_is_valid_once_whatever_the_ranks_and_workers() {
        let mut dealt = 0;
        for (samples, world_size, batch_size, workers) in [
            (23, 1, 4, 1),
            (23, 2, 3, 1),
            (23, 3, 2, 3),
            (5, 4, 2, 2),
            (8, 2, 2, 3),
            (1, 3, 7, 2),
            (0, 2, 2, 1),
        ] {
            for (drop_last, start) in [(false, 0), (true, 0), (false, 3), (true, 1)] {
                let start = start.min(samples);
                let deal = |rank, worker| Deal {
                    samples,
                    start,
                    rank,
                    world_size,
                    batch_size,
                    drop_last,
                    worker,
                    workers,
                };
                let mut seen: Vec<u64> = (0..world_size)
                    .flat_map(|rank| (0..workers).map(move |worker| (rank, worker)))
                    .flat_map(|(rank, worker)| {
                        let deal = deal(rank, worker);
                        deal.own_steps().flat_map(move |step| deal.places(step)).collect::<Vec<_>>()
                    })
                    .filter_map(|(place, valid)| valid.then_some(place))
                    .collect();
                seen.sort_unstable();
                let end = deal(0, 0).steps().checked_sub(1).map_or(start, |last| deal(0, 0).delivered(last));
                assert_eq!(seen, (start..end).collect::<Vec<_>>());
                assert!(if drop_last { samples - end < world_size * batch_size } else { end == samples });
                dealt += seen.len();
            }
        }
        assert!(dealt > 100);
    }

    #[test]
    fn a_new_epoch_is_a_new_order() {
        let orders: Vec<_> = (0..4).map(|epoch| permutation(7, epoch, Digest([9; 32]), 50)).collect();
        for (number, order) in orders.iter().enumerate() {
            assert!(orders[..number].iter().all(|other| other != order));
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..50).collect::<Vec<_>>());
        }
    }
}
