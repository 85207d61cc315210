//! Accessories: which form and colours each has, and when it is drawn.

use super::{
    canvas::Canvas,
    colour::{Rgb, rgb},
    hats,
    head::Head,
    trinkets,
};

/// Forms of accessories; several share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Half widths of brim, foot and top and the height, out of 256 half heads; how round the top is.
    Hat {
        brim: i32,
        foot: i32,
        top: i32,
        height: i32,
    },
    Cone {
        brim: i32,
        height: i32,
    },
    Cap {
        peak: bool,
    },
    /// Soft, wider than the head.
    Soft {
        height: i32,
    },
    Beanie,
    Bicorne,
    Helmet {
        horns: bool,
    },
    Bubble,
    Crown {
        height: i32,
    },
    Mortarboard,
    Band,
    Halo,
    Wreath {
        flowers: bool,
    },
    Bunny,
    CatEars,
    Antlers,
    Devil,
    Bow,
    Glasses {
        dark: bool,
        hearts: bool,
    },
    Goggles,
    Monocle,
    Patch,
    Mask,
    Scarf,
    BowTie,
    Tie,
    Bandana,
    Beads {
        small: bool,
    },
    Pendant,
    Headphones,
    Earrings,
}

/// Name, form, main colour, second colour. In the order of [`crate::reghead::pools::ACCESSORIES`].
const FORMS: [(&str, Form, u32, u32); 57] = [
    ("a_wreath", Form::Wreath { flowers: false }, 0x5a_7c_38, 0x7c_9c_4c),
    ("a_pirate_hat", Form::Bicorne, 0x32_2c_2a, 0xe8_e0_cc),
    ("a_crown_of_leaves", Form::Wreath { flowers: false }, 0x48_78_34, 0xa0_9c_40),
    ("a_wizard_hat", Form::Cone { brim: 400, height: 430 }, 0x38_3c_8c, 0xe8_c8_50),
    ("a_Santa_hat", Form::Cone { brim: 0, height: 340 }, 0xc0_28_2c, 0xf4_f0_ea),
    ("a_chef_hat", Form::Soft { height: 330 }, 0xf2_f0_ea, 0xe0_dc_d4),
    ("a_headband", Form::Band, 0xc8_44_40, 0xf0_ec_e4),
    ("a_superhero_mask", Form::Mask, 0xb8_24_2c, 0x30_1c_20),
    ("a_party_hat", Form::Cone { brim: 1, height: 330 }, 0x38_88_c8, 0xf0_c0_38),
    ("a_flat_cap", Form::Cap { peak: false }, 0x76_62_4e, 0x5c_4a_3a),
    ("an_astronaut_helmet", Form::Bubble, 0xb4_b8_bc, 0xd8_e4_ec),
    ("a_viking_helmet", Form::Helmet { horns: true }, 0x7c_86_90, 0xe8_d8_b0),
    ("a_bunny_ears_headband", Form::Bunny, 0xf0_e8_dc, 0xf0_b0_b4),
    ("a_cat_ears_headband", Form::CatEars, 0x2a_28_2a, 0xe8_d8_d4),
    ("a_top_hat", Form::Hat { brim: 330, foot: 200, top: 212, height: 330 }, 0x28_28_2c, 0x90_20_28),
    ("a_cowboy_hat", Form::Hat { brim: 470, foot: 220, top: 170, height: 230 }, 0x9c_6c_40, 0x50_34_20),
    ("a_baseball_cap", Form::Cap { peak: true }, 0x2c_58_9c, 0xc8_34_34),
    ("a_beanie", Form::Beanie, 0x3c_7c_74, 0xe0_c0_60),
    ("a_beret", Form::Soft { height: 130 }, 0x8c_28_38, 0x68_1c_28),
    ("a_crown", Form::Crown { height: 190 }, 0xe0_b4_3c, 0xb8_28_38),
    ("a_tiara", Form::Crown { height: 110 }, 0xd4_d8_e0, 0x58_b0_d8),
    ("a_bowler_hat", Form::Hat { brim: 310, foot: 220, top: 180, height: 220 }, 0x2c_2a_2a, 0x48_44_44),
    ("a_fedora", Form::Hat { brim: 370, foot: 220, top: 160, height: 220 }, 0x6c_64_5c, 0x2c_28_28),
    ("a_sombrero", Form::Hat { brim: 560, foot: 200, top: 110, height: 270 }, 0xd8_a8_58, 0xb8_38_30),
    ("a_straw_hat", Form::Hat { brim: 460, foot: 220, top: 190, height: 190 }, 0xe0_c0_78, 0xc0_3c_34),
    ("a_witch_hat", Form::Cone { brim: 440, height: 430 }, 0x2c_24_34, 0x8c_48_b0),
    ("a_jester_hat", Form::Cone { brim: 1, height: 240 }, 0x7c_30_90, 0x48_b0_58),
    ("a_graduation_cap", Form::Mortarboard, 0x28_2a_34, 0xe0_b8_40),
    ("a_hard_hat", Form::Helmet { horns: false }, 0xf0_b8_28, 0xd8_98_18),
    ("a_knight_helmet", Form::Helmet { horns: false }, 0x98_a0_a8, 0x60_68_70),
    ("a_bucket_hat", Form::Hat { brim: 320, foot: 230, top: 190, height: 190 }, 0x7c_90_58, 0x64_78_44),
    ("a_turban", Form::Soft { height: 200 }, 0xd8_88_30, 0xb0_64_20),
    ("a_fez", Form::Hat { brim: 0, foot: 170, top: 140, height: 240 }, 0xa8_24_2c, 0x2c_24_24),
    ("a_sailor_hat", Form::Soft { height: 120 }, 0xf2_f2_f0, 0x28_48_80),
    ("a_police_hat", Form::Cap { peak: true }, 0x28_34_54, 0x20_22_2c),
    ("a_halo", Form::Halo, 0xf4_d4_58, 0xfc_f0_b0),
    ("a_flower_crown", Form::Wreath { flowers: true }, 0x58_88_44, 0xe8_78_98),
    ("a_bow", Form::Bow, 0xe0_58_80, 0xb8_38_60),
    ("an_antlers_headband", Form::Antlers, 0x7c_54_34, 0xc8_34_34),
    ("a_devil_horns_headband", Form::Devil, 0xc0_20_28, 0x70_10_18),
    ("a_pair_of_round_glasses", Form::Glasses { dark: false, hearts: false }, 0x30_28_24, 0xd8_e8_f0),
    ("a_pair_of_sunglasses", Form::Glasses { dark: true, hearts: false }, 0x1c_1c_20, 0x3c_48_58),
    ("a_pair_of_heart_glasses", Form::Glasses { dark: false, hearts: true }, 0xd8_38_60, 0xf8_a0_b8),
    ("a_pair_of_goggles", Form::Goggles, 0x6c_4c_30, 0xb0_c8_a8),
    ("a_monocle", Form::Monocle, 0xc8_a0_40, 0xe0_ec_f0),
    ("an_eye_patch", Form::Patch, 0x24_20_20, 0x3c_34_30),
    ("a_scarf", Form::Scarf, 0xb8_38_38, 0xe8_d8_b8),
    ("a_bow_tie", Form::BowTie, 0xb0_24_34, 0x80_18_24),
    ("a_necktie", Form::Tie, 0x2c_48_80, 0xc8_a0_40),
    ("a_bandana", Form::Bandana, 0xc0_30_30, 0xf0_e8_e0),
    ("a_pearl_necklace", Form::Beads { small: true }, 0xf0_ea_e0, 0xd8_d0_c4),
    ("a_gold_chain", Form::Beads { small: true }, 0xe0_b0_38, 0xb8_88_20),
    ("a_bell_collar", Form::Pendant, 0xb8_2c_34, 0xe8_c0_48),
    ("a_lei", Form::Beads { small: false }, 0xe8_60_88, 0xf0_c0_48),
    ("a_medal", Form::Pendant, 0x28_58_a8, 0xe4_b8_40),
    ("a_pair_of_headphones", Form::Headphones, 0x34_38_40, 0xc8_40_38),
    ("a_pair_of_earrings", Form::Earrings, 0xe4_bc_48, 0xf4_e0_98),
];

