//! One problem: a place, a stable code, a sentence.

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing has to be done.
    Note,
    /// Something that the author says doesn't do what it seems to; `validate` refuses it.
    Warning,
    /// Nothing can be generated from this.
    Error,
}

/// A stretch of a file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

/// A stretch of a named file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// Relative to the repository, with `/`.
    pub file: String,
    pub span: Span,
}

/// What every check returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub severity: Severity,
    /// Stable and documented in `docs/diagnostics.md`.
    pub code: Code,
    /// What was found and what was expected, without a full stop.
    pub message: String,
    /// `None`: the problem is a file that isn't there, or the whole.
    pub location: Option<Location>,
    /// Other places that matter, each with its sentence.
    pub related: Vec<(Location, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn new(severity: Severity, code: Code, location: Option<Location>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity, code, message: message.into(), location, related: Vec::new(), help: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn related(mut self, location: Location, message: impl Into<String>) -> Diagnostic {
        self.related.push((location, message.into()));
        self
    }
}

/// The 1-based line and column (in characters) of a byte offset.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let offset = (0..=offset.min(text.len())).rev().find(|o| text.is_char_boundary(*o)).unwrap_or(0);
    let before = &text[..offset];
    let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
    (line, column)
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+) => {
        /// Every kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl Code {
            /// All of them, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$variant,)+];

            /// The stable word, as `schema/unknown-keyword`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $text,)+ }
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Code::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

codes! {
    /// The file isn't JSON.
    JsonSyntax = "json/syntax",
    /// A key stands twice in one object; readers disagree on which one counts.
    JsonDuplicate = "json/duplicate-key",
    /// The file is nested too deeply to be read safely.
    JsonDepth = "json/too-deep",
    /// A keyword has a value of the wrong type.
    KeywordType = "schema/keyword-type",
    /// No dialect knows the keyword, and no list of annotations names it.
    UnknownKeyword = "schema/unknown-keyword",
    /// The keyword has no effect in this dialect, or beside the others.
    IneffectiveKeyword = "schema/ineffective-keyword",
    /// `$schema` is absent, has no version, or names a dialect that isn't known.
    Dialect = "schema/dialect",
    /// An `$id` that consists of a fragment: Helm 4 refuses it from 2019-09 on, and it is left out of the chart's schema.
    FragmentId = "schema/fragment-id",
    /// The target of a `$ref` doesn't exist.
    DanglingRef = "schema/dangling-ref",
    /// A `$ref` leads out of the repository; Helm would fetch it while it validates.
    RemoteRef = "schema/remote-ref",
    /// A chain of `$ref`s that never arrives at a schema.
    EmptyRef = "schema/endless-ref",
    /// A default that the schema itself refuses; it is left out.
    DefaultInvalid = "schema/default-invalid",
    /// A required property has a default: it is required only after the defaults were laid.
    RequiredDefault = "schema/required-default",
    /// An object without `additionalProperties`: the Kubernetes API refuses the keys that JSON Schema admits.
    OpenByOmission = "schema/open-by-omission",
    /// Nothing can ever conform.
    Unsatisfiable = "schema/unsatisfiable",
    /// The regular expression can't be read, or not by every engine.
    Pattern = "schema/pattern",
    /// The root of the values isn't an object.
    RootType = "schema/root-type",
    /// A word of `x-ui` that isn't known, or a value that it can't have.
    Ui = "schema/x-ui",
    /// A keyword of another tool that has no counterpart here; it is kept as an annotation only.
    ForeignKeyword = "schema/foreign-keyword",
    /// A JSON Schema validator refuses the schema.
    Invalid = "schema/invalid",
    /// Two names become one in a target.
    NameCollision = "target/name-collision",
    /// A target can't be given for this service.
    NotGiven = "target/not-given",
    /// A constraint is lost or made stricter in a target, and `accepted.toml` doesn't say that it may be.
    NotAccepted = "ledger/not-accepted",
    /// `accepted.toml` accepts what no longer happens.
    StaleAcceptance = "ledger/stale-acceptance",
    /// The three books don't balance: a defect of Trefoil itself.
    Unbalanced = "ledger/unbalanced",
    /// A file that can't be read as YAML or TOML.
    Syntax = "file/syntax",
    /// A file that has to be there isn't.
    Missing = "file/missing",
    /// A generated file isn't what `generate` makes.
    Stale = "file/stale",
    /// A generated file that `generate` no longer makes.
    Orphan = "file/orphan",
    /// A file can't be read or written.
    Io = "file/io",
    /// A setting of `platform.toml` that can't be.
    Platform = "platform/invalid",
    /// A name that can't be: of a service, a tenant or a release.
    Name = "name/invalid",
    /// A name, kind or plural that another service has.
    NameTaken = "name/taken",
    /// Values that the schema refuses.
    Values = "values/invalid",
    /// An example that must fail and doesn't, or fails otherwise than it says.
    Example = "example/unexpected",
    /// A manifest that isn't a release of this platform.
    Manifest = "release/manifest",
    /// A manifest that lies in the wrong place.
    ReleasePath = "release/path",
    /// Two releases of one identity.
    ReleaseTwice = "release/duplicate",
    /// A child service of a composite isn't in the repository.
    ChildMissing = "service/child-missing",
    /// An adopted chart's values and its schema's defaults contradict each other.
    AdoptConflict = "adopt/conflict",
    /// A program that a check needs isn't there.
    ProgramMissing = "program/missing",
    /// A program that a check runs failed.
    ProgramFailed = "program/failed",
}
