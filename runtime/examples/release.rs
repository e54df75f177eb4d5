//! A release from another program: `cargo run -p runtime --example release -- releases.git`.

use runtime::generated::webapp::Webapp;
use runtime::manifest::Valid;
use runtime::{Change, Release, Remote, Repository, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("say where the releases repository is")?;
    let repository = Repository::open(Settings::new(Remote::parse(&address, "main")?, "target/release-cache"))?;
    let values = serde_json::json!({ "tenant": "acme", "name": "shop", "image": { "repository": "nginx", "tag": "1.4" } });
    let valid = Valid::<Webapp>::new(values)?;
    println!("{} with {} replicas", valid.typed().name.as_str(), valid.effective()["replicas"]);
    let release = Release::new(&runtime::platform()?, "acme".parse()?, "shop".parse()?, valid)?;
    let landed = repository.apply(Change::put(release))?;
    println!("{} is in {}", landed.path, landed.commit);
    Ok(())
}
