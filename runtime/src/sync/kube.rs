//! The API of Kubernetes, as `kubectl` finds it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use manifest::yaml;
use serde_json::Value;

use crate::rest::{Rest, RestError, Token, TokenError, Trust};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where a pod finds what it is to the API: <https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/>.
const POD: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The API of a cluster.
#[derive(Clone)]
pub struct Kube {
    pub(super) rest: Rest,
}

/// Why a cluster can't be asked.
#[derive(Debug, thiserror::Error)]
pub enum KubeError {
    /// The address or the certificates can't be used.
    #[error(transparent)]
    Rest(#[from] RestError),
    /// The token can't be had.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// A file can't be read.
    #[error("{path} can't be read")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration lacks something, or has what isn't supported.
    #[error("{path} {problem}")]
    Config {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}

impl Kube {
    /// The address of a `kubectl proxy`, which knows whatever `kubectl` knows.
    ///
    /// # Errors
    /// If the address isn't one of this machine, or of HTTPS.
    pub fn proxy(address: &str) -> Result<Kube, KubeError> {
        Ok(Kube { rest: Rest::new(address, None, TIMEOUT)? })
    }

    /// The cluster of the pod that this process runs in.
    ///
    /// # Errors
    /// If it doesn't run in one.
    pub fn of_pod() -> Result<Kube, KubeError> {
        let folder = Path::new(POD);
        let token = Token::from_file(&folder.join("token"))?;
        let rest = Rest::new("https://kubernetes.default.svc", Some(&folder.join("ca.crt")), TIMEOUT)?;
        Ok(Kube { rest: rest.token("Authorization", "Bearer ", &token) })
    }

    /// The cluster of a file as `kubectl` has one, in its current context. Certificates and tokens are understood; programs that log in
    /// (`exec`) aren't run.
    ///
    /// # Errors
    /// What the file lacks.
    pub fn of_config(path: &Path) -> Result<Kube, KubeError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| KubeError::File { path: path.display().to_string(), source })?;
        let config = Config { path, content: yaml::read(&text).map_err(|error| wrong(path, format!("can't be read: {error}")))? };
        let context = config.named("contexts", "context", config.content["current-context"].as_str().unwrap_or_default())?;
        let cluster = config.named("clusters", "cluster", context["cluster"].as_str().unwrap_or_default())?;
        let user = config.named("users", "user", context["user"].as_str().unwrap_or_default())?;
        for key in ["insecure-skip-tls-verify", "tls-server-name", "proxy-url"] {
            if !cluster[key].is_null() && cluster[key] != false {
                return Err(wrong(
                    path,
                    format!("has {key}, which isn't supported: start `kubectl proxy`, and give its address"),
                ));
            }
        }
        let server = cluster["server"].as_str().ok_or_else(|| wrong(path, "has a cluster without a server".to_owned()))?;
        let trust = Trust {
            authority: config.data(cluster, "certificate-authority")?,
            client: config.data(user, "client-certificate")?.zip(config.data(user, "client-key")?),
        };
        let is_known = trust.client.is_some();
        let rest = Rest::trusting(server, &trust, TIMEOUT)?;
        let token = match (user["token"].as_str(), user["tokenFile"].as_str()) {
            (_, Some(file)) => Some(Token::from_file(&config.beside(file))?),
            (Some(token), None) => Some(Token::new(token).ok_or_else(|| wrong(path, "has a token that is none".to_owned()))?),
            (None, None) => None,
        };
        match token {
            Some(token) => Ok(Kube { rest: rest.token("Authorization", "Bearer ", &token) }),
            None if is_known => Ok(Kube { rest }),
            None => Err(wrong(
                path,
                "has a user with neither token nor certificate: start `kubectl proxy`, which logs in as it does, and give its address"
                    .to_owned(),
            )),
        }
    }
}

struct Config<'a> {
    path: &'a Path,
    content: Value,
}

impl Config<'_> {
    fn named(&self, list: &str, key: &str, name: &str) -> Result<&Value, KubeError> {
        let found = self.content[list].as_array().into_iter().flatten().find(|entry| entry["name"] == name);
        found.map(|entry| &entry[key]).ok_or_else(|| wrong(self.path, format!("has no {key} {name:?}")))
    }

    /// What a key says, or the file that it names.
    fn data(&self, of: &Value, key: &str) -> Result<Option<Vec<u8>>, KubeError> {
        if let Some(data) = of[format!("{key}-data")].as_str() {
            let bytes = BASE64_STANDARD.decode(data.trim());
            return bytes.map(Some).map_err(|error| wrong(self.path, format!("has no base64 in {key}-data: {error}")));
        }
        let Some(file) = of[key].as_str() else { return Ok(None) };
        let path = self.beside(file);
        let bytes = std::fs::read(&path);
        bytes.map(Some).map_err(|source| KubeError::File { path: path.display().to_string(), source })
    }

    /// A path means one beside the file.
    fn beside(&self, file: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(file)
    }
}

fn wrong(path: &Path, problem: String) -> KubeError {
    KubeError::Config { path: path.display().to_string(), problem }
}

impl fmt::Debug for Kube {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kube").field("rest", &self.rest).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn configurations() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(folder.path().join("token"), "a-token\n").unwrap();
        let of = |cluster: Value, user: Value| {
            let config = json!({
                "current-context": "a",
                "contexts": [{ "name": "a", "context": { "cluster": "b", "user": "c" } }],
                "clusters": [{ "name": "b", "cluster": cluster }],
                "users": [{ "name": "c", "user": user }],
            });
            std::fs::write(&path, config.to_string()).unwrap();
            Kube::of_config(&path).map(drop).map_err(|error| error.to_string())
        };
        let server = json!({ "server": "https://127.0.0.1:6443" });
        assert_eq!(of(server.clone(), json!({ "token": "t" })), Ok(()));
        // A file's path is one beside the configuration.
        assert_eq!(of(server.clone(), json!({ "tokenFile": "token" })), Ok(()));
        for (cluster, user, says) in [
            (server.clone(), json!({ "exec": { "command": "aws" } }), "start `kubectl proxy`"),
            (server.clone(), json!({ "tokenFile": "nowhere" }), "nowhere can't be read"),
            (server, json!({ "client-certificate-data": "?", "client-key-data": "?" }), "no base64 in client-certificate-data"),
            (json!({}), json!({ "token": "t" }), "a cluster without a server"),
            (json!({ "server": "http://10.0.0.1" }), json!({ "token": "t" }), "isn't encrypted"),
            (json!({ "server": "https://h", "insecure-skip-tls-verify": true }), json!({ "token": "t" }), "isn't supported"),
            (
                json!({ "server": "https://h", "certificate-authority": "ca.crt" }),
                json!({ "token": "t" }),
                "ca.crt can't be read",
            ),
        ] {
            let error = of(cluster, user).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        std::fs::write(&path, "contexts: []").unwrap();
        assert!(Kube::of_config(&path).unwrap_err().to_string().contains("has no context"));
    }
}
