//! The books: what became of every constraint in every target.

use serde::Serialize;
use serde_json::{Value, json};

use crate::Made;
use crate::mark::{mark, source};
use crate::model::{Class, Constraint, Place, Pointer, Service, constraints, release};
use std::collections::BTreeMap;

/// A system that is generated for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    Rust,
    Helm,
    Kro,
    Backstage,
    Editor,
}

impl Target {
    pub const ALL: [Target; 5] = [Target::Rust, Target::Helm, Target::Kro, Target::Backstage, Target::Editor];

    pub fn as_str(self) -> &'static str {
        match self {
            Target::Rust => "rust",
            Target::Helm => "helm",
            Target::Kro => "kro",
            Target::Backstage => "backstage",
            Target::Editor => "editor",
        }
    }
}

/// What became of a constraint in a target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The target enforces it, or shows it, as it is.
    Kept,
    /// In other words, with the same verdicts: how.
    Rewritten(String),
    /// Something beside the target's own schema enforces it: what.
    Moved(String),
    /// The target refuses more: why.
    Stricter(String),
    /// The target doesn't know it: why.
    Lost(String),
}

impl Outcome {
    /// The word of the ledger.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Kept => "kept",
            Outcome::Rewritten(_) => "rewritten",
            Outcome::Moved(_) => "moved",
            Outcome::Stricter(_) => "stricter",
            Outcome::Lost(_) => "lost",
        }
    }

    /// How, where or why.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Outcome::Kept => None,
            Outcome::Rewritten(text) | Outcome::Moved(text) | Outcome::Stricter(text) | Outcome::Lost(text) => Some(text),
        }
    }

    /// A team has to say that it accepts this.
    pub fn needs_acceptance(&self) -> bool {
        matches!(self, Outcome::Stricter(_) | Outcome::Lost(_))
    }
}

/// What Helm makes of an object's default: what is written doesn't replace it.
pub const MERGED: &str = "values.yaml holds it, and Helm adds written keys to it";

/// What a system does at every place, whatever the schema says there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Habit {
    /// A null at a place that has none is taken for absent, and what the default is takes its place.
    NullIsAbsent,
    /// Some characters are refused ([`manifest::valid::uncarried`]).
    Characters,
    /// The object's name and namespace have to be those that follow from the values ([`manifest::identity`]).
    Identity,
    /// Unknown keys of an object for which no key is declared go unseen when it is applied on the server's side.
    Keyless,
}

impl Habit {
    pub const ALL: [Habit; 4] = [Habit::NullIsAbsent, Habit::Characters, Habit::Identity, Habit::Keyless];

    /// What becomes of the schema's word in such a target; `None`: it has no such habit.
    ///
    /// Null: <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting-and-nullable>,
    /// and Helm's documentation of values files, "Deleting a default key". Characters: go.yaml.in/yaml, `readerc.go`.
    pub fn outcome(self, target: Target) -> Option<Outcome> {
        let refused = |why: &str| Some(Outcome::Stricter(why.to_owned()));
        match (self, target) {
            (Habit::NullIsAbsent, Target::Kro) => {
                Some(Outcome::Lost("where the API has a type, a null is taken for absent before anything is checked".to_owned()))
            }
            (Habit::NullIsAbsent, Target::Helm) => {
                Some(Outcome::Lost("a null takes a default of values.yaml away before Helm validates".to_owned()))
            }
            (Habit::Characters, Target::Kro) => refused("KRO can't pass on U+007F to U+009F, U+FFFE and U+FFFF"),
            (Habit::Identity, Target::Kro) => refused("the object's name and namespace follow from tenant and name"),
            (Habit::Keyless, Target::Kro) => Some(Outcome::Lost(
                "where an object declares no key, `kubectl apply --server-side` drops unknown ones without a word; a plain write refuses them"
                    .to_owned(),
            )),
            (Habit::Identity, Target::Backstage) => Some(Outcome::Moved(
                "the form checks tenant and name alone; how long they are together, the pull request's checks and the API hold"
                    .to_owned(),
            )),
            (Habit::NullIsAbsent, Target::Rust | Target::Backstage | Target::Editor)
            | (Habit::Characters | Habit::Identity | Habit::Keyless, Target::Rust | Target::Helm | Target::Editor)
            | (Habit::Characters | Habit::Keyless, Target::Backstage) => None,
        }
    }

    /// The word of the ledger.
    pub fn word(self) -> &'static str {
        match self {
            Habit::NullIsAbsent => "null",
            Habit::Keyless => "unknown keys",
            Habit::Characters => "characters",
            Habit::Identity => "identity",
        }
    }
}

/// Why an item can't be immutable.
pub(crate) const MANY: &str = "items of lists and maps have no identity over time";

/// What becomes of a note for people in a target that has no word for it, if the release API, which is made of the same schema, has.
pub(crate) fn kept_by_the_api(keyword: &str, used_at: &Place) -> Option<Outcome> {
    Some(match keyword {
        "x-ui.platformOwned" => Outcome::Moved("the release API has no such field".to_owned()),
        "x-ui.secretRef" => Outcome::Moved("the release API holds a reference to a Secret instead".to_owned()),
        "x-ui.immutable" if used_at.as_str().split('/').any(|step| step == "*") => Outcome::Lost(MANY.to_owned()),
        "x-ui.immutable" => Outcome::Moved("the release API refuses the change".to_owned()),
        _ => return None,
    })
}

