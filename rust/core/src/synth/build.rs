//! How a head is built: proportions by family, changed by the feature and a little by chance.

use super::{
    chance::Chance,
    identity::{Identity, Style},
    path::{Path, Point, STEP, pt},
};
use crate::reghead::pools::Family;

/// Heads are written down on the 1024 grid a little smaller than they are drawn.
const GRID: i32 = STEP * 9 / 8;

/// Ears by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ears {
    None,
    Pointed,
    Droopy,
    Round,
    Long,
    Sideways,
    Fins,
}

/// Horns by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Horns {
    None,
    Straight,
    Curved,
    Curled,
    Antlers,
    Knobs,
}

/// What the mouth is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Snout {
    /// A furry muzzle with a nose at its upper end.
    Muzzle,
    /// A broad muzzle whose nostrils are in it: cattle, pigs, apes.
    Broad,
    Beak,
    /// A line across the face: reptiles, fishes.
    Wide,
}

/// Proportions; lengths in units, the head's axis at the middle of the drawing.
#[derive(Debug, Clone)]
pub(super) struct Build {
    /// Middle of the face, from which fur flows.
    pub(super) centre: Point,
    /// From the centre up to the crown.
    pub(super) top: i32,
    /// Half widths at crown, eyes, jaw and chin.
    pub(super) widths: [i32; 4],
    /// From the centre down to the chin.
    pub(super) chin: i32,
    /// The eye on the right of the picture; the other mirrors it.
    pub(super) eye: Point,
    /// Its radii.
    pub(super) eye_radii: (i32, i32),
    /// Width of a brow.
    pub(super) brow: i32,
    pub(super) snout: Snout,
    /// Middle of the muzzle.
    pub(super) muzzle: Point,
    pub(super) muzzle_radii: (i32, i32),
    pub(super) nose: Point,
    pub(super) nose_radii: (i32, i32),
    /// Middle of the mouth's line.
    pub(super) mouth: Point,
    /// Half its width.
    pub(super) mouth_width: i32,
    pub(super) ears: Ears,
    /// Size of the ears out of 256.
    pub(super) ear_size: i32,
    pub(super) horns: Horns,
}

impl Build {
    /// The build of an identity.
    pub(super) fn of(identity: &Identity, random: &mut Chance) -> Self {
        let mut build = Self::family(identity.family);
        build.species(identity.animal);
        build.feature(identity.feature);
        if identity.style == Style::AnimatedFilm {
            build.scale_eyes(330);
        } else if identity.style == Style::PlasticToy {
            build.scale_eyes(290);
        }
        // no two heads of one animal are alike
        let mut vary = |value: &mut i32, by: i32| *value = (*value * random.within(256 - by, 256 + by)) >> 8;
        for width in &mut build.widths {
            vary(width, 12);
        }
        vary(&mut build.chin, 14);
        vary(&mut build.top, 10);
        vary(&mut build.ear_size, 26);
        vary(&mut build.nose_radii.0, 24);
        vary(&mut build.brow, 40);
        build
    }

    /// The point between the eyes.
    pub(super) fn eye_line(&self) -> Point {
        Point { x: self.centre.x, y: self.eye.y }
    }

    /// The head's outline.
    pub(super) fn outline(&self) -> Path {
        let Point { x, y } = self.centre;
        let at = |across: i32, down: i32| Point { x: x + across, y: y + down };
        let [crown, eyes, jaw, chin] = self.widths;
        let right = [
            at(crown * 3 / 8, -self.top * 33 / 32),
            at(crown * 13 / 16, -self.top * 7 / 8),
            at(crown * 17 / 16, -self.top / 2),
            at(eyes * 33 / 32, 0),
            at(jaw * 17 / 16, self.chin * 9 / 16),
            at(jaw * 3 / 4, self.chin * 7 / 8),
            at(chin, self.chin * 33 / 32),
        ];
        let left = right.iter().rev().map(|point| point.mirrored());
        Path::default().smooth(&right.iter().copied().chain(left).collect::<Vec<_>>())
    }

