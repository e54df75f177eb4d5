use super::*;
use crate::random::{Random, for_seeds};
use serde_json::{Map, Value, json};

#[test]
fn scalars_are_read_as_kubectl_reads_them() {
    let rows = [
        ("no", json!(false)),
        ("yes", json!(true)),
        ("on", json!(true)),
        ("Off", json!(false)),
        ("y", json!(true)),
        ("N", json!(false)),
        ("true", json!(true)),
        ("~", json!(null)),
        ("null", json!(null)),
        ("", json!(null)),
        ("014", json!(12)),
        ("0o14", json!(12)),
        ("1_000", json!(1000)),
        ("0b11", json!(3)),
        ("0x1F", json!(31)),
        ("-7", json!(-7)),
        ("1e3", json!(1000)),
        ("1.0", json!(1)),
        ("1.5", json!(1.5)),
        ("18446744073709551615", json!(u64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("1e300", json!(1e300)),
        ("123456789012345678901234567890", json!(123456789012345678901234567890.0)),
        ("1.2.3", json!("1.2.3")),
        ("2024-01-01", json!("2024-01-01")),
        ("'no'", json!("no")),
        ("\"1\"", json!("1")),
        ("!!str 1", json!("1")),
    ];
    for (text, expected) in rows {
        assert_eq!(read(&format!("a: {text}\n")).unwrap(), json!({"a": expected}), "{text}");
    }
}

#[test]
fn integral_floats_become_integers_only_if_nothing_is_lost() {
    let number = |text: &str| read(text).unwrap();
    assert_eq!(number("-3.0"), json!(-3));
    assert_eq!(number("9007199254740992.0"), json!(9007199254740992_i64));
    assert_eq!(number("9223372036854775808.0"), json!(9223372036854775808_u64));
    assert_eq!(number("18446744073709551616.0"), json!(18446744073709551616.0));
    assert_eq!(number("1e21"), json!(1e21));
    assert_eq!(number("-1e19"), json!(-1e19));
}

#[test]
fn documents_are_told_apart() {
    assert_eq!(read("").unwrap(), Value::Null);
    assert_eq!(read("# only a comment\n").unwrap(), Value::Null);
    assert_eq!(read("---\n").unwrap(), Value::Null);
    assert_eq!(read("---\na: 1\n...\n").unwrap(), json!({"a": 1}));
    assert_eq!(read("\u{feff}a: 1\r\nb: 2\r\n").unwrap(), json!({"a": 1, "b": 2}));
    assert!(read("a: 1\n---\nb: 2\n").is_err());
    assert_eq!(read_all("").unwrap(), Vec::<Value>::new());
    assert_eq!(read_all("---\na: 1\n---\n---\n# x\n---\n- 2\n").unwrap(), [json!({"a": 1}), json!([2])]);
}

#[test]
fn anchors_and_merge_keys_are_resolved() {
    let text = "p: &p {a: 1, b: 2}\nq: {<<: *p, b: 3}\nr: *p\n";
    assert_eq!(read(text).unwrap(), json!({"p": {"a": 1, "b": 2}, "q": {"a": 1, "b": 3}, "r": {"a": 1, "b": 2}}));
}

#[test]
fn an_error_says_what_and_where() {
    let rows = [
        ("a: 1\nb: [1\n", 2, 4, "unclosed"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "duplicate"),
        ("a: 1\n'a': 3\n", 2, 1, "duplicate"),
        ("a:\n  1: x\n", 2, 3, "a key must be a string: found 1"),
        ("no: x\n", 1, 1, "a key must be a string: found false, which is also what `n`, `no`"),
        ("~: x\n", 1, 1, "a key must be a string: found null"),
        ("? [a]\n: x\n", 1, 3, "a key must be a string: found a list or a map"),
        ("a: .nan\n", 1, 4, "finite"),
        ("a: 1\nb: -.inf\n", 2, 4, "finite"),
        ("a: 1e999\n", 1, 4, "finite"),
        ("a: !secret x\n", 1, 12, "tag `!secret`"),
        ("a: 1\n\tb: 2\n", 1, 4, "tab"),
        ("a: *b\n", 1, 4, ""),
        ("a: 'x\n", 2, 1, ""),
        ("{{ .Values }}\n", 1, 2, ""),
        ("ü: 1\nü: 2\n", 2, 1, "duplicate"),
    ];
    let mut wrong = Vec::new();
    for (text, line, column, message) in rows {
        match read(text) {
            Ok(value) => wrong.push(format!("{text:?} is {value}")),
            Err(error) if (error.line, error.column) != (line, column) || !error.message.contains(message) => {
                wrong.push(format!("{text:?}: {error}"));
            }
            Err(_) => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let error = read("ü: 1\nab: 2\nab: 3\n").unwrap_err();
    assert_eq!(error.span, Some(12..14));
}

#[test]
fn nothing_is_read_without_end() {
    let deep = "[".repeat(100_000);
    assert!(read(&deep).is_err());
    assert!(read(&(deep.clone() + &"]".repeat(100_000))).is_err());
    assert!(read(&"- ".repeat(100_000)).is_err());
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let last = format!("*a{}", i - 1);
        bomb += &format!("a{i}: &a{i} [{}]\n", [last.as_str(); 10].join(", "));
    }
    assert!(read(&bomb).is_err());
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(&nested(120)).is_ok() && read(&nested(130)).is_err());
    // Real files have thousands of comments (opentelemetry-demo).
    let comments = format!("a:\n{}  b: 1\n", "  # comment\n".repeat(20_000));
    assert_eq!(read(&comments).unwrap(), json!({"a": {"b": 1}}));
}

#[test]
fn values_are_written_in_blocks() {
    let value = json!({
        "apiVersion": "services.example.org/v1alpha1",
        "empty": {"map": {}, "list": []},
        "list": [1, "two", [3, [4]], {"a": 1, "b": {"c": 2}}, [{"d": 5}]],
        "text": "one\n  two\n\nthree\n",
        "cut": "a\nb",
        "null": null,
    });
    let expected = "\
apiVersion: services.example.org/v1alpha1
empty:
  map: {}
  list: []
list:
  - 1
  - two
  - - 3
    - - 4
  - a: 1
    b:
      c: 2
  - - d: 5
text: |
  one
    two

  three
cut: |-
  a
  b
\"null\": null
";
    assert_eq!(write(&value), expected);
    assert_eq!(read(expected).unwrap(), value);
}

#[test]
fn strings_are_plain_only_where_no_reader_can_mistake_them() {
    for plain in ["a", "abc", "/var/lib", "a.b-c_d", "a b c", "user@example.org", "e1", "Yess", "Nope", "services.example.org/v1"]
    {
        assert_eq!(write(&json!(plain)), format!("{plain}\n"));
    }
    let quoted = [
        "",
        " a",
        "a ",
        "a  b",
        "a: b",
        "a #b",
        "a:b",
        "#a",
        "- a",
        "-",
        "?",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "|",
        ">",
        "'",
        "\"",
        "1",
        "01",
        "0x1",
        "1e3",
        ".5",
        "-1",
        "1_000",
        "12:30",
        "190:20:30",
        "2024-01-01",
        "1.2.3",
        "y",
        "N",
        "Yes",
        "no",
        "ON",
        "off",
        "True",
        "false",
        "null",
        "NULL",
        "~",
        "nan",
        ".NaN",
        "inf",
        "-.inf",
        "=",
        "<<",
        "---",
        "...",
        "a\tb",
        "ä",
        "http://a",
        "a,b",
        "{a}",
        "[a]",
        "${x}",
        "a\\b",
        "\u{7f}",
    ];
    for text in quoted {
        let written = write(&json!(text));
        assert!(written.starts_with('"') && written.ends_with("\"\n"), "{text:?}: {written}");
        let key = write(&json!({text: 1}));
        assert!(key.starts_with('"'), "{text:?}: {key}");
    }
}

#[test]
fn what_is_not_printable_is_escaped() {
    let text = "\0\u{1}\u{8}\t\n\u{c}\r\u{1b}\u{7f}\u{80}\u{85}\u{9f}\u{a0}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}ä😀";
    let written = write(&json!(text));
    let expected = "\"\\u0000\\u0001\\u0008\\t\\n\\u000c\\r\\u001b\\u007f\\u0080\\u0085\\u009f\u{a0}\\u2028\\u2029\\ufeff\\ufffe\\uffffä😀\"\n";
    assert_eq!(written, expected);
    assert_eq!(read(&written).unwrap(), json!(text));
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), json!(text));
}

