//! Drawn heads in RegHead's format: the same bytes for the same seed on every machine.
//!
//! ```text
//! seed, n ─identity─► animal, style, feature, accessories ─build, coat─► head ─draw─► ten pictures ─codec─► sample
//! ```
//!
//! Everything up to the pixels is integer arithmetic, and a sample depends on the seed and its own number
//! alone: neither threads nor the number of identities can change a byte of it.

// a colour is read as six hex digits
#![allow(clippy::unreadable_literal)]

mod build;
mod canvas;
mod chance;
mod coat;
mod colour;
pub mod draw;
mod face;
mod fur;
mod hats;
mod head;
mod headbands;
pub mod identity;
mod light;
mod path;
mod photos;
mod release;
mod source;
mod trinkets;
mod worn;

use std::path::PathBuf;

pub use identity::Identity;
pub use release::write;
pub use source::{SourceOptions, write_source};

use crate::{
    codec::{Codec, EncodeOptions},
    error::{Error, Result},
    image::{Size, Subsampling, View},
    reghead::{EXPRESSIONS, FIELDS, JSON_FIELD},
};
use photos::Photos;

/// What `synth` is asked for.
#[derive(Debug, Clone)]
pub struct SynthOptions {
    /// Number of identities, hence of samples.
    pub identities: u64,
    /// Side of every image, in pixels.
    pub size: usize,
    /// JPEG quality, 1 to 100; chroma is 4:2:0.
    pub quality: u8,
    /// Decides identities and drawings.
    pub seed: u64,
    /// Bytes no shard may exceed.
    pub max_shard_size: u64,
    /// Folders `idNNN/<expression>.jpg` that take the drawings' place, over and over.
    pub photos: Option<PathBuf>,
    /// Name of the release; `None` is `synth-v1-SIZE`.
    pub name: Option<String>,
}

impl Default for SynthOptions {
    fn default() -> Self {
        Self {
            identities: 100,
            size: 1024,
            quality: 95,
            seed: 0,
            max_shard_size: 1800 << 20,
            photos: None,
            name: None,
        }
    }
}

/// One sample, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The key all members share.
    pub key: String,
    /// The identity, as the JSON names it.
    pub identity: String,
    /// Field and bytes, in the publisher's order: ten JPEG, then the JSON.
    pub members: Vec<(String, Vec<u8>)>,
}

/// What one worker keeps between samples.
#[derive(Default)]
pub struct SynthScratch {
    codec: Codec,
    sketch: draw::Sketch,
    pixels: Vec<u8>,
    file: Vec<u8>,
}

/// A release about to be made; shared by all workers, sample by sample.
#[derive(Debug)]
pub struct Synth {
    options: SynthOptions,
    photos: Option<Photos>,
}

impl Synth {
    /// Checks the options and lists the photos.
    ///
    /// # Errors
    /// `Invalid` for a size or quality out of range; `Io` or `Data` if the photos cannot be listed or are
    /// not ten to a folder.
    pub fn new(options: SynthOptions) -> Result<Self> {
        if !draw::SIZES.contains(&options.size) {
            let (low, high) = (draw::SIZES.start(), draw::SIZES.end());
            return Err(Error::invalid(format!("size {} is not within {low} to {high}", options.size)));
        }
        if !(1..=100).contains(&options.quality) {
            return Err(Error::invalid(format!("quality {} is not within 1 to 100", options.quality)));
        }
        let photos = options.photos.as_deref().map(Photos::list).transpose()?;
        Ok(Self { options, photos })
    }

    /// The options.
    pub fn options(&self) -> &SynthOptions {
        &self.options
    }

    /// Name of the release.
    pub fn name(&self) -> String {
        self.options.name.clone().unwrap_or_else(|| format!("synth-v1-{}", self.options.size))
    }

