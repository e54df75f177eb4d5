//! Strings that a schema's limits admit, and strings beside them.

use generator::model::Text;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::random::Random;

/// A string within the limits, as far as one is found.
pub(crate) fn text(limits: &Text, random: &mut Random) -> String {
    of_length(limits, limits.min.unwrap_or(0), limits.max.unwrap_or(u64::MAX), random).unwrap_or_else(|| plain(limits))
}

/// A string of `min` to `max` characters that matches all patterns; `None` if none was found.
pub(crate) fn of_length(limits: &Text, min: u64, max: u64, random: &mut Random) -> Option<String> {
    let fits = |candidate: &String| {
        let length = candidate.chars().count() as u64;
        (min..=max).contains(&length) && limits.patterns.iter().all(|pattern| matches(&pattern.source, candidate))
    };
    let plain = plain(limits);
    if limits.patterns.is_empty() {
        let end = max.min(u64::MAX - 1) as usize;
        let mut out: String = plain.chars().take(end).collect();
        out.extend(std::iter::repeat_n('x', (min as usize).saturating_sub(out.chars().count())));
        return Some(out);
    }
    // A repetition is made so long that the whole has a certain length, whatever stands beside it.
    let near = |length: u64| (0..12).map(move |less| (length.saturating_sub(less)) as usize);
    let lengths: Vec<usize> = [0, 1, 3, 2, 8].into_iter().chain(near(min)).chain(near(min / 2)).collect();
    let patterns = || limits.patterns.iter().cycle();
    let everywhere = lengths.iter().flat_map(|more| [*more; 2]).zip(patterns());
    let everywhere = everywhere.map(|(more, pattern)| (more, Spread::Everywhere, pattern));
    let once = near(min).flat_map(|more| (0..3).map(move |which| (more, which))).zip(patterns());
    let once = once.map(|((more, which), pattern)| (more, Spread::Only(which), pattern));
    let attempts = everywhere.chain(once).collect::<Vec<_>>();
    attempts.into_iter().map(|(more, spread, pattern)| sample(&pattern.source, more.min(5000), spread, random)).find(fits)
}

/// A string that an expression matches.
pub(crate) fn matching(pattern: &str, random: &mut Random) -> String {
    sample(pattern, 3, Spread::Everywhere, random)
}

/// Whether an expression matches somewhere in a string.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
}

/// Strings that break a pattern somehow: a list for every taste, of which those that match are left out.
pub(crate) fn mismatches(limits: &Text, good: &str) -> Vec<String> {
    let tricks = [
        format!("{good}\n"),
        format!("{good} "),
        format!(" {good}"),
        format!("{good}!"),
        format!("-{good}"),
        format!("{good}é"),
        format!("{good}_"),
        format!("{good}/"),
        good.to_uppercase(),
        good.to_lowercase(),
        good.chars().skip(1).collect(),
        good.chars().rev().collect(),
        "0".to_owned(),
        "a b".to_owned(),
        "A".to_owned(),
        "\u{1f984}".to_owned(),
        "..".to_owned(),
        String::new(),
    ];
    let length = |text: &String| {
        let length = text.chars().count() as u64;
        limits.min.is_none_or(|min| length >= min) && limits.max.is_none_or(|max| length <= max)
    };
    let broken = |text: &String| limits.patterns.iter().any(|pattern| !matches(&pattern.source, text));
    let mut out: Vec<String> = Vec::new();
    for text in tricks.into_iter().filter(|text| length(text) && broken(text)) {
        if !out.contains(&text) {
            out.push(text);
        }
    }
    out
}

fn plain(limits: &Text) -> String {
    let word = match limits.format.as_deref() {
        Some("ipv4") => "10.0.0.1",
        Some("ipv6") => "::1",
        Some("uri" | "uri-reference" | "iri") => "https://example.com/x",
        Some("email" | "idn-email") => "a@example.com",
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "12:00:00Z",
        Some("duration") => "P1D",
        Some("uuid") => "123e4567-e89b-42d3-a456-426614174000",
        Some("hostname" | "idn-hostname") => "example.com",
        Some("regex") => "^a$",
        Some("json-pointer") => "/a",
        _ => "some-text",
    };
    let max = limits.max.unwrap_or(u64::MAX).min(word.len() as u64) as usize;
    let mut out: String = word.chars().take(max).collect();
    let min = limits.min.unwrap_or(0).min(100_000) as usize;
    out.extend(std::iter::repeat_n('x', min.saturating_sub(out.len())));
    out
}