#[test]
fn blocks_are_used_only_where_they_are_safe() {
    for (text, header) in
        [("a\nb", "|-"), ("a\nb\n", "|"), ("# a\n- b\n---\n...\n", "|"), ("a\n\tb: ", ""), ("ä: 😀\nb", "|-"), ("a\n", "|")]
    {
        if header.is_empty() {
            assert!(write(&json!(text)).starts_with('"'), "{text:?}");
        } else {
            assert!(write(&json!(text)).starts_with(&format!("{header}\n")), "{text:?}");
        }
    }
    for text in [
        "\n",
        "\na",
        " a\nb",
        "\ta\nb",
        "a\n\n",
        "a \nb",
        "a\n \nb",
        "a\r\nb",
        "a\u{85}b\n",
        "a\u{2028}\n",
        "\u{feff}a\n",
        "a\n\tb",
    ] {
        let written = write(&json!(text));
        assert!(written.starts_with('"'), "{text:?}: {written}");
    }
}

#[test]
fn floats_have_a_point_and_a_signed_exponent() {
    let rows = [
        (json!(1.5), "1.5"),
        (json!(1e21), "1.0e+21"),
        (json!(1.5e-7), "1.5e-7"),
        (json!(1e-7), "1.0e-7"),
        (json!(-2e300), "-2.0e+300"),
        (json!(1.0), "1.0"),
    ];
    for (value, expected) in rows {
        assert_eq!(write(&value), format!("{expected}\n"));
    }
}

