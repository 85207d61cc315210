//! An index out of columns that were kept elsewhere.

use super::{Index, NO_KEY};
use crate::tar::header::MAX_SIZE;

impl Index {
    /// Takes columns that were kept elsewhere; `None` if they contradict each other or reach beyond the file.
    ///
    /// What a member is called and where it lies is believed. That members lie one behind the other and inside the file
    /// is not: lengths are differences of offsets.
    pub(crate) fn restored(mut self) -> Option<Self> {
        let members = self.size.len();
        let columns =
            [self.header_offset.len(), self.data_offset.len(), self.name_end.len(), self.key_len.len()];
        if columns.iter().any(|&length| length != members) || u32::try_from(members).is_err() {
            return None;
        }
        let mut start = 0;
        for (&end, &key_len) in self.name_end.iter().zip(&self.key_len) {
            let length = end.checked_sub(start)?;
            if key_len != NO_KEY && key_len >= length {
                return None;
            }
            start = end;
        }
        if start as usize != self.names.len() || self.file_size > MAX_SIZE {
            return None;
        }
        let mut behind = 0;
        for ((&header, &data), &size) in self.header_offset.iter().zip(&self.data_offset).zip(&self.size) {
            if header < behind || data <= header {
                return None;
            }
            behind = data.checked_add(size).filter(|&end| end <= self.file_size)?;
        }
        let mut free = 0;
        for sample in &self.samples {
            if sample.start < free || sample.end <= sample.start || sample.end as usize > members {
                return None;
            }
            free = sample.end;
        }
        let numbers = 0..self.samples.len();
        let ascending = numbers.clone().zip(numbers.skip(1)).all(|(a, b)| self.key(a) < self.key(b));
        if !ascending {
            self.sort_keys().ok()?;
        }
        Some(self)
    }
}
