use super::*;

/// `tests/plurals.txt` is what flect v1.0.3 itself says: one word and its plural a line.
#[test]
fn plurals_are_those_of_flect() {
    let table = include_str!("../../tests/plurals.txt");
    let wrong: Vec<String> = table
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(word, expected)| plural(word) != *expected)
        .map(|(word, expected)| format!("{word}: {} instead of {expected}", plural(word)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(table.lines().count() > 500);
}

#[test]
fn exactly_the_plurals_with_capitals_are_misread() {
    for line in include_str!("../../tests/plurals.txt").lines() {
        let (word, expected) = line.split_once(' ').unwrap();
        assert_eq!(is_misread(word), expected.contains(char::is_uppercase), "{word}");
    }
}
