//! `web`: builds the app for the browser and lays out what the server hands out.
//!
//! Below `target/web/dist`: every file of `crates/allod-app/web`, with `app.js` and `app.wasm` beside them. Style sheets,
//! `app.js` and `app.wasm` carry their hash in their name, so they may be cached for ever, and `index.html` is changed
//! to name them so; it names them as `"/style.css"`, `"/app.js"`, `"/app.wasm"`. Text and wasm lie there a second time,
//! compressed, as `NAME.br`. `worker.js` is told which files it keeps, with the hash of each.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::reproducible::sha256;
use crate::setup::{self, Need};
use crate::sh::{human_bytes, note};
use crate::toolchain::{Toolchain, output_folder};
use crate::workspace;

/// What is worth compressing.
const COMPRESSED: &[&str] = &["html", "css", "js", "wasm", "svg", "json", "webmanifest", "txt"];
/// What `worker.js` has in the places of the list of files and of the version.
const WORKER_FILES: &str = "{ __FILES__: \"\" }";
const WORKER_VERSION: &str = "__VERSION__";
/// Files that load others by name.
const NAMING_OTHERS: [&str; 2] = ["index.html", "stretch.js"];
const BROTLI_QUALITY: u32 = 11;
const BROTLI_WINDOW_BITS: u32 = 24;
const BROTLI_BUFFER_BYTES: usize = 1 << 16;

/// Build the web app into target/web/dist.
///
/// Examples:
///   cargo xtask web            # as it ships: small
///   cargo xtask web --quick    # while working on it: unoptimised, not compressed
///   cargo xtask web --debian   # with the compiler for machines that rustup's server does not reach
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Build quickly instead of small.
    #[arg(long)]
    quick: bool,
    /// Use Debian's compiler even where rustup has one.
    #[arg(long)]
    debian: bool,
}

/// How much time the result is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quality {
    /// As it ships.
    Release,
    /// For the next look at it.
    Quick,
}

/// Files of the result by name.
type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn run(args: Args) -> Result<()> {
    build_with(if args.quick { Quality::Quick } else { Quality::Release }, args.debian)
}

/// Where [`build`] leaves its result.
pub(crate) fn dist() -> PathBuf {
    workspace::target().join("web/dist")
}

/// Compiles, binds and lays out the app, unless the result is already there.
pub(crate) fn build(quality: Quality) -> Result<()> {
    build_with(quality, false)
}

fn build_with(quality: Quality, debian: bool) -> Result<()> {
    setup::ensure(&[Need::Build])?;
    let profile = if quality == Quality::Release { "web" } else { "dev" };
    let toolchain = Toolchain::ensure(debian)?;
    toolchain.cargo("build")?.args(["--package", "allod-app", "--profile", profile]).run()?;

    let wasm = compiled(profile)?;
    let statics = read_folder(&workspace::root().join("crates/allod-app/web"))?;
    let print = fingerprint(&wasm, &statics, profile);
    let stamp = dist().with_extension("stamp");
    if dist().is_dir() && fs::read_to_string(&stamp).is_ok_and(|old| old == print) {
        note(format!("{} is up to date", workspace::relative(&dist())));
        return Ok(());
    }

    let mut files = lay_out(statics, bind(wasm, quality)?)?;
    if quality == Quality::Release {
        note("compressing");
        files.extend(compress(&files));
    }
    replace_folder(&dist(), &files)?;
    fs::write(stamp, print)?;
    report(&files);
    Ok(())
}

/// What cargo built: a library (`allod_app.wasm`) or a program (`allod-app.wasm`).
fn compiled(profile: &str) -> Result<Vec<u8>> {
    let folder = output_folder(profile);
    for name in ["allod_app.wasm", "allod-app.wasm"] {
        if let Ok(bytes) = fs::read(folder.join(name)) {
            return Ok(bytes);
        }
    }
    bail!("cargo built no wasm in {}: is allod-app a `cdylib` or a program?", folder.display())
}

fn read_folder(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for path in workspace::files(folder, "")? {
        let name = path.strip_prefix(folder).context("a file of the folder is below it")?;
        files.insert(name.to_string_lossy().into_owned(), fs::read(&path)?);
    }
    if !files.contains_key("index.html") {
        bail!("{} has no index.html", folder.display());
    }
    Ok(files)
}

/// Changes with anything that the result depends on, this file included.
fn fingerprint(wasm: &[u8], statics: &Files, profile: &str) -> String {
    let mut all: String = [include_bytes!("web.rs").as_slice(), profile.as_bytes(), wasm].map(sha256).concat();
    for (name, bytes) in statics {
        all += &format!("{name}\0{}", sha256(bytes));
    }
    sha256(all.as_bytes())
}

