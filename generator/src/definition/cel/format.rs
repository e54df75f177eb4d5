//! Formats that can be checked exactly with what Kubernetes 1.31 knows.

use super::words::text;

const DATE: &str = "format.date().validate";

/// The condition for a format; `None`: there is none that is right.
pub(crate) fn format_check(name: &str, x: &str) -> Option<String> {
    let matches = |pattern: &str| format!("{x}.matches({})", text(pattern));
    Some(match name {
        "date" => format!("!{DATE}({x}).hasValue()"),
        "time" => matches(&format!("^{TIME}$")),
        "date-time" => {
            let shape = matches(&format!("^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt]{TIME}$"));
            format!("({shape} && !{DATE}({x}.substring(0, 10)).hasValue())")
        }
        "uuid" => matches("^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"),
        "ipv4" => matches("^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$"),
        "hostname" => {
            let label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
            format!("(size({x}) <= 253 && {})", matches(&format!("^{label}(\\.{label})*$")))
        }
        _ => return None,
    })
}

const TIME: &str = "([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";
