//! What a remote's address says of the forge that it is at.

use super::ForgeKind;

pub(super) struct Place {
    scheme: &'static str,
    /// With its port, if it is an address of HTTP.
    pub host: String,
    pub repository: String,
}

impl Place {
    /// Reads `https://host/owner/name.git`, `ssh://git@host:22/owner/name.git` and `git@host:owner/name.git`.
    pub(super) fn of(url: &str) -> Option<Place> {
        let (scheme, authority, path) = match url.split_once("://") {
            Some((scheme @ ("http" | "https" | "ssh"), rest)) => {
                let (authority, path) = rest.split_once('/')?;
                (scheme, authority, path)
            }
            Some(_) => return None,
            None => {
                let (authority, path) = url.split_once(':').filter(|(host, _)| !host.contains('/'))?;
                ("ssh", authority, path)
            }
        };
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // The port of SSH isn't that of the API.
        let host = if scheme == "ssh" { host.split_once(':').map_or(host, |(host, _)| host) } else { host };
        let scheme = if scheme == "http" { "http" } else { "https" };
        let path = path.trim_matches('/');
        let repository = path.strip_suffix(".git").unwrap_or(path).to_owned();
        (!host.is_empty() && repository.contains('/')).then(|| Place { scheme, host: host.to_ascii_lowercase(), repository })
    }

    /// The kinds of the forges that everybody knows.
    pub(super) fn kind(&self) -> Option<ForgeKind> {
        match self.host.as_str() {
            "github.com" | "ssh.github.com" => Some(ForgeKind::GitHub),
            "gitlab.com" | "altssh.gitlab.com" => Some(ForgeKind::GitLab),
            "codeberg.org" => Some(ForgeKind::Gitea),
            _ => None,
        }
    }

    /// Where the API is, if the forge is of this kind.
    pub(super) fn api(&self, kind: ForgeKind) -> String {
        let Place { scheme, host, .. } = self;
        match (kind, host.as_str()) {
            (ForgeKind::GitHub, "github.com" | "ssh.github.com") => "https://api.github.com".to_owned(),
            (ForgeKind::GitHub, _) => format!("{scheme}://{host}/api/v3"),
            (ForgeKind::GitLab, "altssh.gitlab.com") => "https://gitlab.com/api/v4".to_owned(),
            (ForgeKind::GitLab, _) => format!("{scheme}://{host}/api/v4"),
            (ForgeKind::Gitea, _) => format!("{scheme}://{host}/api/v1"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_where_the_api_is() {
        for (url, kind, expected) in [
            ("https://github.com/acme/releases.git", None, "https://api.github.com acme/releases"),
            ("git@github.com:acme/releases.git", None, "https://api.github.com acme/releases"),
            ("ssh://git@ssh.github.com:443/acme/releases.git", None, "https://api.github.com acme/releases"),
            ("https://ghe.acme.example/acme/releases", Some(ForgeKind::GitHub), "https://ghe.acme.example/api/v3 acme/releases"),
            ("git@gitlab.com:acme/eu/releases.git", None, "https://gitlab.com/api/v4 acme/eu/releases"),
            ("ssh://git@codeberg.org:2222/acme/releases", None, "https://codeberg.org/api/v1 acme/releases"),
            ("http://127.0.0.1:3000/acme/releases.git", Some(ForgeKind::Gitea), "http://127.0.0.1:3000/api/v1 acme/releases"),
        ] {
            let place = Place::of(url).unwrap();
            let kind = kind.or_else(|| place.kind()).unwrap();
            assert_eq!(format!("{} {}", place.api(kind), place.repository), expected, "{url}");
        }
        for url in ["/srv/releases.git", "file:///srv/releases.git", "https://github.com/acme", "./a:b/c.git"] {
            assert!(Place::of(url).is_none(), "{url}");
        }
        assert!(Place::of("git@git.acme.example:acme/releases").unwrap().kind().is_none());
    }
}
