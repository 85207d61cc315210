//! Any run of bytes of a stream, as long as it lies ahead.

use super::stream::Stream;
use crate::{
    error::{Error, Result},
    fault::ArchiveFault,
};

/// A stream, and what of its last chunk was not taken.
#[derive(Debug)]
pub(super) struct Cursor {
    stream: Stream,
    /// Bytes at the end of the last chunk.
    left: usize,
}

impl Cursor {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, left: 0 }
    }

    /// Unpacked offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.stream.position() - self.left as u64
    }

    pub(super) fn skip_to(&mut self, offset: u64) -> Result<()> {
        while self.stream.position() < offset {
            self.next()?;
        }
        self.left = (self.stream.position() - offset) as usize;
        Ok(())
    }

    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            if self.left == 0 {
                self.next()?;
            }
            let len = self.left.min(buffer.len() - done);
            let from = self.stream.tail(self.left).get(..len);
            if let (Some(to), Some(from)) = (buffer.get_mut(done..done + len), from) {
                to.copy_from_slice(from);
            }
            (done, self.left) = (done + len, self.left - len);
        }
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        match self.stream.chunk()? {
            Some(chunk) => self.left = chunk.len(),
            None => return Err(Error::archive(ArchiveFault::Truncated)),
        }
        Ok(())
    }
}
