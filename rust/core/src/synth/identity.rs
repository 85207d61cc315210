//! Identities drawn as the publisher draws them: animal × style × feature × one or two accessories.

use super::chance::permuted;
use crate::{
    random::mix,
    reghead::{
        self, FIELDS,
        pools::{ACCESSORIES, ANIMAL_COUNT, FEATURES, Family, STYLES, animal},
    },
};

/// How a head is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Fine fur, soft light.
    Photorealistic,
    /// Large eyes, warm saturated colours.
    AnimatedFilm,
    /// Moulded, glossy.
    PlasticToy,
    /// Broad strokes, stepped light.
    VideoGame,
}

impl Style {
    const ALL: [Self; 4] = [Self::Photorealistic, Self::AnimatedFilm, Self::PlasticToy, Self::VideoGame];

    /// The name in an identity.
    pub const fn name(self) -> &'static str {
        STYLES[self as usize]
    }
}

/// One head's identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Seed it was drawn from; decides details that no word names.
    pub seed: u64,
    /// Number in the release, from 0.
    pub number: u64,
    /// The animal's name.
    pub animal: &'static str,
    /// The animal's family.
    pub family: Family,
    /// How it is rendered.
    pub style: Style,
    /// Facial feature.
    pub feature: &'static str,
    /// One or two accessories.
    pub accessories: Vec<&'static str>,
}

impl Identity {
    /// The `n`-th identity of a seed. Nothing else decides it, so fewer identities are a prefix of more.
    ///
    /// Combinations do not repeat before 4.5 million identities; the number makes names unique beyond.
    pub fn nth(seed: u64, n: u64) -> Self {
        let worn = ACCESSORIES.len() as u64;
        let heads = (ANIMAL_COUNT * Style::ALL.len() * FEATURES.len()) as u64;
        // of each two neighbours one wears one accessory and the other two, so that each kind can walk
        // through a permutation of its own combinations
        let pair = n / 2;
        let single = (n ^ mix(seed ^ pair)) & 1 == 0;
        let size = heads * if single { worn } else { worn * (worn - 1) };
        let mut left = permuted(mix(seed).wrapping_add(u64::from(single)), size, pair);
        let mut pick = |count: u64| {
            let digit = left % count;
            left /= count;
            digit as usize
        };
        let (family, name) = animal(pick(ANIMAL_COUNT as u64)).unwrap_or((Family::Dog, "Dog"));
        let style = Style::ALL[pick(4)];
        let feature = FEATURES[pick(FEATURES.len() as u64)];
        let first = pick(worn);
        let mut accessories = vec![ACCESSORIES[first]];
        if !single {
            let second = pick(worn - 1);
            accessories.push(ACCESSORIES[second + usize::from(second >= first)]);
        }
        Self { seed, number: n, animal: name, family, style, feature, accessories }
    }

    /// The identity as the release spells it.
    pub fn name(&self) -> String {
        let Self { number, animal, feature, .. } = self;
        format!("id{number:03}_{animal}_{}_{feature}_{}", self.style.name(), self.accessories.join("_"))
    }

    /// The sample's key.
    pub fn key(&self) -> String {
        reghead::key(self.number, &self.name())
    }

    /// The sample's JSON.
    pub fn json(&self) -> Vec<u8> {
        let name = self.name();
        reghead::json(&name, &name, &self.key(), &FIELDS)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn identities_of_a_seed_differ_in_more_than_their_number() {
        let seen: HashSet<String> =
            (0..20_000).map(|n| Identity { number: 0, ..Identity::nth(0, n) }.name()).collect();
        assert_eq!(seen.len(), 20_000);
    }

    #[test]
    fn every_word_is_used_and_both_counts_of_accessories() {
        let drawn: Vec<Identity> = (0..8000).map(|n| Identity::nth(1, n)).collect();
        let count =
            |word: fn(&Identity) -> &'static str| drawn.iter().map(word).collect::<HashSet<_>>().len();
        assert_eq!(count(|i| i.animal), ANIMAL_COUNT);
        assert_eq!(count(|i| i.style.name()), 4);
        assert_eq!(count(|i| i.feature), FEATURES.len());
        assert_eq!(count(|i| i.accessories[0]), ACCESSORIES.len());
        assert_eq!(drawn.iter().filter(|i| i.accessories.len() == 1).count(), 4000);
        assert_ne!(Identity::nth(1, 5), Identity::nth(2, 5));
    }

    #[test]
    fn names_can_be_taken_apart_again() {
        for n in 0..2000 {
            let identity = Identity::nth(0, n);
            let name = identity.name();
            let facts = reghead::split_identity(&name).unwrap();
            assert_eq!((facts.number, facts.animal), (n, identity.animal));
            assert_eq!((facts.style, facts.feature), (identity.style.name(), identity.feature));
            assert_eq!(facts.accessories, identity.accessories);
            let key = identity.key();
            assert!(!key.contains('.'));
            assert_eq!(reghead::split_key(&key).map(|(n, name, _)| (n, name)), Some((n, name.as_str())));
        }
    }

    #[test]
    fn json_has_the_publishers_keys_in_order() {
        let identity = Identity::nth(0, 1234);
        let text = String::from_utf8(identity.json()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["identity", "identity_dir", "sample_key", "num_expressions", "expressions"]);
        assert_eq!(value["sample_key"], identity.key());
        assert_eq!(value["expressions"].as_array().unwrap().len(), 10);
        assert!(
            text.contains(r#"{"expression": "frown", "field": "frown.jpg", "original_file": "frown.jpg"}]}"#)
        );
    }
}