    fn family(family: Family) -> Self {
        // crown, half widths, chin | eye across, down, radii | muzzle down, radii | nose radii | mouth
        let (top, widths, chin) = match family {
            Family::Dog => (235, [185, 225, 165, 70], 305),
            Family::Cat => (225, [230, 285, 230, 90], 250),
            Family::Bear => (245, [245, 290, 265, 120], 275),
            Family::Rodent => (215, [200, 270, 250, 100], 250),
            Family::Rabbit => (230, [180, 235, 205, 90], 270),
            Family::Hoofed => (240, [180, 200, 130, 80], 345),
            Family::Primate => (250, [235, 255, 225, 100], 285),
            Family::Bird => (235, [225, 235, 185, 80], 300),
            Family::Reptile => (185, [215, 285, 250, 110], 255),
            Family::Fish => (250, [215, 285, 255, 90], 265),
        };
        let (eye, radii) = match family {
            Family::Dog | Family::Bear => ((96, -50), (34, 31)),
            Family::Cat => ((108, -40), (48, 42)),
            Family::Rodent => ((118, -50), (32, 32)),
            Family::Rabbit => ((122, -50), (40, 40)),
            Family::Hoofed => ((122, -70), (36, 32)),
            Family::Primate => ((80, -50), (36, 32)),
            Family::Bird => ((102, -60), (44, 44)),
            Family::Reptile => ((140, -90), (46, 44)),
            Family::Fish => ((150, -70), (46, 46)),
        };
        let (snout, muzzle, muzzle_radii, nose, nose_radii, mouth, mouth_width) = match family {
            Family::Dog => (Snout::Muzzle, 125, (108, 104), 72, (46, 34), 150, 84),
            Family::Cat => (Snout::Muzzle, 98, (98, 66), 58, (28, 20), 104, 62),
            Family::Bear => (Snout::Muzzle, 105, (112, 92), 58, (50, 34), 130, 74),
            Family::Rodent => (Snout::Muzzle, 88, (84, 68), 46, (30, 24), 100, 52),
            Family::Rabbit => (Snout::Muzzle, 108, (88, 66), 66, (26, 18), 112, 50),
            Family::Hoofed => (Snout::Broad, 210, (118, 100), 172, (86, 46), 248, 84),
            Family::Primate => (Snout::Broad, 112, (130, 116), 56, (42, 28), 138, 92),
            Family::Bird => (Snout::Beak, 60, (66, 80), 50, (60, 52), 90, 62),
            Family::Reptile => (Snout::Wide, 80, (210, 120), 22, (60, 20), 120, 190),
            Family::Fish => (Snout::Wide, 90, (170, 110), 20, (40, 14), 112, 130),
        };
        let (ears, ear_size, horns) = match family {
            Family::Dog => (Ears::Droopy, 256, Horns::None),
            Family::Cat => (Ears::Pointed, 256, Horns::None),
            Family::Bear => (Ears::Round, 230, Horns::None),
            Family::Rodent => (Ears::Round, 210, Horns::None),
            Family::Rabbit => (Ears::Long, 256, Horns::None),
            Family::Hoofed => (Ears::Sideways, 256, Horns::None),
            Family::Primate => (Ears::Round, 190, Horns::None),
            Family::Bird | Family::Reptile => (Ears::None, 256, Horns::None),
            Family::Fish => (Ears::Fins, 256, Horns::None),
        };
        let centre = pt(512, 556);
        let below = |down: i32| centre.moved(0, down * GRID);
        Self {
            centre,
            top: top * GRID,
            widths: widths.map(|width| width * GRID),
            chin: chin * GRID,
            eye: centre.moved(eye.0 * GRID, eye.1 * GRID),
            eye_radii: (radii.0 * GRID, radii.1 * GRID),
            brow: 17 * GRID,
            snout,
            muzzle: below(muzzle),
            muzzle_radii: (muzzle_radii.0 * GRID, muzzle_radii.1 * GRID),
            nose: below(nose),
            nose_radii: (nose_radii.0 * GRID, nose_radii.1 * GRID),
            mouth: below(mouth),
            mouth_width: mouth_width * GRID,
            ears,
            ear_size,
            horns,
        }
    }

