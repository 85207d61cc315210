//! What the ten expressions of an identity share: ears, horns, head, fur, muzzle and nose.

use super::{
    build::{Build, Ears, Horns, Snout},
    canvas::{Canvas, Hair},
    chance::{Chance, speck},
    coat::Coat,
    colour::{self, Rgb, mix, rgb},
    fur::{self, Layer, Profile},
    identity::{Identity, Style},
    light::Light,
    path::{Path, Point, STEP},
};
use crate::reghead::pools::Family;

/// A head about to be drawn.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) identity: Identity,
    pub(super) build: Build,
    pub(super) coat: Coat,
    pub(super) light: Light,
    /// Where the head is, row by row.
    profile: Profile,
}

impl Head {
    /// Everything the identity decides.
    pub(super) fn of(identity: &Identity) -> Self {
        let mut random = Chance::named(&[identity.seed, identity.number, 1]);
        let build = Build::of(identity, &mut random);
        let coat = Coat::of(identity, &build, &mut random);
        let light = Light::on(&build, identity.style);
        let profile = Profile::of(&build.outline());
        Self { identity: identity.clone(), build, coat, light, profile }
    }

    /// The coat's colour at a place, lit.
    pub(super) fn skin(&self, x: i32, y: i32) -> Rgb {
        self.light.lit(self.coat.colour(x, y), x, y)
    }

    /// True on the head, ears aside.
    pub(super) fn covers(&self, x: i32, y: i32) -> bool {
        self.profile.at(y).is_some_and(|(left, right)| (left..right).contains(&x))
    }

    /// A point beside and below the face's middle, in units.
    pub(super) fn at(&self, across: i32, down: i32) -> Point {
        self.build.centre.moved(across, down)
    }

