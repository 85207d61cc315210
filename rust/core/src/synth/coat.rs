//! Colours of a head: coat, markings, eyes and nose, by the animal's name, else by its family and chance.

use super::{
    build::Build,
    chance::{Chance, noise},
    colour::{self, Rgb, mix, rgb},
    identity::{Identity, Style},
    path::Point,
};
use crate::reghead::pools::Family;

/// Markings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Plain,
    Stripes,
    Spots,
    Patches,
    /// A dark mask about the eyes on a pale face.
    Mask,
    /// Dark muzzle and ears.
    Points,
    /// Tan brows and muzzle on a dark coat.
    Tan,
    /// A pale blaze down the middle.
    Blaze,
}

/// Colours and where they lie.
#[derive(Debug, Clone)]
pub(super) struct Coat {
    base: Rgb,
    /// Muzzle, cheeks, inside of the ears.
    pub(super) light: Rgb,
    /// Markings and brows.
    pub(super) dark: Rgb,
    pub(super) iris: Rgb,
    pub(super) nose: Rgb,
    /// True if pupils are upright slits.
    pub(super) slit: bool,
    pattern: Pattern,
    seed: u32,
    eye: Point,
    muzzle: Point,
    muzzle_radii: (i32, i32),
}

/// Word in a name, base, light, dark, markings. The first that fits decides.
const NAMED: [(&str, u32, u32, u32, Pattern); 70] = [
    ("Doberman", 0x242020, 0x9a5524, 0x151212, Pattern::Tan),
    ("Rottweiler", 0x262221, 0x96582a, 0x161313, Pattern::Tan),
    ("Beagle", 0x9c6238, 0xf0e8dc, 0x302824, Pattern::Blaze),
    ("Saint_Bernard", 0x9a5830, 0xf2ece2, 0x3a2820, Pattern::Blaze),
    ("Border_Collie", 0x28282c, 0xf0eeea, 0x18181c, Pattern::Blaze),
    ("Badger", 0x2c2a2a, 0xece8e0, 0x1a1818, Pattern::Blaze),
    ("Skunk", 0x222226, 0xf2f0ec, 0x141418, Pattern::Blaze),
    ("Dalmatian", 0xeeece8, 0xf8f6f2, 0x242224, Pattern::Spots),
    ("Pug", 0xd8b88c, 0x40342e, 0x302826, Pattern::Points),
    ("Siamese", 0xe8dcc8, 0x56443c, 0x483832, Pattern::Points),
    ("Ragdoll", 0xece2d4, 0x78665e, 0x60524c, Pattern::Points),
    ("Birman", 0xeee4d2, 0x705e54, 0x5c4c46, Pattern::Points),
    ("Panda", 0xf0eee8, 0xf8f6f2, 0x201e20, Pattern::Mask),
    ("Raccoon", 0x9a948c, 0xeae6de, 0x2e2a2a, Pattern::Mask),
    ("Ferret", 0xd8c6a8, 0xf2eada, 0x5a4436, Pattern::Mask),
    ("White_Tiger", 0xeeeae4, 0xfaf8f4, 0x403a38, Pattern::Stripes),
    ("Tiger", 0xd88230, 0xf6eee0, 0x2a201a, Pattern::Stripes),
    ("Tabby", 0xa88864, 0xe6dac8, 0x4c3a2c, Pattern::Stripes),
    ("Zebra", 0xf0eeea, 0x3a3636, 0x201e20, Pattern::Stripes),
    ("Okapi", 0x5a382a, 0xc8b8a8, 0x30201a, Pattern::Plain),
    ("Chipmunk", 0xa87444, 0xecdcc2, 0x3a2a20, Pattern::Stripes),
    ("Clownfish", 0xe87824, 0xf6f2ec, 0x222020, Pattern::Blaze),
    ("Snow_Leopard", 0xc8c6c0, 0xeeece8, 0x4a4848, Pattern::Spots),
    ("Leopard", 0xd09a56, 0xf0e4cc, 0x30221a, Pattern::Spots),
    ("Cheetah", 0xd2a05e, 0xf2e6d0, 0x281e18, Pattern::Spots),
    ("Jaguar", 0xc8904a, 0xecdcbe, 0x2c2018, Pattern::Spots),
    ("Ocelot", 0xc8a270, 0xf0e6d4, 0x362820, Pattern::Spots),
    ("Serval", 0xcca466, 0xf0e6d2, 0x30241c, Pattern::Spots),
    ("Bengal_Cat", 0xb88a54, 0xeadcc4, 0x34261e, Pattern::Spots),
    ("Hyena", 0xa48a68, 0x50443c, 0x3c3028, Pattern::Spots),
    ("Giraffe", 0xd8b074, 0xecdcc0, 0x8a542a, Pattern::Patches),
    ("Cow", 0xeeeae4, 0xe0b8a8, 0x342c2a, Pattern::Patches),
    ("Pinto", 0xeeeae4, 0xe0b8a8, 0x70462c, Pattern::Patches),
    ("Wild_Dog", 0xa07648, 0x504034, 0x2a221e, Pattern::Patches),
    ("Guinea_Pig", 0xb87c46, 0xf2eade, 0x342a26, Pattern::Patches),
    ("Jack_Russell", 0xf0ece6, 0xfaf8f4, 0xa0663a, Pattern::Patches),
    ("Husky", 0x62666e, 0xf4f4f2, 0x3a3c42, Pattern::Blaze),
    ("Polar", 0xeee6d4, 0xf8f4ea, 0xc8baa0, Pattern::Plain),
    ("Arctic", 0xf0eeea, 0xfcfaf8, 0xc6c4c2, Pattern::Plain),
    ("Snowy", 0xf0eeea, 0xfafaf8, 0x706a66, Pattern::Spots),
    ("White", 0xeeece8, 0xf8f6f4, 0xb8b4b0, Pattern::Plain),
    ("Samoyed", 0xf2eee6, 0xfcfaf6, 0xd0c8bc, Pattern::Plain),
    ("Maltese", 0xf2eee8, 0xfcfaf6, 0xd0c8be, Pattern::Plain),
    ("Swan", 0xf4f2ee, 0xfcfcfa, 0xc8c4be, Pattern::Plain),
    ("Dove", 0xeceae8, 0xf8f6f4, 0xb4b0b0, Pattern::Plain),
    ("Cockatoo", 0xf4f0e8, 0xfcfaf2, 0xe6c858, Pattern::Plain),
    ("Sheep", 0xe8e0d0, 0xf4eee2, 0xb8a894, Pattern::Plain),
    ("Beluga", 0xe8ecee, 0xf6f8fa, 0xb0b8c0, Pattern::Plain),
    ("Black", 0x2a282c, 0x4a4444, 0x141216, Pattern::Plain),
    ("Raven", 0x26262e, 0x3a3a46, 0x121218, Pattern::Plain),
    ("Crow", 0x24242a, 0x383842, 0x121216, Pattern::Plain),
    ("Cormorant", 0x26282e, 0x424248, 0x121216, Pattern::Plain),
    ("Gorilla", 0x343236, 0x5a5252, 0x1a181c, Pattern::Plain),
    ("Chimpanzee", 0x342c2a, 0xb08c74, 0x1c1816, Pattern::Plain),
    ("Orca", 0x22242a, 0xf0f0f0, 0x121418, Pattern::Mask),
    ("Penguin", 0x262a32, 0xf2f0ea, 0x16181e, Pattern::Mask),
    ("Red_", 0xb85a28, 0xf0e4d4, 0x4a2618, Pattern::Plain),
    ("Orangutan", 0xa85428, 0xa48470, 0x6a3018, Pattern::Plain),
    ("Bison", 0x7c4a2c, 0x9c7050, 0x40261a, Pattern::Plain),
    ("Highland", 0xa86030, 0xc89060, 0x6a381c, Pattern::Plain),
    ("Irish_Setter", 0x944824, 0xb46a3c, 0x5a2a16, Pattern::Plain),
    ("Golden", 0xd09a58, 0xeed8b0, 0x906030, Pattern::Plain),
    ("Lion", 0xc89458, 0xeedab6, 0x744828, Pattern::Plain),
    ("Flamingo", 0xec9294, 0xf8c4c0, 0xc85a64, Pattern::Plain),
    ("Cardinal", 0xc42c28, 0xe05848, 0x261c1e, Pattern::Mask),
    ("Axolotl", 0xecb0b4, 0xf8d4d4, 0xd07488, Pattern::Plain),
    ("Pig", 0xe4a8a0, 0xf0c4bc, 0xb87874, Pattern::Plain),
    ("Goldfish", 0xe88828, 0xf8c880, 0xc05418, Pattern::Plain),
    ("Elephant", 0x888482, 0xa49c98, 0x585454, Pattern::Plain),
    ("Gray", 0x868482, 0xd6d2cc, 0x444244, Pattern::Plain),
];

