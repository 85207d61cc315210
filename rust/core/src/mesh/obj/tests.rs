#![allow(clippy::unwrap_used)]

use super::*;
use crate::{error::Kind, mesh::NONE};

fn said(text: &str) -> String {
    let error = parse(text.as_bytes()).unwrap_err();
    assert!(matches!(error.kind(), Kind::Data(_)), "{error}");
    error.kind().to_string()
}

#[test]
fn every_form_of_statement_is_read() {
    let mesh = parse(
        b"\xef\xbb\xbf# C:\\heads\\\r\nmtllib a b.mtl\r\no head\r\nv 1 -2.5 3e-1\r\nv .5 +5. 0 # here\n  v\t1 1 \\\n 1\n\
        v 0 0 0 1\nvt 0.25\nvt 0.5 0.75 0\nvn 0 0 1\ng a\nusemtl skin\ns off\nf 1 2 3\nf -4/1 -3/2 -2/1\n\
        f 1//1 2//1 3//1 4//1\nl 1 2\nf 1// 2// 3//",
    )
    .unwrap();
    assert_eq!(mesh.vertices, [1.0, -2.5, 0.3, 0.5, 5.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!((mesh.uv, mesh.normals), (vec![0.25, 0.0, 0.5, 0.75], vec![0.0, 0.0, 1.0]));
    assert_eq!(mesh.faces, [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2, 3, 0, 1, 2]);
    let uv: Vec<i32> = [[NONE; 3], [0, 1, 0], [NONE; 3], [NONE; 3], [NONE; 3]].concat();
    assert_eq!(mesh.face_uv, uv);
    assert_eq!(mesh.face_normals, [[NONE; 3], [NONE; 3], [0; 3], [0; 3], [NONE; 3]].concat());
    assert_eq!(mesh.face_sizes, [3, 3, 4, 3]);
    assert_eq!((mesh.materials, mesh.channels), (vec!["a b.mtl".to_owned()], 0));
}

#[test]
fn lists_that_no_face_needs_are_empty() {
    let mesh = parse(b"v 0 0 0 1 0.5 0\nv 1 0 0 0 0 0\nv 0 1 0 1 1 1\nf 1 2 3\n").unwrap();
    assert_eq!((mesh.channels, mesh.colors.len()), (3, 9));
    assert!(mesh.face_uv.is_empty() && mesh.face_normals.is_empty() && mesh.face_sizes.is_empty());
    let alpha = parse(b"v 0 0 0 1 0.5 0 1").unwrap();
    assert_eq!((alpha.channels, alpha.colors), (4, vec![1.0, 0.5, 0.0, 1.0]));
    assert_eq!(parse(b"").unwrap(), Mesh::default());
}

#[test]
fn faces_may_name_what_comes_later() {
    let mesh = parse(b"f 1 2 3\nv 0 0 0\nv 1 0 0\nv 0 1 0\n").unwrap();
    assert_eq!(mesh.faces, [0, 1, 2]);
    assert_eq!(mesh.check().map_err(|e| e.to_string()), Ok(()));
}

#[test]
fn errors_name_the_line() {
    let three = "v 0 0 0\nv 1 0 0\nv 0 1 0\n";
    for (tail, words) in [
        ("f 1 2 4\n", "line 4: vertex index 4 is out of range: there are 3"),
        ("f 1 2 3\nf 1 7 8\nf 1 2 9\n", "line 5: vertex index 7 is out of range: there are 3"),
        ("f 1 2 -4\n", "line 4: vertex index -4 is out of range: there are 3"),
        ("f 0 1 2\n", "line 4: index 0, but they count from 1"),
        ("f 1 2 99999999999999999999999\n", "line 4: vertex index 9223372036854775807 is out of range"),
        ("f 1/1 2/1 3/1\n", "line 4: texture coordinate index 1 is out of range: there are 0"),
        ("vn 0 0 1\nf 1//1 2//2 3//1\n", "line 5: normal index 2 is out of range: there are 1"),
        ("f 1 2\n", "line 4: a face of 2 corners"),
        ("f 1\n", "line 4: a face of"),
        ("f\n", "line 4: a face of no corners"),
        ("vt 0 0\nf 1/1 2 3/1\n", "line 5: the corners of a face differ"),
        ("f 1 2 3/a\n", "line 4: a corner is neither"),
        ("f 1 2 3/1/1/1\n", "line 4: "),
        ("f 1 2 x\n", "line 4: \"x\" is no index"),
        ("f 1 2 3.0\n", "line 4: \"3.0\" is no index"),
        ("f 1 2 -\n", "line 4: \"-\" is no index"),
        ("v 1 2\n", "line 4: a vertex of 2 numbers"),
        ("v 1 2 3 4\n", "line 4: a vertex with a weight"),
        ("v 1 2 3 4 5\n", "line 4: a vertex of 5 numbers"),
        ("v 1 2 3 1 1 1\n", "line 4: a colour of 3 numbers, but of 0"),
        ("v 1 2 3 1 1 1 1 1\n", "line 4: a vertex of more than 7 numbers"),
        ("v 1 2 nan\n", "line 4: \"nan\" is no number"),
        ("v 1 2 1e999\n", "line 4: \"1e999\" is no number"),
        ("v 1 2 3x\n", "line 4: \"3x\" is no number"),
        ("v 1,5 2 3\n", "line 4: \"1,5\" is no number"),
        ("vt\n", "line 4: a texture coordinate of 0 numbers"),
        ("vn 1 2\n", "line 4: a normal of 2 numbers"),
        ("v 1 \\\n2 x\n", "line 5: \"x\" is no number"),
        ("\n\nBM\n", "line 6: \"BM\" is no statement of an OBJ"),
        ("vx 1\n", "line 4: \"vx\" is no statement"),
    ] {
        let said = said(&format!("{three}{tail}"));
        assert!(said.starts_with(&format!("OBJ {words}")), "{tail:?}: {said}");
    }
    assert_eq!(parse(b"v 0 0 0\nf 1 2 5\n").unwrap_err().place().offset, Some(12));
}

#[test]
fn a_cut_or_changed_file_never_panics_nor_names_what_is_not_there() {
    let whole = b"mtllib a.mtl\nv 0 0 0\nv 1 0 0\r\nv 0 1 \\\n0\nvt 0 0\nvt 1 0\nvt 0 1\nvn 0 0 1\nf 1/1/1 2/2/1 -1/3/-1\n";
    assert!(parse(whole).is_ok());
    let (mut good, mut bad) = (0, 0);
    for at in 0..whole.len() {
        let mut texts = vec![whole[..at].to_vec()];
        for byte in [0, b'\n', b' ', b'/', b'-', b'9', b'\\', b'#', 0xff] {
            texts.push(whole.to_vec());
            texts.last_mut().unwrap()[at] = byte;
        }
        for text in texts {
            match parse(&text) {
                Ok(mesh) => {
                    good += 1;
                    assert!(mesh.check().is_ok(), "{:?}", String::from_utf8_lossy(&text));
                }
                Err(error) => {
                    bad += 1;
                    assert!(matches!(error.kind(), Kind::Data(_)) && error.place().offset.is_some());
                }
            }
        }
    }
    assert!(good > 100 && bad > 100, "{good} {bad}");
}
