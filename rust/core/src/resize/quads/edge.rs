//! The pixels at an edge of a row halved in width, whose windows the edge cuts off.

use std::ops::Range;

use super::{MOST, Quad};
use crate::resize::weights::Windows;

/// Lanes of a vector: bytes made at once.
const LANES: usize = 16;

/// A few pixels that are made at once, each lane with weights of its own.
#[derive(Debug)]
pub(in crate::resize) struct Edge {
    /// Bytes of the source row that the windows see.
    pub(super) taps: Range<usize>,
    /// Bytes of the row made.
    pub(super) place: Range<usize>,
    /// Where, counted from the first tap, each lane's four taps of a quad lie.
    pub(super) orders: [[u8; 64]; MOST],
    /// Of each quad and each plane, the lanes' weights.
    pub(super) weights: [[[i32; LANES]; 3]; MOST],
}

impl Edge {
    /// For these `targets`; `None` if they are none, or more than are made at once, or see more pixels than there are taps.
    pub(in crate::resize) fn new(windows: &Windows, channels: usize, targets: Range<usize>) -> Option<Self> {
        let seen = |target| {
            let (first, weights) = windows.get(target);
            first..first + weights.len()
        };
        let first = targets.clone().map(|target| seen(target).start).min()?;
        let end = targets.clone().map(|target| seen(target).end).max()?;
        if end - first > 4 * MOST || targets.len() * channels > LANES {
            return None;
        }
        let (mut orders, mut lanes) = ([[0; 64]; MOST], [[[0; LANES]; 3]; MOST]);
        for lane in 0..targets.len() * channels {
            let (start, weights) = windows.get(targets.start + lane / channels);
            let quads = Quad::of_window(weights, start - first);
            let places = orders.iter_mut().zip(&mut lanes).zip(quads).enumerate();
            for (number, ((order, weights), quad)) in places {
                for (weights, plane) in weights.iter_mut().zip(quad.planes) {
                    weights[lane] = plane;
                }
                for tap in 0..4 {
                    order[4 * lane + tap] = ((4 * number + tap) * channels + lane % channels) as u8;
                }
            }
        }
        Some(Self {
            taps: first * channels..end * channels,
            place: targets.start * channels..targets.end * channels,
            orders,
            weights: lanes,
        })
    }
}
