//! Many messages through one kernel: a lane each, and the next message takes the lane of one that ended. The last ones take turns,
//! those of which most is left first, so that all end together and no lane is idle before.

use std::cmp::Reverse;

use crate::{
    digest::Digest,
    error::Result,
    sha256::{self, Kernel, PADDING, START, State},
};

/// Bytes read and hashed at a time, in each lane. Fewer cost calls, and a copy out of the page cache that the kernel does
/// slowly where its goal is in the L2 cache; of more, those of eight lanes come from memory.
pub(super) const CHUNK: usize = 128 << 10;

/// Something to be hashed, in order.
pub(super) trait Message {
    /// About how many bytes are left.
    fn left(&self) -> u64;
    /// Fills `buffer` with what comes next; with less than its length only at the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;
}

/// Buffers of lanes that are not in use.
pub(super) type Buffers = Vec<Vec<u8>>;

/// A message on its way.
struct Lane<M> {
    message: M,
    state: State,
    /// Bytes read.
    size: u64,
    /// Empty while nothing is in it: as many buffers are in use as there are lanes, and stay in the cache.
    buffer: Vec<u8>,
    /// What of the buffer is not hashed yet; whole blocks.
    from: usize,
    to: usize,
    /// True once the padding is in the buffer.
    last: bool,
}

impl<M: Message> Lane<M> {
    fn new(message: M) -> Self {
        Self { message, state: START, size: 0, buffer: Vec::new(), from: 0, to: 0, last: false }
    }

    fn is_drained(&self) -> bool {
        self.from == self.to
    }

    /// Reads `room` bytes, whole blocks; pads what is less.
    fn fill(&mut self, room: usize, buffers: &mut Buffers) -> Result<()> {
        self.buffer = buffers.pop().unwrap_or_default();
        self.buffer.resize(CHUNK + PADDING, 0);
        let got = self.message.read(self.buffer.get_mut(..room).unwrap_or(&mut []))?;
        self.size += got as u64;
        (self.from, self.to) = (0, got);
        if got < room {
            self.last = true;
            self.to += sha256::pad(self.size, got, self.buffer.get_mut(got..).unwrap_or(&mut []));
        }
        Ok(())
    }

    fn rest(&mut self) -> sha256::Lane<'_> {
        let data = self.buffer.get(self.from..self.to).unwrap_or(&[]);
        sha256::Lane { state: &mut self.state, data }
    }
}

