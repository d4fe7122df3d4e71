//! Formatted text from outside: whatever it is, it is read, and what is shown is no longer than what was read.
#![no_main]

use allod_wire::markup::{self, Target};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let blocks = markup::parse(text);
    let mut shown = 0;
    for span in blocks.iter().flat_map(|block| &block.spans) {
        assert!(!span.text.is_empty());
        shown += span.text.len();
        match &span.target {
            Some(Target::Link(link)) => assert!(!link.host().is_empty() && link.url().starts_with("http")),
            Some(Target::Person(address)) => assert_eq!(span.text, format!("@{}", address.name)),
            None => {}
        }
    }
    assert!(shown <= text.len());
    let plain = markup::escape(text);
    assert!(markup::parse(&plain).iter().flat_map(|block| &block.spans).all(|span| span.target.is_none()));
});
