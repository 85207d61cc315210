//! RegHead's vocabulary: expressions, fields, and what an identity's name says.
//!
//! A key is `%08d_IDENTITY_HASH`; HASH is the first eight hex digits of SHA-1 of IDENTITY, `id%03d`
//! included. An identity is `id%03d_ANIMAL_STYLE_FEATURE_ACCESSORIES`, words joined by underscores, so
//! only the known style names tell where the animal ends.

mod animals;
pub mod pools;

use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// The ten expressions in the publisher's order.
pub const EXPRESSIONS: [&str; 10] = [
    "open_m_open_e",
    "halfo_m_o_e",
    "close_m_o_e",
    "close_m_halfo_e",
    "close_m_0_25o_e",
    "close_m_0_75o_e",
    "close_m_close_e",
    "close_m_smile",
    "raise_eyebrows",
    "frown",
];

/// The fields of the ten images, in the same order.
pub const FIELDS: [&str; 10] = [
    "open_m_open_e.jpg",
    "halfo_m_o_e.jpg",
    "close_m_o_e.jpg",
    "close_m_halfo_e.jpg",
    "close_m_0_25o_e.jpg",
    "close_m_0_75o_e.jpg",
    "close_m_close_e.jpg",
    "close_m_smile.jpg",
    "raise_eyebrows.jpg",
    "frown.jpg",
];

/// The field that describes a sample.
pub const JSON_FIELD: &str = "json";

/// What an identity's name says; every part as it is spelled there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The number behind `id`.
    pub number: u64,
    /// Animal, such as `Doberman_Dog`.
    pub animal: &'a str,
    /// Style as spelled, such as `Photorealistic`; [`canonical_style`] unites the spellings.
    pub style: &'a str,
    /// Facial feature, such as `round_eyes`; empty if none is named.
    pub feature: &'a str,
    /// Accessories with their article, such as `a_pirate_hat`.
    pub accessories: Vec<&'a str>,
}

/// Takes an identity apart; `None` if it has no number or no style that is known.
///
/// Features and accessories outside the pools are understood by the articles before accessories.
pub fn split_identity(identity: &str) -> Option<Facts<'_>> {
    let (number, rest) = identity.strip_prefix("id")?.split_once('_')?;
    let number = digits(number)?;
    let (start, style) = find_style(rest)?;
    let animal = rest.get(..start)?.trim_matches('_');
    let mut rest = rest.get(start + style.len()..)?.trim_matches('_');
    if animal.is_empty() {
        return None;
    }
    let feature = if starts_with_article(rest) { "" } else { take(&mut rest, &pools::FEATURES) };
    let mut accessories = Vec::new();
    while !rest.is_empty() {
        accessories.push(take(&mut rest, &pools::ACCESSORIES));
    }
    Some(Facts { number, animal, style, feature, accessories })
}

/// Takes a key apart into its number, its identity and its hash; `None` if it is no RegHead key.
pub fn split_key(key: &str) -> Option<(u64, &str, &str)> {
    let (number, rest) = key.split_once('_')?;
    let (identity, hash) = rest.rsplit_once('_')?;
    let hex = hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (number.len() >= 8 && hex && identity.starts_with("id")).then_some((digits(number)?, identity, hash))
}

/// The key of an identity: `%08d_IDENTITY_HASH`.
pub fn key(number: u64, identity: &str) -> String {
    let digest = Sha1::digest(identity.as_bytes());
    let hash = digest.iter().take(4).fold(0_u32, |hash, byte| hash << 8 | u32::from(*byte));
    format!("{number:08}_{identity}_{hash:08x}")
}

/// A sample's JSON in the publisher's form, spaced as Python's `json.dumps` does; `files` are the original names of
/// the ten images, in the order of [`EXPRESSIONS`].
pub fn json(identity: &str, folder: &str, key: &str, files: &[&str; 10]) -> Vec<u8> {
    let text = |words: &str| Value::from(words).to_string();
    let expression = |((expression, field), file): ((&&str, &str), &&str)| {
        let file = text(file);
        format!(r#"{{"expression": "{expression}", "field": "{field}", "original_file": {file}}}"#)
    };
    let expressions: Vec<String> = EXPRESSIONS.iter().zip(FIELDS).zip(files).map(expression).collect();
    format!(
        r#"{{"identity": {}, "identity_dir": {}, "sample_key": {}, "num_expressions": {}, "expressions": [{}]}}"#,
        text(identity),
        text(folder),
        text(key),
        expressions.len(),
        expressions.join(", ")
    )
    .into_bytes()
}

/// The style a spelling means, one of [`pools::STYLES`]; unknown ones are returned as they are.
pub fn canonical_style(spelling: &str) -> &str {
    pools::STYLE_SPELLINGS.iter().find(|(known, _)| *known == spelling).map_or(spelling, |(_, style)| style)
}

fn digits(text: &str) -> Option<u64> {
    // `parse` alone would take a sign too
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The first style in the text, the longest where two start at one place, and where it starts.
fn find_style(text: &str) -> Option<(usize, &str)> {
    let spellings = pools::STYLES.iter().chain(pools::STYLE_SPELLINGS.iter().map(|(known, _)| known));
    spellings
        .filter_map(|style| {
            let mut found = text.match_indices(style);
            found.find(|(start, _)| text[..*start].ends_with('_') && ends_word(&text[start + style.len()..]))
        })
        .min_by_key(|(start, style)| (*start, usize::MAX - style.len()))
}

/// Cuts the first item off `rest`: the longest of the pool that fits, else all up to the next article.
fn take<'a>(rest: &mut &'a str, pool: &[&str]) -> &'a str {
    let text = *rest;
    let known = pool
        .iter()
        .map(|name| name.len())
        .filter(|len| text.get(..*len).is_some_and(|head| pool.contains(&head)) && ends_word(&text[*len..]));
    let end = known.max().unwrap_or_else(|| {
        let next = text.match_indices('_').find(|(at, _)| starts_with_article(&text[at + 1..]));
        next.map_or(text.len(), |(at, _)| at)
    });
    let (item, tail) = text.split_at(end);
    *rest = tail.trim_start_matches('_');
    item.trim_end_matches('_')
}

