//! PLY, binary and little-endian: what viewers open where they do not open OBJ.

use std::fmt::Write;

use super::{Mesh, NONE};
use crate::error::{Error, Result};

/// How coordinates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// 4 bytes each, which every viewer reads.
    Single,
    /// 8 bytes each, so that nothing is lost.
    Double,
}

/// Writes vertices, their colours as bytes, triangles, and the texture coordinates of their corners.
///
/// Colours of 0 to 1 are scaled to 0 to 255; if any is above 1, all are taken as 0 to 255 already. Normals are left out:
/// viewers make their own. `texture` is the image's file name, for viewers that look for it beside the file.
///
/// # Errors
/// `Invalid` if the mesh does not fit itself ([`Mesh::check`]), a colour is not within 0 to 255, only some corners
/// have texture coordinates, or `texture` has a line break.
pub fn write(mesh: &Mesh, precision: Precision, texture: Option<&str>) -> Result<Vec<u8>> {
    mesh.check()?;
    let colors = bytes_of(&mesh.colors)?;
    let textured = !mesh.face_uv.is_empty();
    if textured && mesh.face_uv.contains(&NONE) {
        return Err(Error::invalid("only some corners have texture coordinates, which PLY cannot say"));
    }
    let mut out = header(mesh, precision, texture)?.into_bytes();
    out.reserve(mesh.num_vertices() * (24 + mesh.channels) + mesh.num_triangles() * (13 + 25));
    let put = |out: &mut Vec<u8>, value: f64| match precision {
        Precision::Single => out.extend_from_slice(&(value as f32).to_le_bytes()),
        Precision::Double => out.extend_from_slice(&value.to_le_bytes()),
    };
    let mut colors = colors.chunks_exact(mesh.channels.max(1));
    for vertex in mesh.vertices.chunks_exact(3) {
        for &value in vertex {
            put(&mut out, value);
        }
        out.extend_from_slice(colors.next().unwrap_or_default());
    }
    let mut face_uv = mesh.face_uv.chunks_exact(3);
    for face in mesh.faces.chunks_exact(3) {
        out.push(3);
        out.extend(face.iter().flat_map(|index| index.to_le_bytes()));
        if textured {
            out.push(6);
            for &corner in face_uv.next().unwrap_or_default() {
                let at = usize::try_from(corner).unwrap_or_default() * 2;
                for &value in mesh.uv.get(at..at + 2).unwrap_or_default() {
                    out.extend_from_slice(&(value as f32).to_le_bytes());
                }
            }
        }
    }
    Ok(out)
}

fn header(mesh: &Mesh, precision: Precision, texture: Option<&str>) -> Result<String> {
    let number = if precision == Precision::Single { "float" } else { "double" };
    let mut lines = String::from("ply\nformat binary_little_endian 1.0\n");
    let mut line = |words: std::fmt::Arguments<'_>| {
        // Writing to a String does not fail.
        let _ = writeln!(lines, "{words}");
    };
    if let Some(texture) = texture {
        if texture.contains(['\n', '\r']) {
            return Err(Error::invalid("the texture's name has a line break"));
        }
        line(format_args!("comment TextureFile {texture}"));
    }
    line(format_args!("element vertex {}", mesh.num_vertices()));
    for axis in ["x", "y", "z"] {
        line(format_args!("property {number} {axis}"));
    }
    for channel in ["red", "green", "blue", "alpha"].into_iter().take(mesh.channels) {
        line(format_args!("property uchar {channel}"));
    }
    line(format_args!("element face {}", mesh.num_triangles()));
    line(format_args!("property list uchar int vertex_indices"));
    if !mesh.face_uv.is_empty() {
        line(format_args!("property list uchar float texcoord"));
    }
    line(format_args!("end_header"));
    Ok(lines)
}

/// Colours as bytes, rounded to the nearest.
fn bytes_of(colors: &[f64]) -> Result<Vec<u8>> {
    if let Some(wrong) = colors.iter().find(|value| !(0.0..=255.0).contains(*value)) {
        return Err(Error::invalid(format!("colour {wrong} is not within 0 to 255")));
    }
    let scale = if colors.iter().any(|&value| value > 1.0) { 1.0 } else { 255.0 };
    Ok(colors.iter().map(|&value| (value * scale).round() as u8).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mesh::obj;

    #[test]
    fn a_triangle_is_these_bytes() {
        let mesh = obj::parse(b"v 0 0 0 0 0.5 1\nv 1 0 0 1 1 1\nv 0 2 0 0 0 0\nf 1 2 3\n").unwrap();
        let mut expected = b"ply\nformat binary_little_endian 1.0\nelement vertex 3\nproperty float x\n\
            property float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n\
            element face 1\nproperty list uchar int vertex_indices\nend_header\n"
            .to_vec();
        for (xyz, rgb) in
            [([0_f32; 3], [0, 128, 255]), ([1.0, 0.0, 0.0], [255; 3]), ([0.0, 2.0, 0.0], [0; 3])]
        {
            expected.extend(xyz.iter().flat_map(|value| value.to_le_bytes()));
            expected.extend::<[u8; 3]>(rgb);
        }
        expected.push(3);
        expected.extend((0..3_i32).flat_map(i32::to_le_bytes));
        assert_eq!(write(&mesh, Precision::Single, None).unwrap(), expected);
    }

    #[test]
    fn colours_above_one_are_bytes_already_and_others_are_refused() {
        assert_eq!(bytes_of(&[0.0, 1.0, 0.2]).unwrap(), [0, 255, 51]);
        assert_eq!(bytes_of(&[0.0, 1.0, 200.0]).unwrap(), [0, 1, 200]);
        for wrong in [-0.1, 255.1, f64::NAN] {
            assert!(bytes_of(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mesh_that_does_not_fit_itself_is_refused() {
        let whole = obj::parse(b"v 0 0 0\nv 1 0 0\nv 0 2 0\nvt 0 0\nf 1/1 2/1 3/1\n").unwrap();
        assert!(write(&whole, Precision::Double, Some("a.bmp")).is_ok());
        assert!(write(&whole, Precision::Double, Some("a\nb")).is_err());
        let with = |change: fn(&mut Mesh)| {
            let mut mesh = whole.clone();
            change(&mut mesh);
            write(&mesh, Precision::Double, None)
        };
        for change in [
            (|mesh| mesh.vertices.truncate(8)) as fn(&mut Mesh),
            |mesh| mesh.vertices.truncate(6),
            |mesh| mesh.faces[0] = -1,
            |mesh| mesh.faces[0] = 3,
            |mesh| mesh.face_uv[0] = 1,
            |mesh| mesh.face_uv[0] = NONE,
            |mesh| mesh.face_uv.truncate(2),
            |mesh| mesh.channels = 3,
        ] {
            assert!(with(change).is_err());
        }
    }
}
