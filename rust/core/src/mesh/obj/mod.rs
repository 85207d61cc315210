//! Wavefront OBJ: vertices with or without colours, texture coordinates, normals, polygons.
//!
//! ```text
//! text ─cursor─► words, numbers ─mod─► coordinates
//!                               └─corners─► faces, split into triangles
//! ```
//!
//! Groups, smoothing, materials, lines, points and free-form geometry are passed over; a word that no OBJ has is an error,
//! so that a file of another kind is never an empty mesh.

mod corners;
mod cursor;

#[cfg(test)]
mod tests;

use super::Mesh;
use crate::error::Result;
use corners::Faces;
use cursor::Cursor;

/// Statements that say nothing of triangles.
const OTHERS: [&[u8]; 33] = [
    b"o",
    b"g",
    b"s",
    b"mg",
    b"usemtl",
    b"usemap",
    b"maplib",
    b"l",
    b"p",
    b"vp",
    b"cstype",
    b"deg",
    b"bmat",
    b"step",
    b"curv",
    b"curv2",
    b"surf",
    b"parm",
    b"trim",
    b"hole",
    b"scrv",
    b"sp",
    b"end",
    b"con",
    b"bevel",
    b"c_interp",
    b"d_interp",
    b"lod",
    b"shadow_obj",
    b"trace_obj",
    b"ctech",
    b"stech",
    b"call",
];

/// Reads a mesh.
///
/// Coordinates are those that the digits say, rounded once to the nearest `f64`.
///
/// # Errors
/// `Data` with the line, counted from 1, and the byte: a word that is no statement or no number, a number that is not
/// finite, a vertex or face of too few numbers, vertices of which only some have colours, an index that is 0 or out of range.
pub fn parse(text: &[u8]) -> Result<Mesh> {
    let mut mesh = Mesh::default();
    let mut faces = Faces::new();
    let mut cursor = Cursor::new(text);
    loop {
        if !cursor.line_is_done() {
            statement(&mut cursor, &mut mesh, &mut faces)?;
        }
        if !cursor.next_line() {
            break;
        }
    }
    faces.finish(counts(&mesh), &mut mesh)?;
    Ok(mesh)
}

fn counts(mesh: &Mesh) -> [usize; 3] {
    [mesh.vertices.len() / 3, mesh.uv.len() / 2, mesh.normals.len() / 3]
}

#[inline]
fn statement(cursor: &mut Cursor<'_>, mesh: &mut Mesh, faces: &mut Faces) -> Result<()> {
    if cursor.keyword(b"v") {
        vertex(cursor, mesh)
    } else if cursor.keyword(b"f") {
        faces.read(cursor, counts(mesh))
    } else if cursor.keyword(b"vt") {
        let ([u, v, _], _) = numbers(cursor, "a texture coordinate", 1)?;
        mesh.uv.extend_from_slice(&[u, v]);
        Ok(())
    } else if cursor.keyword(b"vn") {
        let (normal, _) = numbers::<3>(cursor, "a normal", 3)?;
        mesh.normals.extend_from_slice(&normal);
        Ok(())
    } else if cursor.keyword(b"mtllib") {
        mesh.materials.push(String::from_utf8_lossy(cursor.rest_of_line()).into_owned());
        Ok(())
    } else {
        let before = cursor.error("");
        let word = cursor.word();
        if OTHERS.contains(&word) {
            while !cursor.line_is_done() {
                cursor.word();
            }
            return Ok(());
        }
        let shown = String::from_utf8_lossy(word.get(..word.len().min(40)).unwrap_or_default());
        let offset = before.place().offset.unwrap_or_default() as usize;
        Err(cursor::error_at(cursor.line(), offset, &format!("{shown:?} is no statement of an OBJ")))
    }
}

/// `x y z`, `x y z w` with w = 1, `x y z r g b` or `x y z r g b a`.
#[inline]
fn vertex(cursor: &mut Cursor<'_>, mesh: &mut Mesh) -> Result<()> {
    let ([x, y, z, rest @ ..], count) = numbers::<7>(cursor, "a vertex", 3)?;
    let channels = match count {
        4 if rest[0].to_bits() != 1_f64.to_bits() => {
            return Err(cursor.error("a vertex with a weight, of a rational curve"));
        }
        6 | 7 => count - 3,
        5 => return Err(cursor.error("a vertex of 5 numbers")),
        _ => 0,
    };
    if mesh.channels != channels {
        if !mesh.vertices.is_empty() {
            return Err(cursor.error(&format!(
                "a colour of {channels} numbers, but of {} in the vertices before",
                mesh.channels
            )));
        }
        mesh.channels = channels;
    }
    mesh.vertices.extend_from_slice(&[x, y, z]);
    mesh.colors.extend_from_slice(rest.get(..channels).unwrap_or_default());
    Ok(())
}

/// At least so many numbers, at most `N`, to the end of the line; those that are not there are 0.
#[inline]
fn numbers<const N: usize>(cursor: &mut Cursor<'_>, what: &str, least: usize) -> Result<([f64; N], usize)> {
    let mut found = [0.0; N];
    let mut count = 0;
    while !cursor.line_is_done() {
        let Some(place) = found.get_mut(count) else {
            return Err(cursor.error(&format!("{what} of more than {N} numbers")));
        };
        *place = cursor.number()?;
        count += 1;
    }
    if count < least {
        return Err(cursor.error(&format!("{what} of {count} numbers")));
    }
    Ok((found, count))
}
