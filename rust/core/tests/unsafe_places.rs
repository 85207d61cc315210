//! `unsafe` in three places and nowhere else: the boundary to libjpeg-turbo, SIMD kernels, buffers that are lent. That each block
//! states its argument is clippy's affair (`undocumented_unsafe_blocks`).
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Files and folders of what is shipped.
const PLACES: [&str; 14] = [
    // libjpeg-turbo
    "core/src/jpeg/encode/libjpeg.rs",
    "core/src/jpeg/ffi.rs",
    "core/src/jpeg/libjpeg.rs",
    // SIMD
    "core/src/codec/convert.rs",
    "core/src/jpeg/encode/baseline.rs",
    "core/src/jpeg/encode/colour",
    "core/src/jpeg/encode/transform/",
    "core/src/jpeg/fast/",
    "core/src/loader/normalize.rs",
    "core/src/resize/",
    "core/src/sha256/",
    // buffers
    "core/src/loader/memory.rs",
    "py/src/buffer.rs",
    "py/src/lend.rs",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_is_confined() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    sources(&root.join("core/src"), &mut found);
    sources(&root.join("py/src"), &mut found);
    let mut uses = 0;
    for path in &found {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        let code = fs::read_to_string(path).unwrap();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let is_unsafe = lines
            .flat_map(|line| line.split('"').step_by(2)) // a word in quotes is no keyword
            .flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'))
            .any(|word| word == "unsafe" || word == "unsafe_code");
        uses += usize::from(is_unsafe);
        assert!(!is_unsafe || PLACES.iter().any(|place| name.starts_with(place)), "unsafe in {name}");
    }
    assert!(found.len() > 100 && uses > 10, "{} files, {uses} with unsafe", found.len());
}
