//! New objects as one pack (gitformat-pack(5)): for the remote, and for the cache.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;

/// An object that the remote may not have.
#[derive(Clone)]
pub(crate) struct New {
    pub id: ObjectId,
    pub kind: Kind,
    pub bytes: Arc<[u8]>,
}

/// A pack's bytes, where each object begins in them, and the checksum.
pub(crate) struct Pack {
    pub bytes: Vec<u8>,
    offsets: Vec<u32>,
    checksum: ObjectId,
}

/// Puts objects into a pack, none of them twice: a server that checks what it takes refuses that.
pub(crate) fn pack(objects: &[New]) -> io::Result<Pack> {
    let mut bytes = b"PACK".to_vec();
    bytes.extend_from_slice(&2_u32.to_be_bytes());
    bytes.extend_from_slice(&u32::try_from(objects.len()).unwrap_or(u32::MAX).to_be_bytes());
    let mut offsets = Vec::with_capacity(objects.len());
    for object in objects {
        offsets.push(u32::try_from(bytes.len()).map_err(io::Error::other)?);
        head(object.kind, object.bytes.len(), &mut bytes);
        let mut deflate = gix::zlib::stream::deflate::Write::new(&mut bytes, gix::zlib::Compression::BEST_SPEED);
        deflate.write_all(&object.bytes)?;
        deflate.flush()?;
    }
    let checksum = checksum(&bytes)?;
    bytes.extend_from_slice(checksum.as_slice());
    Ok(Pack { bytes, offsets, checksum })
}

/// Writes a pack and its index into a folder of packs. The index comes last: by it the pack is found.
pub(crate) fn write(folder: &Path, objects: &[New]) -> io::Result<()> {
    let pack = pack(objects)?;
    let name = format!("pack-{}", pack.checksum.to_hex());
    for (end, bytes) in [("pack", &pack.bytes), ("idx", &index(&pack, objects)?)] {
        // `git gc` knows such names, and removes what a killed process left.
        let unfinished = folder.join(format!("tmp_{end}_{name}"));
        fs::write(&unfinished, bytes)?;
        fs::rename(unfinished, folder.join(format!("{name}.{end}")))?;
    }
    Ok(())
}

/// The index in its first version, which has no checksums of single objects; Git and gix read both.
fn index(pack: &Pack, objects: &[New]) -> io::Result<Vec<u8>> {
    let mut entries: Vec<(ObjectId, u32)> = objects.iter().map(|object| object.id).zip(pack.offsets.iter().copied()).collect();
    entries.sort_unstable();
    let mut bytes = Vec::with_capacity(256 * 4 + entries.len() * 24 + 40);
    for first in 0..=u8::MAX {
        let until = entries.partition_point(|(id, _)| id.first_byte() <= first);
        bytes.extend_from_slice(&u32::try_from(until).map_err(io::Error::other)?.to_be_bytes());
    }
    for (id, offset) in entries {
        bytes.extend_from_slice(&offset.to_be_bytes());
        bytes.extend_from_slice(id.as_slice());
    }
    bytes.extend_from_slice(pack.checksum.as_slice());
    bytes.extend_from_slice(checksum(&bytes)?.as_slice());
    Ok(bytes)
}

fn checksum(bytes: &[u8]) -> io::Result<ObjectId> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().map_err(|error| io::Error::other(error.to_string()))
}

/// Type and size of an entry: four bits of the size, then seven at a time.
fn head(kind: Kind, size: usize, out: &mut Vec<u8>) {
    let kind: u8 = match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
        Kind::Tag => 4,
    };
    let mut byte = (kind << 4) | (size & 0x0f) as u8;
    let mut rest = size >> 4;
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_entries() {
        for (size, expected) in
            [(0, vec![0x30]), (15, vec![0x3f]), (16, vec![0xb0, 1]), (0x7ff, vec![0xbf, 0x7f]), (0x800, vec![0xb0, 0x80, 1])]
        {
            let mut out = Vec::new();
            head(Kind::Blob, size, &mut out);
            assert_eq!(out, expected, "{size:#x}");
        }
    }
}
