//! Accessories.
use super::{canvas::Canvas, head::Head};
pub(super) fn draw_about(_head: &Head, _canvas: &mut Canvas<'_>) {}
pub(super) fn draw_before_eyes(_head: &Head, _canvas: &mut Canvas<'_>) {}
