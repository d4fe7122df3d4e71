//! Spec: `spec/markup.md`.

use super::*;

/// Spans as one line: `b:` bold, `i:` italic, `s:` struck, `c:` code, `@` a person, `->` a host.
fn shown(block: &Block) -> String {
    let one = |span: &Span| {
        let flags =
            [(span.style.bold, 'b'), (span.style.italic, 'i'), (span.style.strike, 's'), (span.style.code, 'c')];
        let look: String = flags.iter().filter(|(on, _)| *on).map(|(_, letter)| *letter).collect();
        let target = match &span.target {
            Some(Target::Link(link)) => format!("->{}", link.host()),
            Some(Target::Person(address)) => format!("->{address}"),
            None => String::new(),
        };
        if look.is_empty() && target.is_empty() { span.text.clone() } else { format!("<{look}:{}{target}>", span.text) }
    };
    block.spans.iter().map(one).collect()
}

fn line(text: &str) -> String {
    parse(text).iter().map(shown).collect::<Vec<_>>().join(" / ")
}

fn assert_lines(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(line(text), *expected, "{text:?}");
    }
}

#[test]
fn lines_of_one_look_are_a_block_s_1() {
    let text = "Agenda\nfor Monday\n\n> who wrote\n> this?\n- one\n* two\n7. seven\n```rust\n  **x** \n\ny\n```\nend";
    let kinds: Vec<BlockKind> = parse(text).iter().map(|block| block.kind).collect();
    use BlockKind::{Code, Item, Numbered, Plain, Quote};
    assert_eq!(kinds, [Plain, Quote, Item, Item, Numbered(7), Code, Plain]);
    assert_eq!(line(text), "Agenda\nfor Monday / who wrote\nthis? / one / two / seven /   **x** \n\ny / end");
}

#[test]
fn what_only_looks_like_a_list_or_quote_is_plain_s_1() {
    for text in ["-5 degrees", ">:(", "1.5 metres", "1234567890. long", "*not an item", "a > b"] {
        assert_eq!(parse(text).iter().map(|block| block.kind).collect::<Vec<_>>(), [BlockKind::Plain], "{text:?}");
    }
    assert_eq!(parse("```\nnever closed").len(), 1);
    assert_eq!(parse("\n \n"), []);
}

#[test]
fn marks_open_and_close_at_the_edges_of_words_s_2() {
    assert_lines(&[
        ("a **b** c", "a <b:b> c"),
        ("*a* _b_ ~~c~~ `d*e*`", "<i:a> <i:b> <s:c> <c:d*e*>"),
        ("**a *b* c**", "<b:a ><bi:b><b: c>"),
        ("***a***", "<bi:a>"),
        ("_a *b* c_", "<i:a b c>"),
        ("**a\nb**!", "<b:a\nb>!"),
        ("(*né*)", "(<i:né>)"),
    ]);
}

#[test]
fn a_mark_without_a_partner_is_text_s_2() {
    assert_lines(&[
        ("2 * 3 * 4 and 2*3*4", "2 * 3 * 4 and 2*3*4"),
        ("snake_case_name __init__", "snake_case_name __init__"),
        ("**open", "**open"),
        ("**a *b** c*", "<b:a *b> c*"),
        ("`open", "`open"),
        ("****  ~~~~ `` ~", "****  ~~~~ `` ~"),
        (r"\*a\* \\ \n", r"*a* \ \n"),
    ]);
}

#[test]
fn links_lead_to_the_web_and_name_their_host_s_3() {
    assert_lines(&[
        ("[the plan](https://justice.example:8443/a?b#c) now", "<:the plan->justice.example> now"),
        ("see https://a.example/x_y.", "see <:https://a.example/x_y->a.example>."),
        ("(HTTPS://A.example)", "(<:HTTPS://A.example->A.example>)"),
        ("**http://a.example**", "<b:http://a.example->a.example>"),
        ("[](http://a.example/)", "<:http://a.example/->a.example>"),
        ("[https://bank.example](https://thief.example)", "<:https://thief.example->thief.example>"),
    ]);
}