    /// Draws the shared part on white.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) {
        let mut random = Chance::named(&[self.identity.seed, self.identity.number, 2]);
        let layers = fur::layers(&self.identity);
        canvas.clear();
        if self.build.horns != Horns::None {
            self.horns(canvas);
        }
        if self.build.ears != Ears::None && self.build.ears != Ears::Droopy {
            self.ears(canvas, &layers, &mut random);
        }
        let outline = self.build.outline();
        canvas.fill(&outline, |x, y| self.skin(x, y));
        // on a toy nothing stands out of the mould
        let inner = if self.furry() { 256 } else { 232 };
        let profile = Profile::of(&outline.clone().shrunk(inner));
        let middle = if self.build.snout == Snout::Beak { self.build.eye_line() } else { self.build.muzzle };
        let middle = middle.towards(self.build.eye_line(), 128);
        for layer in &layers {
            fur::comb(canvas, &profile, middle, layer, &mut random, |x, y| self.skin(x, y));
        }
        if let Some(layer) = layers.last().filter(|_| self.furry()) {
            fur::fringe(canvas, &outline, middle, layer, &mut random, |x, y| self.skin(x, y));
        }
        if self.build.ears == Ears::Droopy {
            self.ears(canvas, &layers, &mut random);
        }
        self.feature(canvas, &mut random);
        self.nose(canvas);
        if matches!(self.identity.family, Family::Cat | Family::Rodent | Family::Rabbit)
            || self.identity.feature == "long_whiskers"
        {
            self.whiskers(canvas, &mut random);
        }
    }

    /// True if single hairs stand out.
    fn furry(&self) -> bool {
        self.identity.style != Style::PlasticToy
            && !matches!(self.identity.family, Family::Reptile | Family::Fish)
    }

    fn ears(&self, canvas: &mut Canvas<'_>, layers: &[Layer], random: &mut Chance) {
        let Build { top, widths: [crown, eyes, ..], ear_size, .. } = self.build;
        let size = |steps: i32| (steps * STEP * ear_size) >> 8;
        let at = |across: i32, down: i32| self.at(across, down);
        let ear = match self.build.ears {
            Ears::None => return,
            Ears::Pointed => {
                let tip = at(crown * 15 / 16 + size(16), -top - size(112));
                Path::default().smooth(&[
                    at(crown / 4, -top * 7 / 8),
                    tip.moved(-size(40), size(20)),
                    tip,
                    tip.moved(size(22), size(30)),
                    at(crown * 19 / 16, -top / 2),
                    at(crown * 3 / 4, -top / 4),
                ])
            }
            Ears::Droopy => {
                let root = at(crown * 13 / 16, -top * 3 / 4);
                Path::default().smooth(&[
                    root.moved(-size(40), -size(6)),
                    root.moved(size(60), -size(40)),
                    root.moved(size(118), size(60)),
                    root.moved(size(120), size(220)),
                    root.moved(size(60), size(262)),
                    root.moved(size(20), size(150)),
                ])
            }
            Ears::Round => Path::default().ellipse(at(crown, -top * 12 / 16), size(88), size(86), 0),
            Ears::Long => {
                let centre = at(crown * 9 / 16, -top - size(100));
                Path::default().ellipse(centre, size(54), size(168), 36)
            }
            Ears::Sideways => {
                let centre = at(crown + size(70), -top * 9 / 16 - size(10));
                Path::default().ellipse(centre, size(116), size(52), -70)
            }
            Ears::Fins => {
                let root = at(eyes * 15 / 16, 40 * STEP);
                Path::default().smooth(&[
                    root.moved(-size(30), -size(60)),
                    root.moved(size(110), -size(50)),
                    root.moved(size(130), size(70)),
                    root.moved(-size(30), size(70)),
                ])
            }
        };
        let inner = ear.clone().shrunk(150);
        let tone = |x: i32, y: i32| {
            let shade =
                250 + ((self.build.centre.y - y) * 30 / top) - i32::from(x > self.build.centre.x) * 24;
            colour::gain(self.coat.ear(), shade)
        };
        let hollow = |x: i32, y: i32| mix(tone(x, y), mix(self.coat.light, rgb(0xc88880), 150), 190);
        let open = !matches!(self.build.ears, Ears::Droopy | Ears::Fins);
        canvas.fill(&ear.clone().and_mirrored(), tone);
        if open {
            canvas.fill(&inner.clone().and_mirrored(), hollow);
        }
        for flip in [false, true] {
            let side = |path: &Path| if flip { path.clone().mirrored() } else { path.clone() };
            let within = if self.furry() { ear.clone() } else { ear.clone().shrunk(200) };
            let (whole, hole) = (Profile::of(&side(&within)), Profile::of(&side(&inner)));
            let root = self.at(if flip { -crown * 3 / 4 } else { crown * 3 / 4 }, -top * 3 / 4);
            for layer in layers {
                let layer = Layer { length: layer.length * 5 / 8, ..*layer };
                fur::comb(canvas, &whole, root, &layer, random, |x, y| {
                    let inside = hole.at(y).is_some_and(|(left, right)| (left..right).contains(&x));
                    if open && inside { hollow(x, y) } else { tone(x, y) }
                });
            }
        }
    }

    fn horns(&self, canvas: &mut Canvas<'_>) {
        let Build { top, widths: [crown, ..], .. } = self.build;
        let at = |across: i32, up: i32| self.at(across, -top - up * STEP);
        let wide = 46 * STEP;
        let horn = match self.build.horns {
            Horns::None => return,
            Horns::Straight => Path::default().ribbon(
                &[
                    at(crown * 3 / 8, -60),
                    at(crown * 3 / 8, 60),
                    at(crown * 5 / 8, 120),
                    at(crown * 5 / 8, 230),
                ],
                wide,
                40,
            ),
            Horns::Curved => Path::default().ribbon(
                &[
                    at(crown / 2, -50),
                    at(crown * 5 / 4, -70),
                    at(crown * 13 / 8, -30),
                    at(crown * 13 / 8, 110),
                ],
                wide * 5 / 4,
                50,
            ),
            Horns::Curled => Path::default().ribbon(
                &[
                    at(crown / 4, -40),
                    at(crown, 100),
                    at(crown * 2, 20),
                    at(crown * 15 / 8, -210),
                    at(crown * 9 / 8, -220),
                    at(crown * 9 / 8, -110),
                    at(crown * 3 / 2, -100),
                ],
                wide * 3 / 2,
                60,
            ),
            Horns::Antlers => {
                let beam = [
                    at(crown * 3 / 8, -30),
                    at(crown / 2, 90),
                    at(crown * 5 / 4, 110),
                    at(crown * 11 / 8, 250),
                ];
                Path::default()
                    .ribbon(&beam, wide / 2, 150)
                    .ribbon(&[at(crown / 2, 60), at(crown / 4, 120), at(crown / 4, 190)], wide / 3, 120)
                    .ribbon(&[at(crown, 105), at(crown * 7 / 8, 170), at(crown * 7 / 8, 240)], wide / 3, 120)
                    .ribbon(
                        &[at(crown * 5 / 4, 130), at(crown * 13 / 8, 150), at(crown * 7 / 4, 210)],
                        wide / 3,
                        120,
                    )
            }
            Horns::Knobs => Path::default()
                .ribbon(&[at(crown * 3 / 8, -40), at(crown * 3 / 8, 60)], wide * 3 / 4, 250)
                .ellipse(at(crown * 3 / 8, 66), 26 * STEP, 24 * STEP, 0),
        };
        let bone = if self.build.horns == Horns::Antlers { rgb(0x967858) } else { rgb(0xb4a084) };
        canvas.fill(&horn.and_mirrored(), |x, y| {
            let ring = super::path::sine(y + (x - self.build.centre.x).abs() / 3) >> 7;
            colour::add(
                colour::gain(bone, 256 - (x - self.build.centre.x) / 90),
                ring / 2 + (speck(5, x >> 4, y >> 4) >> 4) - 8,
            )
        });
    }

    fn nose(&self, canvas: &mut Canvas<'_>) {
        let Build { nose, nose_radii: (rx, ry), snout, .. } = self.build;
        let dark = colour::gain(self.coat.nose, 90);
        let nostrils = |across: i32, width: i32, height: i32| {
            Path::default().ellipse(nose.moved(across, ry / 6), width, height, 60).and_mirrored()
        };
        match snout {
            Snout::Muzzle => {
                let shape = [
                    nose.moved(-rx * 3 / 4, -ry),
                    nose.moved(rx * 3 / 4, -ry),
                    nose.moved(rx * 5 / 4, -ry / 4),
                    nose.moved(rx / 2, ry),
                    nose.moved(0, ry * 5 / 4),
                    nose.moved(-rx / 2, ry),
                    nose.moved(-rx * 5 / 4, -ry / 4),
                ];
                canvas.fill(&Path::default().smooth(&shape), |x, y| {
                    let grain = (speck(9, x >> 5, y >> 5) - 128) >> 4;
                    colour::add(colour::gain(self.coat.nose, 256 - (y - nose.y) * 70 / ry), grain)
                });
                canvas.fill(&nostrils(rx / 2, rx / 4, ry / 3), |_, _| dark);
                let shine = Path::default().ellipse(nose.moved(-rx / 6, -ry / 2), rx / 2, ry / 5, 0);
                canvas.fill_blended(&shine, 90, |_, _| [235, 235, 240]);
            }
            Snout::Broad => {
                let skin = Path::default().ellipse(nose, rx, ry, 0);
                canvas.fill_masked(&skin, |x, y| {
                    let out = super::coat::inside(x, y, nose, (rx, ry));
                    let grain = (speck(9, x >> 5, y >> 5) - 128) >> 4;
                    let tone = colour::gain(self.coat.nose, 270 - (y - nose.y) * 60 / ry);
                    (colour::add(tone, grain), ((65_536 - out) >> 6).clamp(0, 256))
                });
                canvas.fill(&nostrils(rx / 2, rx / 6, ry / 4), |_, _| dark);
            }
            Snout::Wide => canvas.fill(&nostrils(rx / 2, 7 * STEP, 4 * STEP), |_, _| dark),
            Snout::Beak => {}
        }
    }

    fn whiskers(&self, canvas: &mut Canvas<'_>, random: &mut Chance) {
        let Build { muzzle, muzzle_radii: (rx, ry), .. } = self.build;
        let long = if self.identity.feature == "long_whiskers" { 320 } else { 220 };
        let pale = colour::luma(self.coat.light) < 90 || self.identity.style == Style::Photorealistic;
        let colour = if pale { rgb(0xd8d2ca) } else { rgb(0x403834) };
        for n in 0..7 {
            for side in [-1, 1] {
                let root = muzzle.moved((side * rx * (random.within(110, 180))) >> 8, (n - 3) * ry / 8);
                let out = random.within(long * 3 / 4, long) * STEP;
                let tip = root.moved(side * out, (n - 3) * out / 9 + random.within(-20, 20) * STEP);
                let bend = Point { x: 0, y: random.within(10, 40) * STEP };
                canvas.hair(&Hair { root, tip, bend, width: 3 * STEP, colour, alpha: 190 });
            }
        }
    }

    fn feature(&self, canvas: &mut Canvas<'_>, random: &mut Chance) {
        let Build { top, chin, widths: [crown, _, jaw, chin_width], eye, .. } = self.build;
        match self.identity.feature {
            "mohawk_fur" => self.tuft(canvas, random, (0, -top * 7 / 8), crown / 5, (0, -150), 420),
            "bearded_chin" => self.tuft(canvas, random, (0, chin * 7 / 8), chin_width, (0, 110), 420),
            "chubby_cheeks" => {
                let cheek = Path::default().ellipse(self.at(jaw * 5 / 8, chin / 5), jaw / 3, jaw / 4, 0);
                canvas.fill_blended(&cheek.and_mirrored(), 40, |_, _| rgb(0xe87060));
            }
            "freckled_face" => {
                for _ in 0..26 {
                    let across = random.within(jaw / 4, jaw * 3 / 4);
                    let down = random.within(-20, 70) * STEP;
                    let dot = Path::default().ellipse(self.at(across, down), 5 * STEP, 4 * STEP, 0);
                    canvas.fill_blended(&dot.and_mirrored(), 150, |_, _| self.coat.dark);
                }
            }
            "wrinkled_forehead" => {
                for n in 0..3 {
                    let y = eye.y - (90 + n * 26) * STEP - self.build.centre.y;
                    let wide = crown * (5 - n) / 8;
                    let line = [self.at(-wide, y), self.at(0, y - 24 * STEP), self.at(wide, y)];
                    canvas.fill_blended(&Path::default().ribbon(&line, 7 * STEP, 20), 150, |_, _| {
                        self.coat.dark
                    });
                }
            }
            _ => {}
        }
    }

    /// Long hairs from one place.
    fn tuft(
        &self,
        canvas: &mut Canvas<'_>,
        random: &mut Chance,
        root: (i32, i32),
        wide: i32,
        to: (i32, i32),
        count: i32,
    ) {
        for _ in 0..count {
            let across = random.within(-wide, wide);
            let root = self.at(root.0 + across, root.1 + random.within(-14, 24) * STEP);
            let reach = random.within(150, 256);
            let tip = root.moved(across / 2 + random.within(-18, 18) * STEP, (to.1 * STEP * reach) >> 8);
            let colour = colour::gain(
                mix(self.coat.dark, self.coat.colour(root.x, root.y), 128),
                random.within(190, 320),
            );
            let bend = Point { x: random.within(-12, 12) * STEP, y: 0 };
            canvas.hair(&Hair { root, tip, bend, width: 5 * STEP, colour, alpha: 230 });
        }
    }
}