/// An accessory as it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worn {
    pub(super) form: Form,
    pub(super) main: Rgb,
    pub(super) second: Rgb,
}

fn worn(head: &Head) -> impl Iterator<Item = Worn> {
    head.identity.accessories.iter().filter_map(|name| {
        let (_, form, main, second) = FORMS.iter().find(|(known, ..)| known == name)?;
        Some(Worn { form: *form, main: rgb(*main), second: rgb(*second) })
    })
}

/// Draws what is worn about the neck and on the ears: it belongs to the part all expressions share.
pub(super) fn draw_below(head: &Head, canvas: &mut Canvas<'_>) {
    for item in worn(head) {
        trinkets::draw_about(head, canvas, item);
    }
}

/// Draws what is worn before the eyes and on the head, over the face: brows go under a brim.
pub(super) fn draw_above(head: &Head, canvas: &mut Canvas<'_>) {
    for item in worn(head) {
        trinkets::draw_before_eyes(head, canvas, item);
    }
    // of two hats only the last fits
    let hat = worn(head).filter(|item| hats::covers(item.form)).last();
    for item in worn(head).filter(|item| !hats::covers(item.form)).chain(hat) {
        hats::draw(head, canvas, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reghead::pools::ACCESSORIES;

    #[test]
    fn every_accessory_has_a_form() {
        let named: Vec<&str> = FORMS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(named, ACCESSORIES);
    }
}
