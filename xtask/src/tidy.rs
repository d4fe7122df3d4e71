//! `tidy`: what a compiler does not check about the shape of the code base.
//!
//! - The layers are data in the workspace manifest; a crate names only crates of its own layer or below, and the
//!   forbidden pairs are connected by no path.
//! - `ARCHITECTURE.md` and the workspace name the same crates.
//! - Each core forbids clocks and the operating system's randomness in its `clippy.toml`.
//! - No file is longer than [`LINES_MAX`]; left-over work names its issue.
//! - Style sheets name the sides of writing, start and end, not left and right: the page is mirrored where one writes so.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::fs;

use anyhow::{Result, bail};

use crate::sh::note;
use crate::workspace::{self, Layers, Metadata, Package};

const LINES_MAX: usize = 600;
/// What a core's `clippy.toml` must name.
const DISALLOWED: &[&str] = &["std::time::SystemTime::now", "std::time::Instant::now", "OsRng"];

pub(crate) fn run() -> Result<()> {
    let metadata = Metadata::load()?;
    let mut faults = Vec::new();
    layers(&metadata, &mut faults);
    forbidden(&metadata, &mut faults);
    map(&metadata, &mut faults)?;
    cores(&metadata, &mut faults)?;
    sources(&mut faults)?;
    style_sheets(&mut faults)?;
    if faults.is_empty() {
        note(format!(
            "{} crates: layers, map, file sizes, left-over work and style sheets are in order",
            metadata.members().len()
        ));
        return Ok(());
    }
    for fault in &faults {
        note(format!("- {fault}"));
    }
    bail!("{} thing(s) to tidy", faults.len())
}

/// The rank of each crate, lowest layer first.
fn ranks(layers: &Layers) -> BTreeMap<&str, usize> {
    let members = |layer: &String| layers.members.get(layer).into_iter().flatten();
    let ranked = layers.order.iter().enumerate();
    ranked.flat_map(|(rank, layer)| members(layer).map(move |name| (name.as_str(), rank))).collect()
}

fn layers(metadata: &Metadata, faults: &mut Vec<String>) {
    let ranks = ranks(&metadata.metadata.layers);
    for package in metadata.members() {
        let Some(own) = ranks.get(package.name.as_str()) else {
            faults.push(format!("{} is in no layer of [workspace.metadata.layers]", package.name));
            continue;
        };
        for dependency in shipped(package) {
            if ranks.get(dependency).is_some_and(|theirs| theirs > own) {
                faults.push(format!("{} may not depend on {dependency}, which is in a higher layer", package.name));
            }
        }
    }
}

/// What `package` depends on outside its tests.
fn shipped(package: &Package) -> impl Iterator<Item = &str> {
    package.dependencies.iter().filter(|d| d.kind.as_deref() != Some("dev")).map(|d| d.name.as_str())
}

fn forbidden(metadata: &Metadata, faults: &mut Vec<String>) {
    for (from, to) in &metadata.metadata.layers.forbidden {
        if let Some(path) = path(metadata, from, to) {
            faults.push(format!("{from} must not reach {to}, but does: {}", path.join(" -> ")));
        }
    }
}