/// What wasm-bindgen makes of the compiled app.
struct Bound {
    wasm: Vec<u8>,
    js: String,
    /// Scripts that crates bring along, by path.
    snippets: Files,
}

fn bind(wasm: Vec<u8>, quality: Quality) -> Result<Bound> {
    note("binding wasm and JavaScript");
    let small = quality == Quality::Release;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_bytes("app", wasm)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(small)
        .remove_producers_section(small);
    let mut output = bindgen.generate_output()?;
    let mut snippets = Files::new();
    for (crate_name, scripts) in output.snippets() {
        for (at, script) in scripts.iter().enumerate() {
            snippets.insert(format!("snippets/{crate_name}/inline{at}.js"), script.clone().into_bytes());
        }
    }
    for (path, script) in output.local_modules() {
        snippets.insert(format!("snippets/{path}"), script.clone().into_bytes());
    }
    let js = output.js().to_owned();
    Ok(Bound { wasm: output.wasm_mut().emit_wasm(), js, snippets })
}

/// Names everything, and makes those who load others name them so.
fn lay_out(statics: Files, bound: Bound) -> Result<Files> {
    let mut files = bound.snippets;
    let mut renamed = Vec::new();

    let wasm_name = hashed("app.wasm", &bound.wasm);
    // A strict policy for content allows no script inside the page, so the script starts itself; who imports it waits for that.
    let js =
        format!("{}\nawait __wbg_init({{ module_or_path: new URL(\"{wasm_name}\", import.meta.url) }});\n", bound.js);
    let js_name = hashed("app.js", js.as_bytes());
    renamed.push(("app.wasm".to_owned(), wasm_name.clone()));
    renamed.push(("app.js".to_owned(), js_name.clone()));
    files.insert(wasm_name, bound.wasm);
    files.insert(js_name.clone(), js.into_bytes());

    let mut naming = BTreeMap::new();
    for (name, bytes) in statics {
        if NAMING_OTHERS.contains(&name.as_str()) {
            let text = String::from_utf8(bytes).with_context(|| format!("{name} is not UTF-8"))?;
            naming.insert(name, text);
        } else if name.ends_with(".css") {
            let new = hashed(&name, &bytes);
            renamed.push((name, new.clone()));
            files.insert(new, bytes);
        } else {
            files.insert(name, bytes);
        }
    }
    for name in NAMING_OTHERS {
        let mut text = naming.remove(name).with_context(|| format!("the folder has a {name}"))?;
        for (old, new) in &renamed {
            text = text.replace(&format!("\"/{old}\""), &format!("\"/{new}\""));
        }
        if !text.contains(&format!("\"/{js_name}\"")) {
            bail!("{name} loads no \"/app.js\"");
        }
        files.insert(name.to_owned(), text.into_bytes());
    }
    if let Some(worker) = files.remove("worker.js") {
        let worker = String::from_utf8(worker).context("worker.js is not UTF-8")?;
        files.insert("worker.js".to_owned(), tell_worker(&worker, &files)?.into_bytes());
    }
    Ok(files)
}

/// Fills in what the worker keeps: every file that a page loads, at its address, with its hash; and a version made of all that.
fn tell_worker(worker: &str, files: &Files) -> Result<String> {
    let loaded = files.iter().filter(|(name, _)| !name.ends_with(".png"));
    let kept: BTreeMap<String, String> = loaded
        .map(|(name, bytes)| {
            let path = if name == "index.html" { "/".to_owned() } else { format!("/{name}") };
            (path, sha256(bytes))
        })
        .collect();
    let list = serde_json::to_string_pretty(&kept)?;
    let version = &sha256((worker.to_owned() + &list).as_bytes())[..16];
    if !worker.contains(WORKER_FILES) || !worker.contains(WORKER_VERSION) {
        bail!("worker.js has no place for {WORKER_FILES} or {WORKER_VERSION}");
    }
    Ok(worker.replace(WORKER_FILES, &list).replace(WORKER_VERSION, version))
}

/// `style.css` becomes `style.0123456789abcdef.css`.
fn hashed(name: &str, bytes: &[u8]) -> String {
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    format!("{stem}.{}.{extension}", &sha256(bytes)[..16])
}

