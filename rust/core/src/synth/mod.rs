//! Drawn heads in RegHead's format: the same bytes for the same seed on every machine.

mod canvas;
mod colour;
pub mod identity;
mod path;
pub mod random;
