//! `metadata.tar.gz` and `checksums.tar.gz`: small files that travel together, the same bytes every time.

use std::{fs, io::Read, io::Write, path::Path};

use flate2::{Compression, GzBuilder, read::MultiGzDecoder};

use crate::{
    disk,
    error::{Error, Kind, Result},
    tar::{
        Policy,
        read::Reader,
        write::{Archive, LongNames},
    },
};

/// Bytes a bundle may unpack to: a published one holds about 7 MB.
pub const MAX_UNPACKED: u64 = 64 << 20;

/// Packs files, each a path and its bytes, into a `.tar.gz` that depends on them alone.
///
/// # Errors
/// `Invalid` for a name that tar cannot hold.
pub fn pack(files: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    let mut tar = Archive::new(LongNames::Gnu);
    for (name, bytes) in files {
        tar.member(name, bytes)?;
    }
    // No time, no name, an unknown system: nothing in the header differs from machine to machine.
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
    gzip.write_all(&tar.finish())
        .and_then(|()| gzip.finish())
        .map_err(|e| Error::new(Kind::Internal(e.to_string())))
}

/// Unpacks a `.tar.gz` in memory: path and bytes of each regular file.
///
/// # Errors
/// `Data` if it is no gzip stream or unpacks to more than [`MAX_UNPACKED`] bytes; `Tar`.
pub fn unpack(packed: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed)
        .take(MAX_UNPACKED + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Error::data(format!("not a sound gzip stream: {e}")))?;
    if bytes.len() as u64 > MAX_UNPACKED {
        return Err(Error::data(format!("unpacks to more than {} MiB", MAX_UNPACKED >> 20)));
    }
    let mut reader = Reader::of_archive(&bytes, Policy { skip_special: true, lenient_end: true });
    let mut files = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let (start, size) = (entry.data_offset as usize, entry.size as usize);
        let data = bytes.get(start..start + size).unwrap_or(&[]);
        files.push((String::from_utf8_lossy(entry.name).into_owned(), data.to_vec()));
    }
    Ok(files)
}

/// Unpacks a file, as [`unpack`].
///
/// # Errors
/// As [`unpack`], with the path; `Io`.
pub fn unpack_file(path: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let size = fs::metadata(path).map_err(|e| Error::io(path, e))?.len();
    if size > MAX_UNPACKED {
        return Err(Error::data(format!("{size} bytes are too many for a bundle")).in_shard(path));
    }
    let packed = disk::read(path).map_err(|e| Error::io(path, e))?;
    unpack(&packed).map_err(|e| e.in_shard(path))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let jsonl = b"{\"sample_key\":\"a\"}\n".repeat(5000);
        let files: [(&str, &[u8]); 2] =
            [("metadata/release_manifest.json", b"{}"), ("metadata/s.jsonl", &jsonl)];
        let packed = pack(&files).unwrap();
        assert_eq!(packed[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        // A published bundle's digest: a change of the deflate implementation must not pass unnoticed.
        assert_eq!(
            Digest::of(&packed).to_string(),
            "1010cad1c506fbda51e5eca7e49c7855f8b44acc7cf39c4ae767a055009a61c0"
        );
        let back = unpack(&packed).unwrap();
        assert_eq!(back.len(), 2);
        for ((name, bytes), (name_back, bytes_back)) in files.iter().zip(&back) {
            assert_eq!((*name, *bytes), (&**name_back, &**bytes_back));
        }
    }

    #[test]
    fn bombs_and_damage_are_refused() {
        let zeros = vec![0; 70 << 20];
        let bomb = pack(&[("zeros", &zeros)]).unwrap();
        assert!(bomb.len() < 1 << 20);
        assert!(unpack(&bomb).unwrap_err().to_string().contains("more than 64 MiB"));
        assert!(unpack(b"plain text").is_err());
        let packed = pack(&[("a", b"b")]).unwrap();
        assert!(unpack(&packed[..packed.len() - 9]).is_err());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.tar.gz");
        fs::write(&path, "text").unwrap();
        assert!(unpack_file(&path).unwrap_err().place().shard.as_ref().unwrap().ends_with("metadata.tar.gz"));
    }
}