#[test]
fn comments_and_entries_that_are_off() {
    let entry = |comment: &[&str], key: &str, value: Doc, off: bool| Entry {
        comment: comment.iter().map(|&line| line.to_owned()).collect(),
        key: key.to_owned(),
        value,
        off,
    };
    let doc = Doc::Map(vec![
        entry(&["The size.", "", "Two\nlines\u{85}x: y\r"], "size", Doc::Value(json!("no")), false),
        entry(&["Off."], "text", Doc::Value(json!({"a": "x\n\ny\n"})), true),
        entry(
            &[],
            "all-off",
            Doc::Map(vec![entry(&["Inner."], "a", Doc::Value(json!([1])), true), entry(&[], "b", Doc::Value(json!({})), true)]),
            false,
        ),
        entry(
            &[],
            "list",
            Doc::List(vec![
                Doc::Map(vec![entry(&["First."], "a", Doc::Value(json!(1)), false), entry(&[], "b", Doc::Value(json!(2)), true)]),
                Doc::Map(vec![
                    entry(&[], "a", Doc::Value(json!("t\nu")), false),
                    entry(&["Last."], "b", Doc::List(vec![]), false),
                ]),
            ]),
            false,
        ),
    ]);
    let expected = "\
# The size.
#
# Two
# lines x: y
size: \"no\"
# Off.
# text:
#   a: |
#     x
#
#     y
all-off: {}
  # Inner.
  # a:
  #   - 1
  # b: {}
list:
  -
    # First.
    a: 1
    # b: 2
  - a: |-
      t
      u
    # Last.
    b: []
";
    assert_eq!(write_doc(&doc), expected);
    let read_back = json!({"size": "no", "all-off": {}, "list": [{"a": 1}, {"a": "t\nu", "b": []}]});
    assert_eq!(read(expected).unwrap(), read_back);

    let off = Doc::Map(vec![entry(&[], "a", Doc::Value(json!(1)), true)]);
    assert_eq!(write_doc(&off), "# a: 1\n{}\n");
    assert_eq!(write_doc(&Doc::Map(vec![])), "{}\n");
    assert_eq!(write_doc(&Doc::List(vec![])), "[]\n");
    assert_eq!(write_doc(&Doc::Value(json!("a\nb"))), "|-\n  a\n  b\n");
}

#[test]
fn several_documents() {
    let values = [json!({"a": "x\n"}), json!([1]), json!(null), json!("a\nb")];
    let text = write_all(&values);
    assert_eq!(text, "a: |\n  x\n---\n- 1\n---\nnull\n---\n|-\n  a\n  b\n");
    assert_eq!(read_all(&text).unwrap(), [json!({"a": "x\n"}), json!([1]), json!("a\nb")]);
}

#[test]
fn long_keys_have_their_own_line() {
    let key = "k".repeat(5000);
    let value = json!({&key: {"a": 1}, "b": [{&key: "x\ny"}]});
    let text = write(&value);
    assert!(text.starts_with("? kkk"));
    assert_eq!(read(&text).unwrap(), value);
}

