//! Starts the web app in the browser that loaded it.

fn main() {
    // Loaded by a worker there is no window: it only calls what it needs.
    if web_sys::window().is_some() {
        allod_app::start();
    }
}
