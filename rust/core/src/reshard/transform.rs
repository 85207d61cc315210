//! One sample: source members in, finished tar members out.

use std::borrow::Cow;

use serde_json::Value;

use crate::{
    codec::{Codec, MANY_PIXELS, TranscodeOptions},
    error::{Error, Kind, Result},
    image::OutputFormat,
    index::{Index, Policy},
    reshard::{
        options::Options,
        pick, plan,
        select::{self, Fields},
    },
    tar::write::{self, LongNames},
    verify::is_checked,
};

/// How every sample of a plan is changed.
#[derive(Debug)]
pub(super) struct Transform {
    fields: Fields,
    pictures: Option<TranscodeOptions>,
    format: LongNames,
    skip_bad: bool,
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
#[derive(Default)]
pub(super) struct Made {
    /// Whole tar members.
    pub bytes: Vec<u8>,
    pub identity: String,
    pub images: u32,
    pub encoded: u64,
    pub resampled_chroma: u64,
    pub through_rgb: u64,
    /// Why the sample is not in the release, if it is not; the rest is empty then.
    pub left_out: Option<String>,
    /// The buffer the sample was read into, to be used again.
    pub spent: Vec<u8>,
}

impl Transform {
    pub(super) fn new(options: &Options) -> Result<Self> {
        Ok(Self {
            fields: Fields::parse(&options.select)?,
            pictures: options.transcode(),
            format: options.tar_format,
            skip_bad: options.skip_bad,
        })
    }

    /// Makes the new members. The span is parsed again from the bytes that were hashed, so a file that
    /// changed since it was indexed is an error and not a wrong picture.
    pub(super) fn apply(&self, scratch: &mut Scratch, raw: Raw) -> Result<Made> {
        let index = Index::of_bytes(&raw.bytes, raw.offset, Policy::default())?;
        if index.samples.len() != 1 || index.key(0) != raw.key {
            return Err(Error::data("the shard changed while it was being read").at_offset(raw.offset));
        }
        match self.members(scratch, &index, &raw) {
            Ok(made) => Ok(Made { spent: raw.bytes, ..made }),
            Err(error) if self.skip_bad && is_of_sample(&error) => {
                let left_out = Some(reason(&error));
                Ok(Made { left_out, spent: raw.bytes, ..Made::default() })
            }
            Err(error) => Err(error),
        }
    }

    fn members(&self, scratch: &mut Scratch, index: &Index, raw: &Raw) -> Result<Made> {
        let mut made = Made { bytes: Vec::with_capacity(raw.bytes.len()), ..Made::default() };
        let mut json = None;
        for member in index.samples[0].clone().map(|member| member as usize) {
            let start = (index.data_offset[member] - raw.offset) as usize;
            let place =
                |error: Error| error.in_member(index.name(member)).at_offset(index.data_offset[member]);
            let payload = raw
                .bytes
                .get(start..start + index.size[member] as usize)
                .ok_or_else(|| place(Error::data("the member lies outside its sample")))?;
            let Some(field) = plan::field_name(index, member) else { continue };
            if field.eq_ignore_ascii_case("json") {
                json = match pick::parse_json(payload) {
                    Err(error) if self.skip_bad => return Err(place(error)),
                    parsed => parsed.ok(),
                };
            }
            if self.fields.keeps(&field) {
                self.member(scratch, index.name(member), &field, payload, &mut made).map_err(place)?;
            }
        }
        let key = String::from_utf8_lossy(&raw.key);
        select::identity(json.as_ref().unwrap_or(&Value::Null).into(), &key).clone_into(&mut made.identity);
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
            if self.skip_bad && is_checked(field) {
                scratch.codec.check(payload, 2 * MANY_PIXELS)?;
            }
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

/// True for an error of what a member holds, not of the shard it lies in.
fn is_of_sample(error: &Error) -> bool {
    matches!(error.kind(), Kind::Image(_) | Kind::Data(_))
}

/// A stable code, the member, and the details in words.
fn reason(error: &Error) -> String {
    let code = match error.kind() {
        Kind::Image(fault) => fault.code(),
        _ => "json-invalid",
    };
    format!("{code}: {error}")
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
