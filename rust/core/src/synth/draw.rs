//! Drawing: one head for an identity, kept, and ten faces over it.

use super::{
    canvas::{Canvas, Coverage},
    face,
    head::Head,
    identity::Identity,
    worn,
};
use crate::{
    error::{Error, Result},
    reghead::EXPRESSIONS,
};

/// Smallest and largest side of a drawing, in pixels.
pub const SIZES: std::ops::RangeInclusive<usize> = 16..=8192;

/// A worker's drawing board: the head drawn last, and scratch.
#[derive(Debug, Default)]
pub struct Sketch {
    head: Option<Head>,
    size: usize,
    shared: Vec<u8>,
    coverage: Coverage,
}

impl Sketch {
    /// Draws one expression of an identity into `size * size * 3` bytes of RGB. The part that all
    /// expressions share is kept, so they are best drawn one after the other.
    ///
    /// # Errors
    /// `Invalid` if the expression or the size is out of range, or `out` has another length.
    pub fn draw(
        &mut self,
        identity: &Identity,
        expression: usize,
        size: usize,
        out: &mut [u8],
    ) -> Result<()> {
        if !SIZES.contains(&size) {
            return Err(Error::invalid(format!(
                "size {size} is outside {}..={}",
                SIZES.start(),
                SIZES.end()
            )));
        }
        if expression >= EXPRESSIONS.len() {
            return Err(Error::invalid(format!("there is no expression {expression}")));
        }
        if out.len() != size * size * 3 {
            return Err(Error::invalid(format!("{} bytes are not {size}×{size} RGB", out.len())));
        }
        let kept = self.size == size && self.head.as_ref().is_some_and(|head| head.identity == *identity);
        if !kept {
            self.size = size;
            self.shared.resize(out.len(), 255);
            let head = Head::of(identity);
            if let Some(mut canvas) = Canvas::new(&mut self.shared, size, &mut self.coverage) {
                head.draw(&mut canvas);
                worn::draw_below(&head, &mut canvas);
            }
            self.head = Some(head);
        }
        out.copy_from_slice(&self.shared);
        if let (Some(head), Some(mut canvas)) = (&self.head, Canvas::new(out, size, &mut self.coverage)) {
            face::draw(head, &mut canvas, expression);
            worn::draw_above(head, &mut canvas);
        }
        Ok(())
    }
}
