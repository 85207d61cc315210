//! Colours of a head: coat, markings, eyes and nose, by the animal's name, else by its family and chance.

use super::{
    build::Build,
    colour::{self, Rgb, mix, rgb},
    identity::{Identity, Style},
    path::Point,
    random::{Random, noise},
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
    ("Doberman", 0x24_20_20, 0x9a_55_24, 0x15_12_12, Pattern::Tan),
    ("Rottweiler", 0x26_22_21, 0x96_58_2a, 0x16_13_13, Pattern::Tan),
    ("Beagle", 0x9c_62_38, 0xf0_e8_dc, 0x30_28_24, Pattern::Blaze),
    ("Saint_Bernard", 0x9a_58_30, 0xf2_ec_e2, 0x3a_28_20, Pattern::Blaze),
    ("Border_Collie", 0x28_28_2c, 0xf0_ee_ea, 0x18_18_1c, Pattern::Blaze),
    ("Badger", 0x2c_2a_2a, 0xec_e8_e0, 0x1a_18_18, Pattern::Blaze),
    ("Skunk", 0x22_22_26, 0xf2_f0_ec, 0x14_14_18, Pattern::Blaze),
    ("Dalmatian", 0xee_ec_e8, 0xf8_f6_f2, 0x24_22_24, Pattern::Spots),
    ("Pug", 0xd8_b8_8c, 0x40_34_2e, 0x30_28_26, Pattern::Points),
    ("Siamese", 0xe8_dc_c8, 0x56_44_3c, 0x48_38_32, Pattern::Points),
    ("Ragdoll", 0xec_e2_d4, 0x78_66_5e, 0x60_52_4c, Pattern::Points),
    ("Birman", 0xee_e4_d2, 0x70_5e_54, 0x5c_4c_46, Pattern::Points),
    ("Panda", 0xf0_ee_e8, 0xf8_f6_f2, 0x20_1e_20, Pattern::Mask),
    ("Raccoon", 0x9a_94_8c, 0xea_e6_de, 0x2e_2a_2a, Pattern::Mask),
    ("Ferret", 0xd8_c6_a8, 0xf2_ea_da, 0x5a_44_36, Pattern::Mask),
    ("White_Tiger", 0xee_ea_e4, 0xfa_f8_f4, 0x40_3a_38, Pattern::Stripes),
    ("Tiger", 0xd8_82_30, 0xf6_ee_e0, 0x2a_20_1a, Pattern::Stripes),
    ("Tabby", 0xa8_88_64, 0xe6_da_c8, 0x4c_3a_2c, Pattern::Stripes),
    ("Zebra", 0xf0_ee_ea, 0x3a_36_36, 0x20_1e_20, Pattern::Stripes),
    ("Okapi", 0x5a_38_2a, 0xc8_b8_a8, 0x30_20_1a, Pattern::Plain),
    ("Chipmunk", 0xa8_74_44, 0xec_dc_c2, 0x3a_2a_20, Pattern::Stripes),
    ("Clownfish", 0xe8_78_24, 0xf6_f2_ec, 0x22_20_20, Pattern::Blaze),
    ("Snow_Leopard", 0xc8_c6_c0, 0xee_ec_e8, 0x4a_48_48, Pattern::Spots),
    ("Leopard", 0xd0_9a_56, 0xf0_e4_cc, 0x30_22_1a, Pattern::Spots),
    ("Cheetah", 0xd2_a0_5e, 0xf2_e6_d0, 0x28_1e_18, Pattern::Spots),
    ("Jaguar", 0xc8_90_4a, 0xec_dc_be, 0x2c_20_18, Pattern::Spots),
    ("Ocelot", 0xc8_a2_70, 0xf0_e6_d4, 0x36_28_20, Pattern::Spots),
    ("Serval", 0xcc_a4_66, 0xf0_e6_d2, 0x30_24_1c, Pattern::Spots),
    ("Bengal_Cat", 0xb8_8a_54, 0xea_dc_c4, 0x34_26_1e, Pattern::Spots),
    ("Hyena", 0xa4_8a_68, 0x50_44_3c, 0x3c_30_28, Pattern::Spots),
    ("Giraffe", 0xd8_b0_74, 0xec_dc_c0, 0x8a_54_2a, Pattern::Patches),
    ("Cow", 0xee_ea_e4, 0xe0_b8_a8, 0x34_2c_2a, Pattern::Patches),
    ("Pinto", 0xee_ea_e4, 0xe0_b8_a8, 0x70_46_2c, Pattern::Patches),
    ("Wild_Dog", 0xa0_76_48, 0x50_40_34, 0x2a_22_1e, Pattern::Patches),
    ("Guinea_Pig", 0xb8_7c_46, 0xf2_ea_de, 0x34_2a_26, Pattern::Patches),
    ("Jack_Russell", 0xf0_ec_e6, 0xfa_f8_f4, 0xa0_66_3a, Pattern::Patches),
    ("Husky", 0x62_66_6e, 0xf4_f4_f2, 0x3a_3c_42, Pattern::Blaze),
    ("Polar", 0xee_e6_d4, 0xf8_f4_ea, 0xc8_ba_a0, Pattern::Plain),
    ("Arctic", 0xf0_ee_ea, 0xfc_fa_f8, 0xc6_c4_c2, Pattern::Plain),
    ("Snowy", 0xf0_ee_ea, 0xfa_fa_f8, 0x70_6a_66, Pattern::Spots),
    ("White", 0xee_ec_e8, 0xf8_f6_f4, 0xb8_b4_b0, Pattern::Plain),
    ("Samoyed", 0xf2_ee_e6, 0xfc_fa_f6, 0xd0_c8_bc, Pattern::Plain),
    ("Maltese", 0xf2_ee_e8, 0xfc_fa_f6, 0xd0_c8_be, Pattern::Plain),
    ("Swan", 0xf4_f2_ee, 0xfc_fc_fa, 0xc8_c4_be, Pattern::Plain),
    ("Dove", 0xec_ea_e8, 0xf8_f6_f4, 0xb4_b0_b0, Pattern::Plain),
    ("Cockatoo", 0xf4_f0_e8, 0xfc_fa_f2, 0xe6_c8_58, Pattern::Plain),
    ("Sheep", 0xe8_e0_d0, 0xf4_ee_e2, 0xb8_a8_94, Pattern::Plain),
    ("Beluga", 0xe8_ec_ee, 0xf6_f8_fa, 0xb0_b8_c0, Pattern::Plain),
    ("Black", 0x2a_28_2c, 0x4a_44_44, 0x14_12_16, Pattern::Plain),
    ("Raven", 0x26_26_2e, 0x3a_3a_46, 0x12_12_18, Pattern::Plain),
    ("Crow", 0x24_24_2a, 0x38_38_42, 0x12_12_16, Pattern::Plain),
    ("Cormorant", 0x26_28_2e, 0x42_42_48, 0x12_12_16, Pattern::Plain),
    ("Gorilla", 0x34_32_36, 0x5a_52_52, 0x1a_18_1c, Pattern::Plain),
    ("Chimpanzee", 0x34_2c_2a, 0xb0_8c_74, 0x1c_18_16, Pattern::Plain),
    ("Orca", 0x22_24_2a, 0xf0_f0_f0, 0x12_14_18, Pattern::Mask),
    ("Penguin", 0x26_2a_32, 0xf2_f0_ea, 0x16_18_1e, Pattern::Mask),
    ("Red_", 0xb8_5a_28, 0xf0_e4_d4, 0x4a_26_18, Pattern::Plain),
    ("Orangutan", 0xa8_54_28, 0xa4_84_70, 0x6a_30_18, Pattern::Plain),
    ("Bison", 0x7c_4a_2c, 0x9c_70_50, 0x40_26_1a, Pattern::Plain),
    ("Highland", 0xa8_60_30, 0xc8_90_60, 0x6a_38_1c, Pattern::Plain),
    ("Irish_Setter", 0x94_48_24, 0xb4_6a_3c, 0x5a_2a_16, Pattern::Plain),
    ("Golden", 0xd0_9a_58, 0xee_d8_b0, 0x90_60_30, Pattern::Plain),
    ("Lion", 0xc8_94_58, 0xee_da_b6, 0x74_48_28, Pattern::Plain),
    ("Flamingo", 0xec_92_94, 0xf8_c4_c0, 0xc8_5a_64, Pattern::Plain),
    ("Cardinal", 0xc4_2c_28, 0xe0_58_48, 0x26_1c_1e, Pattern::Mask),
    ("Axolotl", 0xec_b0_b4, 0xf8_d4_d4, 0xd0_74_88, Pattern::Plain),
    ("Pig", 0xe4_a8_a0, 0xf0_c4_bc, 0xb8_78_74, Pattern::Plain),
    ("Goldfish", 0xe8_88_28, 0xf8_c8_80, 0xc0_54_18, Pattern::Plain),
    ("Elephant", 0x88_84_82, 0xa4_9c_98, 0x58_54_54, Pattern::Plain),
    ("Gray", 0x86_84_82, 0xd6_d2_cc, 0x44_42_44, Pattern::Plain),
];