/// Hashes messages from `next` until there are no more, at most `width` at a time, and then those of `last` with what is left.
/// Each goes with its digest and size to `done` as soon as it ends. A message that cannot be read gives its error there.
/// `go_on` is asked every `width` chunks.
///
/// # Errors
/// Those of `go_on`.
pub(super) fn run<M: Message>(
    kernel: Kernel,
    width: usize,
    buffers: &mut Buffers,
    go_on: &dyn Fn() -> Result<()>,
    mut next: impl FnMut() -> Option<M>,
    mut last: impl Iterator<Item = M>,
    mut done: impl FnMut(M, Result<(Digest, u64)>),
) -> Result<()> {
    let mut live: Vec<Lane<M>> = Vec::with_capacity(2 * width);
    loop {
        while live.len() < width
            && let Some(message) = next()
        {
            live.push(Lane::new(message));
        }
        if live.len() < width {
            live.extend(last.by_ref().map(Lane::new));
        }
        if live.is_empty() {
            return Ok(());
        }
        go_on()?;
        if live.len() > width {
            // What is read is hashed first, as it holds a buffer.
            live.sort_by_key(|lane| (lane.is_drained(), Reverse(lane.message.left())));
        }
        // A lane that starts while others are half way reads only as far as these have to go: from there on all of
        // them are refilled together, and the kernel runs over whole chunks.
        let half_way = live.iter().map(|lane| lane.to - lane.from).max().unwrap_or(0);
        let room = if (1..=CHUNK).contains(&half_way) { half_way } else { CHUNK };
        let mut number = 0;
        while number < width
            && let Some(lane) = live.get_mut(number)
        {
            let filled = if lane.is_drained() { lane.fill(room, buffers) } else { Ok(()) };
            match filled {
                Ok(()) => number += 1,
                Err(error) => {
                    let lane = live.remove(number);
                    buffers.push(lane.buffer);
                    done(lane.message, Err(error));
                }
            }
        }
        let taken = kernel.compress(&mut live.iter_mut().take(number).map(Lane::rest).collect::<Vec<_>>());
        for lane in live.iter_mut().take(number) {
            lane.from += taken;
            if lane.is_drained() {
                buffers.push(std::mem::take(&mut lane.buffer));
            }
        }
        for lane in live.extract_if(.., |lane| lane.last && lane.is_drained()) {
            done(lane.message, Ok((Digest(sha256::bytes(&lane.state)), lane.size)));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::{error::Error, random::Random};

    struct Bytes {
        number: usize,
        rest: Vec<u8>,
        /// How much is read before an error.
        good: Option<usize>,
    }

    impl Message for Bytes {
        fn left(&self) -> u64 {
            self.rest.len() as u64
        }
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            let len = buffer.len().min(self.rest.len());
            if let Some(good) = &mut self.good {
                *good = good.checked_sub(len).ok_or_else(|| Error::data("broken"))?;
            }
            buffer[..len].copy_from_slice(&self.rest.drain(..len).collect::<Vec<_>>());
            Ok(len)
        }
    }

    #[test]
    fn messages_of_any_length_in_any_number_of_lanes() {
        let mut random = Random::new(7);
        let lengths = [0, 1, 55, 56, 64, 500, CHUNK - 9, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 77];
        let (mut good, mut broken) = (0, 0);
        for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
            for width in [1, 2, 3, 5, 8, 17] {
                let mut messages: Vec<Vec<u8>> = (0..23)
                    .map(|_| {
                        let len = lengths[random.below(lengths.len() as u64) as usize];
                        let salt = random.next();
                        (0..len).map(|i| ((i as u64 * 31) ^ salt) as u8).collect()
                    })
                    .collect();
                messages.push(vec![1; 2 * CHUNK]);
                let last = messages.len() - 1;
                let mut queue = messages.clone().into_iter().enumerate();
                let of = |(number, rest)| Bytes { number, rest, good: (number == last).then_some(CHUNK) };
                let turns: Vec<Bytes> =
                    queue.by_ref().take(random.below(1 + width as u64) as usize).map(of).collect();
                let next = || queue.next().map(of);
                let mut seen = vec![false; messages.len()];
                run(
                    kernel,
                    width,
                    &mut Vec::new(),
                    &|| Ok(()),
                    next,
                    turns.into_iter(),
                    |message, result| {
                        assert!(!std::mem::replace(&mut seen[message.number], true));
                        if message.number == last {
                            assert_eq!(result.unwrap_err().to_string(), "broken");
                            broken += 1;
                        } else {
                            let expected = &messages[message.number];
                            assert_eq!(result.unwrap(), (Digest::of(expected), expected.len() as u64));
                            good += 1;
                        }
                    },
                )
                .unwrap();
                assert!(seen.into_iter().all(|seen| seen), "{kernel:?}: a message was lost");
            }
        }
        assert!(good > 100 && broken > 5);
    }

    #[test]
    fn the_last_messages_take_turns_and_end_together() {
        // Nine lanes' worth for four: one after the other, the ninth would be alone for a third of the time.
        let message = |number| Bytes { number, rest: vec![7; 40 * CHUNK], good: None };
        let (mut turns, mut ended) = (Cell::new(0), Vec::new());
        let go_on = || {
            turns.set(turns.get() + 1);
            Ok(())
        };
        let mut first = Some(message(0));
        let (next, last) = (|| first.take(), (1..9).map(message));
        run(Kernel::current(), 4, &mut Vec::new(), &go_on, next, last, |_, _| ended.push(turns.get()))
            .unwrap();
        assert_eq!(ended.len(), 9);
        let most = (9 * 41_usize).div_ceil(4) + 3;
        assert!(*turns.get_mut() <= most && ended[0] + 6 > most, "{ended:?}, {most} at most");
    }
}
