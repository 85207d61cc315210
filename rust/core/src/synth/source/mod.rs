//! Data sets as their publishers ship them, made up: to try packing on, where the real ones are had on request only.

mod ffhq_uv;
mod geogen;
mod headspace;
mod realy;
mod sheet;
mod zipped;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{SynthScratch, draw::SIZES};
use crate::{
    codec::EncodeOptions,
    datasets::Dataset,
    error::{Error, Result},
    image::{Size, Subsampling, View},
    pool::{Cancel, Pool, Stash},
    progress::Progress,
    synth::Identity,
};
use zipped::ZipFile;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// Whose layout.
    pub dataset: Dataset,
    /// Number of subjects.
    pub subjects: u64,
    /// Side of the images.
    pub size: usize,
    /// Decides everything else.
    pub seed: u64,
}

/// A file to be: its path below the folder, which may lead into a zip, and its bytes.
type File = (String, Vec<u8>);
/// Makes the files of the subject of a number.
type Subject = fn(&mut SynthScratch, &SourceOptions, u64) -> Result<Vec<File>>;

/// Writes the data set's files into an empty or new folder; the same options give the same bytes everywhere, and fewer
/// subjects the first ones of more, though where they are shipped in zips these may be cut elsewhere.
///
/// # Errors
/// `Invalid` if the folder is not empty, an option is out of range, or the data set's source cannot be made up; `Io`; `Cancelled`.
pub fn write_source(
    dst: &Path,
    options: &SourceOptions,
    pool: &Pool,
    stash: &Stash<SynthScratch>,
    cancel: &Cancel<'_>,
    progress: &Progress,
) -> Result<()> {
    if fs::read_dir(dst).is_ok_and(|mut entries| entries.next().is_some()) {
        let words = format!("{} is not empty", dst.display());
        return Err(Error::invalid(words).with_hint("give a new folder"));
    }
    if !SIZES.contains(&options.size) {
        let (low, high) = (SIZES.start(), SIZES.end());
        return Err(Error::invalid(format!("size {} is not within {low} to {high}", options.size)));
    }
    let (subject, shared): (Subject, Vec<File>) = match options.dataset {
        Dataset::RegHead => return Err(Error::invalid("of reghead a release is made, not its source")),
        Dataset::Headspace => (headspace::subject, Vec::new()),
        Dataset::Realy => (realy::subject, realy::shared(options)),
        Dataset::GeoGen => (geogen::subject, Vec::new()),
        Dataset::FfhqUv | Dataset::FfhqUvInterpolate => (ffhq_uv::subject, ffhq_uv::shared(options)),
    };
    progress.expect(options.subjects);
    let mut store = Store { dst: dst.to_owned(), zips: BTreeMap::new() };
    shared.iter().try_for_each(|file| store.write(file))?;
    let mut numbers = 0..options.subjects;
    pool.ordered(
        pool.threads() * 2,
        stash,
        cancel,
        || Ok(numbers.next()),
        |scratch, number| subject(scratch, options, number),
        |files| {
            progress.add(1);
            files.iter().try_for_each(|file| store.write(file))
        },
    )?;
    store.zips.into_values().try_for_each(ZipFile::finish)
}

/// The folder, and the zips in it that are being written.
struct Store {
    dst: PathBuf,
    zips: BTreeMap<String, ZipFile>,
}

impl Store {
    fn write(&mut self, (name, bytes): &File) -> Result<()> {
        let Some((stem, inside)) = name.split_once(".zip/") else {
            let path = self.place(name)?;
            return fs::write(&path, bytes).map_err(|e| Error::io(&path, e));
        };
        if let Some(zip) = self.zips.get_mut(stem) {
            return zip.add(inside, bytes);
        }
        let mut zip = ZipFile::create(&self.place(&format!("{stem}.zip"))?)?;
        zip.add(inside, bytes)?;
        self.zips.insert(stem.to_owned(), zip);
        Ok(())
    }

    /// A path below the folder, the folders above it made.
    fn place(&self, name: &str) -> Result<PathBuf> {
        let path = self.dst.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|e| Error::io(folder, e))?;
        }
        Ok(path)
    }
}

/// Pixels of a drawn head in RGB.
fn picture<'a>(
    scratch: &'a mut SynthScratch,
    options: &SourceOptions,
    number: u64,
    expression: usize,
) -> Result<View<'a>> {
    let SourceOptions { size, seed, .. } = *options;
    scratch.pixels.resize(size * size * 3, 0);
    scratch.sketch.draw(&Identity::nth(seed, number), expression, size, &mut scratch.pixels)?;
    Ok(View { pixels: &scratch.pixels, size: Size::square(size), channels: 3 })
}

/// A drawn head as JPEG.
fn jpeg(
    scratch: &mut SynthScratch,
    options: &SourceOptions,
    number: u64,
    expression: usize,
) -> Result<Vec<u8>> {
    picture(scratch, options, number, expression)?;
    let view = View { pixels: &scratch.pixels, size: Size::square(options.size), channels: 3 };
    let mut file = Vec::new();
    scratch.codec.encode_into(view, EncodeOptions::new(95, Subsampling::S420), &mut file)?;
    Ok(file)
}

/// A drawn head as PNG.
fn png(
    scratch: &mut SynthScratch,
    options: &SourceOptions,
    number: u64,
    expression: usize,
) -> Result<Vec<u8>> {
    picture(scratch, options, number, expression)?;
    let view = View { pixels: &scratch.pixels, size: Size::square(options.size), channels: 3 };
    let mut file = Vec::new();
    scratch.codec.encode_png_into(view, &mut file)?;
    Ok(file)
}
