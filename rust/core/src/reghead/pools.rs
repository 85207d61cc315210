//! The words identities are made of.
//!
//! The publisher states how many there are (about 270 animals, 4 styles, about 38 features, about 57
//! accessories) and shows a few; these pools hold those few and fill up to the stated numbers. The order
//! is part of what a seed means: append, never reorder.

pub use super::animals::{ANIMAL_COUNT, ANIMALS, Family, animal};

/// The four render styles, as the publisher's site labels them.
pub const STYLES: [&str; 4] =
    ["Photorealistic", "Computer_Animated_Film_3D", "Plastic_Toy", "Video_Game_NPC"];

/// How else a style is spelled in what the publisher shows, with the style it means.
pub const STYLE_SPELLINGS: [(&str, &str); 6] = [
    ("Computer_Animated_Film-Style_3D", "Computer_Animated_Film_3D"),
    ("Computer_Animated_Film_Style_3D", "Computer_Animated_Film_3D"),
    ("Computer_Animated_Film", "Computer_Animated_Film_3D"),
    ("Animated_Film", "Computer_Animated_Film_3D"),
    ("DreamWorks_Style_3D", "Computer_Animated_Film_3D"),
    ("Plastic_Toy_Render", "Plastic_Toy"),
];

/// Facial features.
#[rustfmt::skip]
pub const FEATURES: [&str; 38] = [
    "round_eyes", "mohawk_fur", "round_face", "long_snout", "droopy_ears", "pointed_ears", "big_ears",
    "small_ears", "floppy_ears", "big_eyes", "small_eyes", "sleepy_eyes", "narrow_eyes", "wide_set_eyes",
    "blue_eyes", "green_eyes", "amber_eyes", "short_snout", "big_nose", "small_nose", "pink_nose",
    "chubby_cheeks", "long_face", "narrow_face", "square_jaw", "pointed_chin", "bushy_eyebrows",
    "thin_eyebrows", "long_whiskers", "fluffy_fur", "short_fur", "curly_fur", "spiky_fur", "dark_fur",
    "pale_fur", "freckled_face", "bearded_chin", "wrinkled_forehead",
];

/// Accessories, with their article.
#[rustfmt::skip]
pub const ACCESSORIES: [&str; 57] = [
    "a_wreath", "a_pirate_hat", "a_crown_of_leaves", "a_wizard_hat", "a_Santa_hat", "a_chef_hat",
    "a_headband", "a_superhero_mask", "a_party_hat", "a_flat_cap", "an_astronaut_helmet", "a_viking_helmet",
    "a_bunny_ears_headband", "a_cat_ears_headband", "a_top_hat", "a_cowboy_hat", "a_baseball_cap",
    "a_beanie", "a_beret", "a_crown", "a_tiara", "a_bowler_hat", "a_fedora", "a_sombrero", "a_straw_hat",
    "a_witch_hat", "a_jester_hat", "a_graduation_cap", "a_hard_hat", "a_knight_helmet", "a_bucket_hat",
    "a_turban", "a_fez", "a_sailor_hat", "a_police_hat", "a_halo", "a_flower_crown", "a_bow",
    "an_antlers_headband", "a_devil_horns_headband", "a_pair_of_round_glasses", "a_pair_of_sunglasses",
    "a_pair_of_heart_glasses", "a_pair_of_goggles", "a_monocle", "an_eye_patch", "a_scarf", "a_bow_tie",
    "a_necktie", "a_bandana", "a_pearl_necklace", "a_gold_chain", "a_bell_collar", "a_lei", "a_medal",
    "a_pair_of_headphones", "a_pair_of_earrings",
];
