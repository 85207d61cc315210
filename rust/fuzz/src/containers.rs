//! Sound archives around what a fuzzer has made, byte by byte: no random bytes pass a checksum.

use std::{fs, path::Path, thread};

use turboshard::tar::write::{self, LongNames};

/// Lets the bytes be a file while `run` looks at it.
pub fn as_file<T>(bytes: &[u8], ending: &str, run: impl FnOnce(&Path) -> T) -> T {
    let name = format!("turboshard-fuzz-{}-{:?}{ending}", std::process::id(), thread::current().id());
    let path = std::env::temp_dir().join(name.replace(['(', ')'], "-"));
    fs::write(&path, bytes).unwrap();
    let answer = run(&path);
    fs::remove_file(&path).unwrap();
    answer
}

/// A tar of those files.
pub fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, bytes) in files {
        write::member_into(name.as_bytes(), bytes, LongNames::Gnu, &mut tar).unwrap();
    }
    tar.extend(write::END);
    tar
}

/// A gzip stream of blocks that are only stored.
pub fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(600).peekable();
    if blocks.peek().is_none() {
        file.extend([1, 0, 0, 255, 255]);
    }
    while let Some(block) = blocks.next() {
        file.push(u8::from(blocks.peek().is_none()));
        file.extend((block.len() as u16).to_le_bytes());
        file.extend((!(block.len() as u16)).to_le_bytes());
        file.extend(block);
    }
    file.extend(crc32(bytes).to_le_bytes());
    file.extend((bytes.len() as u32).to_le_bytes());
    file
}

/// A zip of entries that are only stored.
pub fn zip_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in entries {
        let offset = file.len() as u32;
        // Version, flags, method, time, date; then what both headers say of the file.
        let mut facts = vec![20, 0, 0, 0, 0, 0, 0, 0, 33, 0];
        facts.extend(crc32(bytes).to_le_bytes());
        facts.extend((bytes.len() as u32).to_le_bytes().repeat(2));
        facts.extend((name.len() as u16).to_le_bytes());
        facts.extend([0, 0]);
        file.extend(b"PK\x03\x04");
        file.extend(&facts);
        file.extend(name.as_bytes());
        file.extend(*bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&facts);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let end = [directory.len() as u32, file.len() as u32].map(u32::to_le_bytes).concat();
    file.extend(directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend([count, count].concat());
    file.extend(end);
    file.extend([0, 0]);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}