/// Base, light and dark of what no word decides.
fn palette(family: Family) -> &'static [(u32, u32, u32)] {
    match family {
        Family::Bird => &[
            (0x3c78a8, 0xd8e4ec, 0x203c58),
            (0x488c48, 0xd8d870, 0x244c2c),
            (0xb84030, 0xe8c060, 0x5c201c),
            (0x8a6848, 0xdcc8a8, 0x483426),
            (0x989490, 0xe4e2de, 0x504e50),
            (0xd8b040, 0xf4e4a4, 0x946c20),
        ],
        Family::Reptile => &[
            (0x5c8440, 0xb8c480, 0x345028),
            (0x8a844c, 0xccc490, 0x504a2a),
            (0x786a50, 0xb8a888, 0x443a2c),
            (0x488c78, 0xb8d8a8, 0x28544c),
        ],
        Family::Fish => &[
            (0x587898, 0xd4dce2, 0x30445c),
            (0x788088, 0xd8dcde, 0x444a52),
            (0x5c8c8c, 0xd8e0c8, 0x345458),
            (0x8a705c, 0xccb8a4, 0x504036),
        ],
        _ => &[
            (0x9c7048, 0xe4cca8, 0x503422),
            (0xc09260, 0xeedcc0, 0x785030),
            (0x6a4c38, 0xb08c6c, 0x382820),
            (0x887c72, 0xccc2b6, 0x4a423c),
            (0xd4b488, 0xf2e6d2, 0x94704a),
            (0x584a44, 0x9a8678, 0x302826),
            (0xa86034, 0xe8cca8, 0x5c301c),
        ],
    }
}

