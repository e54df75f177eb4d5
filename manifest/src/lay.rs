//! One document laid over another.

use serde_json::Value;

/// Lays `over` over `under`, as Helm does with two values files: objects are joined, anything else is replaced.
pub fn lay(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(low), Value::Object(high)) => {
            for (key, value) in high {
                lay(low.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over.clone(),
    }
}
