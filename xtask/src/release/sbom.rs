//! What the release is made of: every package that the shipped ones reach outside tests, as CycloneDX 1.5.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::Source;
use crate::workspace::{Metadata, Package};

/// The document for what these packages ship. `lock` is Cargo.lock.
pub(super) fn document(metadata: &Metadata, lock: &str, packages: &[&str], source: &Source) -> Value {
    let sums = checksums(lock);
    let edges = edges(metadata);
    let shipped = reached(metadata, &edges, packages);
    let all: HashMap<&str, &Package> = metadata.packages.iter().map(|p| (p.id.as_str(), p)).collect();
    let mut found: Vec<&Package> = shipped.iter().filter_map(|id| all.get(id).copied()).collect();
    found.sort_by_key(|package| purl(package));
    let components: Vec<Value> = found.iter().map(|package| component(package, &sums)).collect();
    let dependencies: Vec<Value> = (found.iter())
        .map(|package| {
            let on = edges.get(package.id.as_str()).into_iter().flatten().filter_map(|id| all.get(id));
            let on: BTreeSet<String> = on.map(|package| purl(package)).collect();
            json!({ "ref": purl(package), "dependsOn": on })
        })
        .collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": { "type": "application", "name": "allod", "version": source.version } },
        "components": components,
        "dependencies": dependencies,
    })
}

fn component(package: &Package, sums: &HashMap<(&str, &str), &str>) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": package.name,
        "version": package.version,
        "purl": purl(package),
    });
    if let Some(license) = &package.license {
        // Some crates still write `A/B` for `A OR B`.
        component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
    }
    if let Some(sum) = sums.get(&(package.name.as_str(), package.version.as_str())) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

fn purl(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"))
}

/// What each package needs outside its tests, by id.
fn edges(metadata: &Metadata) -> HashMap<&str, Vec<&str>> {
    let nodes = metadata.resolve.nodes.iter();
    nodes
        .map(|node| {
            let shipped = node.deps.iter().filter(|e| e.dep_kinds.iter().any(|k| k.kind.as_deref() != Some("dev")));
            (node.id.as_str(), shipped.map(|edge| edge.pkg.as_str()).collect())
        })
        .collect()
}

fn reached<'a>(metadata: &'a Metadata, edges: &HashMap<&'a str, Vec<&'a str>>, packages: &[&str]) -> BTreeSet<&'a str> {
    let roots = metadata.members().into_iter().filter(|package| packages.contains(&package.name.as_str()));
    let mut open: Vec<&str> = roots.map(|package| package.id.as_str()).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            open.extend(edges.get(id).into_iter().flatten());
        }
    }
    reached
}

/// The sums of Cargo.lock, by name and version.
fn checksums(lock: &str) -> HashMap<(&str, &str), &str> {
    let value = |block: &'_ str, key: &str| -> Option<std::ops::Range<usize>> {
        let start = block.find(&format!("\n{key} = \""))? + key.len() + 5;
        Some(start..start + block[start..].find('"')?)
    };
    let blocks = lock.split("[[package]]").skip(1);
    blocks
        .filter_map(|block| {
            let [name, version, sum] = ["name", "version", "checksum"].map(|key| value(block, key));
            Some(((&block[name?], &block[version?]), &block[sum?]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn the_list_holds_what_is_shipped_with_its_sums_and_nothing_of_the_tests() {
        let lock = std::fs::read_to_string(workspace::root().join("Cargo.lock")).unwrap();
        let source = Source { commit: String::new(), seconds: 0, version: "1.2.3".to_owned() };
        let document = document(&Metadata::load().unwrap(), &lock, &["allodd"], &source);
        let component = |name: &str| {
            document["components"].as_array().unwrap().iter().find(|component| component["name"] == name).cloned()
        };
        let axum = component("axum").expect("the server is built on it");
        assert_eq!(axum["hashes"][0]["content"].as_str().unwrap().len(), 64);
        assert!(!axum["licenses"][0]["expression"].as_str().unwrap().contains('/'));
        assert!(component("allod-server-core").is_some_and(|own| own.get("hashes").is_none()));
        assert!(component("fantoccini").is_none() && component("openmls").is_none());
        let server = document["dependencies"].as_array().unwrap();
        let server =
            server.iter().find(|entry| entry["ref"].as_str().unwrap().starts_with("pkg:cargo/allodd@")).unwrap();
        assert!(server["dependsOn"].as_array().unwrap().contains(&axum["purl"]));
    }
}