#[test]
fn what_leads_elsewhere_is_text_s_3() {
    let long = format!("[a](https://a.example/{})", "x".repeat(TARGET_BYTES_MAX));
    let bare = format!("https://a.example/{}", "x".repeat(TARGET_BYTES_MAX));
    let wordy = format!("[{}](https://a.example)", "x".repeat(LABEL_BYTES_MAX + 1));
    let bad = [
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a](file:///etc/passwd)",
        "[a](https://bank.example@thief.example/)",
        "[a](https://)",
        "[a](https:///x)",
        "[a](https://bänk.example)",
        "[a](https://a.example:0)",
        "[a](//a.example)",
        "[a]( https://)",
        "xhttps://a.example",
        "https://",
        "https://a.exämple/",
        &long,
        &bare,
    ];
    for text in bad {
        assert_eq!(line(text), text);
        assert!(parse(text).iter().flat_map(|block| &block.spans).all(|span| span.target.is_none()), "{text:?}");
    }
    // The label is too long, so the address stands for itself.
    assert!(line(&wordy).ends_with("](<:https://a.example->a.example>)"), "{wordy}");
}

#[test]
fn a_mention_shows_whom_it_names_and_not_what_the_writer_put_there_s_4() {
    let bob: Address = "bob@justice.example".parse().unwrap();
    assert_eq!(line("[@The Minister](mimi://justice.example/u/bob)"), "<:@bob->bob@justice.example>");
    assert_eq!(mentions(&format!("{} and {0}", mention(&bob))), [bob]);
    for text in ["[@b](mimi://justice.example/u/Bob)", "[@b](mimi:///u/bob)", "[@b](mimi://justice.example/d/bob)"] {
        assert_eq!((mentions(text), line(text).as_str()), (vec![], text));
    }
}

#[test]
fn a_name_that_is_typed_becomes_a_mention_and_is_typed_again_s_4() {
    let people = ["bob@a.example", "jean-luc.b@a.example", "eve@a.example", "eve@b.example"];
    let people = people.map(|address| address.parse::<Address>().unwrap()).into();
    let cases = [
        ("@bob, see @Jean-Luc.b.", "[@bob](mimi://a.example/u/bob), see [@jean-luc.b](mimi://a.example/u/jean-luc.b)."),
        ("(@eve@b.example)", "([@eve](mimi://b.example/u/eve))"),
        (
            "@eve @carol x@bob `@bob` @bobby @bob@b.example @bobé",
            "@eve @carol x@bob `@bob` @bobby @bob@b.example @bobé",
        ),
    ];
    for (typed, sent) in cases {
        assert_eq!(with_mentions(typed, &people), sent);
    }
    assert_eq!(to_type(cases[0].1, &people), "@bob, see @jean-luc.b.");
    assert_eq!(to_type(cases[1].1, &people), cases[1].0);
}

#[test]
fn previews_have_no_marks() {
    assert_eq!(plain("**Now**: [@x](mimi://a.example/u/bob)\n- `one`"), "Now: @bob\none");
}

#[test]
fn what_is_escaped_is_shown_as_it_stands_s_2() {
    for text in ["**a** [b](https://c.example)", "- x", "1. x", "> x", "```", "https://a.example", r"\*", "_é_"] {
        assert_eq!(line(&escape(text)), text);
    }
}

#[test]
fn reading_takes_time_in_proportion_whatever_the_text_s_5() {
    let seeds = [
        "[](",
        "[a](https://a",
        "-https://a-",
        "`` ",
        "**a *",
        "_a ~~b ",
        "*",
        "~~",
        "\\",
        "> ",
        "h",
        "https://a:....",
    ];
    // In a debug build a second or two; what is quadratic in one of these takes minutes.
    let start = std::time::Instant::now();
    for seed in seeds {
        let text = seed.repeat(200_000);
        let shown: usize = parse(&text).iter().flat_map(|block| &block.spans).map(|span| span.text.len()).sum();
        assert!(shown <= text.len(), "{seed:?}");
        assert!(start.elapsed().as_secs() < 60, "{seed:?}");
    }
}
