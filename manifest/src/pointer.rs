//! Steps of JSON pointers (RFC 6901 §3, §4).

/// A key as a pointer's step: `a/b` as `a~1b`.
#[must_use]
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The key of a pointer's step: `a~1b` as `a/b`.
#[must_use]
pub fn unescape(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::{escape, unescape};

    #[test]
    fn every_key_survives() {
        for (key, step) in [("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), ("~/", "~0~1"), ("", ""), (" é", " é")] {
            assert_eq!((escape(key).as_str(), unescape(step).as_str()), (step, key));
        }
    }
}
