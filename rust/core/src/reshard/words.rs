//! What sources say of themselves in words: licence, citation, origin, and whether they may be passed on. All of it holds
//! for what is made of them.

use serde_json::{Value, json};

use crate::{
    about::{self, About},
    card::{self, Card},
    digest::Digest,
    error::Result,
    release::Release,
    reshard::options::Options,
};

/// The words of a release to be.
#[derive(Debug, Default)]
pub struct Words {
    /// Licence, citation and origin: as the options say, else as the sources do.
    pub about: About,
    /// Texts of licences, what is forbidden, and the splits.
    pub card: Card,
    /// Data sets that the sources were packed of.
    pub datasets: Vec<String>,
}

impl Words {
    /// Reads what lies beside the shards.
    ///
    /// # Errors
    /// `Io`; `Data` for a licence of many megabytes.
    pub(super) fn of(release: &Release, options: &Options) -> Result<Self> {
        let mut words = Self::default();
        let mut carried = About::default();
        // A folder that lists nothing is none of a release, whatever lies in it.
        for source in release.sources.iter().filter(|source| source.has_lists()) {
            card::license_in(&source.root)?.into_iter().for_each(|license| words.card.add_license(license));
            let Some(manifest) = source.manifest.as_ref().map(|listing| &listing.document) else { continue };
            carried.join(About::of_manifest(manifest));
            for dataset in about::datasets_of(manifest) {
                if !words.datasets.iter().any(|known| known == dataset) {
                    words.datasets.push(dataset.to_owned());
                    words.card.forbidden.extend(about::forbidden(dataset));
                }
            }
        }
        let Options { license, citation, origin, split, .. } = options;
        let given = About { license: license.clone(), citation: citation.clone(), source: origin.clone() };
        words.about = given.or(carried);
        words.card.splits = split.iter().map(|(name, _)| name.clone()).collect();
        Ok(words)
    }

    /// What of it decides the bytes of the release and is said by nothing else; `None` if the sources say nothing.
    pub(super) fn evidence(&self) -> Option<Value> {
        let Self { about, card, datasets } = self;
        let licenses: Vec<Value> =
            card.licenses.iter().map(|(name, text)| json!([name, Digest::of(text).to_string()])).collect();
        let silent = *about == About::default() && licenses.is_empty() && datasets.is_empty();
        (!silent).then(|| json!([about, licenses, datasets]))
    }
}
