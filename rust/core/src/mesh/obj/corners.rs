//! Faces: corners that name vertices, texture coordinates and normals.

use super::cursor::{Cursor, error_at};
use crate::{
    error::Result,
    mesh::{Mesh, NONE},
};

/// What an index counts.
const WHAT: [&str; 3] = ["vertex", "texture coordinate", "normal"];

/// One corner: vertex, texture coordinate, normal; [`NONE`] where the file names none.
type Corner = [i32; 3];

/// A list that stays empty until it is needed; its earlier entries are all alike.
struct Late {
    values: Vec<i32>,
    until_then: i32,
}

impl Late {
    const fn new(until_then: i32) -> Self {
        Self { values: Vec::new(), until_then }
    }

    /// Appends `new` behind `before` earlier ones.
    #[inline]
    fn push(&mut self, before: usize, new: &[i32]) {
        if self.values.is_empty() {
            if new.iter().all(|&value| value == self.until_then) {
                return;
            }
            self.values.resize(before, self.until_then);
        }
        self.values.extend_from_slice(new);
    }
}

/// An index that is larger than the count was when it was read.
struct Ahead {
    index: i64,
    line: usize,
    offset: usize,
}

/// The faces read so far.
pub(super) struct Faces {
    vertices: Vec<i32>,
    uv: Late,
    normals: Late,
    sizes: Late,
    count: usize,
    /// By kind, each larger than the one before: the first beyond the final count is among them.
    ahead: [Vec<Ahead>; 3],
    /// Of the face being read, kept for its memory.
    corners: Vec<Corner>,
}

impl Faces {
    pub(super) const fn new() -> Self {
        Self {
            vertices: Vec::new(),
            uv: Late::new(NONE),
            normals: Late::new(NONE),
            sizes: Late::new(3),
            count: 0,
            ahead: [Vec::new(), Vec::new(), Vec::new()],
            corners: Vec::new(),
        }
    }

    /// Reads the corners of one face, to the end of its line; `counts` are of what was read before it.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>, counts: [usize; 3]) -> Result<()> {
        let mut corners = std::mem::take(&mut self.corners);
        corners.clear();
        let mut form = None;
        while !cursor.line_is_done() {
            let corner = self.corner(cursor, counts)?;
            let has = [corner[1] != NONE, corner[2] != NONE];
            if *form.get_or_insert(has) != has {
                return Err(cursor.error("the corners of a face differ in what they name"));
            }
            corners.push(corner);
        }
        let [first, middle @ .., _] = &*corners else {
            return Err(cursor.error("a face of no corners"));
        };
        if middle.is_empty() {
            return Err(cursor.error(&format!("a face of {} corners", corners.len())));
        }
        self.sizes.push(self.count, &[corners.len() as i32]);
        self.count += 1;
        for pair in corners.get(1..).unwrap_or_default().windows(2) {
            let &[second, third] = pair else { continue };
            let of = |kind: usize| [first, &second, &third].map(|corner| corner[kind]);
            let before = self.vertices.len();
            self.vertices.extend_from_slice(&of(0));
            self.uv.push(before, &of(1));
            self.normals.push(before, &of(2));
        }
        self.corners = corners;
        Ok(())
    }

    /// `v`, `v/t`, `v//n` or `v/t/n`.
    #[inline]
    fn corner(&mut self, cursor: &mut Cursor<'_>, counts: [usize; 3]) -> Result<Corner> {
        let mut corner = [self.index(cursor, 0, counts[0])?, NONE, NONE];
        for (kind, count) in [(1, counts[1]), (2, counts[2])] {
            if !cursor.take(b'/') {
                break;
            }
            // Some writers leave the slashes where nothing is to follow.
            if matches!(cursor.peek(), Some(b'-' | b'0'..=b'9')) {
                corner[kind] = self.index(cursor, kind, count)?;
            }
        }
        if matches!(cursor.peek(), None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'\\')) {
            Ok(corner)
        } else {
            Err(cursor.error("a corner is neither v, v/t, v//n nor v/t/n"))
        }
    }

    /// An index counted from 0: positive ones count from the first, negative ones back from the latest.
    #[inline]
    fn index(&mut self, cursor: &mut Cursor<'_>, kind: usize, count: usize) -> Result<i32> {
        let (line, offset) = (cursor.line(), cursor.offset());
        let index = cursor.integer()?;
        let number = match index {
            0 => Err("index 0, but they count from 1".to_owned()),
            1.. => {
                if index as u64 > count as u64 {
                    self.look_ahead(kind, Ahead { index, line, offset });
                }
                i32::try_from(index - 1).map_err(|_| out_of_range(kind, index, count))
            }
            _ => i32::try_from(count as i64 + index)
                .ok()
                .filter(|&number| number >= 0)
                .ok_or_else(|| out_of_range(kind, index, count)),
        };
        number.map_err(|words| error_at(line, offset, &words))
    }

    #[cold]
    fn look_ahead(&mut self, kind: usize, ahead: Ahead) {
        if self.ahead[kind].last().is_none_or(|last| last.index < ahead.index) {
            self.ahead[kind].push(ahead);
        }
    }

    /// Hands over the faces, now that all that they may name was read.
    pub(super) fn finish(self, counts: [usize; 3], mesh: &mut Mesh) -> Result<()> {
        let beyond = self.ahead.iter().zip(counts).zip(0..).filter_map(|((ahead, count), kind)| {
            let first = ahead.iter().find(|one| one.index as u64 > count as u64)?;
            Some((first, out_of_range(kind, first.index, count)))
        });
        if let Some((first, words)) = beyond.min_by_key(|(first, _)| first.offset) {
            return Err(error_at(first.line, first.offset, &words));
        }
        mesh.faces = self.vertices;
        mesh.face_uv = self.uv.values;
        mesh.face_normals = self.normals.values;
        mesh.face_sizes = self.sizes.values;
        Ok(())
    }
}

fn out_of_range(kind: usize, index: i64, count: usize) -> String {
    let what = WHAT.get(kind).copied().unwrap_or_default();
    format!("{what} index {index} is out of range: there are {count}")
}
