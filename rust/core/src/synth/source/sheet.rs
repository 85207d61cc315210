//! Meshes: a bumpy sheet of triangles, in thousandths of a millimetre, so that every digit is an integer's.

use std::fmt::Write;

use crate::random::Random;

/// What a sheet has besides vertices and faces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Skin {
    /// A colour for each vertex.
    Colours,
    /// A texture coordinate for each vertex.
    Texture,
}

/// Which sheet.
pub(super) struct Sheet {
    /// Vertices across and down.
    pub(super) across: u64,
    pub(super) down: u64,
    /// Its corner, in thousandths.
    pub(super) origin: [i64; 3],
    /// Between neighbours, in thousandths.
    pub(super) step: i64,
    pub(super) skin: Skin,
}

impl Sheet {
    /// The text of an OBJ, behind `head`.
    pub(super) fn obj(&self, random: &mut Random, head: &str) -> Vec<u8> {
        let Self { across, down, origin: [x, y, z], step, skin } = *self;
        let mut text = head.to_owned();
        for number in 0..across * down {
            let (column, row) = ((number % across) as i64, (number / across) as i64);
            let depth = z + random.below(step as u64) as i64;
            let xyz = [x + column * step, y - row * step, depth].map(thousandths).join(" ");
            let colour = match skin {
                Skin::Texture => String::new(),
                Skin::Colours => {
                    [(); 3].map(|()| format!(" {}", thousandths(random.below(1001) as i64))).concat()
                }
            };
            // Writing to a String does not fail.
            let _ = writeln!(text, "v {xyz}{colour}");
        }
        if skin == Skin::Texture {
            for number in 0..across * down {
                let place = |at: u64, count: u64| thousandths((at * 1000 / (count - 1).max(1)) as i64);
                let _ =
                    writeln!(text, "vt {} {}", place(number % across, across), place(number / across, down));
            }
        }
        for row in 0..down.saturating_sub(1) {
            for column in 0..across.saturating_sub(1) {
                let at = row * across + column + 1;
                let corners = [[at, at + across, at + 1], [at + 1, at + across, at + across + 1]];
                for face in corners {
                    let face = face.map(|corner| match skin {
                        Skin::Texture => format!("{corner}/{corner}"),
                        Skin::Colours => corner.to_string(),
                    });
                    let _ = writeln!(text, "f {}", face.join(" "));
                }
            }
        }
        text.into_bytes()
    }
}

/// A number of thousandths with three digits behind the point.
pub(super) fn thousandths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", value.unsigned_abs() / 1000, value.unsigned_abs() % 1000)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mesh::obj;

    #[test]
    fn a_sheet_is_a_whole_mesh() {
        for (skin, channels) in [(Skin::Colours, 3), (Skin::Texture, 0)] {
            let sheet = Sheet { across: 5, down: 4, origin: [-2000, 50, 7], step: 500, skin };
            let text = sheet.obj(&mut Random::new(1), "# sheet\n");
            let mesh = obj::parse(&text).unwrap();
            assert_eq!((mesh.num_vertices(), mesh.num_triangles(), mesh.channels), (20, 24, channels));
            assert_eq!(mesh.uv.len(), if channels == 0 { 40 } else { 0 });
            assert_eq!(mesh.vertices.first(), Some(&-2.0));
            assert_eq!(text, sheet.obj(&mut Random::new(1), "# sheet\n"));
            assert_ne!(text, sheet.obj(&mut Random::new(2), "# sheet\n"));
        }
        assert_eq!([-1, 1, -1001, 12_345].map(thousandths), ["-0.001", "0.001", "-1.001", "12.345"]);
    }
}
