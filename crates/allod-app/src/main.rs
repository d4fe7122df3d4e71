//! Starts the web app in the browser that loaded it.

fn main() {
    allod_app::start();
}
