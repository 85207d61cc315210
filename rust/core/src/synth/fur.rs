//! Fur: hairs sown on a jittered grid inside a shape, combed away from the middle of the face.

use super::{
    canvas::{Canvas, Hair},
    chance::{Chance, noise},
    colour::{self, Rgb},
    identity::{Identity, Style},
    path::{Path, Point, SIDE, STEP, sine},
};
use crate::reghead::pools::Family;

/// One sowing of hairs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layer {
    /// Distance between roots, in units.
    pub(super) cell: i32,
    pub(super) length: i32,
    pub(super) width: i32,
    /// How much brightness differs from hair to hair, out of 256.
    pub(super) contrast: i32,
    /// How much directions differ, in 1/1024 turn.
    pub(super) tousle: i32,
    pub(super) alpha: i32,
}

/// The layers a style and a feature ask for, undercoat first.
pub(super) fn layers(identity: &Identity) -> Vec<Layer> {
    let layer = |cell, length, width, contrast, tousle, alpha| Layer {
        cell,
        length: length * STEP,
        width,
        contrast,
        tousle,
        alpha,
    };
    let mut layers = match (identity.family, identity.style) {
        // scales and smooth skins: wide short marks
        (Family::Reptile | Family::Fish, _) => {
            vec![layer(150, 8, 110, 100, 20, 190), layer(80, 3, 34, 150, 200, 190)]
        }
        (_, Style::PlasticToy) => vec![layer(280, 24, 100, 96, 26, 180), layer(86, 4, 42, 190, 512, 200)],
        (Family::Bird, _) => vec![layer(190, 22, 110, 116, 30, 200), layer(84, 18, 28, 120, 46, 210)],
        (_, Style::Photorealistic) => vec![layer(160, 44, 44, 100, 50, 210), layer(84, 34, 26, 122, 60, 220)],
        (_, Style::AnimatedFilm) => vec![layer(200, 52, 66, 100, 40, 200), layer(102, 40, 30, 112, 56, 215)],
        (_, Style::VideoGame) => vec![layer(250, 50, 110, 96, 50, 210), layer(114, 36, 36, 116, 60, 215)],
    };
    for layer in &mut layers {
        match identity.feature {
            "fluffy_fur" => layer.length = layer.length * 3 / 2,
            "short_fur" => layer.length = layer.length * 5 / 8,
            "curly_fur" => layer.tousle *= 4,
            "spiky_fur" => layer.length = layer.length * 5 / 4,
            _ => {}
        }
    }
    layers
}

/// Where a shape begins and ends in each of 256 bands of the drawing.
#[derive(Debug)]
pub(super) struct Profile([(i32, i32); 256]);

impl Profile {
    /// The profile of a path whose rows are unbroken.
    pub(super) fn of(path: &Path) -> Self {
        let mut bands = [(i32::MAX, i32::MIN); 256];
        for ring in path.rings() {
            let Some(mut from) = ring.last().copied() else { continue };
            for to in ring.iter().copied() {
                let steps = ((to.y - from.y).abs() >> 6) + 1;
                for n in 0..=steps {
                    let (x, y) = (from.x + (to.x - from.x) * n / steps, from.y + (to.y - from.y) * n / steps);
                    if let Some(band) = bands.get_mut((y >> 6).max(0) as usize) {
                        *band = (band.0.min(x), band.1.max(x));
                    }
                }
                from = to;
            }
        }
        Self(bands)
    }

    /// First and last x at a height; `None` above and below the shape.
    pub(super) fn at(&self, y: i32) -> Option<(i32, i32)> {
        let band = *self.0.get((y.clamp(0, SIDE) >> 6) as usize)?;
        (band.0 <= band.1).then_some(band)
    }
}

/// Combs one layer over a shape. Hairs grow away from `middle`; those far from it are drawn first, so that
/// tips lie over roots. `colour` is asked at each root.
pub(super) fn comb(
    canvas: &mut Canvas<'_>,
    profile: &Profile,
    middle: Point,
    layer: &Layer,
    random: &mut Chance,
    colour: impl Fn(i32, i32) -> Rgb,
) {
    let seed = random.bits() as u32;
    let rows = SIDE / layer.cell;
    let centre = middle.y / layer.cell;
    for distance in (0..=rows).rev() {
        for row in [centre - distance, centre + distance] {
            let Some((left, right)) = profile.at(row * layer.cell) else { continue };
            let mut x = left + random.within(0, layer.cell - 1);
            while x < right {
                let jitter = random.bits();
                let part = |shift: u32| (jitter >> shift & 255) as i32;
                let root = Point {
                    x: x + (((part(0) - 128) * layer.cell) >> 8),
                    y: row * layer.cell + (((part(8) - 128) * layer.cell) >> 8),
                };
                x += layer.cell;
                let swirl = (noise(seed, root.x, root.y, 11) - 128) / 2;
                let turn = (((part(16) - 128) * layer.tousle) >> 7) + swirl;
                let (sin, cos) = (sine(turn), sine(turn + 256));
                let (away_x, away_y) = (root.x - middle.x, root.y - middle.y);
                let far = (i64::from(away_x).pow(2) + i64::from(away_y).pow(2)) as u64;
                let far = far.isqrt().max(1) as i32;
                let length = (layer.length * (180 + part(24) / 2)) >> 8;
                // hair hangs a little
                let (dx, dy) = (away_x * 256 / far, away_y * 256 / far + 50);
                let tip = root.moved(
                    (length * ((dx * cos - dy * sin) >> 12)) >> 8,
                    (length * ((dx * sin + dy * cos) >> 12)) >> 8,
                );
                let light = (part(32) - 128) + (part(40) - 128);
                let bend = ((part(48) - 128) * length) >> 10;
                canvas.hair(&Hair {
                    root,
                    tip,
                    bend: Point { x: bend, y: -bend },
                    width: layer.width,
                    colour: colour::gain(colour(root.x, root.y), 256 + ((light * layer.contrast) >> 8)),
                    alpha: layer.alpha,
                });
            }
            if distance == 0 {
                break;
            }
        }
    }
}

/// A fringe of soft hairs along an outline, which hides where the skin ends.
pub(super) fn fringe(
    canvas: &mut Canvas<'_>,
    outline: &Path,
    middle: Point,
    layer: &Layer,
    random: &mut Chance,
    colour: impl Fn(i32, i32) -> Rgb,
) {
    for ring in outline.rings() {
        let Some(mut from) = ring.last().copied() else { continue };
        for to in ring.iter().copied() {
            let length = (to.x - from.x).abs() + (to.y - from.y).abs();
            let count = length * 2 / layer.cell + 1;
            for n in 0..count {
                let edge = from.towards(to, n * 256 / count);
                let root = edge.towards(middle, random.within(2, 16));
                let out = (layer.length * random.within(90, 220)) >> 8;
                let (away_x, away_y) = (edge.x - middle.x, edge.y - middle.y);
                let far = away_x.abs().max(away_y.abs()).max(1);
                let (dx, dy) = (away_x * 256 / far, away_y * 256 / far + 60);
                let (across, down) = (random.within(-90, 90), random.within(-60, 90));
                let tip = root.moved((out * (dx + across)) >> 8, (out * (dy + down)) >> 8);
                let bend = Point { x: random.within(-out / 8, out / 8), y: out / 10 };
                let tone = colour::gain(colour(root.x, root.y), random.within(200, 320));
                canvas.hair(&Hair { root, tip, bend, width: layer.width, colour: tone, alpha: layer.alpha });
            }
            from = to;
        }
    }
}
