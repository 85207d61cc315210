//! Meshes that must have a certain number of vertices.

use crate::{error::Result, mesh::obj, shard::Shard};

/// Bytes of a member: more than any list of points has.
const MOST: u64 = 1 << 20;

/// Keys of the samples whose `field` is no OBJ of `count` vertices; those without the field are not meant.
pub(super) fn unlike(shard: &Shard, field: &str, count: usize) -> Result<Vec<String>> {
    let index = shard.index();
    let mut unlike = Vec::new();
    let mut bytes = Vec::new();
    for sample in 0..index.samples.len() {
        let wanted = index.members(sample).find(|&member| {
            index.field(member).is_some_and(|name| name.eq_ignore_ascii_case(field.as_bytes()))
        });
        let Some(member) = wanted else { continue };
        let fits = index.size.get(member).is_some_and(|&size| size <= MOST);
        if fits {
            shard.read_member(member, &mut bytes)?;
        }
        if !fits || obj::parse(&bytes).map_or(true, |mesh| mesh.num_vertices() != count) {
            unlike.push(String::from_utf8_lossy(index.key(sample)).into_owned());
        }
    }
    Ok(unlike)
}
