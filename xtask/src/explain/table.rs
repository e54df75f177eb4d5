//! The ledger as a table: a line for each constraint, a column for each target, the reasons below.

use std::collections::BTreeMap;

use generator::ledger::Target;

use super::{Document, Line};

pub(super) fn print(document: &Document<'_>) -> String {
    let mut out = format!("{} (kind {}, plural {})\n\n", document.service, document.kind, document.plural);
    out.push_str(&columns(&counts(document)));
    let mut reasons: Vec<&str> = Vec::new();
    let rows = rows(document, &mut reasons);
    if rows.len() > 1 {
        out.push('\n');
        out.push_str(&columns(&rows));
    }
    if !reasons.is_empty() {
        out.push('\n');
    }
    for (number, reason) in reasons.iter().enumerate() {
        out.push_str(&format!("[{}] {reason}\n", number + 1));
    }
    if !document.everywhere.is_empty() {
        out.push_str("\nAt every place, whatever the schema says:\n");
    }
    for said in &document.everywhere {
        out.push_str(&format!("{}: {}: {}: {}\n", said.keyword, said.target.as_str(), said.outcome, said.detail));
    }
    if !document.lines.is_empty() {
        out.push('\n');
    }
    for appearance in &document.lines {
        out.push_str(&format!("{}:{}: {}\n", appearance.file, appearance.line, appearance.text.trim()));
    }
    out
}

fn counts(document: &Document<'_>) -> Vec<Vec<String>> {
    let head = ["target", "kept", "rewritten", "moved", "stricter", "lost"].map(str::to_owned).to_vec();
    let row = |count: &super::Count| {
        let numbers = [count.kept, count.rewritten, count.moved, count.stricter, count.lost];
        std::iter::once(count.target.as_str().to_owned()).chain(numbers.map(|number| number.to_string())).collect()
    };
    std::iter::once(head).chain(document.counts.iter().map(row)).collect()
}

/// A constraint is one line, in the order of the document; each reason has a number.
fn rows<'a>(document: &Document<'a>, reasons: &mut Vec<&'a str>) -> Vec<Vec<String>> {
    let targets: Vec<Target> = document.counts.iter().map(|count| count.target).collect();
    let mut order: Vec<(&str, &str, &str)> = Vec::new();
    let mut cells: BTreeMap<(&str, &str, &str), BTreeMap<Target, Vec<String>>> = BTreeMap::new();
    for line in &document.entries {
        let key = (line.place, line.at, line.keyword);
        if !cells.contains_key(&key) {
            order.push(key);
        }
        cells.entry(key).or_default().entry(line.target).or_default().push(cell(line, reasons));
    }
    let head = ["place", "keyword"].into_iter().chain(targets.iter().map(|target| target.as_str()));
    let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
    for key in order {
        let (place, _, keyword) = key;
        let mut row = vec![if place.is_empty() { "/".to_owned() } else { place.to_owned() }, keyword.to_owned()];
        row.extend(
            targets
                .iter()
                .map(|target| cells.get(&key).and_then(|row| row.get(target)).map_or("–".to_owned(), |cell| unique(cell))),
        );
        rows.push(row);
    }
    rows
}

fn cell<'a>(line: &Line<'a>, reasons: &mut Vec<&'a str>) -> String {
    let Some(detail) = line.detail else { return line.outcome.to_owned() };
    let number = reasons.iter().position(|reason| *reason == detail).unwrap_or_else(|| {
        reasons.push(detail);
        reasons.len() - 1
    });
    format!("{} [{}]", line.outcome, number + 1)
}

fn unique(cell: &[String]) -> String {
    let mut cell = cell.to_vec();
    cell.dedup();
    cell.join(", ")
}

fn columns(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
