//! The plural of a kind as KRO forms it: a port of `flect.Pluralize`, gobuffalo/flect v1.0.3.
//!
//! KRO names the CRD it generates `<plural>.<group>` (kubernetes-sigs/kro, `pkg/graph/crd/crd.go`), so RBAC rules, admission
//! policies and URLs that name the resource must use the same word, and its grammar, not English, decides.

mod tables;

use tables::{ACRONYMS, DICTIONARY, SUFFIXES, Word};

/// The plural of a kind in lower case: `postgres` → `postgres`, `proxy` → `proxies`, `index` → `indices`.
///
/// Defined for `^[a-z][a-z0-9]*$`, which is what a kind in lower case is; for such words equal to flect's answer.
#[must_use]
pub fn plural(kind_lower: &str) -> String {
    let word = kind_lower;
    if let Some(known) = DICTIONARY.iter().find(|known| known.singular == word) {
        return known.plural.to_owned();
    }
    if DICTIONARY.iter().any(|known| is_plural_of(word, known)) {
        return word.to_owned();
    }
    if is_misread(word) {
        return format!("{word}{}es", word.to_ascii_uppercase());
    }
    if ACRONYMS.contains(&word) {
        return format!("{word}s");
    }
    for (singular, plural) in rules() {
        if word.ends_with(plural) {
            return word.to_owned();
        }
        if let Some(stem) = word.strip_suffix(singular) {
            return format!("{stem}{plural}");
        }
    }
    if word.ends_with('s') { word.to_owned() } else { format!("{word}s") }
}

/// Whether flect takes the word for an acronym and makes a nonsense plural of it, with capitals: `dns` → `dnsDNSes`.
///
/// KRO accepts such a kind and then fails to create its CRD.
pub(crate) fn is_misread(kind_lower: &str) -> bool {
    kind_lower.ends_with('s') && ACRONYMS.contains(&kind_lower)
}

fn is_plural_of(word: &str, known: &Word) -> bool {
    !known.one_way && (word == known.plural || word == known.alternative)
}

/// flect puts each new rule before the others, and the dictionary after the suffixes: its last word comes first.
fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    let compounds = DICTIONARY.iter().rev().filter(|word| !word.exact).map(|word| (word.singular, word.plural));
    compounds.chain(SUFFIXES.iter().copied())
}

#[cfg(test)]
mod tests;
