//! What a message says, with its marks: blocks of spans, made as elements one by one. Spec: `spec/markup.md`.

use allod_wire::markup::{self, Block, BlockKind, Span, Target};
use leptos::html;
use leptos::prelude::*;

use crate::format::{Stretch, stretches};
use crate::state::Ui;
use crate::test_ids;

/// A text, formatted or as it stands.
pub(super) fn view(ui: Ui, text: &str, formatted: bool) -> AnyView {
    let blocks = if formatted { markup::parse(text) } else { Vec::new() };
    match blocks.as_slice() {
        [] => inline(stretches(text).into_iter().map(stretch).collect_view().into_any()),
        [Block { kind: BlockKind::Plain, spans }] => inline(all(ui, spans)),
        blocks => {
            let parts = blocks.chunk_by(|one, next| list_of(one).is_some() && list_of(one) == list_of(next));
            html::div()
                .attr("class", "message-text blocks")
                .attr("data-test", test_ids::MESSAGE_TEXT)
                .child(parts.map(|part| part_view(ui, part)).collect_view())
                .into_any()
        }
    }
}

/// Leaves room for the hour on its last line.
fn inline(children: AnyView) -> AnyView {
    html::span().attr("class", "message-text").attr("data-test", test_ids::MESSAGE_TEXT).child(children).into_any()
}

/// Whether a block is an item of a list, and of a numbered one.
fn list_of(block: &Block) -> Option<bool> {
    match block.kind {
        BlockKind::Item => Some(false),
        BlockKind::Numbered(_) => Some(true),
        _ => None,
    }
}

/// One block, or the items of one list.
fn part_view(ui: Ui, part: &[Block]) -> AnyView {
    let Some(Block { kind, spans }) = part.first() else { return ().into_any() };
    match kind {
        BlockKind::Plain => html::p().child(all(ui, spans)).into_any(),
        BlockKind::Quote => html::blockquote().child(all(ui, spans)).into_any(),
        BlockKind::Code => html::pre().attr("tabindex", "-1").child(all(ui, spans)).into_any(),
        BlockKind::Item => {
            let items = part.iter().map(|item| html::li().child(all(ui, &item.spans)));
            html::ul().child(items.collect_view()).into_any()
        }
        BlockKind::Numbered(_) => {
            let items = part.iter().map(|item| {
                let number = if let BlockKind::Numbered(number) = item.kind { number } else { 1 };
                html::li().attr("value", number.to_string()).child(all(ui, &item.spans))
            });
            html::ol().child(items.collect_view()).into_any()
        }
    }
}

fn all(ui: Ui, spans: &[Span]) -> AnyView {
    spans.iter().map(|one| span(ui, one)).collect_view().into_any()
}

fn span(ui: Ui, span: &Span) -> AnyView {
    let mut view = match &span.target {
        Some(Target::Link(to)) => {
            // A label that says something else than where it leads is followed by where it leads.
            let host =
                (to.url() != span.text).then(|| html::span().attr("class", "soft").child(format!(" ({})", to.host())));
            (link(to.url(), &span.text), host).into_any()
        }
        Some(Target::Person(person)) => {
            let own = ui.me.with(|me| me.as_ref().is_some_and(|me| me.address == *person));
            let class = if own { "mention own" } else { "mention" };
            let mention = html::span().attr("class", class).attr("title", person.to_string());
            mention.attr("data-test", test_ids::MENTION).child(span.text.clone()).into_any()
        }
        None => span.text.clone().into_any(),
    };
    if span.style.code {
        view = html::code().child(view).into_any();
    }
    if span.style.italic {
        view = html::em().child(view).into_any();
    }
    if span.style.bold {
        view = html::strong().child(view).into_any();
    }
    if span.style.strike {
        view = html::s().child(view).into_any();
    }
    view
}

fn stretch(stretch: Stretch) -> AnyView {
    match stretch {
        Stretch::Text(text) => text.into_any(),
        Stretch::Link(address) => link(&address, &address),
    }
}

fn link(to: &str, label: &str) -> AnyView {
    html::a()
        .attr("href", to.to_owned())
        .attr("target", "_blank")
        .attr("rel", "noopener noreferrer")
        .child(label.to_owned())
        .into_any()
}
