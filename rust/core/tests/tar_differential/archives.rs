//! What the readers are given: the public archives, and generated ones, sound and damaged.

use std::{fs, io::Read, path::Path};

use turboshard::{
    random::Random,
    tar::{
        header::{checksum_fits, unsigned_sum},
        pax,
    },
};

/// The archives of the corpus by name, unpacked; none where there is no corpus.
pub(crate) fn corpus() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/tar");
    let Ok(expected) = fs::read(root.join("expected.json")) else {
        eprintln!("no corpus at {}: nothing to compare with", root.display());
        return Vec::new();
    };
    let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
    let mut archives = Vec::new();
    for (name, row) in expected["files"].as_object().unwrap() {
        let mut bytes = fs::read(root.join(name)).unwrap();
        match row["compressed"].as_str() {
            Some("gz") => {
                let packed = std::mem::take(&mut bytes);
                flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut bytes).unwrap();
            }
            Some(_) => continue,
            None => {}
        }
        archives.push((name.clone(), bytes));
    }
    archives
}

fn header(random: &mut Random, name: &[u8], flag: u8, size: u64) -> [u8; 512] {
    let mut block = [0_u8; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    if random.below(8) == 0 {
        block[124..136].fill(0);
        block[124] = 0x80;
        block[128..136].copy_from_slice(&size.to_be_bytes());
    }
    block[156] = flag;
    match random.below(3) {
        0 => block[257..265].copy_from_slice(b"ustar  \0"),
        1 => {
            block[257..265].copy_from_slice(b"ustar\x0000");
            if random.below(4) == 0 {
                block[345..348].copy_from_slice(b"dir");
            }
        }
        _ => {}
    }
    sign(&mut block);
    block
}

fn sign(block: &mut [u8; 512]) {
    let sum = unsigned_sum(block);
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn put(bytes: &mut Vec<u8>, header: &[u8; 512], data: &[u8]) {
    bytes.extend(header);
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
}

/// An archive of a few members, some with extension headers, now and then of an odd type; then damaged, one time in two.
pub(crate) fn generated(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for number in 0..random.below(5) {
        let size = random.below(1400);
        let name = format!("{number}{}.jpg", "k".repeat(random.below(80) as usize));
        if random.below(4) == 0 {
            let long = [name.as_bytes(), b"long\0"].concat();
            let flag = if random.below(3) == 0 { b'K' } else { b'L' };
            let block = header(random, b"@Long", flag, long.len() as u64);
            put(&mut bytes, &block, &long);
        }
        if random.below(4) == 0 {
            let mut records = Vec::new();
            for _ in 0..=random.below(2) {
                match random.below(5) {
                    0 => pax::record_into(b"path", name.as_bytes(), &mut records),
                    1 => pax::record_into(b"size", size.to_string().as_bytes(), &mut records),
                    2 => pax::record_into(b"mtime", b"1700000000.5", &mut records),
                    3 => pax::record_into(b"SCHILY.xattr.user", b"\0\xff", &mut records),
                    _ => pax::record_into(b"linkpath", b"there", &mut records),
                }
            }
            let flag = if random.below(6) == 0 { b'g' } else { b'x' };
            let block = header(random, b"PaxHeaders", flag, records.len() as u64);
            put(&mut bytes, &block, &records);
        }
        let flag = match random.below(12) {
            0 => b"123456LKxgXSDVM?"[random.below(16) as usize],
            1 => 0,
            2 => b'7',
            _ => b'0',
        };
        let stored = if matches!(flag, b'1'..=b'6') { 0 } else { size };
        let block = header(random, name.as_bytes(), flag, stored);
        put(&mut bytes, &block, &vec![b'7'; stored as usize]);
    }
    let zeros = if random.below(6) == 0 { random.below(4) } else { 2 + random.below(3) };
    bytes.resize(bytes.len() + 512 * zeros as usize, 0);
    if random.below(2) == 0 && !bytes.is_empty() {
        damage(random, &mut bytes);
    }
    bytes
}

fn damage(random: &mut Random, bytes: &mut Vec<u8>) {
    let (length, blocks) = (bytes.len() as u64, (bytes.len() / 512) as u64);
    match random.below(4) {
        0 => bytes.truncate(random.below(length) as usize),
        1 => bytes[random.below(length) as usize] ^= 1 << random.below(8),
        2 if blocks > 0 => {
            let (from, to) = (random.below(blocks) as usize * 512, random.below(blocks) as usize * 512);
            bytes.copy_within(from..from + 512, to);
        }
        _ => {
            // A wrong byte under a right sum: what a fuzzer without it never gets past.
            let headers: Vec<usize> = (0..bytes.len() / 512)
                .map(|block| block * 512)
                .filter(|&at| bytes[at] != 0 && checksum_fits(bytes[at..].first_chunk().unwrap()))
                .collect();
            if let Some(&at) = headers.get(random.below(headers.len().max(1) as u64) as usize) {
                let block: &mut [u8; 512] = bytes[at..].first_chunk_mut().unwrap();
                block[random.below(512) as usize] = b"\0 7-x\xff\x80L"[random.below(8) as usize];
                sign(block);
            }
        }
    }
}
