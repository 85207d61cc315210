//! Meshes among a sample's members: parsed, so that no broken one is packed, and written as PLY if asked for.

use super::layout::Member;
use crate::{
    error::Result,
    mesh::{
        Mesh, obj,
        ply::{self, Precision},
    },
};

/// A member of an OBJ, and the mesh in it.
///
/// # Errors
/// `Data` with the line.
pub(super) fn member(field: &str, path: String, bytes: Vec<u8>) -> Result<(Member, Mesh)> {
    let mesh = obj::parse(&bytes)?;
    Ok((Member::of_file(field.to_owned(), path, bytes), mesh))
}

/// The same mesh as PLY: field `nose.ply` beside `nose.obj`.
///
/// # Errors
/// `Invalid` if PLY cannot say it.
pub(super) fn ply(field: &str, mesh: &Mesh, texture: Option<&str>) -> Result<Member> {
    let bytes = ply::write(mesh, Precision::Single, texture)?;
    let stem = field.strip_suffix("obj").unwrap_or(field);
    Ok(Member { path: None, ..Member::of_file(format!("{stem}ply"), String::new(), bytes) })
}