/// Which repetitions are long.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spread {
    Everywhere,
    /// The one of this number, among those without a limit; the others are as short as they can be.
    Only(usize),
}

fn sample(pattern: &str, more: usize, spread: Spread, random: &mut Random) -> String {
    let Ok(hir) = regex_syntax::ParserBuilder::new().build().parse(pattern) else { return String::new() };
    let mut speller = Speller { out: String::new(), spread, met: 0, random };
    speller.spell(&hir, more);
    speller.out
}

struct Speller<'a> {
    out: String,
    spread: Spread,
    /// Repetitions without a limit so far.
    met: usize,
    random: &'a mut Random,
}

impl Speller<'_> {
    fn spell(&mut self, hir: &Hir, more: usize) {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => {}
            HirKind::Literal(literal) => self.out.push_str(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(Class::Unicode(class)) => {
                // A letter or digit, if the class has one: the other characters have tests of their own.
                let ranges: Vec<(char, char)> = class.ranges().iter().map(|range| (range.start(), range.end())).collect();
                let readable = ranges.iter().copied().filter(|(start, _)| start.is_ascii_alphanumeric());
                let readable: Vec<(char, char)> = readable.collect();
                let chosen = self.random.pick(if readable.is_empty() { &ranges } else { &readable });
                if let Some((start, end)) = chosen.copied() {
                    let width = (end as usize).saturating_sub(start as usize).min(60);
                    self.out.extend(char::from_u32(start as u32 + self.random.below(width + 1) as u32).or(Some(start)));
                }
            }
            HirKind::Repetition(repetition) => {
                let least = repetition.min as usize;
                let most = repetition.max.map_or(usize::MAX, |max| max as usize);
                let endless = repetition.max.is_none();
                self.met += usize::from(endless);
                let extra = match self.spread {
                    Spread::Only(which) if endless => {
                        if which + 1 == self.met {
                            more
                        } else {
                            0
                        }
                    }
                    Spread::Only(_) => 1,
                    Spread::Everywhere if more > 3 => more,
                    Spread::Everywhere => self.random.below(more + 1),
                };
                // What is repeated often is repeated short; what is only optional may be as long as is wanted.
                let inner = if more > 3 && most > 1 && self.spread == Spread::Everywhere { 0 } else { more };
                for _ in 0..(least + extra).min(most).max(least) {
                    self.spell(&repetition.sub, inner);
                }
            }
            HirKind::Capture(capture) => self.spell(&capture.sub, more),
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.spell(part, more)),
            HirKind::Alternation(branches) => {
                if let Some(branch) = self.random.pick(branches) {
                    self.spell(branch, more);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use generator::model::{Pattern, Pointer};

    use super::*;

    /// Bounds of length are tried at the limit and one beyond, also where a pattern says what the text is made of.
    #[test]
    fn texts_have_the_length_that_is_wanted() {
        for source in [
            "^[a-z][a-z0-9-]*$",
            "^[a-z]([a-z0-9_]*[a-z0-9])?$",
            "^[1-9][0-9]*(Mi|Gi|Ti)$",
            "^[a-z0-9]+([._-]+[a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$",
            "^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        ] {
            let pattern = Pattern { at: Pointer::root(), source: source.to_owned(), re2: None, ecma: None };
            let limits = Text { min: None, max: None, patterns: vec![pattern], format: None };
            for length in [17, 64, 254] {
                let found = of_length(&limits, length, length, &mut Random(1));
                assert!(found.is_some_and(|text| text.len() as u64 == length && matches(source, &text)), "{source} {length}");
            }
        }
    }
}
