//! One image of a sample, or two read together: cut out, decoded, mirrored, normalised, and written to its place in the row.

use std::ops::Range;

use super::{
    augment,
    order::{Purpose, stream},
    recipe::{Draw, Recipe, Row, placed, set},
};
use crate::{
    codec::{Codec, DecodeOptions, Report},
    error::{Error, Kind, Result},
    shard::Shard,
};

/// What a worker decodes with.
#[derive(Default)]
pub(super) struct Studio {
    codec: Codec,
    /// Bytes that are to become floats.
    pixels: [Vec<u8>; 2],
}

/// An image that was read: its place in the row, its member, and where its bytes are.
pub(super) struct Picture {
    pub(super) place: usize,
    pub(super) member: usize,
    pub(super) buffer: usize,
    pub(super) span: Range<usize>,
}

impl Picture {
    pub(super) fn of(self, bytes: &[Vec<u8>; 2]) -> (usize, usize, &[u8]) {
        (self.place, self.member, bytes[self.buffer].get(self.span).unwrap_or_default())
    }
}

/// What decides where and how a row's images are made.
pub(super) struct Places<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) shard: &'a Shard,
    pub(super) sample: usize,
    pub(super) draw: Draw,
    pub(super) stop: &'a dyn Fn() -> bool,
}

impl Places<'_> {
    /// Makes one or two images: place, member and bytes of each.
    pub(super) fn fill(
        &self,
        pictures: [Option<(usize, usize, &[u8])>; 2],
        studio: &mut Studio,
        out: &mut [u8],
        row: &mut Row,
        done: &mut [bool],
    ) -> Result<()> {
        let &Self { recipe, shard, sample, draw, stop } = self;
        let length = recipe.image_bytes();
        let found = match pictures {
            [None, _] => return Ok(()),
            _ if stop() => return Err(Error::new(Kind::Cancelled)),
            [Some((place, _, data)), None] => {
                let image = out.get_mut(place * length..(place + 1) * length).unwrap_or_default();
                [Some(recipe.image(data, sample, draw, studio, image)), None]
            }
            [Some((place, _, data)), Some((other, _, next))] => {
                let spans = [place, other].map(|place| place * length..(place + 1) * length);
                let images = out.get_disjoint_mut(spans).unwrap_or_default();
                recipe.two_images([data, next], sample, draw, studio, images).map(Some)
            }
        };
        for ((place, member, _), found) in
            pictures.into_iter().zip(found).filter_map(|(picture, found)| picture.zip(found))
        {
            match found {
                Ok(declared) => row.pixels = row.pixels.max(declared),
                Err(error) => row.errors.push((place, placed(error, shard, member))),
            }
            set(done, place);
        }
        Ok(())
    }
}

impl Recipe {
    /// Makes one image; the pixels its header declares.
    fn image(
        &self,
        data: &[u8],
        sample: usize,
        draw: Draw,
        studio: &mut Studio,
        out: &mut [u8],
    ) -> Result<u64> {
        let Studio { codec, pixels: [pixels, _] } = studio;
        let options = self.options(data, sample, draw, codec)?;
        let report = codec.decode_into(data, &options, self.target(pixels, out))?;
        Ok(self.finish(&report, sample, draw, pixels, out))
    }

    /// Makes two in less time, each as it is made alone.
    fn two_images(
        &self,
        data: [&[u8]; 2],
        sample: usize,
        draw: Draw,
        studio: &mut Studio,
        [out, next_out]: [&mut [u8]; 2],
    ) -> [Result<u64>; 2] {
        let Studio { codec, pixels: [pixels, next_pixels] } = studio;
        match data.map(|data| self.options(data, sample, draw, codec)) {
            [Ok(options), Ok(next)] if options.crop == next.crop => {
                let targets = [self.target(pixels, out), self.target(next_pixels, next_out)];
                let [first, second] = codec.decode_pair(data, &options, targets);
                [
                    first.map(|report| self.finish(&report, sample, draw, pixels, out)),
                    second.map(|report| self.finish(&report, sample, draw, next_pixels, next_out)),
                ]
            }
            _ => {
                let first = self.image(data[0], sample, draw, studio, out);
                [first, self.image(data[1], sample, draw, studio, next_out)]
            }
        }
    }

    /// How the image is decoded, which comes out in the right size.
    fn options(&self, data: &[u8], sample: usize, draw: Draw, codec: &mut Codec) -> Result<DecodeOptions> {
        let mut options = self.decode.clone();
        if self.random_crop {
            let whole = DecodeOptions { size: None, crop: None, reduce: 1, ..options.clone() };
            let size = codec.output_size(data, &whole)?;
            let step = usize::from(options.reduce.max(1));
            let mut random = stream(Purpose::Crop, draw.seed, draw.epoch, sample as u64);
            options.crop = Some(augment::random_crop(size, step, &mut random));
        }
        let found = codec.output_size(data, &options)?;
        if found != self.size {
            let words = format!(
                "the image is {} by {} pixels, the first {} by {}",
                found.width, found.height, self.size.width, self.size.height
            );
            return Err(Error::invalid(words).with_hint("give a size to resize all to"));
        }
        Ok(options)
    }

    /// Where the image is decoded to: its place, unless floats are to be made of it.
    fn target<'a>(&self, pixels: &'a mut Vec<u8>, out: &'a mut [u8]) -> &'a mut [u8] {
        if self.normalize.is_none() {
            return out;
        }
        pixels.resize(self.size.pixels() * self.decode.mode.channels(), 0);
        pixels
    }

    /// What is left to be done to a decoded image; the pixels its header declares.
    fn finish(
        &self,
        report: &Report,
        sample: usize,
        draw: Draw,
        pixels: &mut Vec<u8>,
        out: &mut [u8],
    ) -> u64 {
        let (channels, layout) = (self.decode.mode.channels(), self.decode.layout);
        let flip = self.hflip > 0.0 && {
            let mut random = stream(Purpose::Flip, draw.seed, draw.epoch, sample as u64);
            augment::unit(&mut random) < self.hflip
        };
        if flip {
            augment::mirror(self.target(pixels, out), self.size, channels, layout);
        }
        if let Some(normalize) = &self.normalize {
            normalize.apply(pixels, layout, out);
        }
        report.pixels
    }
}
