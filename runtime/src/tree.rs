//! Trees: one file at a time, without a work tree.
//!
//! Nothing is followed: a folder is a folder and a file a plain file, by their exact modes, or the change is refused. No library does this
//! for us; editors of trees put a file where a folder was, and the folder is gone.

use gix::ObjectId;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::objs::tree::{Entry, EntryKind, name_order};
use gix::objs::{Tree, TreeRef, TreeRefIter};
use manifest::layout::ReleasePath;

use crate::error::Error;
use crate::store::Store;

/// The id of the file at a path; `None` if it isn't there.
pub(crate) fn find(store: &mut Store, root: Option<ObjectId>, path: &ReleasePath) -> Result<Option<ObjectId>, Error> {
    let mut at = root;
    let mut segments = path.segments().peekable();
    while let (Some(tree), Some(segment)) = (at, segments.next()) {
        let wanted = if segments.peek().is_some() { EntryKind::Tree } else { EntryKind::Blob };
        let bytes = store.tree(tree)?;
        let entry = entry(&bytes, segment.into(), wanted, path)?;
        if wanted == EntryKind::Blob {
            return Ok(entry);
        }
        at = entry;
    }
    Ok(None)
}

/// The tree with another file at the path, or without it; `None` if nothing is left.
pub(crate) fn edit(
    store: &mut Store,
    root: Option<ObjectId>,
    path: &ReleasePath,
    blob: Option<ObjectId>,
) -> Result<Option<ObjectId>, Error> {
    let segments: Vec<&str> = path.segments().collect();
    below(store, root, &segments, path, blob)
}

fn below(
    store: &mut Store,
    tree: Option<ObjectId>,
    segments: &[&str],
    path: &ReleasePath,
    blob: Option<ObjectId>,
) -> Result<Option<ObjectId>, Error> {
    let Some((segment, rest)) = segments.split_first() else { return Ok(blob) };
    let kind = if rest.is_empty() { EntryKind::Blob } else { EntryKind::Tree };
    let (entries, there) = match tree {
        None => (Tree::empty(), None),
        Some(id) => {
            let bytes = store.tree(id)?;
            let there = entry(&bytes, (*segment).into(), kind, path)?;
            let read = TreeRef::from_bytes(&bytes, gix::hash::Kind::Sha1);
            (read.map_err(|error| Error::cache(format!("has a broken tree {id}"), error.to_string()))?.into_owned(), there)
        }
    };
    let child = below(store, there.filter(|_| kind == EntryKind::Tree), rest, path, blob)?;
    replaced(store, entries, segment, kind, child)
}

fn replaced(
    store: &mut Store,
    mut tree: Tree,
    segment: &str,
    kind: EntryKind,
    child: Option<ObjectId>,
) -> Result<Option<ObjectId>, Error> {
    let name: BString = segment.into();
    tree.entries.retain(|entry| entry.filename != name);
    if let Some(oid) = child {
        let is_tree = kind == EntryKind::Tree;
        let after = |entry: &Entry| name_order(&entry.filename, entry.mode.is_tree(), &name, is_tree).is_lt();
        let at = tree.entries.partition_point(after);
        tree.entries.insert(at, Entry { mode: kind.into(), filename: name, oid });
    }
    if tree.entries.is_empty() { Ok(None) } else { store.put(&tree).map(Some) }
}

/// The entry of a name, which has to be of that kind. Every entry is looked at: a file `a` and a folder `a` are not neighbours.
fn entry(tree: &[u8], name: &BStr, wanted: EntryKind, path: &ReleasePath) -> Result<Option<ObjectId>, Error> {
    let obstructed = |what: String| Error::Obstructed { path: path.clone(), what };
    let mut found = None;
    for entry in TreeRefIter::from_bytes(tree, gix::hash::Kind::Sha1) {
        let entry = entry.map_err(|error| Error::cache("has a broken tree", error.to_string()))?;
        if entry.filename == name {
            if found.is_some() {
                return Err(obstructed(format!("{name:?} is there twice")));
            }
            if entry.mode != wanted.into() {
                return Err(obstructed(format!(
                    "{name:?} is {}, and {} belongs there",
                    called(entry.mode.kind()),
                    called(wanted)
                )));
            }
            found = Some(entry.oid.to_owned());
        } else if entry.filename.eq_ignore_ascii_case(name) {
            return Err(obstructed(format!(
                "{:?} is there, which is the same name where letters' case doesn't count",
                entry.filename.to_str_lossy()
            )));
        }
    }
    Ok(found)
}

fn called(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Tree => "a folder",
        EntryKind::Blob => "a file",
        EntryKind::BlobExecutable => "an executable file",
        EntryKind::Link => "a symbolic link",
        EntryKind::Commit => "a submodule",
    }
}

/// A file below a tree.
pub(crate) struct Found {
    pub path: String,
    pub id: ObjectId,
    pub kind: EntryKind,
}

/// All files, in the order of their paths.
pub(crate) fn files(store: &mut Store, root: Option<ObjectId>) -> Result<Vec<Found>, Error> {
    let mut out = Vec::new();
    if let Some(root) = root {
        walk(store, root, "", 0, &mut out)?;
    }
    Ok(out)
}

/// How deep folders are looked into; nothing of ours lies deeper.
const DEPTH: usize = 64;

fn walk(store: &mut Store, tree: ObjectId, prefix: &str, depth: usize, out: &mut Vec<Found>) -> Result<(), Error> {
    // Each tree once: what is kept in memory is for editing.
    let bytes = store.read(tree, gix::objs::Kind::Tree)?;
    for entry in TreeRefIter::from_bytes(&bytes, gix::hash::Kind::Sha1) {
        let entry = entry.map_err(|error| Error::cache("has a broken tree", error.to_string()))?;
        let path = format!("{prefix}{}", entry.filename.to_str_lossy());
        match entry.mode.kind() {
            EntryKind::Tree if depth < DEPTH => walk(store, entry.oid.to_owned(), &format!("{path}/"), depth + 1, out)?,
            kind => out.push(Found { path, id: entry.oid.to_owned(), kind }),
        }
    }
    Ok(())
}
