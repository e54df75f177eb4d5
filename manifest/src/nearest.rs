//! What somebody probably meant.

/// The candidate that `found` was probably meant to be: at most a third of its letters differ, in whatever case.
///
/// For the help of an error about an unknown key, service or value; of several equally near the first in alphabetical order.
#[must_use]
pub fn nearest<'a>(found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let lower = found.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
    let limit = (found.chars().count() / 3).max(1);
    let (distance, candidate) = candidates.into_iter().map(|candidate| (distance(candidate), candidate)).min()?;
    (distance <= limit).then(|| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word() {
        let words = ["replicas", "resources", "storage", "tls"];
        for (found, meant) in [("replcias", "replicas"), ("Replicas", "replicas"), ("storge", "storage"), ("tsl", "tls")] {
            assert_eq!(nearest(found, words).as_deref(), Some(meant), "{found}");
        }
        assert_eq!(nearest("image", words), None);
        assert_eq!(nearest("replicas", []), None);
    }
}