    /// What a name tells beyond the family; the first word that fits decides each question.
    fn species(&mut self, animal: &str) {
        const EARS: [(&str, Ears); 23] = [
            ("Wolf", Ears::Pointed),
            ("Fox", Ears::Pointed),
            ("Husky", Ears::Pointed),
            ("Akita", Ears::Pointed),
            ("Shepherd", Ears::Pointed),
            ("Corgi", Ears::Pointed),
            ("Shiba", Ears::Pointed),
            ("Samoyed", Ears::Pointed),
            ("Chihuahua", Ears::Pointed),
            ("Pomeranian", Ears::Pointed),
            ("Coyote", Ears::Pointed),
            ("Dingo", Ears::Pointed),
            ("Jackal", Ears::Pointed),
            ("Chow", Ears::Pointed),
            ("Papillon", Ears::Pointed),
            ("Bull_Terrier", Ears::Pointed),
            ("Wild_Dog", Ears::Round),
            ("Hyena", Ears::Round),
            ("Lop_", Ears::Droopy),
            ("Bat", Ears::Pointed),
            ("Owl", Ears::Pointed),
            ("Seal", Ears::None),
            ("Mole", Ears::None),
        ];
        const HORNS: [(&str, Horns); 22] = [
            ("Antelope", Horns::Straight),
            ("Gazelle", Horns::Straight),
            ("Oryx", Horns::Straight),
            ("Impala", Horns::Straight),
            ("Eland", Horns::Straight),
            ("Kudu", Horns::Straight),
            ("Saiga", Horns::Straight),
            ("Ibex", Horns::Straight),
            ("Goat", Horns::Straight),
            ("Bison", Horns::Curved),
            ("Musk_Ox", Horns::Curved),
            ("Cow", Horns::Curved),
            ("Bull", Horns::Curved),
            ("Buffalo", Horns::Curved),
            ("Yak", Horns::Curved),
            ("Wildebeest", Horns::Curved),
            ("Ram", Horns::Curled),
            ("Sheep", Horns::Curled),
            ("Deer", Horns::Antlers),
            ("Reindeer", Horns::Antlers),
            ("Elk", Horns::Antlers),
            ("Giraffe", Horns::Knobs),
        ];
        let named = |word: &str| animal.contains(word);
        if let Some((_, ears)) = EARS.iter().find(|(word, _)| named(word)) {
            self.ears = *ears;
        }
        // dogs with "bull" in their name grow no horns
        if self.ears == Ears::Sideways
            && let Some((_, horns)) = HORNS.iter().find(|(word, _)| named(word))
        {
            self.horns = *horns;
        }
        if named("Moose") {
            self.horns = Horns::Antlers;
        }
        if named("Pig") || named("Boar") || named("Warthog") || named("Hippo") || named("Elephant") {
            self.widths = [210, 245, 205, 110].map(|width| width * GRID);
            self.ear_size = if named("Elephant") { 420 } else { 220 };
        }
        if named("Pug") || named("Bulldog") || named("Boxer") || named("Persian") {
            self.widths[2] = self.widths[2] * 5 / 4;
            self.chin = self.chin * 7 / 8;
            self.muzzle_radii = (self.muzzle_radii.0 * 5 / 4, self.muzzle_radii.1 * 7 / 8);
        }
        if named("Mouse") || named("Koala") || named("Jerboa") || named("Lemur") || named("Fennec") {
            self.ear_size = 330;
        }
        if named("Owl") {
            self.ear_size = 140;
            self.scale_eyes(330);
        }
        if named("Duck") || named("Goose") || named("Swan") || named("Pelican") || named("Flamingo") {
            self.muzzle_radii.1 = self.muzzle_radii.1 * 5 / 4;
            self.nose_radii.0 = self.nose_radii.0 * 5 / 4;
        }
    }

    fn feature(&mut self, feature: &str) {
        let scale = |value: &mut i32, by: i32| *value = (*value * by) >> 8;
        match feature {
            "round_eyes" => self.eye_radii.1 = (self.eye_radii.0 * 270) >> 8,
            "big_eyes" => self.scale_eyes(330),
            "small_eyes" => self.scale_eyes(200),
            "narrow_eyes" | "sleepy_eyes" => scale(&mut self.eye_radii.1, 180),
            "wide_set_eyes" => self.eye.x += 18 * STEP,
            "droopy_ears" | "floppy_ears" if self.ears != Ears::None => self.ears = Ears::Droopy,
            "pointed_ears" if self.ears != Ears::None => self.ears = Ears::Pointed,
            "big_ears" => scale(&mut self.ear_size, 340),
            "small_ears" => scale(&mut self.ear_size, 190),
            "long_snout" => scale(&mut self.muzzle_radii.1, 300),
            "short_snout" => scale(&mut self.muzzle_radii.1, 220),
            "big_nose" => {
                scale(&mut self.nose_radii.0, 330);
                scale(&mut self.nose_radii.1, 310);
            }
            "small_nose" => {
                scale(&mut self.nose_radii.0, 190);
                scale(&mut self.nose_radii.1, 190);
            }
            "round_face" | "chubby_cheeks" => {
                scale(&mut self.widths[2], 300);
                scale(&mut self.chin, 236);
            }
            "long_face" => scale(&mut self.chin, 290),
            "narrow_face" => self.widths.iter_mut().for_each(|width| scale(width, 230)),
            "square_jaw" => {
                scale(&mut self.widths[2], 290);
                scale(&mut self.widths[3], 400);
            }
            "pointed_chin" => scale(&mut self.widths[3], 120),
            "bushy_eyebrows" => scale(&mut self.brow, 440),
            "thin_eyebrows" => scale(&mut self.brow, 150),
            _ => {}
        }
    }

    fn scale_eyes(&mut self, by: i32) {
        self.eye_radii = ((self.eye_radii.0 * by) >> 8, (self.eye_radii.1 * by) >> 8);
    }
}
