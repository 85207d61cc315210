//! Many images into one array: decoded side by side, each into its own rows.

use crate::{
    codec::{Codec, DecodeOptions, Report},
    error::{Error, Result},
    image::Size,
    pool::{Cancel, Pool, Stash},
};

/// Shape (height, width) of every item that `decode_batch` would write; zero by zero for no items.
///
/// With `options.size` only the first header is read.
///
/// # Errors
/// `Invalid` if the items come out in different sizes, naming the first that differs; an item's own error,
/// placed at "item N", counted from 0.
pub fn batch_size(items: &[&[u8]], options: &DecodeOptions, codec: &mut Codec) -> Result<Size> {
    let mut first = None;
    for (number, item) in items.iter().enumerate() {
        let size = codec.output_size(item, options).map_err(|error| at_item(error, number))?;
        let wanted = *first.get_or_insert(size);
        if size != wanted {
            let words = format!(
                "item {number} is {} by {} pixels, item 0 is {} by {}",
                size.width, size.height, wanted.width, wanted.height
            );
            return Err(Error::invalid(words).with_hint("give a size to resize all to"));
        }
        if options.size.is_some() {
            break;
        }
    }
    Ok(first.unwrap_or(Size { height: 0, width: 0 }))
}

/// Decodes `items` into `out`, one behind the other, on the pool's threads; reports in the items' order.
///
/// `out` holds `items.len()` times [`batch_size`] pixels of the mode's channels.
///
/// # Errors
/// As [`batch_size`]; `Invalid` if `out` has another length; that of the first item that cannot be decoded,
/// placed at "item N"; `Cancelled`. What `out` holds then is of no meaning.
pub fn decode_batch(
    items: &[&[u8]],
    options: &DecodeOptions,
    pool: &Pool,
    stash: &Stash<Codec>,
    cancel: &Cancel<'_>,
    out: &mut [u8],
) -> Result<Vec<Report>> {
    let size = stash.with(|codec| batch_size(items, options, codec))?;
    let length = size.pixels() * options.mode.channels();
    let wanted = length.checked_mul(items.len());
    if wanted != Some(out.len()) {
        return Err(Error::invalid(format!(
            "the buffer holds {} bytes, {} images of {length} bytes need {}",
            out.len(),
            items.len(),
            wanted.unwrap_or(usize::MAX)
        )));
    }
    // Two at a time, which takes less time than one after the other, unless threads would stand idle.
    let each = if items.len() >= 4 * pool.threads() { 2 } else { 1 };
    let work = items.chunks(each).zip(out.chunks_mut((each * length).max(1))).enumerate();
    let reports = pool.map(work, stash, cancel, |codec, (number, (items, places))| {
        let (first_place, second_place) = places.split_at_mut_checked(length).unwrap_or_default();
        match *items {
            [first, second] => {
                let [a, b] = codec.decode_pair([first, second], options, [first_place, second_place]);
                let first = a.map_err(|error| at_item(error, number * each))?;
                Ok([Some(first), Some(b.map_err(|error| at_item(error, number * each + 1))?)])
            }
            [item] => {
                let report = codec.decode_into(item, options, first_place);
                Ok([Some(report.map_err(|error| at_item(error, number * each))?), None])
            }
            _ => Ok([None, None]),
        }
    })?;
    Ok(reports.into_iter().flatten().flatten().collect())
}

fn at_item(error: Error, number: usize) -> Error {
    error.in_member(format!("item {number}").as_bytes())
}