/// The compressed twins, for those files that become smaller.
fn compress(files: &Files) -> Files {
    let worth_it = |name: &str| name.rsplit_once('.').is_some_and(|(_, end)| COMPRESSED.contains(&end));
    thread::scope(|scope| {
        let jobs: Vec<_> = files
            .iter()
            .filter(|(name, _)| worth_it(name))
            .map(|(name, bytes)| (name, bytes, scope.spawn(|| brotli(bytes))))
            .collect();
        jobs.into_iter()
            .map(|(name, bytes, job)| (name, bytes, job.join().expect("compression does not panic")))
            .filter(|(_, bytes, small)| small.len() < bytes.len())
            .map(|(name, _, small)| (format!("{name}.br"), small))
            .collect()
    })
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut small = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut small, BROTLI_BUFFER_BYTES, BROTLI_QUALITY, BROTLI_WINDOW_BITS);
    writer.write_all(bytes).expect("writing to memory does not fail");
    drop(writer);
    small
}

/// Writes beside the old folder and swaps, so nobody sees half of it.
fn replace_folder(folder: &Path, files: &Files) -> Result<()> {
    let fresh = folder.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    for (name, bytes) in files {
        let path = fresh.join(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::rename(&fresh, folder)?)
}

/// Prints each file as it is and as it travels, and the sum.
fn report(files: &Files) {
    let mut total = 0;
    for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with(".br")) {
        let travels = files.get(&format!("{name}.br")).map_or(bytes.len(), Vec::len) as u64;
        total += travels;
        note(format!("{name:<40} {:>9}  on the wire {:>9}", human_bytes(bytes.len() as u64), human_bytes(travels)));
    }
    note(format!("on the wire in all: {} ({total} bytes), in {}", human_bytes(total), workspace::relative(&dist())));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(index: &str) -> Result<Files> {
        let statics = Files::from([
            ("index.html".to_owned(), index.as_bytes().to_vec()),
            ("stretch.js".to_owned(), br#"import { stretch } from "/app.js";"#.to_vec()),
            ("style.css".to_owned(), b"body{}".to_vec()),
            ("icons/icon.svg".to_owned(), b"<svg/>".to_vec()),
        ]);
        lay_out(statics, Bound { wasm: b"\0asm".to_vec(), js: "export {};".to_owned(), snippets: Files::new() })
    }

    #[test]
    fn the_page_names_every_hashed_file_and_other_files_keep_their_name() {
        let files = laid_out(r#"<link href="/style.css"><script src="/app.js"></script>"#).unwrap();
        let index = String::from_utf8(files["index.html"].clone()).unwrap();
        let names: Vec<&str> = index.split('"').filter_map(|part| part.strip_prefix('/')).collect();
        assert_eq!(names.len(), 2);
        assert!(names.iter().all(|name| files.contains_key(*name)), "{names:?}");
        assert!(files.contains_key("icons/icon.svg"));
        assert!(files["stretch.js"].ends_with(format!("\"/{}\";", names[1]).as_bytes()), "nor does a worker's script");
    }

    #[test]
    fn the_script_starts_the_wasm_of_this_build() {
        let files = laid_out(r#"<script src="/app.js"></script>"#).unwrap();
        let wasm = files.keys().find(|name| name.ends_with(".wasm")).unwrap();
        let js = files.iter().find(|(name, _)| name.starts_with("app.") && name.ends_with(".js")).unwrap().1;
        assert!(String::from_utf8_lossy(js).contains(wasm.as_str()));
    }

    #[test]
    fn the_worker_keeps_what_a_page_loads_by_its_content_and_nothing_else() {
        let files = Files::from([
            ("index.html".to_owned(), b"page".to_vec()),
            ("app.1.js".to_owned(), b"script".to_vec()),
            ("icon-512.png".to_owned(), b"picture".to_vec()),
        ]);
        let told = |files: &Files| tell_worker("__VERSION__\n{ __FILES__: \"\" }", files).unwrap();
        let (version, list) = told(&files).split_once('\n').map(|(one, two)| (one.to_owned(), two.to_owned())).unwrap();
        let list: BTreeMap<String, String> = serde_json::from_str(&list).unwrap();
        assert_eq!(list.keys().collect::<Vec<_>>(), ["/", "/app.1.js"]);
        assert_eq!(list["/"], sha256(b"page"));
        let mut later = files.clone();
        later.insert("app.1.js".to_owned(), b"another script".to_vec());
        assert!(!told(&later).starts_with(&version), "another content, another version");
        assert!(tell_worker("nothing to fill in", &files).is_err());
    }

    #[test]
    fn a_page_that_loads_no_app_is_refused() {
        assert!(laid_out("<p>hello</p>").is_err());
    }

    #[test]
    fn compression_keeps_only_what_became_smaller() {
        let files = Files::from([
            ("big.js".to_owned(), vec![b'a'; 10_000]),
            ("tiny.js".to_owned(), vec![b'a']),
            ("photo.png".to_owned(), vec![b'a'; 10_000]),
        ]);
        assert_eq!(compress(&files).into_keys().collect::<Vec<_>>(), ["big.js.br"]);
    }
}
