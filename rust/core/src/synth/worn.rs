//! Accessories: which form and colours each has, and when it is drawn.

use super::{
    canvas::Canvas,
    colour::{Rgb, rgb},
    hats,
    head::Head,
    headbands, trinkets,
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
    ("a_wreath", Form::Wreath { flowers: false }, 0x5a7c38, 0x7c9c4c),
    ("a_pirate_hat", Form::Bicorne, 0x322c2a, 0xe8e0cc),
    ("a_crown_of_leaves", Form::Wreath { flowers: false }, 0x487834, 0xa09c40),
    ("a_wizard_hat", Form::Cone { brim: 400, height: 430 }, 0x383c8c, 0xe8c850),
    ("a_Santa_hat", Form::Cone { brim: 0, height: 340 }, 0xc0282c, 0xf4f0ea),
    ("a_chef_hat", Form::Soft { height: 330 }, 0xf2f0ea, 0xe0dcd4),
    ("a_headband", Form::Band, 0xc84440, 0xf0ece4),
    ("a_superhero_mask", Form::Mask, 0xb8242c, 0x301c20),
    ("a_party_hat", Form::Cone { brim: 1, height: 330 }, 0x3888c8, 0xf0c038),
    ("a_flat_cap", Form::Cap { peak: false }, 0x76624e, 0x5c4a3a),
    ("an_astronaut_helmet", Form::Bubble, 0xb4b8bc, 0xd8e4ec),
    ("a_viking_helmet", Form::Helmet { horns: true }, 0x7c8690, 0xe8d8b0),
    ("a_bunny_ears_headband", Form::Bunny, 0xf0e8dc, 0xf0b0b4),
    ("a_cat_ears_headband", Form::CatEars, 0x2a282a, 0xe8d8d4),
    ("a_top_hat", Form::Hat { brim: 330, foot: 200, top: 212, height: 330 }, 0x28282c, 0x902028),
    ("a_cowboy_hat", Form::Hat { brim: 470, foot: 220, top: 170, height: 230 }, 0x9c6c40, 0x503420),
    ("a_baseball_cap", Form::Cap { peak: true }, 0x2c589c, 0xc83434),
    ("a_beanie", Form::Beanie, 0x3c7c74, 0xe0c060),
    ("a_beret", Form::Soft { height: 130 }, 0x8c2838, 0x681c28),
    ("a_crown", Form::Crown { height: 190 }, 0xe0b43c, 0xb82838),
    ("a_tiara", Form::Crown { height: 110 }, 0xd4d8e0, 0x58b0d8),
    ("a_bowler_hat", Form::Hat { brim: 310, foot: 220, top: 180, height: 220 }, 0x2c2a2a, 0x484444),
    ("a_fedora", Form::Hat { brim: 370, foot: 220, top: 160, height: 220 }, 0x6c645c, 0x2c2828),
    ("a_sombrero", Form::Hat { brim: 560, foot: 200, top: 110, height: 270 }, 0xd8a858, 0xb83830),
    ("a_straw_hat", Form::Hat { brim: 460, foot: 220, top: 190, height: 190 }, 0xe0c078, 0xc03c34),
    ("a_witch_hat", Form::Cone { brim: 440, height: 430 }, 0x2c2434, 0x8c48b0),
    ("a_jester_hat", Form::Cone { brim: 1, height: 240 }, 0x7c3090, 0x48b058),
    ("a_graduation_cap", Form::Mortarboard, 0x282a34, 0xe0b840),
    ("a_hard_hat", Form::Helmet { horns: false }, 0xf0b828, 0xd89818),
    ("a_knight_helmet", Form::Helmet { horns: false }, 0x98a0a8, 0x606870),
    ("a_bucket_hat", Form::Hat { brim: 320, foot: 230, top: 190, height: 190 }, 0x7c9058, 0x647844),
    ("a_turban", Form::Soft { height: 200 }, 0xd88830, 0xb06420),
    ("a_fez", Form::Hat { brim: 0, foot: 170, top: 140, height: 240 }, 0xa8242c, 0x2c2424),
    ("a_sailor_hat", Form::Soft { height: 120 }, 0xf2f2f0, 0x284880),
    ("a_police_hat", Form::Cap { peak: true }, 0x283454, 0x20222c),
    ("a_halo", Form::Halo, 0xf4d458, 0xfcf0b0),
    ("a_flower_crown", Form::Wreath { flowers: true }, 0x588844, 0xe87898),
    ("a_bow", Form::Bow, 0xe05880, 0xb83860),
    ("an_antlers_headband", Form::Antlers, 0x7c5434, 0xc83434),
    ("a_devil_horns_headband", Form::Devil, 0xc02028, 0x701018),
    ("a_pair_of_round_glasses", Form::Glasses { dark: false, hearts: false }, 0x302824, 0xd8e8f0),
    ("a_pair_of_sunglasses", Form::Glasses { dark: true, hearts: false }, 0x1c1c20, 0x3c4858),
    ("a_pair_of_heart_glasses", Form::Glasses { dark: false, hearts: true }, 0xd83860, 0xf8a0b8),
    ("a_pair_of_goggles", Form::Goggles, 0x6c4c30, 0xb0c8a8),
    ("a_monocle", Form::Monocle, 0xc8a040, 0xe0ecf0),
    ("an_eye_patch", Form::Patch, 0x242020, 0x3c3430),
    ("a_scarf", Form::Scarf, 0xb83838, 0xe8d8b8),
    ("a_bow_tie", Form::BowTie, 0xb02434, 0x801824),
    ("a_necktie", Form::Tie, 0x2c4880, 0xc8a040),
    ("a_bandana", Form::Bandana, 0xc03030, 0xf0e8e0),
    ("a_pearl_necklace", Form::Beads { small: true }, 0xf0eae0, 0xd8d0c4),
    ("a_gold_chain", Form::Beads { small: true }, 0xe0b038, 0xb88820),
    ("a_bell_collar", Form::Pendant, 0xb82c34, 0xe8c048),
    ("a_lei", Form::Beads { small: false }, 0xe86088, 0xf0c048),
    ("a_medal", Form::Pendant, 0x2858a8, 0xe4b840),
    ("a_pair_of_headphones", Form::Headphones, 0x343840, 0xc84038),
    ("a_pair_of_earrings", Form::Earrings, 0xe4bc48, 0xf4e098),
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
    for item in worn(head) {
        headbands::draw(head, canvas, item);
    }
    // of two hats only the last fits
    if let Some(hat) = worn(head).filter(|item| hats::covers(item.form)).last() {
        hats::draw(head, canvas, hat);
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
