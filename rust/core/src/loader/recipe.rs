//! What is made of one sample: which of its fields, decoded how, written where.

use super::{
    normalize::Normalize,
    order::{Purpose, stream},
    picture::{Picture, Places, Studio},
};
use crate::{
    catalog::Catalog,
    codec::{Codec, DecodeOptions},
    error::{Error, Result},
    image::Size,
    shard::Shard,
};

/// Where the image of one place in a sample's row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The field of that number.
    Field(usize),
    /// A field drawn for each sample in each epoch, none that the row has already.
    Random,
}

/// How samples become rows of a batch.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Fields that can be picked.
    pub fields: Vec<Vec<u8>>,
    /// The images of a row.
    pub picks: Vec<Pick>,
    /// How each image is decoded.
    pub decode: DecodeOptions,
    /// Shape of each image of the result.
    pub size: Size,
    /// Cut out a part drawn for each sample, before `size`.
    pub random_crop: bool,
    /// How likely a sample is mirrored.
    pub hflip: f64,
    /// Floats instead of bytes.
    pub normalize: Option<Normalize>,
}

/// Seed and epoch: what, beside the sample, decides every draw.
#[derive(Debug, Clone, Copy, Default)]
pub struct Draw {
    /// The caller's.
    pub seed: u64,
    /// Number of the epoch.
    pub epoch: u64,
}

/// Scratch of one worker.
#[derive(Default)]
pub struct Hand {
    studio: Studio,
    bytes: [Vec<u8>; 2],
}

/// What became of a row.
#[derive(Debug, Default)]
pub struct Row {
    /// Number of the field in each place.
    pub fields: Vec<u32>,
    /// The sample's JSON, if it has any.
    pub json: Option<Vec<u8>>,
    /// Places that could not be filled, which are zeros then, and why. Ascending.
    pub errors: Vec<(usize, Error)>,
    /// Bytes read.
    pub read: u64,
    /// Pixels the largest image declared.
    pub pixels: u64,
}

/// One member to read: its place in the row, if it is an image, and where it lies.
struct Wanted {
    place: Option<usize>,
    member: usize,
    offset: u64,
    size: u64,
}

impl Recipe {
    /// Bytes of one image of the result.
    pub fn image_bytes(&self) -> usize {
        let values = self.size.pixels().saturating_mul(self.decode.mode.channels());
        values.saturating_mul(if self.normalize.is_some() { 4 } else { 1 })
    }

    /// Bytes of one row of the result.
    pub fn row_bytes(&self) -> usize {
        self.image_bytes().saturating_mul(self.picks.len())
    }

    /// Refuses what no sample can be made by, and takes the size of the images from the header of the first one of
    /// `rows` (`None`: of all) where none was asked for.
    ///
    /// # Errors
    /// `Invalid`; those of reading the member and of [`Codec::output_size`], placed at it.
    pub fn settle(&mut self, catalog: &Catalog, rows: Option<&[u32]>) -> Result<()> {
        self.check()?;
        let first = rows.map_or((!catalog.is_empty()).then_some(0), |rows| rows.first().copied());
        let (None, Some(first)) = (self.decode.size, first) else {
            self.size = self.decode.size.unwrap_or(self.size);
            return Ok(());
        };
        let (shard, number) = catalog.locate(first as usize)?;
        let field = self.choose(Draw::default(), first as usize).first().copied().unwrap_or(0);
        let member = self.member(shard, number, field)?;
        let mut bytes = Vec::new();
        shard.read_member(member, &mut bytes)?;
        let size = Codec::default().output_size(&bytes, &self.decode);
        self.size = size.map_err(|error| placed(error, shard, member))?;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.picks.is_empty() {
            return Err(Error::invalid("no field to load"));
        }
        if self.picks.len() > self.fields.len() && self.picks.contains(&Pick::Random) {
            let words = format!("{} different fields of {}", self.picks.len(), self.fields.len());
            return Err(Error::invalid(words));
        }
        if let Some(Pick::Field(field)) =
            self.picks.iter().find(|pick| matches!(pick, Pick::Field(field) if *field >= self.fields.len()))
        {
            return Err(Error::invalid(format!("no field {field}")));
        }
        if !(0.0..=1.0).contains(&self.hflip) {
            return Err(Error::invalid(format!("hflip {} is not within 0 to 1", self.hflip)));
        }
        Ok(())
    }

    /// The fields of a sample's row.
    fn choose(&self, draw: Draw, sample: usize) -> Vec<usize> {
        let mut random = stream(Purpose::Fields, draw.seed, draw.epoch, sample as u64);
        let fixed = |field: &usize| self.picks.contains(&Pick::Field(*field));
        let mut free: Vec<usize> = (0..self.fields.len()).filter(|field| !fixed(field)).collect();
        let pick = |pick: &Pick| match *pick {
            Pick::Field(field) => field,
            Pick::Random if free.is_empty() => 0,
            Pick::Random => free.remove(random.below(free.len() as u64) as usize),
        };
        self.picks.iter().map(pick).collect()
    }

