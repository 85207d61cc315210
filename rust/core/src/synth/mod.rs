//! Drawn heads in RegHead's format: the same bytes for the same seed on every machine.

mod build;
mod canvas;
mod coat;
mod colour;
pub mod draw;
mod face;
mod fur;
mod head;
pub mod identity;
mod light;
mod path;
pub mod random;
mod worn;
