use super::*;
use crate::testing::World;

struct Plain;

impl Voice for Plain {
    fn words(&self) -> &ExportWords {
        &ENGLISH
    }

    fn event(&self, event: &SystemEvent) -> String {
        format!("{event:?}")
    }

    fn moment(&self, at: UnixMillis) -> String {
        at.0.to_string()
    }
}

#[test]
fn nothing_that_others_wrote_becomes_markup() {
    let mut world = World::seeded(120);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.conversation(alice, [bob]);
    world.act(alice, |core, now, rng| core.rename(talk, "<img src=x> \"&\"", now, rng)).unwrap();
    world.say(bob, talk, "</div><script>alert('1')</script>\u{1b}[2J & \"more\"\nsecond line");
    world.send_file(bob, talk, "<b>\"onclick=.pdf", b"12");
    world.run_until_quiet();

    let conversation = world.core(alice).conversation(talk).unwrap();
    let mut page = page_head(&Plain, &conversation);
    for line in world.history(alice, talk) {
        for file in [FilePlace::Here("files/1-a \"b\" ü.pdf"), FilePlace::Gone, FilePlace::Left] {
            page += &page_line(&Plain, &line, file);
        }
    }
    page += &page_foot();
    for markup in ["<script", "<img", "<b>\"", "\u{1b}", "alert('1')"] {
        assert!(!page.contains(markup), "{markup}: {page}");
    }
    assert!(page.contains("&lt;/div&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"));
    assert!(page.contains("href=\"./files/1-a%20%22b%22%20%C3%BC.pdf\""));
    assert!(page.contains("File that could not be fetched any more: <bdi>&lt;b&gt;"), "what is missing is named");
    assert!(page.contains("default-src 'none'"), "its own policy lets nothing run or load");
    for tag in ["li", "ol", "div", "bdi", "small", "time", "b"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}: {page}");
    }
}

#[test]
fn lines_of_json_are_one_line_each_and_read_back() {
    let mut world = World::seeded(121);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.conversation(alice, [bob]);
    world.say(bob, talk, "two\nlines");
    world.run_until_quiet();
    let history = world.history(alice, talk);
    let text: String = history.iter().map(json_line).collect();
    assert_eq!(text.lines().count(), history.len());
    let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&last["body"]["text"], &last["sender"]), (&"two\nlines".into(), &"bob@a.example".into()));
}

#[test]
fn account_and_contacts_hold_no_secret() {
    let mut world = World::seeded(122);
    let [alice, bob] = world.people(["alice", "bob"]);
    world.conversation(alice, [bob]);
    let core = world.core(alice);
    let (account, contacts) = (core.export_account(), core.export_contacts());
    assert!(account.contains("alice@a.example") && contacts.contains("bob@a.example"));
    let joined = core.account.joined.as_ref().unwrap();
    let secrets = [&core.account.identity.0[..], &core.account.signer.0, &core.account.inbox.0, &joined.session.0];
    for secret in secrets.map(allod_wire::link::to_text) {
        assert!(!account.contains(&secret) && !contacts.contains(&secret));
    }
}

#[test]
fn names_of_files_are_names_on_any_system() {
    let mut world = World::seeded(123);
    let [alice, bob] = world.people(["alice", "bob"]);
    let talk = world.conversation(alice, [bob]);
    let mut conversation = world.core(alice).conversation(talk).unwrap();
    for (title, expected) in [
        ("Budget 2027", "001-budget-2027"),
        ("../../etc/passwd", "001-etc-passwd"),
        ("…", "001-conversation"),
        ("NUL", "001-nul"),
    ] {
        title.clone_into(&mut conversation.title);
        assert_eq!(stem(0, &conversation), expected);
    }
    assert_eq!(file_name(7, "../a b\\c:d.pdf"), "7-.._a_b_c_d.pdf");
    assert!(file_name(7, &"x".repeat(300)).len() < 110);
    assert!(file_name(7, &format!("{}.pdf", "x".repeat(300))).ends_with(".pdf"));
}

#[test]
fn the_list_leads_to_each_page() {
    let me = "alice@a.example".parse().unwrap();
    let listed = [Listed { stem: "001-a".into(), title: "A & B".into(), lines: 3 }];
    let page = index(&Plain, &me, UnixMillis(5), &listed);
    assert!(page.contains("<a href=\"001-a.html\"><bdi>A &amp; B</bdi></a> <small>3 lines</small>"), "{page}");
    assert!(page.contains("What alice@a.example had on one device, 5."));
}