    /// Reads a sample in one go and writes its images to `out`, which has [`Recipe::row_bytes`].
    ///
    /// `stop` is asked between images; once it says so, what is left is not decoded and reported as cancelled.
    pub fn fill(
        &self,
        catalog: &Catalog,
        sample: usize,
        draw: Draw,
        hand: &mut Hand,
        stop: &dyn Fn() -> bool,
        out: &mut [u8],
    ) -> Row {
        let fields = self.choose(draw, sample);
        let mut row =
            Row { fields: fields.iter().map(|&field| field as u32).collect(), ..Default::default() };
        let mut done = vec![false; fields.len()];
        if let Err(error) =
            self.fill_from(catalog, sample, draw, hand, stop, out, &fields, &mut row, &mut done)
        {
            let first = done.iter().position(|done| !done).unwrap_or(0);
            row.errors.push((first, error));
            // One reason is enough for all that could not even be tried.
            let rest = done.iter().enumerate().skip(first + 1).filter(|(_, done)| !**done);
            row.errors
                .extend(rest.map(|(place, _)| (place, Error::data("the sample was not read to its end"))));
        }
        row.errors.sort_by_key(|(place, _)| *place);
        for (place, _) in &row.errors {
            if let Some(image) = out.chunks_exact_mut(self.image_bytes().max(1)).nth(*place) {
                image.fill(0);
            }
        }
        row
    }

    #[allow(clippy::too_many_arguments)] // the second half of `fill`, split off for its `?`
    fn fill_from(
        &self,
        catalog: &Catalog,
        sample: usize,
        draw: Draw,
        hand: &mut Hand,
        stop: &dyn Fn() -> bool,
        out: &mut [u8],
        fields: &[usize],
        row: &mut Row,
        done: &mut [bool],
    ) -> Result<()> {
        let (shard, number) = catalog.locate(sample)?;
        let index = shard.index();
        let mut wanted = Vec::with_capacity(fields.len() + 1);
        for (place, &field) in fields.iter().enumerate() {
            match self.member(shard, number, field) {
                Ok(member) => wanted.extend(want(shard, Some(place), member)),
                Err(error) => {
                    row.errors.push((place, error));
                    set(done, place);
                }
            }
        }
        wanted.extend(index.member_of(number, b"json").and_then(|member| want(shard, None, member)));
        wanted.sort_by_key(|member| member.offset);
        let begin = wanted.first().map_or(0, |first| first.offset);
        let end = wanted.iter().map(|member| member.offset + member.size).max().unwrap_or(0);
        // All of a sample is one read; two images of ten are read one by one.
        let together = wanted.iter().map(|member| member.size).sum::<u64>() * 2 >= end - begin;
        let Hand { studio, bytes } = hand;
        if together {
            let length = usize::try_from(end - begin).unwrap_or(usize::MAX);
            shard
                .read_into(begin, length, &mut bytes[0])
                .map_err(|error| error.in_member(index.key(number)))?;
            row.read = end - begin;
        }
        let places = Places { recipe: self, shard, sample, draw, stop };
        let mut waiting = None;
        for Wanted { place, member, offset, size } in wanted {
            let (buffer, span) = if together {
                let start = (offset - begin) as usize;
                (0, start..start + size as usize)
            } else {
                let buffer = usize::from(waiting.is_some());
                if let Err(error) = shard.read_member(member, &mut bytes[buffer]) {
                    // What was read before is not lost for it.
                    let first = waiting.take().map(|first: Picture| first.of(bytes));
                    places.fill([first, None], studio, out, row, done)?;
                    return Err(error);
                }
                row.read += size;
                (buffer, 0..size as usize)
            };
            let Some(place) = place else {
                row.json = Some(bytes[buffer].get(span).unwrap_or_default().to_vec());
                continue;
            };
            let picture = Picture { place, member, buffer, span };
            match waiting.take() {
                None => waiting = Some(picture),
                Some(first) => {
                    let both = [first, picture].map(|picture| Some(picture.of(bytes)));
                    places.fill(both, studio, out, row, done)?;
                }
            }
        }
        places.fill([waiting.map(|last| last.of(bytes)), None], studio, out, row, done)
    }

    fn member(&self, shard: &Shard, number: usize, field: usize) -> Result<usize> {
        let index = shard.index();
        let name = self.fields.get(field).map_or(&[][..], Vec::as_slice);
        index.member_of(number, name).ok_or_else(|| {
            let words = format!("the sample has no field {}", String::from_utf8_lossy(name));
            let start = index.span(number).start;
            Error::data(words).in_shard(shard.path()).in_member(index.key(number)).at_offset(start)
        })
    }
}

pub(super) fn set(done: &mut [bool], place: usize) {
    if let Some(done) = done.get_mut(place) {
        *done = true;
    }
}

fn want(shard: &Shard, place: Option<usize>, member: usize) -> Option<Wanted> {
    let index = shard.index();
    Some(Wanted { place, member, offset: *index.data_offset.get(member)?, size: *index.size.get(member)? })
}

pub(super) fn placed(error: Error, shard: &Shard, member: usize) -> Error {
    let index = shard.index();
    let error = error.in_shard(shard.path()).in_member(index.name(member));
    match index.data_offset.get(member) {
        Some(&offset) => error.at_offset(offset),
        None => error,
    }
}