    /// Number of samples.
    pub fn len(&self) -> u64 {
        self.options.identities
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `n`-th identity.
    pub fn identity(&self, n: u64) -> Identity {
        Identity::nth(self.options.seed, n)
    }

    /// The `n`-th key.
    pub fn key(&self, n: u64) -> String {
        self.identity(n).key()
    }

    /// The `n`-th sample; `n` beyond the last is as good as any. `go_on` is asked before each image, as ten of them
    /// take longer than anybody who pressed Ctrl-C wants to wait.
    ///
    /// # Errors
    /// `Io` or `Image` if a photo cannot be read or decoded; those of `go_on`.
    pub fn sample(
        &self,
        scratch: &mut SynthScratch,
        n: u64,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<Sample> {
        let identity = self.identity(n);
        let SynthOptions { size, quality, .. } = self.options;
        let SynthScratch { codec, sketch, pixels, file } = scratch;
        pixels.resize(size * size * 3, 0);
        let mut members = Vec::with_capacity(FIELDS.len() + 1);
        for (expression, field) in FIELDS.iter().enumerate() {
            go_on()?;
            match &self.photos {
                Some(photos) => photos.decode_into(codec, n, EXPRESSIONS[expression], size, pixels)?,
                None => sketch.draw(&identity, expression, size, pixels)?,
            }
            // encoded into scratch and copied, so that the sample holds no spare capacity
            file.clear();
            let view = View { pixels, size: Size::square(size), channels: 3 };
            codec.encode_into(view, EncodeOptions::new(quality, Subsampling::S420), file)?;
            members.push(((*field).to_owned(), file.clone()));
        }
        members.push((JSON_FIELD.to_owned(), identity.json()));
        Ok(Sample { key: identity.key(), identity: identity.name(), members })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{codec::DecodeOptions, digest::Digest};

    fn synth(options: SynthOptions) -> Synth {
        Synth::new(SynthOptions { size: 64, ..options }).unwrap()
    }

    #[test]
    fn a_sample_has_ten_images_and_its_json() {
        let synth = synth(SynthOptions { identities: 3, ..SynthOptions::default() });
        let mut scratch = SynthScratch::default();
        let sample = synth.sample(&mut scratch, 2, &|| Ok(())).unwrap();
        assert_eq!((sample.key.as_str(), synth.len()), (synth.key(2).as_str(), 3));
        let fields: Vec<&str> = sample.members.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields[..10], FIELDS);
        assert_eq!(fields[10..], ["json"]);
        let mut pictures: Vec<Vec<u8>> = Vec::new();
        for (field, bytes) in &sample.members[..10] {
            let mut pixels = vec![0; 64 * 64 * 3];
            Codec::default().decode_into(bytes, &DecodeOptions::default(), &mut pixels).unwrap();
            assert!(pixels[..9].iter().all(|byte| *byte > 250), "{field} is not on white");
            assert!(pixels.iter().any(|byte| *byte < 128), "{field} is empty");
            assert!(!pictures.contains(&pixels), "{field} is drawn twice");
            pictures.push(pixels);
        }
        assert_eq!(sample.members[10].1, synth.identity(2).json());
    }

    #[test]
    fn a_sample_depends_on_its_number_alone() {
        let few = synth(SynthOptions { identities: 1, ..SynthOptions::default() });
        let many = synth(SynthOptions { identities: 9, ..SynthOptions::default() });
        let mut used = SynthScratch::default();
        for n in [7, 3] {
            many.sample(&mut used, n, &|| Ok(())).unwrap();
        }
        let first = many.sample(&mut used, 0, &|| Ok(())).unwrap();
        assert_eq!(first, few.sample(&mut SynthScratch::default(), 0, &|| Ok(())).unwrap());
        let other = synth(SynthOptions { seed: 1, ..SynthOptions::default() });
        assert_ne!(first, other.sample(&mut used, 0, &|| Ok(())).unwrap());
    }

    #[test]
    fn options_out_of_range_are_refused() {
        for (size, quality) in [(0, 95), (15, 95), (9000, 95), (64, 0), (64, 101)] {
            let options = SynthOptions { size, quality, ..SynthOptions::default() };
            assert!(Synth::new(options).is_err(), "{size} {quality}");
        }
    }

    fn write_photos(folder: &Path, identities: usize) {
        let drawn = synth(SynthOptions::default());
        for n in 0..identities {
            let sample = drawn.sample(&mut SynthScratch::default(), n as u64, &|| Ok(())).unwrap();
            let folder = folder.join(format!("id{n:03}"));
            fs::create_dir_all(&folder).unwrap();
            for (field, bytes) in &sample.members[..10] {
                fs::write(folder.join(field), bytes).unwrap();
            }
        }
    }

    #[test]
    fn photos_take_the_drawings_place_over_and_over() {
        let folder = std::env::temp_dir().join(format!("turboshard-photos-{}", std::process::id()));
        write_photos(&folder, 2);
        let options =
            SynthOptions { photos: Some(folder.clone()), size: 48, identities: 5, ..SynthOptions::default() };
        let synth = Synth::new(options.clone()).unwrap();
        let mut scratch = SynthScratch::default();
        let samples: Vec<Sample> =
            (0..5).map(|n| synth.sample(&mut scratch, n, &|| Ok(())).unwrap()).collect();
        assert_eq!(samples[0].members[..10], samples[2].members[..10]);
        assert_ne!(samples[0].members[..10], samples[1].members[..10]);
        assert_ne!(samples[0].key, samples[2].key);
        let header = DecodeOptions::default();
        let size = Codec::default().output_size(&samples[0].members[0].1, &header).unwrap();
        assert_eq!(size, Size::square(48));

        fs::write(folder.join("id001/frown.jpg"), b"no picture").unwrap();
        let broken = Synth::new(options.clone()).unwrap().sample(&mut scratch, 1, &|| Ok(())).unwrap_err();
        assert!(broken.to_string().contains("frown.jpg"), "{broken}");
        fs::remove_file(folder.join("id001/frown.jpg")).unwrap();
        let missing = Synth::new(options.clone()).unwrap_err();
        assert!(missing.to_string().contains("frown.jpg"), "{missing}");
        fs::remove_dir_all(&folder).unwrap();
        assert!(Synth::new(options).is_err());
    }

    /// Digests of drawn pixels: a change here changes every release made before, and needs a reason.
    #[test]
    fn drawings_never_drift() {
        let golden = [
            (0, 0, 0, 256, "07768be8e353890316ac118e883ade9b65e595e5132898d442e9caf54cbf55cf"),
            (0, 1, 7, 512, "efc6cad05d350d7576d126ea58d5b8c3c4e7a4d25913c9a184d3d744d9ec8f15"),
            (0, 2, 9, 1024, "8c0de8c57599b1f25ad476dbc745cfcbe5a9a804392c26daa6e7f2f7f23a0215"),
            (3, 999, 1, 100, "f1011f680686eece3ba588a16e1915230d4066319146b4e6336351448f2b308e"),
            (3, 33_723, 6, 333, "bf7bd58a95281b44fe60756c4c0a1aeb65cec85300a8927b1daf782cc8a6ec1d"),
        ];
        let mut sketch = draw::Sketch::default();
        let found = golden.map(|(seed, n, expression, size, _)| {
            let mut pixels = vec![0; size * size * 3];
            sketch.draw(&Identity::nth(seed, n), expression, size, &mut pixels).unwrap();
            Digest::of(&pixels).to_string()
        });
        assert_eq!(found, golden.map(|(.., digest)| digest));
    }
}