/// The shortest chain of dependencies from a workspace crate to any package of that name, tests left out.
fn path<'a>(metadata: &'a Metadata, from: &str, to: &str) -> Option<Vec<&'a str>> {
    let names: HashMap<&str, &str> = metadata.packages.iter().map(|p| (p.id.as_str(), p.name.as_str())).collect();
    let edges: HashMap<&str, Vec<&str>> = (metadata.resolve.nodes.iter())
        .map(|node| {
            let shipped = node.deps.iter().filter(|e| e.dep_kinds.iter().any(|k| k.kind.as_deref() != Some("dev")));
            (node.id.as_str(), shipped.map(|edge| edge.pkg.as_str()).collect())
        })
        .collect();
    let start = metadata.members().iter().find(|package| package.name == from)?.id.as_str();
    let mut seen = HashSet::from([start]);
    let mut queue = VecDeque::from([vec![start]]);
    while let Some(chain) = queue.pop_front() {
        let last = *chain.last()?;
        if names.get(last).is_some_and(|name| *name == to) {
            return Some(chain.iter().filter_map(|id| names.get(id).copied()).collect());
        }
        for next in edges.get(last).into_iter().flatten() {
            if seen.insert(next) {
                queue.push_back([chain.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

/// Compares the crates that the map names with those that there are.
fn map(metadata: &Metadata, faults: &mut Vec<String>) -> Result<()> {
    let Ok(text) = fs::read_to_string(workspace::root().join("ARCHITECTURE.md")) else {
        faults.push("ARCHITECTURE.md is missing".to_owned());
        return Ok(());
    };
    let named: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(|word| is_crate_name(word)).collect();
    for package in metadata.members() {
        if !named.contains(package.name.as_str()) {
            faults.push(format!("ARCHITECTURE.md says nothing about `{}`", package.name));
        }
    }
    for name in named {
        if !metadata.has_member(name) {
            faults.push(format!("ARCHITECTURE.md names `{name}`, which is not in the workspace"));
        }
    }
    Ok(())
}

fn is_crate_name(word: &str) -> bool {
    let plain = word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    plain
        && (matches!(word, "allod" | "allodd" | "xtask") || word.strip_prefix("allod-").is_some_and(|r| !r.is_empty()))
}

fn cores(metadata: &Metadata, faults: &mut Vec<String>) -> Result<()> {
    let cores = metadata.metadata.layers.members.get("core").map(Vec::as_slice).unwrap_or_default();
    for package in metadata.members().into_iter().filter(|package| cores.contains(&package.name)) {
        let clippy = package.manifest_path.with_file_name("clippy.toml");
        let text = fs::read_to_string(&clippy).unwrap_or_default();
        for name in DISALLOWED.iter().filter(|name| !text.contains(**name)) {
            faults.push(format!("{} does not disallow {name}", workspace::relative(&clippy)));
        }
    }
    Ok(())
}

fn sources(faults: &mut Vec<String>) -> Result<()> {
    for folder in ["crates", "fuzz", "xtask"] {
        for path in workspace::files(&workspace::root().join(folder), "rs")? {
            let (name, text) = (workspace::relative(&path), fs::read_to_string(&path)?);
            let lines = text.lines().count();
            if lines > LINES_MAX {
                faults.push(format!("{name} has {lines} lines, more than {LINES_MAX}: look for the seam"));
            }
            for (at, line) in text.lines().enumerate().filter(|(_, line)| leaves_work_unnamed(line)) {
                faults.push(format!("{name}:{}: left-over work names no issue: {}", at + 1, line.trim()));
            }
        }
    }
    Ok(())
}

fn style_sheets(faults: &mut Vec<String>) -> Result<()> {
    for path in workspace::files(&workspace::root().join("crates"), "css")? {
        let (name, text) = (workspace::relative(&path), fs::read_to_string(&path)?);
        for (at, line) in text.lines().enumerate() {
            let sided = line.split(['{', '}', ';']).filter(|declaration| names_a_side(declaration));
            faults
                .extend(sided.map(|one| format!("{name}:{}: left or right, not start or end: {}", at + 1, one.trim())));
        }
    }
    Ok(())
}

/// Whether a declaration of a style sheet means left or right, whichever way one writes.
fn names_a_side(declaration: &str) -> bool {
    let Some((property, value)) = declaration.split_once(':') else { return false };
    let is_side = |word: &str| word == "left" || word == "right";
    let property = property.trim();
    // Places of one's own, that a script sets, are named as one likes.
    match property {
        "margin" | "padding" | "border-width" | "inset" => {
            let sides = sides(value);
            let is_set = |side: &String| side == "var(--left)" || side == "var(--right)";
            sides.len() == 4 && sides[1] != sides[3] && !sides.iter().any(is_set)
        }
        "text-align" | "float" | "clear" => is_side(value.trim()),
        _ => !property.starts_with("--") && property.split('-').any(is_side),
    }
}

/// The values of a property that takes one for each side; what stands in parentheses is one.
fn sides(value: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let marked: String = (value.trim().chars())
        .map(|c| {
            depth = match c {
                '(' => depth + 1,
                ')' => depth.saturating_sub(1),
                _ => depth,
            };
            if c == ' ' && depth == 0 { '\n' } else { c }
        })
        .collect();
    marked.lines().map(str::to_owned).collect()
}

/// Whether a comment on this line announces work without the number of its issue.
fn leaves_work_unnamed(line: &str) -> bool {
    let Some((_, comment)) = line.split_once("//") else { return false };
    ["TODO", "FIXME", "XXX"].iter().any(|mark| {
        let Some((before, after)) = comment.split_once(mark) else { return false };
        let whole_word = !before.ends_with(|c: char| c.is_alphanumeric()) && !after.starts_with(char::is_alphanumeric);
        whole_word && !after.strip_prefix("(#").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_over_work_needs_the_number_of_an_issue() {
        assert!(leaves_work_unnamed(concat!("let x = 1; // TO", "DO: later")));
        assert!(leaves_work_unnamed(concat!("// FIX", "ME(soon)")));
        assert!(!leaves_work_unnamed("// TODO(#12): later"));
        assert!(!leaves_work_unnamed("let todo = \"TODO\";"));
    }

    #[test]
    fn a_style_sheet_names_no_side_but_start_and_end() {
        for sided in ["margin-left: 1px", " left: 0", "border-top-right-radius: 0", "text-align: right", "float: left"]
        {
            assert!(names_a_side(sided), "{sided}");
        }
        assert!(names_a_side("padding: 0 1px calc(2px + 1px) 3px"));
        assert!(names_a_side("inset: 0 auto 0 var(--s3)"));
        assert!(!names_a_side("inset: 0 auto auto var(--left)"));
        assert!(!names_a_side("padding: 0 max(1px, 2px) 0 max(1px, 2px)"));
        for plain in
            ["margin: 0 1px", "padding-inline: 1px 2px", "--left: 1px", "text-align: start", "a:hover", "inset: 0"]
        {
            assert!(!names_a_side(plain), "{plain}");
        }
    }

    #[test]
    fn only_our_own_crates_count_as_named_on_the_map() {
        assert!(is_crate_name("allod-wire") && is_crate_name("allodd") && is_crate_name("xtask"));
        assert!(!is_crate_name("allod-") && !is_crate_name("allod send") && !is_crate_name("tokio"));
    }

    #[test]
    fn a_layer_ranks_above_those_before_it() {
        let layers: Layers = serde_json::from_str(
            r#"{"order": ["base", "shell"], "forbidden": [], "base": ["low"], "shell": ["high"]}"#,
        )
        .unwrap();
        let ranks = ranks(&layers);
        assert!(ranks["low"] < ranks["high"]);
    }
}
