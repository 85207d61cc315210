//! How light falls on a head: one formula for skin, hairs and lids, so that they belong together.

use super::{
    build::{Build, Snout},
    chance::speck,
    coat::inside,
    colour::{self, Rgb},
    identity::Style,
    path::{Point, SIDE, STEP},
};

/// The light on one head; it comes from the upper left.
#[derive(Debug, Clone)]
pub(super) struct Light {
    style: Style,
    middle: Point,
    radii: (i32, i32),
    eye: Point,
    socket: (i32, i32),
    muzzle: Point,
    muzzle_radii: (i32, i32),
    bulge: i32,
}

impl Light {
    /// The light on a build.
    pub(super) fn on(build: &Build, style: Style) -> Self {
        Self {
            style,
            middle: build.centre.moved(0, (build.chin - build.top) / 2),
            radii: (build.widths[1] * 17 / 16, (build.top + build.chin) * 17 / 32),
            eye: build.eye,
            socket: (build.eye_radii.0 * 9 / 4, build.eye_radii.1 * 9 / 4),
            muzzle: build.muzzle,
            muzzle_radii: build.muzzle_radii,
            bulge: i32::from(matches!(build.snout, Snout::Muzzle | Snout::Broad)),
        }
    }

    /// Brightness at a place on the head, 256 being the colour itself.
    pub(super) fn gain(&self, x: i32, y: i32) -> i32 {
        let (u, v) = (((x - self.middle.x) << 8) / self.radii.0, ((y - self.middle.y) << 8) / self.radii.1);
        let edge = ((u * u + v * v) >> 8).min(400);
        let mut gain = 296 - ((u * 22 + v * 40) >> 8) - ((edge * edge * 112) >> 16);
        if self.bulge > 0 {
            let out = inside(x, y, self.muzzle, self.muzzle_radii);
            let down = ((y - self.muzzle.y) << 8) / self.muzzle_radii.1.max(1);
            if out < 1 << 16 {
                gain += (((65_536 - out) >> 8) * (26 - ((down * 30) >> 8))) >> 8;
            } else if out < 100_000 && down > 0 {
                gain -= (((100_000 - out) >> 7) * down.min(256) * 40) >> 16;
            }
        }
        let right = self.middle.x + (x - self.middle.x).abs();
        let socket = inside(right, y, self.eye, self.socket);
        if socket < 1 << 16 {
            gain -= (((65_536 - socket) >> 8) * 44) >> 8;
        }
        match self.style {
            Style::PlasticToy => {
                let glint = inside(x, y, self.middle.moved(-80 * STEP, -170 * STEP), (100 * STEP, 70 * STEP));
                gain + ((65_536 - glint).max(0) >> 8) * 90 / 256
            }
            // four steps of light, as painted
            Style::VideoGame => i32::midpoint(gain, gain / 36 * 36),
            _ => gain,
        }
    }

    /// A colour of the head, lit.
    pub(super) fn lit(&self, colour: Rgb, x: i32, y: i32) -> Rgb {
        colour::gain(colour, self.gain(x, y))
    }
}

/// Light on a thing that stands about the axis, `half` units wide on each side, with a little grain.
pub(super) fn round(colour: Rgb, half: i32, grain: i32) -> impl Fn(i32, i32) -> Rgb + Copy {
    move |x, y| {
        let u = (((x - SIDE / 2) << 8) / half.max(1)).clamp(-300, 300);
        let cloth = speck(77, x >> 4, y >> 4) - 128;
        colour::gain(colour, 278 - ((u * 26) >> 8) - ((u * u * 90) >> 16) + ((cloth * grain) >> 8))
    }
}
