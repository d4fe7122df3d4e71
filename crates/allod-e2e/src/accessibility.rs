//! Whether everybody can use a page, as far as a program can tell: names, roles, headings, contrast, targets, reflow, and where
//! the Tab key leads. WCAG 2.2, levels A and AA. What it cannot tell is looked at by hand.

use anyhow::{Context, Result, ensure};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use serde_json::Value;

use crate::browser::Browser;

/// What is wrong with the page as it is. What has just come under the mouse, and fades in, is looked at as it will be.
const LOOK: &str = concat!(
    "document.getAnimations().filter(one => one.effect.getTiming().iterations !== Infinity).forEach(one => one.finish());",
    include_str!("accessibility/seen.js"),
    include_str!("accessibility/look.js"),
    include_str!("accessibility/reflow.js"),
    "return faults;"
);
/// Whether it fits, as it is laid out now.
const REFLOW: &str =
    concat!(include_str!("accessibility/seen.js"), include_str!("accessibility/reflow.js"), "return faults;");

/// What moves, or would, for longer than one notices: of all elements, with what is drawn before and behind them.
const MOTION: &str = "
    const seconds = text => Math.max(...text.split(',').map(one => parseFloat(one) * (one.trim().endsWith('ms') ? 0.001 : 1)));
    const faults = document.getAnimations().filter(one => one.effect.getComputedTiming().activeDuration > 1)
        .map(one => `motion: ${one.effect.target?.className} moves`);
    for (const one of document.querySelectorAll('*')) for (const part of [null, '::before', '::after', '::backdrop']) {
        const style = getComputedStyle(one, part);
        const longest = Math.max(style.animationName === 'none' ? 0 : seconds(style.animationDuration), seconds(style.transitionDuration));
        if (longest > 0.001) faults.push(`motion: ${one.localName}.${one.className}${part ?? ''} takes ${longest} s`);
    }
    return faults;";

/// More space between lines, words and letters, as people set it who read so with less effort (WCAG 1.4.12).
const SPACED: &str = "const sheet = new CSSStyleSheet(); sheet.replaceSync('* { line-height: 1.5 !important; \
    letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-bottom: 2em !important }'); \
    document.adoptedStyleSheets = [sheet];";

/// The Tab key, wherever the keyboard is: a field for files takes no keys from a driver that names it.
const TAB: char = '\u{E004}';
/// Presses of the Tab key at most on one page.
const STOPS_MAX: usize = 120;

/// Notes all that the Tab key is to reach, with the look that each has without the keyboard. Of a radio group with its own keys, and
/// of the messages, one is a stop; the page says which by `tabindex`.
const STOPS: &str = "
    const modal = document.querySelector('dialog:modal');
    const all = [...(modal ?? document).querySelectorAll('a[href], button, input, textarea, select, summary, [tabindex]')];
    const shown = one => one.checkVisibility({ checkVisibilityCSS: true }) && one.getClientRects().length > 0;
    window.stops = all.filter(one => shown(one) && one.tabIndex >= 0 && !one.disabled && !one.closest('[inert]'));
    window.look = one => {
        const inner = one.matches('.message') ? one.querySelector('.bubble') ?? one : one.closest('label.button, .composer-box') ?? one;
        return [one, inner].map(part => {
            const style = getComputedStyle(part);
            const outline = style.outlineStyle === 'none' ? '' : style.outlineWidth + style.outlineStyle + style.outlineColor;
            return [outline, style.boxShadow, style.borderTopColor, style.backgroundColor].join();
        }).join();
    };
    document.activeElement?.blur();
    window.before = new Map(window.stops.map(one => [one, window.look(one)]));
    if (modal) modal.focus();
    return window.stops.length;";

/// Where the keyboard is, by its number among the stops (-1: outside of them), and whether that can be seen.
const STOP: &str = "
    document.getAnimations().filter(one => one.effect.getTiming().iterations !== Infinity).forEach(one => one.finish());
    const one = document.activeElement;
    const what = one.dataset.test ?? one.id ?? one.localName;
    return [window.stops.indexOf(one), one === document.body || window.look(one) !== window.before.get(one), one.localName + ' ' + what];";

