//! Memory of a batch, which many threads fill at once, each its own slots.
//!
//! The second half of the buffer boundary: pixels are written once, straight to where the caller reads them,
//! and the compiler cannot see that the threads' parts are disjoint. Here it is made so.
#![allow(unsafe_code)]

use std::{
    slice,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

/// What vectors like best, and more than any pixel type asks for.
const ALIGNMENT: usize = 64;

/// Bytes of one batch: owned, or lent by the caller.
pub struct Memory {
    start: *mut u8,
    len: usize,
    /// Keeps owned bytes; empty for lent ones.
    owned: Vec<u8>,
}

// SAFETY: the pointer leads into `owned`, which moves with it and never grows, or to memory that its lender
// promised to leave to this value; neither is tied to a thread.
unsafe impl Send for Memory {}

// SAFETY: through a shared reference only the address and the length can be had, and bytes only by `&mut`.
unsafe impl Sync for Memory {}

impl Memory {
    /// Zeros, aligned for any pixel.
    pub fn new(len: usize) -> Self {
        // `vec!` of zeros asks the system for pages that are zero already; they are made when they are written to.
        let mut owned = vec![0_u8; len + ALIGNMENT];
        let before = owned.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        let start = owned.get_mut(before..).map_or(std::ptr::null_mut(), <[u8]>::as_mut_ptr);
        Self { start, len, owned }
    }

    /// Memory that belongs to somebody else.
    ///
    /// # Safety
    /// `start` leads to `len` bytes that are valid and have some value, and that nobody else writes to, or
    /// frees, while the result or a batch made of it lives.
    pub unsafe fn lent(start: *mut u8, len: usize) -> Self {
        Self { start, len, owned: Vec::new() }
    }

    /// Whether it is the caller's.
    pub fn is_lent(&self) -> bool {
        self.owned.is_empty()
    }

    /// Its bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of it, for its one owner.
    pub fn bytes(&mut self) -> &mut [u8] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: `start` leads to `len` valid bytes that this value alone may use, and `&mut self` is held.
        unsafe { slice::from_raw_parts_mut(self.start, self.len) }
    }
}

/// Memory cut into equal slots, each of which is handed out once.
pub(super) struct Slots {
    memory: Memory,
    slot: usize,
    taken: Vec<AtomicBool>,
}

impl Slots {
    /// Cuts the memory into so many slots; what is left over is never written to.
    pub(super) fn new(memory: Memory, slot: usize, slots: usize) -> Self {
        let fitting = memory.len.checked_div(slot).unwrap_or(slots).min(slots);
        let taken = (0..fitting).map(|_| AtomicBool::new(false)).collect();
        Self { memory, slot, taken }
    }

    /// The slot of that number; `None` if there is none, or somebody had it before.
    #[allow(clippy::mut_from_ref)] // each part is handed out once: see below
    pub(super) fn take(&self, number: usize) -> Option<&mut [u8]> {
        if self.taken.get(number)?.swap(true, Ordering::AcqRel) {
            return None;
        }
        if self.slot == 0 {
            return Some(&mut []);
        }
        // SAFETY: `new` made no more flags than slots fit into the memory, so these bytes are inside it. The
        // flag was false, so no other reference to them was made or ever will be; `bytes` of the memory
        // cannot be called before `into_memory` consumes `self`, which ends the borrow returned here.
        Some(unsafe { slice::from_raw_parts_mut(self.memory.start.add(number * self.slot), self.slot) })
    }

    pub(super) fn into_memory(self) -> Memory {
        self.memory
    }
}

/// Memory that is no longer in use, kept so that its pages need not be made again: that costs more than writing to them.
///
/// It never waits for its lock: whoever finds it taken makes or frees memory instead. So a child born while
/// somebody held it does not hang.
pub struct Bank {
    kept: Mutex<Vec<Memory>>,
    most: usize,
    most_bytes: usize,
}

impl Bank {
    /// One that keeps so many at most, of so many bytes together.
    pub const fn new(most: usize, most_bytes: usize) -> Self {
        Self { kept: Mutex::new(Vec::new()), most, most_bytes }
    }

    /// One for the batches of an iteration: more than a consumer that keeps a batch or two ever gives back.
    pub const fn of_batches() -> Self {
        Self::new(4, usize::MAX)
    }

    /// Memory of that length, used before or new.
    pub fn get(&self, len: usize) -> Memory {
        let kept = self.kept.try_lock().ok().and_then(|mut kept| {
            // The last that came back is the likeliest to be in a cache.
            let at = kept.iter().rposition(|memory| memory.len() == len)?;
            Some(kept.remove(at))
        });
        kept.unwrap_or_else(|| Memory::new(len))
    }

    /// Takes back memory that nobody looks at any more. What was kept longest has to go if it gets too much.
    pub fn put(&self, memory: Memory) {
        if memory.is_lent() || memory.len() > self.most_bytes {
            return;
        }
        let mut gone = Vec::new(); // freed when nobody waits for the lock
        if let Ok(mut kept) = self.kept.try_lock() {
            kept.push(memory);
            let mut bytes: usize = kept.iter().map(Memory::len).sum();
            let surplus = |kept: usize, bytes: usize| kept > self.most || bytes > self.most_bytes;
            let mut old = 0;
            while let Some(memory) = kept.get(old).filter(|_| surplus(kept.len() - old, bytes)) {
                bytes -= memory.len();
                old += 1;
            }
            gone.extend(kept.drain(..old));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_handed_out_once_and_the_slots_are_disjoint() {
        let slots = Slots::new(Memory::new(100), 30, 5);
        std::thread::scope(|scope| {
            for number in 0..3 {
                let slots = &slots;
                scope.spawn(move || slots.take(number).unwrap().fill(number as u8 + 1));
            }
        });
        assert!(slots.take(0).is_none() && slots.take(3).is_none());
        let mut memory = slots.into_memory();
        let expected: Vec<u8> = (0..100).map(|i| if i < 90 { i / 30 + 1 } else { 0 }).collect();
        assert_eq!(memory.bytes(), expected);
        assert_eq!(memory.bytes().as_ptr().align_offset(ALIGNMENT), 0);
    }

    #[test]
    fn a_bank_gives_back_what_fits() {
        let bank = Bank::new(4, 1000);
        let mut memory = bank.get(10);
        memory.bytes().fill(7);
        bank.put(memory);
        assert_eq!(bank.get(10).bytes(), [7; 10]);
        bank.put(Memory::new(10));
        assert_eq!(bank.get(11).len(), 11);
        let mut lent = [1_u8; 4];
        // SAFETY: the array outlives the memory, and nobody else uses it.
        bank.put(unsafe { Memory::lent(lent.as_mut_ptr(), 4) });
        assert!(!bank.get(4).is_lent());
    }

    #[test]
    fn a_bank_keeps_what_it_may_and_the_latest() {
        let bank = Bank::new(3, 100);
        let marked = |len: usize, mark: u8| {
            let mut memory = Memory::new(len);
            memory.bytes().fill(mark);
            memory
        };
        let kept = |len: usize| bank.get(len).bytes().first().copied();
        (1..=4).for_each(|mark| bank.put(marked(20 + usize::from(mark), mark)));
        assert_eq!([21, 22, 23, 24].map(kept), [Some(0), Some(2), Some(3), Some(4)]);
        (1..=3).for_each(|mark| bank.put(marked(40, mark)));
        assert_eq!([40, 40, 40].map(kept), [Some(3), Some(2), Some(0)]);
        bank.put(marked(101, 1));
        assert_eq!(kept(101), Some(0));
    }
}