#[test]
fn what_is_written_is_read_back() {
    for_seeds(4000, |random| {
        let value = value(random, 4);
        let text = write(&value);
        match read(&text) {
            Ok(back) if back == value => Ok(()),
            Ok(back) => Err(format!("{value}\n{text}\n{back}")),
            Err(error) => Err(format!("{value}\n{text}\n{error}")),
        }
    });
}

#[test]
fn comments_never_become_content() {
    for_seeds(2000, |random| {
        let value = value(random, 3);
        let doc = with_comments(random, &value);
        let text = write_doc(&doc);
        match read(&text) {
            Ok(back) if back == value => Ok(()),
            other => Err(format!("{value}\n{text}\n{other:?}")),
        }
    });
}

/// Writes what other readers are to be tried with: a line of JSON for each document, and the documents.
#[test]
#[ignore = "writes files for a comparison with other YAML readers: OUT=<folder>"]
fn samples_for_other_readers() {
    let folder = std::path::PathBuf::from(std::env::var_os("OUT").unwrap());
    let mut lines = String::new();
    let samples = std::cell::RefCell::new(Vec::new());
    for_seeds(4000, |random| {
        let value = value(random, 4);
        let doc = with_comments(random, &value);
        samples.borrow_mut().push(json!([value, write(&value), write_doc(&doc)]));
        Ok(())
    });
    for sample in samples.into_inner() {
        lines += &sample.to_string();
        lines.push('\n');
    }
    std::fs::write(folder.join("samples.jsonl"), lines).unwrap();
}

fn with_comments(random: &mut Random, value: &Value) -> Doc {
    match value {
        Value::Object(map) => {
            let mut entries = Vec::new();
            for (key, inner) in map {
                if random.once_in(3) {
                    entries.push(Entry {
                        comment: vec![text(random)],
                        key: text(random),
                        value: Doc::Value(inner.clone()),
                        off: true,
                    });
                }
                let comment = if random.once_in(2) { vec![text(random)] } else { vec![] };
                entries.push(Entry { comment, key: key.clone(), value: with_comments(random, inner), off: false });
            }
            if random.once_in(3) {
                entries.push(Entry { comment: vec![], key: text(random), value: Doc::Value(json!(text(random))), off: true });
            }
            Doc::Map(entries)
        }
        Value::Array(items) => Doc::List(items.iter().map(|item| with_comments(random, item)).collect()),
        other => Doc::Value(other.clone()),
    }
}

/// Any value that comes back as it was: floats that are integers don't.
fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 6 } else { 10 }) {
        0 => random.pick(&[&Value::Null, &Value::Bool(true), &Value::Bool(false)]).clone(),
        1 => number(random),
        2..=5 => json!(text(random)),
        6 => (0..random.below(4)).map(|_| value(random, depth - 1)).collect(),
        _ => Value::Object((0..random.below(5)).map(|_| (text(random), value(random, depth - 1))).collect::<Map<_, _>>()),
    }
}

fn number(random: &mut Random) -> Value {
    let bits = random.bits();
    match random.below(5) {
        0 => json!(bits),
        1 => json!(bits as i64),
        2 => json!(random.below(1000)),
        _ => match f64::from_bits(bits) {
            float if float.is_finite() && (float.fract() != 0.0 || float.abs() > 1e20) => {
                json!(float)
            }
            _ => json!(0.5),
        },
    }
}

/// Short texts of what YAML readers stumble over.
fn text(random: &mut Random) -> String {
    const PIECES: &[&str] = &[
        "a",
        "b",
        "Z",
        "0",
        "1",
        "9",
        ".",
        "-",
        "_",
        "/",
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n",
        "\r",
        "\r\n",
        ":",
        ": ",
        " #",
        "#",
        "'",
        "\"",
        "\\",
        "|",
        ">",
        "&",
        "*",
        "!",
        "%",
        "@",
        "`",
        "{",
        "}",
        "[",
        "]",
        ",",
        "?",
        "=",
        "<<",
        "~",
        "---",
        "...",
        "\n---\n",
        "\n...\n",
        "yes",
        "No",
        "true",
        "null",
        "0x1F",
        "0o7",
        "1e3",
        "1_0",
        "12:30",
        "2024-01-01",
        ".inf",
        ".NaN",
        "\u{0}",
        "\u{1b}",
        "\u{7f}",
        "\u{80}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{e000}",
        "ä",
        "日本",
        "😀",
        "${x}",
        "{{ x }}",
        "\\u0041",
        "\n  b",
        "\n\tb",
        "end\n",
    ];
    (0..random.below(6)).map(|_| random.pick(PIECES)).collect()
}
