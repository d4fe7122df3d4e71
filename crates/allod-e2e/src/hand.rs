//! A person's hand on one message: the mouse over it, a finger that holds it or draws it aside.

use std::time::Duration;

use anyhow::{Context, Result};
use fantoccini::Locator;
use fantoccini::actions::{InputSource, MOUSE_BUTTON_LEFT, MouseActions, PointerAction, TouchActions};
use fantoccini::elements::Element;

use crate::browser::Browser;

/// Longer than a finger is held for the menu.
const HOLD: Duration = Duration::from_millis(900);
/// How long a finger takes for one movement.
const MOVE: Duration = Duration::from_millis(120);

impl Browser {
    /// The message whose own text contains `text`.
    ///
    /// # Errors
    /// If it does not show in a minute.
    pub async fn message(&self, text: &str) -> Result<Element> {
        let path = format!(
            "//li[@data-test='message'][@id][.//*[@data-test='message-text' or @data-test='deleted'][contains(., \"{text}\")]]"
        );
        self.find_by(Locator::XPath(&path)).await
    }

    /// Presses what carries this `data-test` within the message that says `text`.
    ///
    /// # Errors
    /// If it does not show.
    pub async fn press_in(&self, text: &str, test: &str) -> Result<()> {
        let part = self.message(text).await?.find(Locator::Css(&format!("[data-test={test}]"))).await;
        Ok(part.with_context(|| format!("no {test} in {text:?}"))?.click().await?)
    }

    /// Puts the mouse on a message, and presses what shows beside it.
    ///
    /// # Errors
    /// If it does not show.
    pub async fn press_beside(&self, text: &str, test: &str) -> Result<()> {
        let element = self.message(text).await?;
        let bubble = element.find(Locator::Css(".bubble")).await?;
        let there = PointerAction::MoveToElement { element: bubble, duration: None, x: 0.0, y: 0.0 };
        self.client.perform_actions(MouseActions::new("mouse".to_owned()).then(there)).await?;
        self.press(test).await
    }

    /// Holds a finger on a message.
    ///
    /// # Errors
    /// If the message does not show.
    pub async fn hold(&self, text: &str) -> Result<()> {
        self.touch(text, [PointerAction::Pause { duration: HOLD }]).await
    }

    /// Draws a message aside with a finger, so many pixels to the right.
    ///
    /// # Errors
    /// If the message does not show.
    pub async fn draw(&self, text: &str, pixels: u32) -> Result<()> {
        let step = || PointerAction::MoveBy { duration: Some(MOVE), x: f64::from(pixels) / 4.0, y: 0.0 };
        self.touch(text, [step(), step(), step(), step()]).await
    }

    async fn touch<const N: usize>(&self, text: &str, between: [PointerAction; N]) -> Result<()> {
        let element = self.message(text).await?.find(Locator::Css("[data-test=message-text]")).await?;
        let there = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        let button = MOUSE_BUTTON_LEFT;
        let mut finger = TouchActions::new("finger".to_owned()).then(there).then(PointerAction::Down { button });
        for action in between {
            finger = finger.then(action);
        }
        self.client.perform_actions(finger.then(PointerAction::Up { button })).await?;
        Ok(self.client.release_actions().await?)
    }
}