/// Base, light and dark of what no word decides.
fn palette(family: Family) -> &'static [(u32, u32, u32)] {
    match family {
        Family::Bird => &[
            (0x3c_78_a8, 0xd8_e4_ec, 0x20_3c_58),
            (0x48_8c_48, 0xd8_d8_70, 0x24_4c_2c),
            (0xb8_40_30, 0xe8_c0_60, 0x5c_20_1c),
            (0x8a_68_48, 0xdc_c8_a8, 0x48_34_26),
            (0x98_94_90, 0xe4_e2_de, 0x50_4e_50),
            (0xd8_b0_40, 0xf4_e4_a4, 0x94_6c_20),
        ],
        Family::Reptile => &[
            (0x5c_84_40, 0xb8_c4_80, 0x34_50_28),
            (0x8a_84_4c, 0xcc_c4_90, 0x50_4a_2a),
            (0x78_6a_50, 0xb8_a8_88, 0x44_3a_2c),
            (0x48_8c_78, 0xb8_d8_a8, 0x28_54_4c),
        ],
        Family::Fish => &[
            (0x58_78_98, 0xd4_dc_e2, 0x30_44_5c),
            (0x78_80_88, 0xd8_dc_de, 0x44_4a_52),
            (0x5c_8c_8c, 0xd8_e0_c8, 0x34_54_58),
            (0x8a_70_5c, 0xcc_b8_a4, 0x50_40_36),
        ],
        _ => &[
            (0x9c_70_48, 0xe4_cc_a8, 0x50_34_22),
            (0xc0_92_60, 0xee_dc_c0, 0x78_50_30),
            (0x6a_4c_38, 0xb0_8c_6c, 0x38_28_20),
            (0x88_7c_72, 0xcc_c2_b6, 0x4a_42_3c),
            (0xd4_b4_88, 0xf2_e6_d2, 0x94_70_4a),
            (0x58_4a_44, 0x9a_86_78, 0x30_28_26),
            (0xa8_60_34, 0xe8_cc_a8, 0x5c_30_1c),
        ],
    }
}

