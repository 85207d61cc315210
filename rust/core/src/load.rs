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
        let work = self.members.iter().zip(out.chunks_exact_mut(length.max(1)));
        pool.map(work, stash, cancel, |codec, (&member, place)| {
            let mut bytes = Vec::new();
            self.shard.read_member(member, &mut bytes)?;
            self.decode(codec, &bytes, size, place).map_err(|error| self.placed(error, member))
        })
    }

    fn decode(&self, codec: &mut Codec, bytes: &[u8], size: Size, place: &mut [u8]) -> Result<Report> {
        let found = codec.output_size(bytes, self.options)?;
        if found != size {
            let words = format!(
                "the image is {} by {} pixels, the first {} by {}",
                found.width, found.height, size.width, size.height
            );
            return Err(Error::invalid(words).with_hint("give a size to resize all to"));
        }
        codec.decode_into(bytes, self.options, place)
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