impl Coat {
    /// The coat of an identity.
    pub(super) fn of(identity: &Identity, build: &Build, random: &mut Chance) -> Self {
        let named = NAMED.iter().find(|(word, ..)| identity.animal.contains(word));
        let (base, light, dark, pattern) = if let Some((_, base, light, dark, pattern)) = named {
            (*base, *light, *dark, *pattern)
        } else {
            let choices = palette(identity.family);
            // by name, so that all heads of one animal are of one colour
            let name = identity.animal.bytes().fold(7_u32, |sum, byte| sum * 31 % 65_521 + u32::from(byte));
            let (base, light, dark) = choices[name as usize % choices.len()];
            (base, light, dark, Pattern::Plain)
        };
        let shift = random.within(-14, 14);
        let tune = |hex: u32| {
            let tuned = colour::add(rgb(hex), shift);
            match (identity.style, identity.feature) {
                (_, "dark_fur") => colour::gain(tuned, 170),
                (_, "pale_fur") => mix(tuned, rgb(0xf4f0ea), 110),
                (Style::AnimatedFilm, _) => colour::saturate(colour::add(tuned, 10), 330),
                (Style::PlasticToy, _) => colour::saturate(colour::add(tuned, 6), 350),
                (Style::VideoGame, _) => colour::saturate(tuned, 290),
                (Style::Photorealistic, _) => tuned,
            }
        };
        let iris = match identity.feature {
            "blue_eyes" => rgb(0x4a8ac8),
            "green_eyes" => rgb(0x5c9c4c),
            "amber_eyes" => rgb(0xd08c28),
            _ => match identity.family {
                Family::Cat => rgb([0xb8a038, 0x78a050, 0xc88c30, 0x68a0b0][random.below(4) as usize]),
                Family::Bird => rgb([0xd8a020, 0x40281c, 0xc85020][random.below(3) as usize]),
                Family::Reptile => rgb([0xd0a028, 0x9cb038, 0xc06028][random.below(3) as usize]),
                _ => rgb([0x4a2c18, 0x6a4220, 0x38241a][random.below(3) as usize]),
            },
        };
        let nose = match (identity.family, identity.feature) {
            (_, "pink_nose") => rgb(0xd88884),
            (Family::Bird, _) => rgb([0xe0a030, 0x504c4c, 0xd87828, 0xc8b898][random.below(4) as usize]),
            (Family::Cat | Family::Rabbit | Family::Rodent, _) => {
                rgb([0xc88880, 0x704c48, 0xd0948c][random.below(3) as usize])
            }
            (Family::Hoofed | Family::Primate, _) => mix(tune(dark), rgb(0x705850), 128),
            (Family::Reptile | Family::Fish, _) => tune(dark),
            _ => rgb(0x2a2426),
        };
        Self {
            base: tune(base),
            light: tune(light),
            dark: tune(dark),
            iris,
            nose,
            slit: matches!(identity.family, Family::Cat | Family::Reptile),
            pattern,
            seed: random.bits() as u32,
            eye: build.eye,
            muzzle: build.muzzle,
            muzzle_radii: build.muzzle_radii,
        }
    }