impl Coat {
    /// The coat of an identity.
    pub(super) fn of(identity: &Identity, build: &Build, random: &mut Random) -> Self {
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
                (_, "pale_fur") => mix(tuned, rgb(0xf4_f0_ea), 110),
                (Style::AnimatedFilm, _) => colour::saturate(colour::add(tuned, 10), 330),
                (Style::PlasticToy, _) => colour::saturate(colour::add(tuned, 6), 350),
                (Style::VideoGame, _) => colour::saturate(tuned, 290),
                (Style::Photorealistic, _) => tuned,
            }
        };
        let iris = match identity.feature {
            "blue_eyes" => rgb(0x4a_8a_c8),
            "green_eyes" => rgb(0x5c_9c_4c),
            "amber_eyes" => rgb(0xd0_8c_28),
            _ => match identity.family {
                Family::Cat => {
                    rgb([0xb8_a0_38, 0x78_a0_50, 0xc8_8c_30, 0x68_a0_b0][random.below(4) as usize])
                }
                Family::Bird => rgb([0xd8_a0_20, 0x40_28_1c, 0xc8_50_20][random.below(3) as usize]),
                Family::Reptile => rgb([0xd0_a0_28, 0x9c_b0_38, 0xc0_60_28][random.below(3) as usize]),
                _ => rgb([0x4a_2c_18, 0x6a_42_20, 0x38_24_1a][random.below(3) as usize]),
            },
        };
        let nose = match (identity.family, identity.feature) {
            (_, "pink_nose") => rgb(0xd8_88_84),
            (Family::Bird, _) => {
                rgb([0xe0_a0_30, 0x50_4c_4c, 0xd8_78_28, 0xc8_b8_98][random.below(4) as usize])
            }
            (Family::Cat | Family::Rabbit | Family::Rodent, _) => {
                rgb([0xc8_88_80, 0x70_4c_48, 0xd0_94_8c][random.below(3) as usize])
            }
            (Family::Hoofed | Family::Primate, _) => mix(tune(dark), rgb(0x70_58_50), 128),
            (Family::Reptile | Family::Fish, _) => tune(dark),
            _ => rgb(0x2a_24_26),
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
        let pale = (76_000 - muzzle >> 7).clamp(0, 256);
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
            Pattern::Mask => marked(60_000 - near_eye - wobble * 90 >> 6),
            Pattern::Tan => {
                let brow = inside(self.muzzle.x + across, y, self.eye.moved(-200, -900), (420, 300));
                mix(base, self.light, (62_000 - brow >> 7).clamp(0, 256))
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