impl Browser {
    /// Everything that the script finds fault with in the page as it is: one line each, the kind first (`name`, `alt`, `role`,
    /// `heading`, `landmark`, `id`, `language`, `contrast`, `target`, `reflow`, `cut`).
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn faults(&self) -> Result<Vec<String>> {
        self.settled().await?;
        serde_json::from_value(self.script(LOOK).await?).context("lines")
    }

    async fn settled(&self) -> Result<()> {
        let settled = "return document.getAnimations().every(one => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)";
        ensure!(self.until(settled).await?, "something moves without end");
        Ok(())
    }

    /// What does not fit, in the window's size as it is: to be scrolled sideways, out of reach, too close to something else, cut
    /// off. `spaced` gives all text the space that a reader may ask for.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn reflow_faults(&self, spaced: bool) -> Result<Vec<String>> {
        self.settled().await?;
        let look = if spaced { format!("{SPACED} {{ {REFLOW} }}") } else { REFLOW.to_owned() };
        let faults = self.script(&look).await?;
        self.script("document.adoptedStyleSheets = [];").await?;
        serde_json::from_value(faults).context("lines")
    }

    /// What moves though the system asks for less motion.
    ///
    /// # Errors
    /// If the browser is gone.
    pub async fn motion_faults(&self) -> Result<Vec<String>> {
        self.calm(true).await?;
        // What had begun to move before comes to its end.
        self.settled().await?;
        let faults = self.script(MOTION).await?;
        self.calm(false).await?;
        serde_json::from_value(faults).context("lines")
    }

    /// Goes through the page with the Tab key: what it passes by, what it visits out of order, and where one does not see that the
    /// keyboard is there. In a dialog the keyboard stays there.
    ///
    /// # Errors
    /// If the browser is gone, or the page has more than [`STOPS_MAX`] stops.
    pub async fn tab_faults(&self) -> Result<Vec<String>> {
        let count = self.script(STOPS).await?.as_u64().context("a number")?;
        let count = usize::try_from(count)?;
        ensure!(count <= STOPS_MAX, "{count} stops");
        let (mut visited, mut faults) = (Vec::new(), Vec::new());
        let tab = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: TAB })
            .then(KeyAction::Up { value: TAB });
        // What scrolls is a stop too, though nothing that one uses.
        for _ in 0..2 * count + 8 {
            self.client.perform_actions(tab.clone()).await?;
            let stop = self.script(STOP).await?;
            let (number, seen, what) = (stop[0].as_i64().unwrap_or(-1), &stop[1], stop[2].as_str().unwrap_or_default());
            if number < 0 {
                continue;
            }
            if visited.contains(&number) {
                break;
            }
            if *seen != Value::Bool(true) {
                faults.push(format!("focus: nothing shows that the keyboard is on {what}"));
            }
            // From wherever the keyboard was to the end, and once from the beginning to there.
            let again = visited.windows(2).any(|pair| pair[0] > pair[1]);
            let is_back = visited.last().is_some_and(|last| *last > number);
            if again && (is_back || visited.first() < Some(&number)) {
                faults.push(format!("order: {what} comes after what stands behind it"));
            }
            visited.push(number);
        }
        // What went away under way needs not be reached. A message counts as reached when another one was, or something in it: the arrow keys lead from there to it.
        let missed = format!(
            "const visited = {visited:?}; return window.stops.filter((one, number) => one.isConnected && !visited.includes(number) && \
                !(one.matches('.message') && visited.some(other => one.parentElement.contains(window.stops[other])))).map(one => one.outerHTML.slice(0, 120))"
        );
        let missed: Vec<String> = serde_json::from_value(self.script(&missed).await?)?;
        faults.extend(missed.into_iter().map(|one| format!("tab: does not lead to {one}")));
        Ok(faults)
    }
}
