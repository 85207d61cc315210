//! Drawn heads in RegHead's format: the same bytes for the same seed on every machine.