/// One line of a target's book: exactly one for each of [`crate::model::constraints`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    pub used_at: Place,
    pub at: Pointer,
    pub keyword: &'static str,
    pub outcome: Outcome,
}

/// A target's book while it is written.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub entries: Vec<Entry>,
    /// The sentences of our own with which a target refuses what breaks a constraint.
    pub said: Vec<Said>,
}

/// A sentence of a target, and the constraint that it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub used_at: Place,
    pub at: Pointer,
    pub keyword: &'static str,
    pub text: String,
}

impl Book {
    /// Says what became of the constraint `keyword` that the schema at `at` puts on the document's `used_at`.
    pub fn enter(&mut self, used_at: &Place, at: &Pointer, keyword: &'static str, outcome: Outcome) {
        self.entries.push(Entry { used_at: used_at.clone(), at: at.clone(), keyword, outcome });
    }
}

impl Book {
    /// Notes the sentence for what breaks a constraint.
    pub(crate) fn say(&mut self, used_at: &Place, at: &Pointer, keyword: &'static str, text: String) {
        self.said.push(Said { used_at: used_at.clone(), at: at.clone(), keyword, text });
    }
}

/// What a target's book doesn't answer, and what it answers twice or unasked: empty if it balances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imbalance {
    pub missing: Vec<Constraint>,
    pub unasked: Vec<Entry>,
}

impl Imbalance {
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.unasked.is_empty()
    }
}

/// Holds a target's book against the constraints of the view that it is shown.
pub fn balance(service: &Service, target: Target, book: &Book) -> Imbalance {
    let mut asked = BTreeMap::<(&Place, &Pointer, &str), Vec<&Constraint>>::new();
    let listed = listed(service, target);
    for constraint in &listed {
        asked.entry((&constraint.used_at, &constraint.at, constraint.keyword)).or_default().push(constraint);
    }
    let mut out = Imbalance::default();
    for entry in &book.entries {
        let answered = asked.get_mut(&(&entry.used_at, &entry.at, entry.keyword)).and_then(Vec::pop);
        if answered.is_none() {
            out.unasked.push(entry.clone());
        }
    }
    out.missing = asked.into_values().flatten().cloned().collect();
    out
}

/// The constraints that a target has to answer: of the whole schema, or of the release view and of what that leaves out.
pub fn listed(service: &Service, target: Target) -> Vec<Constraint> {
    match target {
        Target::Rust | Target::Helm => constraints(service),
        Target::Kro | Target::Backstage | Target::Editor => {
            let owned = release(service);
            let mut out = constraints(&owned.service);
            out.extend(owned.moved.into_iter().map(|(constraint, _)| constraint));
            out
        }
    }
}

/// The class of a constraint, by its keyword.
pub fn class(keyword: &str) -> Class {
    match keyword {
        "default" => Class::Default,
        "title" | "description" | "examples" | "deprecated" => Class::Note,
        keyword if keyword.starts_with("x-ui.") => Class::Note,
        _ => Class::Constraint,
    }
}

/// The ledger of a service as it is committed: a line for each constraint, so that a pull request shows what moved.
pub(crate) fn file(made: &Made) -> String {
    let mut rows = BTreeMap::<(&Place, &Pointer, &str), BTreeMap<usize, &Outcome>>::new();
    for (target, (_, emission)) in made.targets.iter().enumerate() {
        for entry in &emission.book.entries {
            rows.entry((&entry.used_at, &entry.at, entry.keyword)).or_default().insert(target, &entry.outcome);
        }
    }
    let mark = mark(&source(&made.service.name));
    let given = made.targets.iter().map(|(target, emission)| {
        let said = emission.not_given.as_ref().map_or("given".to_owned(), |why| format!("not given: {why}"));
        (target.as_str().to_owned(), Value::String(said))
    });
    let given = Value::Object(given.collect());
    let everywhere = json!(Habit::ALL.iter().map(|habit| habit_line(*habit, made)).collect::<Vec<Value>>());
    let mut out = format!(
        "{{\n  \"$comment\": {},\n  \"targets\": {given},\n  \"everywhere\": {everywhere},\n  \"constraints\": [",
        json!(mark)
    );
    for (number, ((place, at, keyword), outcomes)) in rows.into_iter().enumerate() {
        out.push_str(if number == 0 { "\n    {" } else { ",\n    {" });
        member(&mut out, "at", &place.to_string());
        out.push(',');
        member(&mut out, "keyword", keyword);
        out.push(',');
        member(&mut out, "source", &at.to_string());
        for (target, outcome) in outcomes {
            let Some((target, _)) = made.targets.get(target) else { continue };
            out.push(',');
            match outcome.detail() {
                Some(detail) => member(&mut out, target.as_str(), &format!("{}: {detail}", outcome.word())),
                None => member(&mut out, target.as_str(), outcome.word()),
            }
        }
        out.push('}');
    }
    out.push_str("\n  ]\n}\n");
    out
}

fn habit_line(habit: Habit, made: &Made) -> Value {
    let mut line = serde_json::Map::from_iter([("keyword".to_owned(), json!(habit.word()))]);
    for (target, _) in made.targets.iter().filter(|(target, _)| made.gives(*target)) {
        let said = habit.outcome(*target);
        let said = said.map(|outcome| format!("{}: {}", outcome.word(), outcome.detail().unwrap_or_default()));
        line.extend(said.map(|said| (target.as_str().to_owned(), Value::String(said))));
    }
    Value::Object(line)
}

/// A member of a JSON object; its name is a word of ours.
fn member(out: &mut String, name: &str, text: &str) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}
