//! Names of types and fields that typify takes over unchanged and that never clash.

use std::collections::BTreeSet;

/// The names that are taken, as typify's changes of case and punctuation leave them.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// A type's name that begins as `wish` does and is nobody else's.
    pub(super) fn pascal(&mut self, wish: &str) -> String {
        let mut name = words(wish).iter().map(|word| capital(word)).collect::<String>();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert(0, 'X');
        }
        if name == "Self" {
            name.push_str("Type");
        }
        self.number(&name, "")
    }

    /// A field's name that begins as `wish` does and is nobody else's.
    pub(super) fn snake(&mut self, wish: &str) -> String {
        let mut name = words(wish).join("_");
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert_str(0, "x_");
        }
        self.number(name.trim_end_matches('_'), "_")
    }

    /// Takes `name` if typify would make an identifier of it that is nobody else's.
    pub(super) fn take(&mut self, name: &str) -> bool {
        name.is_ascii() && name.contains(|c: char| c.is_ascii_alphanumeric()) && self.taken.insert(key(name))
    }

    fn number(&mut self, name: &str, between: &str) -> String {
        let numbers = (2_u64..).map(|n| format!("{name}{between}{n}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbers);
        candidates.find(|name| self.taken.insert(key(name))).unwrap_or_default()
    }
}

/// What is left of a name whatever typify does to case and punctuation (typify-impl `util.rs`, `sanitize`).
fn key(name: &str) -> String {
    let name = match name {
        "+1" => "plus1",
        "-1" => "minus1",
        name => name,
    };
    let key: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    if key.starts_with(|c: char| c.is_ascii_digit()) { format!("x{key}") } else { key }
}

/// The lower-case ASCII words of a name: `fooBar-HTTPPort` is `foo bar http port`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_alphanumeric() {
            let hump = c.is_ascii_uppercase() && !last.is_ascii_uppercase();
            let end = c.is_ascii_uppercase() && chars.peek().is_some_and(char::is_ascii_lowercase);
            match words.last_mut() {
                Some(word) if last.is_ascii_alphanumeric() && !hump && !end => word.push(c.to_ascii_lowercase()),
                _ => words.push(c.to_ascii_lowercase().to_string()),
            }
        }
        last = c;
    }
    words
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types() {
        let mut names = Names::default();
        let cases = [
            ("Webapp", "Webapp"),
            ("Webapp exposeTLS", "WebappExposeTls"),
            ("webapp expose-tls", "WebappExposeTls2"),
            ("3d", "X3d"),
            ("self", "SelfType"),
            ("", "X"),
            ("é", "X2"),
            ("HTTPPort", "HttpPort"),
            ("S3Bucket", "S3Bucket"),
        ];
        for (wish, name) in cases {
            assert_eq!(names.pascal(wish), name, "{wish}");
        }
    }

    #[test]
    fn fields() {
        let mut names = Names::default();
        assert!(names.take("fooBar"));
        assert!(!names.take("foo-bar"));
        assert_eq!(names.snake("foo-bar"), "foo_bar_2");
        assert!(!names.take("_"));
        assert!(!names.take("größe"));
        assert_eq!(names.snake("größe"), "gr_e");
        assert_eq!(names.snake("_"), "x");
        assert!(names.take("x3d"));
        assert!(!names.take("3d"));
    }
}
