//! Triangle meshes: read from OBJ, written as PLY.

pub mod obj;
pub mod ply;

use crate::error::{Error, Result};

/// Stands in `face_uv` and `face_normals` where a corner names none.
pub const NONE: i32 = -1;

/// A mesh as its file has it: coordinates in the file's unit and order, indices counted from 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mesh {
    /// x, y, z of each vertex, one after the other.
    pub vertices: Vec<f64>,
    /// Colours of the vertices in the file's own scale, `channels` numbers each.
    pub colors: Vec<f64>,
    /// Numbers of a colour: 3, 4 with alpha, 0 if vertices have none.
    pub channels: usize,
    /// u, v of each texture coordinate.
    pub uv: Vec<f64>,
    /// x, y, z of each normal.
    pub normals: Vec<f64>,
    /// Vertices of each triangle; a polygon is the fan of triangles around its first corner.
    pub faces: Vec<i32>,
    /// Texture coordinates of each triangle's corners, [`NONE`] where a corner has none; empty if none has any.
    pub face_uv: Vec<i32>,
    /// As `face_uv`, of normals.
    pub face_normals: Vec<i32>,
    /// Corners of each face as written; empty if all are triangles. A face of n corners is n - 2 rows of `faces`.
    pub face_sizes: Vec<i32>,
    /// Files of materials that the mesh names.
    pub materials: Vec<String>,
}

impl Mesh {
    /// Number of vertices.
    pub fn num_vertices(&self) -> usize {
        self.vertices.len() / 3
    }

    /// Number of triangles.
    pub fn num_triangles(&self) -> usize {
        self.faces.len() / 3
    }

    /// Checks that the lists have whole rows and name only what is there: what [`obj::parse`] gives does.
    ///
    /// # Errors
    /// `Invalid` saying which list does not fit.
    pub fn check(&self) -> Result<()> {
        let rows = [
            ("vertices", self.vertices.len(), 3),
            ("uv", self.uv.len(), 2),
            ("normals", self.normals.len(), 3),
            ("faces", self.faces.len(), 3),
        ];
        for (what, len, width) in rows {
            if len % width != 0 {
                return Err(Error::invalid(format!("{what} are {len} numbers, not rows of {width}")));
            }
        }
        if self.colors.len() != self.num_vertices() * self.channels {
            return Err(Error::invalid(format!(
                "{} vertices have {} numbers of colour, not {} each",
                self.num_vertices(),
                self.colors.len(),
                self.channels
            )));
        }
        for (what, list) in [("face_uv", &self.face_uv), ("face_normals", &self.face_normals)] {
            if !list.is_empty() && list.len() != self.faces.len() {
                return Err(Error::invalid(format!(
                    "{what} has {} entries, faces {}",
                    list.len(),
                    self.faces.len()
                )));
            }
        }
        let bounds = [
            ("faces", &self.faces, 0, self.num_vertices()),
            ("face_uv", &self.face_uv, NONE, self.uv.len() / 2),
            ("face_normals", &self.face_normals, NONE, self.normals.len() / 3),
        ];
        for (what, list, lowest, count) in bounds {
            let wrong = list.iter().find(|&&i| i < lowest || usize::try_from(i).is_ok_and(|i| i >= count));
            if let Some(index) = wrong {
                return Err(Error::invalid(format!("{what} names {index}, of {count}")));
            }
        }
        Ok(())
    }
}
