//! The web app's files. They are listed at the start (and on SIGHUP); only what is in the list can be asked for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Files in the folder at most: it is an app, not a file server.
const FILES_MAX: usize = 1_000;

/// The files of the web app.
#[derive(Debug, Default)]
pub(crate) struct Web {
    root: PathBuf,
    files: RwLock<Arc<HashMap<String, File>>>,
}

#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    has_brotli: bool,
    has_gzip: bool,
    kind: &'static str,
    is_immutable: bool,
}

impl Web {
    /// Lists the files under `root`; an empty path has none.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn load(root: &Path) -> std::io::Result<Self> {
        let web = Self { root: root.to_owned(), files: RwLock::default() };
        web.reload()?;
        Ok(web)
    }

    /// Lists the files again.
    ///
    /// # Errors
    /// The folder cannot be read; the list stays as it was.
    pub(crate) fn reload(&self) -> std::io::Result<()> {
        let mut found = Vec::new();
        if !self.root.as_os_str().is_empty() {
            list(&self.root, "", &mut found)?;
        }
        let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
        let has = |name: &str, ending: &str| names.iter().any(|other| *other == format!("{name}{ending}"));
        let is_copy = |name: &str| name.ends_with(".br") || name.ends_with(".gz");
        let file = |(name, path): (String, PathBuf)| {
            let file = File {
                path,
                has_brotli: has(&name, ".br"),
                has_gzip: has(&name, ".gz"),
                kind: kind(&name),
                is_immutable: has_hash(&name),
            };
            (name, file)
        };
        let files: HashMap<String, File> = found.into_iter().filter(|(name, _)| !is_copy(name)).map(file).collect();
        *self.files.write().unwrap_or_else(|poison| poison.into_inner()) = Arc::new(files);
        Ok(())
    }

    /// How many files there are.
    pub(crate) fn count(&self) -> usize {
        self.files.read().unwrap_or_else(|poison| poison.into_inner()).len()
    }

    /// Answers a request for `path`; `None` if there is no such file.
    pub(crate) async fn get(&self, path: &str, request: &HeaderMap, with_body: bool) -> Option<Response> {
        let name = if path == "/" { "index.html" } else { path.strip_prefix('/')? };
        let file = self.files.read().unwrap_or_else(|poison| poison.into_inner()).get(name)?.clone();
        let accepts = |coding: &str| {
            let codings = request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
            codings.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == coding))
        };
        let (ending, coding) = match () {
            () if file.has_brotli && accepts("br") => (".br", Some("br")),
            () if file.has_gzip && accepts("gzip") => (".gz", Some("gzip")),
            () => ("", None),
        };
        let mut path = file.path.into_os_string();
        path.push(ending);
        let bytes = tokio::fs::read(PathBuf::from(path)).await.ok()?;
        let length = bytes.len();
        let mut response = Response::new(if with_body { Body::from(bytes) } else { Body::empty() });
        *response.status_mut() = StatusCode::OK;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        let caching = match (file.is_immutable, name) {
            (true, _) => "public, max-age=31536000, immutable",
            (false, "index.html") => "no-store",
            (false, _) => "no-cache",
        };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
        Some(response)
    }
}

fn list(folder: &Path, prefix: &str, found: &mut Vec<(String, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || found.len() >= FILES_MAX {
            continue;
        }
        // Links are not followed: they may lead out of the folder.
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), &format!("{prefix}{name}/"), found)?;
        } else if kind.is_file() {
            found.push((format!("{prefix}{name}"), entry.path()));
        }
    }
    Ok(())
}

/// Whether a name carries a hash of the content, such as `app.0123456789abcdef.js`: then the content never changes.
fn has_hash(name: &str) -> bool {
    let mut parts = name.rsplit('/').next().unwrap_or(name).split('.').skip(1);
    parts.any(|part| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_hash_is_told_from_one_without() {
        assert!(has_hash("app.0123456789abcdef.js"));
        assert!(has_hash("fonts/text.deadbeef.woff2"));
        assert!(!has_hash("app.js"));
        assert!(!has_hash("manifest.webmanifest"));
    }

    #[tokio::test]
    async fn a_file_outside_the_list_cannot_be_had() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("web");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        std::fs::write(root.join("index.html"), "page").unwrap();
        std::fs::write(root.join("index.html.br"), "small").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret"), root.join("link")).unwrap();
        let web = Web::load(&root).unwrap();
        let no_headers = HeaderMap::new();
        for path in ["/../secret", "/link", "/index.html.br", "//etc/passwd", "", "/."] {
            assert!(web.get(path, &no_headers, true).await.is_none(), "{path}");
        }
        assert!(web.get("/", &no_headers, true).await.unwrap().headers().get("content-encoding").is_none());
        let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"))]);
        assert_eq!(web.get("/", &headers, true).await.unwrap().headers()["content-encoding"], "br");
    }
}
