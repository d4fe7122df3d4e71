//! Where things are, and what cargo knows about the workspace.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::sh;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is one level below the root")
}

/// Cargo's target folder: everything that is made goes below it.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Every file below `folder` whose name ends in `.extension`, sorted. A folder that is not there holds none.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(folder, &mut found)?;
    if !extension.is_empty() {
        found.retain(|path| path.extension().is_some_and(|e| e == extension));
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                collect(&path, found)?;
            }
        } else {
            found.push(path);
        }
    }
    Ok(())
}

/// `path` as a reader of this repository names it.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// What `cargo metadata` says, as far as we need it.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) resolve: Resolve,
    pub(crate) metadata: WorkspaceMetadata,
}

/// One package of the dependency graph.
#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as declared; `kind` is `None` for a normal one.
#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
}

/// The graph after features and versions are settled.
#[derive(Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// One package in [`Resolve`].
#[derive(Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

/// An edge of the resolved graph.
#[derive(Deserialize)]
pub(crate) struct Edge {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

/// Why an edge exists: `None` for normal, else `dev` or `build`.
#[derive(Deserialize)]
pub(crate) struct EdgeKind {
    pub(crate) kind: Option<String>,
}

/// `[workspace.metadata]`.
#[derive(Deserialize)]
pub(crate) struct WorkspaceMetadata {
    pub(crate) layers: Layers,
}

/// `[workspace.metadata.layers]`: who may depend on whom.
#[derive(Deserialize)]
pub(crate) struct Layers {
    /// Lowest first.
    pub(crate) order: Vec<String>,
    /// Pairs that must not be connected, directly or through others.
    pub(crate) forbidden: Vec<(String, String)>,
    /// The crates of each layer.
    #[serde(flatten)]
    pub(crate) members: BTreeMap<String, Vec<String>>,
}

impl Metadata {
    /// Asks cargo. Needs the lock file to be there, and touches nothing.
    pub(crate) fn load() -> Result<Self> {
        let json = sh::cargo(["metadata", "--format-version", "1"]).read()?;
        serde_json::from_str(&json).context("cargo metadata printed something unexpected")
    }

    /// The packages of this repository.
    pub(crate) fn members(&self) -> Vec<&Package> {
        let by_id: HashMap<&str, &Package> = self.packages.iter().map(|p| (p.id.as_str(), p)).collect();
        self.workspace_members.iter().filter_map(|id| by_id.get(id.as_str()).copied()).collect()
    }

    /// Whether the workspace has a crate of this name.
    pub(crate) fn has_member(&self, name: &str) -> bool {
        self.members().iter().any(|package| package.name == name)
    }
}
