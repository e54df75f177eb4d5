//! The starters are embedded: a new file among them has to rebuild the program.

fn main() {
    println!("cargo::rerun-if-changed=../starters");
    println!("cargo::rerun-if-changed=../charts/lib/_lib.tpl");
}
