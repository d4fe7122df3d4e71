//! Our own icons: strokes on a grid of 24, drawn here and nowhere else, so that nothing is fetched.

use leptos::prelude::*;
use leptos::svg;

macro_rules! icons {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)*) => {
        $($(#[$doc])* pub const $name: Icon = Icon($path);)*
    };
}

/// The outline of an icon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon(&'static str);

icons! {
    /// Back to where one came from.
    BACK = "M15 5l-7 7 7 7";
    /// Down to the end.
    DOWN = "M12 5v14M6 13l6 6 6-6";
    /// Something new.
    PLUS = "M12 5v14M5 12h14";
    /// Settings.
    SLIDERS = "M4 7h9M17 7h3M4 17h3M11 17h9M15 5a2 2 0 1 1 0 4 2 2 0 0 1 0-4zM9 15a2 2 0 1 1 0 4 2 2 0 0 1 0-4z";
    /// Search.
    SEARCH = "M11 5a6 6 0 1 1 0 12 6 6 0 0 1 0-12zM20 20l-4.5-4.5";
    /// Who reads.
    EYE = "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.25a2.75 2.75 0 1 1 0 5.5 2.75 2.75 0 0 1 0-5.5z";
    /// A file to attach.
    CLIP = "M19.5 11.5l-7.7 7.7a4.7 4.7 0 0 1-6.6-6.6l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.6 1.6 0 0 1-2.3-2.3l7.1-7";
    /// Speak.
    MICROPHONE = "M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3";
    /// Play.
    PLAY = "M8 5.5v13l10.5-6.5z";
    /// Halt.
    PAUSE = "M8.5 5.5v13M15.5 5.5v13";
    /// The next one.
    NEXT = "M9 5l7 7-7 7";
    /// Send.
    SEND = "M12 19V5M6 11l6-6 6 6";
    /// Done; chosen; at the server.
    CHECK = "M5 12.5l4.5 4.5L19 7.5";
    /// On its way.
    CLOCK = "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16zM12 8v4.3l2.7 1.7";
    /// An installed program.
    PROGRAM = "M4 5h16v11H4zM9 20h6M12 16v4";
    /// A web browser.
    GLOBE = "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM3.5 12h17M12 3.5c3.2 3 3.2 14 0 17M12 3.5c-3.2 3-3.2 14 0 17";
    /// A file.
    DOCUMENT = "M7 3h7l4 4v14H7zM14 3v4h4";
    /// Close, remove.
    CLOSE = "M6.5 6.5l11 11M17.5 6.5l-11 11";
    /// Fetch.
    DOWNLOAD = "M12 4v11M7 10.5l5 5 5-5M5 20h14";
    /// Talk.
    TALK = "M4 5.5h16v11h-9l-4.5 3.5v-3.5H4z";
    /// Out of a conversation.
    LEAVE = "M10 4H5v16h5M15 8l4 4-4 4M19 12H9";
    /// Look here.
    WARNING = "M12 4l9 16H3zM12 10v4M12 17v.1";
    /// Ask with answers to choose from.
    POLL = "M5 19.5v-7M12 19.5v-15M19 19.5V9";
    /// Received.
    CHECKS = "M1.5 12.5L6 17 15.5 7M11.5 16l1 1L22 7";
    /// Pass on.
    FORWARD = "M14.5 7l5 5-5 5M19 12h-8.5c-3.5 0-6 2-6 6";
    /// Talk about one message.
    THREAD = "M5 4v8.5c0 2.5 1.5 4 4 4h10M15.5 13l3.5 3.5-3.5 3.5M10 6.5h9M10 11h6";
    /// Answer.
    ANSWER = "M9.5 7L4.5 12l5 5M5 12h8.5c3.5 0 6 2 6 6";
    /// React.
    SMILE = "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM8.5 14c.8 1.3 2 2 3.5 2s2.7-.7 3.5-2M9 9.5v.1M15 9.5v.1";
    /// More.
    MORE = "M5 11a1 1 0 1 1 0 2 1 1 0 0 1 0-2zM12 11a1 1 0 1 1 0 2 1 1 0 0 1 0-2zM19 11a1 1 0 1 1 0 2 1 1 0 0 1 0-2z";
    /// Change.
    PENCIL = "M4.5 19.5l1-4.2L16 4.8a1.6 1.6 0 0 1 2.3 0l.9.9a1.6 1.6 0 0 1 0 2.3L8.7 18.5z";
    /// Copy.
    COPY = "M9 8.5h10.5V20H9zM15 8.5V4H4.5v11.5H9";
    /// About this.
    INFO = "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 11v5M12 8v.1";
    /// Delete.
    DELETE = "M4.5 6.5h15M9.5 6.5V4h5v2.5M6.5 6.5l1 13.5h9l1-13.5M10.5 10.5v6M13.5 10.5v6";
    /// Kept on top.
    PIN = "M9 4h6l-.8 6 3.3 3.5H6.5L9.8 10zM12 13.5V20";
    /// Tells of what is new.
    BELL = "M12 4a5.5 5.5 0 0 1 5.5 5.5c0 4 1.5 5.5 2 6.5h-15c.5-1 2-2.5 2-6.5A5.5 5.5 0 0 1 12 4zM10 19.5h4";
    /// Does not.
    QUIET = "M12 4a5.5 5.5 0 0 1 5.5 5.5c0 4 1.5 5.5 2 6.5h-15c.5-1 2-2.5 2-6.5A5.5 5.5 0 0 1 12 4zM10 19.5h4M4 4l16 16";
    /// Put away.
    ARCHIVE = "M4 5h16v4H4zM5.5 9v10.5h13V9M10 13h4";
    /// Cannot be read from outside.
    SEALED = "M4 6.5h16v11H4zM4 7l8 6 8-6";
}

impl Icon {
    /// At the size of text.
    pub fn small(self) -> AnyView {
        self.with_class("icon icon-small")
    }

    /// Whether it points along the line of writing: it is mirrored where that runs from right to left.
    fn turns(self) -> bool {
        [BACK, NEXT, LEAVE, ANSWER, FORWARD, THREAD].contains(&self)
    }

    fn with_class(self, class: &'static str) -> AnyView {
        let outline = svg::path().attr("d", self.0);
        let class = if self.turns() { format!("{class} turns") } else { class.to_owned() };
        svg::svg()
            .attr("class", class)
            .attr("viewBox", "0 0 24 24")
            .attr("aria-hidden", "true")
            .child(outline)
            .into_any()
    }

    /// At the usual size.
    pub fn view(self) -> AnyView {
        self.with_class("icon")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_start_somewhere() {
        for icon in [
            BACK, FORWARD, MICROPHONE, PLAY, PAUSE, PLUS, SLIDERS, SEARCH, EYE, CLIP, SEND, CHECK, CLOCK, PROGRAM,
            GLOBE, DOCUMENT, CLOSE,
        ] {
            assert!(icon.0.starts_with('M'), "{icon:?}");
        }
    }
}
