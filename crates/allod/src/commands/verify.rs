//! `allod verify`: the safety number of the user and another person, as digits and as a QR code.

use std::io::IsTerminal;

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;

use crate::cli::{Cli, Person};
use crate::failure::Failure;
use crate::session::Session;
use crate::show;

/// Groups of digits on one line.
const GROUPS_EACH: usize = 4;

/// `allod verify`
pub(crate) async fn verify(cli: &Cli, person: &Person, confirm: Option<&str>, undo: bool) -> Result<(), Failure> {
    let session = Session::open_and_sync(cli).await?;
    let address = session.address(person.clone()).await?;
    if let Some(number) = confirm.map(str::to_owned) {
        let whom = address.clone();
        session.act(move |core, now, _| core.confirm_safety(&whom, &number, now).map(|effects| ((), effects))).await?;
    } else if undo {
        let whom = address.clone();
        session.act(move |core, _, _| core.undo_safety(&whom).map(|effects| ((), effects))).await?;
    }
    let safety = session.client.look(move |core| core.safety_number(&address)).await??;
    if session.json {
        show::json(&json!({ "safety": safety }));
    } else if confirm.is_some() {
        show::line(&format!("It is the same number: this is {}, and nobody stands in between.", safety.person));
    } else if undo {
        show::line(&format!("{} does not count as compared any more.", safety.person));
    } else {
        show::line(&format!("The safety number of you and {}:\n", safety.person));
        let groups: Vec<&str> = safety.number.split(' ').collect();
        for line in groups.chunks(GROUPS_EACH) {
            show::line(&format!("    {}", line.join("  ")));
        }
        show::line(&format!("\n{}\n", terminal_code(&safety.code, std::io::stdout().is_terminal())));
        show::line("If they see the same number (allod verify, or \"Who can read this?\"), nobody stands between you.");
        match safety.verified {
            Some(at) => show::line(&format!("You compared it on {}.", show::time(at))),
            None => show::line(&format!("Then: allod verify {} --confirm '{}'", safety.person.name, safety.number)),
        }
        if safety.identity_changed {
            show::line("WARNING: this person shows another identity than the one known before.");
        }
    }
    session.close().await;
    Ok(())
}

/// A QR code in half blocks; on a terminal dark on light, whatever its colours are.
fn terminal_code(text: &str, is_terminal: bool) -> String {
    let code = QrCode::new(text).expect("61 digits fit");
    let drawn = code.render::<Dense1x2>().dark_color(Dense1x2::Dark).light_color(Dense1x2::Light).build();
    let (on, off) = if is_terminal { ("\u{1b}[30;107m", "\u{1b}[0m") } else { ("", "") };
    drawn.lines().map(|line| format!("    {on}{line}{off}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_makes_a_small_code_with_a_margin() {
        // 25 modules and a margin of four on each side, two of them on each line.
        let code = terminal_code(&"1".repeat(61), false);
        let lines: Vec<Vec<char>> = code.lines().map(|line| line.chars().skip(4).collect()).collect();
        assert_eq!((lines.len(), lines.iter().all(|line| line.len() == 33)), (17, true));
        assert!(lines[0].iter().all(|c| *c == ' '), "light around it");
        assert_eq!(lines[2][4..11].iter().collect::<String>(), "█▀▀▀▀▀█", "the upper left corner");
    }

    #[test]
    fn on_a_terminal_each_line_brings_its_own_colours() {
        let code = terminal_code("1", true);
        assert!(code.lines().all(|line| line.starts_with("    \u{1b}[30;107m") && line.ends_with("\u{1b}[0m")));
    }
}