    /// Colour of the ears' backs and of horns' roots.
    pub(super) fn ear(&self) -> Rgb {
        match self.pattern {
            Pattern::Points | Pattern::Mask => self.dark,
            _ => self.base,
        }
    }

    /// The coat's own colour at a place, unlit.
    pub(super) fn colour(&self, x: i32, y: i32) -> Rgb {
        let wobble = noise(self.seed, x, y, 10) - 128;
        // 65536 at the muzzle's edge
        let muzzle = inside(x, y + wobble, self.muzzle, self.muzzle_radii);
        let pale = ((76_000 - muzzle) >> 7).clamp(0, 256);
        let across = (x - self.muzzle.x).abs();
        let near_eye = inside(self.muzzle.x + across, y, self.eye, (1500, 1300));
        let base = colour::add(self.base, wobble >> 4);
        let marked = |amount: i32| mix(base, self.dark, amount.clamp(0, 256));
        let own = match self.pattern {
            Pattern::Plain | Pattern::Points => base,
            Pattern::Stripes => {
                let warp = (noise(self.seed ^ 1, x, y, 11) - 128) * 5;
                let wave = super::path::sine((across + (y + warp) * 2) * 1024 / 2600);
                marked((wave - 1700) >> 3)
            }
            Pattern::Spots => marked((noise(self.seed ^ 2, x, y, 9) - 160) * 9),
            Pattern::Patches => marked((noise(self.seed ^ 3, x, y, 11) - 132) * 14),
            Pattern::Mask => marked((60_000 - near_eye - wobble * 90) >> 6),
            Pattern::Tan => {
                let brow = inside(self.muzzle.x + across, y, self.eye.moved(-200, -900), (420, 300));
                mix(base, self.light, ((62_000 - brow) >> 7).clamp(0, 256))
            }
            Pattern::Blaze => {
                mix(base, self.light, (900 + wobble * 3 - across - (self.eye.y - y) / 6).clamp(0, 256))
            }
        };
        mix(own, self.light, pale)
    }
}

/// How far out a place lies in an ellipse: 0 in the middle, 65536 on its edge.
pub(super) fn inside(x: i32, y: i32, centre: Point, radii: (i32, i32)) -> i32 {
    let u = ((x - centre.x) << 8) / radii.0.max(1);
    let v = ((y - centre.y) << 8) / radii.1.max(1);
    u.clamp(-16_000, 16_000).pow(2) + v.clamp(-16_000, 16_000).pow(2)
}
