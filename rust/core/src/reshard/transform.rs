//! One sample: source members in, finished tar members out.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    codec::{Codec, TranscodeOptions},
    error::{Error, Result},
    image::OutputFormat,
    index::{Index, Policy},
    reshard::{
        options::Options,
        pick, plan,
        select::{self, Fields},
    },
    tar::write::{self, LongNames},
};

/// How every sample of a plan is changed.
#[derive(Debug)]
pub(super) struct Transform {
    fields: Fields,
    pictures: Option<TranscodeOptions>,
    format: LongNames,
}

/// A worker's own things.
#[derive(Default)]
pub struct Scratch {
    pub(super) codec: Codec,
    picture: Vec<u8>,
}

/// The bytes of one sample as read, and what the index said about them.
pub(super) struct Raw {
    /// From the first header to the last padding.
    pub bytes: Vec<u8>,
    /// Offset of `bytes` in the shard.
    pub offset: u64,
    /// Key the index had for it.
    pub key: Vec<u8>,
}

/// A sample as it goes into the new release.
pub(super) struct Made {
    /// Whole tar members.
    pub bytes: Vec<u8>,
    pub identity: String,
    pub images: u32,
    pub encoded: u64,
    pub resampled_chroma: u64,
    pub through_rgb: u64,
    /// The buffer the sample was read into, to be used again.
    pub spent: Vec<u8>,
}

impl Transform {
    pub(super) fn new(options: &Options) -> Result<Self> {
        Ok(Self {
            fields: Fields::parse(&options.select)?,
            pictures: options.transcode(),
            format: options.tar_format,
        })
    }

    /// Makes the new members. The span is parsed again from the bytes that were hashed, so a file that
    /// changed since it was indexed is an error and not a wrong picture.
    pub(super) fn apply(&self, scratch: &mut Scratch, raw: Raw) -> Result<Made> {
        let index = Index::of_bytes(&raw.bytes, raw.offset, Policy::default())?;
        if index.samples.len() != 1 || index.key(0) != raw.key {
            return Err(Error::data("the shard changed while it was being read").at_offset(raw.offset));
        }
        let mut made = Made {
            bytes: Vec::with_capacity(raw.bytes.len()),
            identity: String::new(),
            images: 0,
            encoded: 0,
            resampled_chroma: 0,
            through_rgb: 0,
            spent: Vec::new(),
        };
        let mut json = None;
        for member in index.samples[0].clone().map(|member| member as usize) {
            let start = (index.data_offset[member] - raw.offset) as usize;
            let place =
                |error: Error| error.in_member(index.name(member)).at_offset(index.data_offset[member]);
            let payload = raw
                .bytes
                .get(start..start + index.size[member] as usize)
                .ok_or_else(|| place(Error::data("the member lies outside its sample")))?;
            let Some(field) = plan::field_name(&index, member) else { continue };
            if field.eq_ignore_ascii_case("json") {
                json = pick::parse_json(payload).ok();
            }
            if self.fields.keeps(&field) {
                self.member(scratch, index.name(member), &field, payload, &mut made).map_err(place)?;
            }
        }
        let key = String::from_utf8_lossy(&raw.key);
        select::identity(json.as_ref().unwrap_or(&Value::Null).into(), &key).clone_into(&mut made.identity);
        made.spent = raw.bytes;
        Ok(made)
    }

    fn member(
        &self,
        scratch: &mut Scratch,
        name: &[u8],
        field: &str,
        payload: &[u8],
        made: &mut Made,
    ) -> Result<()> {
        made.images += u32::from(select::is_image(field));
        let Some(options) = self.pictures.as_ref().filter(|_| is_made(field, &self.fields)) else {
            return write::member_into(name, payload, self.format, &mut made.bytes);
        };
        scratch.picture.clear();
        let done = scratch.codec.transcode(payload, options, &mut scratch.picture)?;
        made.encoded += u64::from(!done.copied);
        made.resampled_chroma += u64::from(done.subsampling_changed);
        made.through_rgb += u64::from(done.through_rgb);
        let name = match options.format {
            OutputFormat::Png => Cow::Owned(renamed(name, "png")),
            OutputFormat::Jpeg | OutputFormat::Keep => Cow::Borrowed(name),
        };
        write::member_into(&name, &scratch.picture, self.format, &mut made.bytes)
    }
}

/// True for a field whose pictures are made anew: a JPEG, unless its pixels are data and nobody named it.
pub(super) fn is_made(field: &str, fields: &Fields) -> bool {
    select::is_jpeg(field) && (!select::is_data_image(field) || fields.names(field))
}

/// The name with its last extension replaced: a picture whose format changed.
pub(super) fn renamed(name: &[u8], extension: &str) -> Vec<u8> {
    let stem = name.iter().rposition(|&b| b == b'.').map_or(name, |dot| &name[..dot]);
    [stem, b".", extension.as_bytes()].concat()
}
