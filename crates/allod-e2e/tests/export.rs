//! A user's own export with the real programs: pages and JSON that anybody can read.

use allod_e2e::{Server, Terminal};
use anyhow::{Context, Result, ensure};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_device_has_is_exported_as_pages_and_json_with_its_files() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(folder.path(), None)?;
    let terminal = Terminal::new(&folder.path().join("home"));
    terminal.run("alice", &["join", &server.invite(true)?.to_string(), "--name", "alice"])?;
    terminal.run("bob", &["join", &server.invite(false)?.to_string(), "--name", "bob"])?;
    terminal.run("alice", &["new", "--title", "Budget <2027>", "bob"])?;
    terminal.run("bob", &["send", "Budget <2027>", "<script>alert(1)</script>"])?;
    let plan = folder.path().join("plan.txt");
    std::fs::write(&plan, "the plan")?;
    terminal.run("alice", &["file", "send", "Budget <2027>", &plan.display().to_string(), "--caption", "as agreed"])?;

    let to = folder.path().join("export");
    let at = to.display().to_string();
    let said = terminal.run("alice", &["export", "--to", &at, "--files"])?;
    ensure!(said[0]["conversations"] == 1 && said[0]["files"] == 1 && said[0]["missing"] == 0, "{said:?}");
    let page = std::fs::read_to_string(to.join("001-budget-2027.html"))?;
    ensure!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script"), "{page}");
    ensure!(page.contains("as agreed"));
    let link = page.split("href=\"./").nth(1).and_then(|rest| rest.split('"').next()).context("a link to the file")?;
    ensure!(std::fs::read_to_string(to.join(link))? == "the plan", "{link}");
    let index = std::fs::read_to_string(to.join("index.html"))?;
    ensure!(index.contains("001-budget-2027.html") && index.contains("Budget &lt;2027&gt;"), "{index}");

    let lines = std::fs::read_to_string(to.join("001-budget-2027.jsonl"))?;
    let lines: Vec<serde_json::Value> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    ensure!(Some(lines.len() as u64) == said[0]["lines"].as_u64());
    ensure!(lines.iter().any(|line| line["body"]["text"] == "<script>alert(1)</script>"));
    for (name, holds) in [("account.json", "alice@localhost"), ("contacts.json", "bob@localhost")] {
        let text = std::fs::read_to_string(to.join(name))?;
        serde_json::from_str::<serde_json::Value>(&text)?;
        ensure!(text.contains(holds), "{name}: {text}");
    }

    let again = terminal.fails("alice", &["export", "--to", &at])?;
    ensure!(again.code == "exists", "{again:?}");
    Ok(())
}
