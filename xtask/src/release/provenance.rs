//! Where the release comes from: SLSA v1 provenance in an in-toto statement. It holds what another builder needs to make the same bytes.

use std::fs;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Artifacts, Source};
use crate::reproducible::{host, sha256};
use crate::sh::sh;
use crate::toolchain::Toolchain;
use crate::workspace;

/// Where the meaning of the parameters is written down.
const BUILD_TYPE: &str = "https://allod.example/allod/docs/building.md#releases";
/// Who builds: this automation, with the compilers that its version names.
const BUILDER: &str = "https://allod.example/allod/xtask";

/// The statement about these artifacts, built from these packages.
pub(super) fn statement(artifacts: &Artifacts, packages: &[&str], source: &Source) -> Result<Value> {
    let subjects: Vec<Value> = artifacts.iter().map(|(name, bytes)| subject(name, bytes)).collect();
    let mut tools = json!({ "rustc": sh("rustc", ["--version"]).read()?.trim() });
    if packages.contains(&super::WEB) {
        tools["rustc of the web app"] = Toolchain::ensure(false)?.version()?.into();
    }
    let lock = fs::read(workspace::root().join("Cargo.lock"))?;
    Ok(json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": { "packages": packages, "version": source.version },
                "internalParameters": { "host": host()?, "SOURCE_DATE_EPOCH": source.seconds },
                "resolvedDependencies": [
                    { "uri": "git+https://allod.example/allod", "digest": { "gitCommit": source.commit } },
                    { "name": "Cargo.lock", "digest": { "sha256": sha256(&lock) } },
                ],
            },
            "runDetails": {
                "builder": { "id": BUILDER, "version": tools },
            },
        },
    }))
}

fn subject(name: &str, bytes: &[u8]) -> Value {
    json!({ "name": name, "digest": { "sha256": sha256(bytes) } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_names_each_artifact_the_commit_and_the_compiler() {
        let artifacts = Artifacts::from([("allod".to_owned(), b"abc".to_vec())]);
        let source = Source { commit: "c0ffee".to_owned(), seconds: 7, version: "1.2.3".to_owned() };
        let statement = statement(&artifacts, &["allod"], &source).unwrap();
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(statement["subject"], json!([{ "name": "allod", "digest": { "sha256": sum } }]));
        let built = &statement["predicate"]["buildDefinition"];
        assert_eq!(built["resolvedDependencies"][0]["digest"]["gitCommit"], "c0ffee");
        let builder = &statement["predicate"]["runDetails"]["builder"];
        assert!(builder["id"].as_str().unwrap().starts_with("https://"), "SLSA wants a URI: {builder}");
        assert!(builder["version"]["rustc"].as_str().unwrap().starts_with("rustc 1."), "{builder}");
        assert!(!statement.to_string().contains(&workspace::root().display().to_string()), "no path of this machine");
    }
}
