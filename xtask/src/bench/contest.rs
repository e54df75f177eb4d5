//! Programs that take turns, and the table of their times.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde::Serialize;

use super::fixture::Repository;
use crate::progress::Progress;

pub(super) struct Program<'a> {
    name: String,
    /// Prepares a run, untimed; `None`: the program isn't there.
    prepare: Box<dyn Fn() -> anyhow::Result<Option<Run>> + 'a>,
}

impl<'a> Program<'a> {
    pub(super) fn new(name: impl Into<String>, prepare: impl Fn() -> anyhow::Result<Option<Run>> + 'a) -> Program<'a> {
        Program { name: name.into(), prepare: Box::new(prepare) }
    }
}

/// Processes, one after the other, that are timed as one.
pub(super) struct Run {
    pub(super) commands: Vec<Command>,
    /// Is removed after the run.
    pub(super) folder: Option<Repository>,
}

impl Run {
    /// The milliseconds it takes, or why it fails.
    pub(super) fn time(mut self) -> Result<f64, String> {
        let started = Instant::now();
        for command in &mut self.commands {
            let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
            let output = output.map_err(|error| format!("{} can't be run: {error}", command.get_program().display()))?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                let said: Vec<&str> = said.lines().filter(|line| !line.starts_with("npm warn")).map(str::trim).collect();
                return Err(format!("fails with {}: {:.200}", output.status, said.join(" ")));
            }
        }
        let took = started.elapsed();
        drop(self.folder);
        Ok(took.as_secs_f64() * 1000.0)
    }
}

#[derive(Serialize)]
pub(super) struct Contest {
    title: String,
    /// Ours is the first.
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    program: String,
    milliseconds: Option<Spread>,
    not_timed: Option<String>,
    ratio: Option<f64>,
    /// What the ratio means.
    remark: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

/// From how many times the least on the most says that something else was measured too.
const UNEVEN: f64 = 3.0;

/// Lets the programs take turns. The first round isn't counted; who fails isn't asked again.
pub(super) fn measure(title: String, programs: &[Program<'_>], runs: usize, mut progress: Progress) -> anyhow::Result<Contest> {
    let mut all: Vec<Result<Vec<f64>, String>> = programs.iter().map(|_| Ok(Vec::new())).collect();
    for round in 0..=runs {
        for (program, slot) in programs.iter().zip(&mut all) {
            let Ok(times) = slot else { continue };
            progress.step(&format!("round {round} of {runs}: {}", program.name));
            match (program.prepare)()?.map(Run::time) {
                Some(Ok(time)) if round > 0 => times.push(time),
                Some(Ok(_)) => {}
                Some(Err(why)) => *slot = Err(why),
                None => *slot = Err("not asked: scripts/install-peers hasn't installed it".to_owned()),
            }
        }
    }
    let rows = programs.iter().zip(all).map(|(program, times)| Row::new(&program.name, times)).collect();
    Ok(Contest { title, rows })
}

impl Row {
    fn new(program: &str, times: Result<Vec<f64>, String>) -> Row {
        let (milliseconds, not_timed) = times.map_or_else(|why| (None, Some(why)), |times| (Spread::of(times), None));
        Row { program: program.to_owned(), milliseconds, not_timed, ratio: None, remark: String::new() }
    }
}

impl Contest {
    pub(super) fn ours_ran(&self) -> bool {
        self.rows.first().is_some_and(|row| row.not_timed.is_none())
    }

    /// How many times as long each takes as the first, which is ours.
    pub(super) fn beside_ours(&mut self) {
        let Some((ours, peers)) = self.rows.split_first_mut() else { return };
        for row in peers {
            row.ratio = row.milliseconds.zip(ours.milliseconds).map(|(it, ours)| it.median / ours.median);
            row.remark = row.ratio.map_or(String::new(), |ratio| format!("ours : it = 1 : {ratio:.1}"));
        }
    }

    /// How many times as long a service takes as in the row above: 1 is linear growth, less is better.
    pub(super) fn growth(&mut self, sizes: &[usize]) {
        let mut above: Option<f64> = None;
        for (row, size) in self.rows.iter_mut().zip(sizes) {
            let each = row.milliseconds.map(|spread| spread.median / *size as f64);
            row.ratio = each.zip(above).map(|(each, above)| each / above);
            let beside = row.ratio.map_or(String::new(), |ratio| format!(", {ratio:.2} of the row above; 1 is linear"));
            row.remark = each.map_or(String::new(), |each| format!("{:.0} µs a service{beside}", each * 1000.0));
            above = each;
        }
    }

    pub(super) fn to_text(&self) -> String {
        let width = self.rows.iter().map(|row| row.program.chars().count()).max().unwrap_or(0);
        let mut out = format!("\n{}\n  {:width$}  {:>9}  {:>9}  {:>9}  ms", self.title, "", "least", "median", "most");
        for Row { program, milliseconds, not_timed, remark, .. } in &self.rows {
            let times = milliseconds.map(|Spread { least, median, most }| format!("{least:9.1}  {median:9.1}  {most:9.1}  "));
            let times = times.or(not_timed.clone()).unwrap_or_default();
            let uneven = if milliseconds.is_some_and(Spread::is_uneven) { "  UNEVEN, measure again" } else { "" };
            out += format!("\n  {program:width$}  {times}{remark}{uneven}").trim_end();
        }
        out
    }
}

impl Spread {
    fn of(mut times: Vec<f64>) -> Option<Spread> {
        times.sort_by(f64::total_cmp);
        let (lower, upper) = (times.get(times.len().checked_sub(1)? / 2)?, times.get(times.len() / 2)?);
        Some(Spread { least: *times.first()?, median: (lower + upper) / 2.0, most: *times.last()? })
    }

    fn is_uneven(self) -> bool {
        self.most > self.least * UNEVEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratios(medians: &[f64], compare: impl Fn(&mut Contest)) -> Vec<Option<f64>> {
        let failed = Row::new("failed", Err("why".to_owned()));
        let rows = medians.iter().map(|median| Row::new("timed", Ok(vec![*median]))).chain([failed]).collect();
        let mut contest = Contest { title: String::new(), rows };
        compare(&mut contest);
        contest.rows.iter().map(|row| row.ratio).collect()
    }

    #[test]
    fn spread_of_odd_even_and_no_times() {
        let spread = |[least, median, most]: [f64; 3]| Some(Spread { least, median, most });
        assert_eq!(Spread::of(vec![9.0, 1.0, 2.0]), spread([1.0, 2.0, 9.0]));
        assert_eq!(Spread::of(vec![8.0, 1.0, 2.0, 4.0]), spread([1.0, 3.0, 8.0]));
        assert_eq!(Spread::of(Vec::new()), None);
        assert!(Spread::of(vec![6.0, 7.0, 340.0]).unwrap().is_uneven() && !Spread::of(vec![6.0, 7.0, 8.0]).unwrap().is_uneven());
    }

    #[test]
    fn ratios_are_those_of_medians() {
        assert_eq!(ratios(&[20.0, 250.0, 10.0], Contest::beside_ours), [None, Some(12.5), Some(0.5), None]);
        let growth = |contest: &mut Contest| contest.growth(&[10, 100, 1000]);
        assert_eq!(ratios(&[10.0, 100.0, 2000.0], growth), [None, Some(1.0), Some(2.0), None]);
    }
}
