//! YAML in and out. Nothing else in the project reads or writes YAML.
//!
//! [`read()`] reads as kubectl does (YAML 1.1's booleans and octal numbers), [`write()`] writes what a YAML 1.1 and a YAML 1.2 reader
//! read alike.

mod read;
mod write;

pub(crate) use read::integer;
pub use read::{Error, read, read_all};
pub use write::{Doc, Entry, write, write_all, write_doc};

#[cfg(test)]
mod tests;
