//! Images of a shard into one array: each read, decoded and written to its place by one worker.

use crate::{
    codec::{Codec, DecodeOptions, Report},
    error::{Error, Result},
    image::Size,
    pool::{Cancel, Pool, Stash},
    shard::Shard,
};

/// Images to load: some fields of some samples of a shard.
#[derive(Debug)]
pub struct Images<'a> {
    shard: &'a Shard,
    options: &'a DecodeOptions,
    /// Member numbers, all fields of the first sample first.
    members: Vec<usize>,
}

impl<'a> Images<'a> {
    /// The members of `samples` that have these `fields`, whatever their case.
    ///
    /// # Errors
    /// `Data` naming the first sample and field that is not there; `Invalid` if there is no such sample.
    pub fn find(
        shard: &'a Shard,
        samples: &[usize],
        fields: &[&[u8]],
        options: &'a DecodeOptions,
    ) -> Result<Self> {
        let index = shard.index();
        let mut members = Vec::with_capacity(samples.len().saturating_mul(fields.len()));
        for &sample in samples {
            if sample >= index.samples.len() {
                return Err(Error::invalid(format!("no sample {sample}")).in_shard(shard.path()));
            }
            for field in fields {
                let member = index.member_of(sample, field).ok_or_else(|| {
                    let words = format!("the sample has no field {}", String::from_utf8_lossy(field));
                    let start = index.span(sample).start;
                    Error::data(words).in_shard(shard.path()).in_member(index.key(sample)).at_offset(start)
                })?;
                members.push(member);
            }
        }
        Ok(Self { shard, options, members })
    }

    /// Shape (height, width) of each image, from the first one's header; zero by zero for none and no size.
    ///
    /// # Errors
    /// Those of reading the member and of [`Codec::output_size`], placed at it.
    pub fn size(&self, codec: &mut Codec) -> Result<Size> {
        let Some(&first) = self.members.first() else {
            return Ok(self.options.size.unwrap_or(Size { height: 0, width: 0 }));
        };
        let mut bytes = Vec::new();
        self.shard.read_member(first, &mut bytes)?;
        codec.output_size(&bytes, self.options).map_err(|error| self.placed(error, first))
    }

    /// Decodes all of them into `out`, one behind the other, each of `size`; reports in the same order.
    ///
    /// # Errors
    /// That of the first image that cannot be read or decoded, or has another size, placed at its member;
    /// `Invalid` if `out` has another length; `Cancelled`. What `out` holds then is of no meaning.
    pub fn load_into(
        &self,
        out: &mut [u8],
        size: Size,
        pool: &Pool,
        stash: &Stash<Codec>,
        cancel: &Cancel<'_>,
    ) -> Result<Vec<Report>> {
        let length = size.pixels() * self.options.mode.channels();
        if length.checked_mul(self.members.len()) != Some(out.len()) {
            let (has, images) = (out.len(), self.members.len());
            return Err(Error::invalid(format!("the buffer holds {has} bytes, not {images} times {length}")));
        }
        // Two at a time, which takes less time than one after the other, unless threads would stand idle.
        let each = if self.members.len() >= 4 * pool.threads() { 2 } else { 1 };
        let work = self.members.chunks(each).zip(out.chunks_mut((each * length).max(1)));
        let reports = pool.map(work, stash, cancel, |codec, (members, places)| {
            let (place, other_place) = places.split_at_mut_checked(length).unwrap_or_default();
            let Some((&first, rest)) = members.split_first() else { return Ok([None, None]) };
            let bytes = self.read(codec, first, size)?;
            let Some(&second) = rest.first() else {
                let report = codec.decode_into(&bytes, self.options, place);
                return Ok([Some(report.map_err(|error| self.placed(error, first))?), None]);
            };
            // The first image's error comes before the second's, whatever that is.
            let other = self.read(codec, second, size);
            let other = match other {
                Ok(other) => other,
                Err(error) => {
                    codec
                        .decode_into(&bytes, self.options, place)
                        .map_err(|error| self.placed(error, first))?;
                    return Err(error);
                }
            };
            let [a, b] = codec.decode_pair([&bytes, &other], self.options, [place, other_place]);
            let a = a.map_err(|error| self.placed(error, first))?;
            Ok([Some(a), Some(b.map_err(|error| self.placed(error, second))?)])
        })?;
        Ok(reports.into_iter().flatten().flatten().collect())
    }

    /// The bytes of an image that has that size.
    fn read(&self, codec: &mut Codec, member: usize, size: Size) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.shard.read_member(member, &mut bytes)?;
        self.check(codec, &bytes, size).map_err(|error| self.placed(error, member))?;
        Ok(bytes)
    }

    fn check(&self, codec: &mut Codec, bytes: &[u8], size: Size) -> Result<()> {
        let found = codec.output_size(bytes, self.options)?;
        if found != size {
            let words = format!(
                "the image is {} by {} pixels, the first {} by {}",
                found.width, found.height, size.width, size.height
            );
            return Err(Error::invalid(words).with_hint("give a size to resize all to"));
        }
        Ok(())
    }

    fn placed(&self, error: Error, member: usize) -> Error {
        let index = self.shard.index();
        let error = error.in_shard(self.shard.path()).in_member(index.name(member));
        match index.data_offset.get(member) {
            Some(&offset) => error.at_offset(offset),
            None => error,
        }
    }
}