fn starts_with_article(text: &str) -> bool {
    text.starts_with("a_") || text.starts_with("an_")
}

fn ends_word(text: &str) -> bool {
    text.is_empty() || text.starts_with('_')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_published_key_is_reproduced() {
        let identity = "id000_Doberman_Dog_Photorealistic_round_eyes_a_wreath_a_pirate_hat";
        let published =
            "00000000_id000_Doberman_Dog_Photorealistic_round_eyes_a_wreath_a_pirate_hat_64896c31";
        assert_eq!(key(0, identity), published);
        assert_eq!(split_key(published), Some((0, identity, "64896c31")));
        let facts = Facts {
            number: 0,
            animal: "Doberman_Dog",
            style: "Photorealistic",
            feature: "round_eyes",
            accessories: vec!["a_wreath", "a_pirate_hat"],
        };
        assert_eq!(split_identity(identity), Some(facts));
    }

    #[test]
    fn spellings_of_the_earlier_batch_are_understood() {
        let facts =
            split_identity("id31_Akita_Dog_DreamWorks_Style_3D_long_snout_a_crown_of_leaves____a_wizard_hat")
                .unwrap();
        assert_eq!(canonical_style(facts.style), "Computer_Animated_Film_3D");
        assert_eq!((facts.animal, facts.feature), ("Akita_Dog", "long_snout"));
        assert_eq!(facts.accessories, ["a_crown_of_leaves", "a_wizard_hat"]);
        let facts =
            split_identity("id32_Antelope_Plastic_Toy_Render_odd_nose_a_new_thing_an_old_one").unwrap();
        assert_eq!((facts.style, canonical_style(facts.style)), ("Plastic_Toy_Render", "Plastic_Toy"));
        assert_eq!(facts.feature, "odd_nose");
        assert_eq!(facts.accessories, ["a_new_thing", "an_old_one"]);
        let facts = split_identity("id7_Tuna_Computer_Animated_Film-Style_3D_a_halo").unwrap();
        assert_eq!((facts.style, facts.feature), ("Computer_Animated_Film-Style_3D", ""));
        assert_eq!(facts.accessories, ["a_halo"]);
    }

    #[test]
    fn what_is_no_identity_is_none() {
        for text in [
            "",
            "id",
            "id_",
            "id000",
            "idx_A_Photorealistic",
            "id1_Photorealistic",
            "id1_Cat_oil",
            "id+1_A_Photorealistic_x",
            "å_id",
        ] {
            assert_eq!(split_identity(text), None, "{text}");
        }
        for text in ["", "_", "00000000_id000", "0_id0_x_64896c31", "00000000_id0_x_64896C31"] {
            assert_eq!(split_key(text), None, "{text}");
        }
        let accented = split_identity("id1_Cät_Photorealistic_bråid_a_Såanta_hat").unwrap();
        assert_eq!((accented.animal, accented.feature), ("Cät", "bråid"));
    }

    #[test]
    fn pools_are_words_without_dots_and_without_doubles() {
        let animals: Vec<&str> = (0..pools::ANIMAL_COUNT).map(|n| pools::animal(n).unwrap().1).collect();
        for pool in [&animals[..], &pools::STYLES, &pools::FEATURES, &pools::ACCESSORIES] {
            assert!(pool.len() >= 4);
            let mut unique = pool.to_vec();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), pool.len(), "a name comes twice");
            for name in pool {
                assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{name}");
            }
        }
        assert!(pools::ACCESSORIES.iter().all(|name| starts_with_article(name)));
        assert!(pools::FEATURES.iter().all(|name| !starts_with_article(name)));
        assert!((265..=300).contains(&animals.len()), "{}", animals.len());
        assert_eq!(pools::animal(pools::ANIMAL_COUNT), None);
    }

    #[test]
    fn fields_are_the_expressions_with_their_extension() {
        for (expression, field) in EXPRESSIONS.iter().zip(FIELDS) {
            assert_eq!(format!("{expression}.jpg"), field);
        }
    }
}
