//! Figures: what was measured, what it should be, and whether it holds. A table for people, JSON for programs.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

/// One figure.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// Stable name.
    pub id: &'static str,
    /// What was measured.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it should be, in words.
    pub target: String,
    /// Whether it is.
    pub holds: bool,
    /// What a reader should know.
    pub note: String,
}

/// All figures of a drill.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// In the order of the table.
    pub figures: Vec<Figure>,
}

impl Report {
    /// Adds a figure that must be at most `max`.
    pub fn at_most(&mut self, id: &'static str, value: f64, max: f64, unit: &'static str, note: impl Into<String>) {
        let target = if max == 0.0 { "0".to_owned() } else { format!("at most {max:.3}") };
        self.figures.push(Figure { id, value, unit, target, holds: value <= max, note: note.into() });
    }

    /// Adds a figure that must be at least `min`.
    pub fn at_least(&mut self, id: &'static str, value: f64, min: f64, unit: &'static str, note: impl Into<String>) {
        let target = format!("at least {min:.3}");
        self.figures.push(Figure { id, value, unit, target, holds: value >= min, note: note.into() });
    }

    /// Whether every figure holds.
    pub fn holds(&self) -> bool {
        self.figures.iter().all(|figure| figure.holds)
    }

    /// Prints the table and writes `NAME.json` into `folder`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn publish(&self, folder: &Path, name: &str) -> Result<()> {
        println!("{:<34} {:>12} {:<14} {:<20} holds", name, "value", "unit", "target");
        for figure in &self.figures {
            let holds = if figure.holds { "yes" } else { "NO" };
            println!("{:<34} {:>12.4} {:<14} {:<20} {holds}", figure.id, figure.value, figure.unit, figure.target);
            if !figure.note.is_empty() {
                println!("    {}", figure.note);
            }
        }
        fs::create_dir_all(folder)?;
        fs::write(folder.join(format!("{name}.json")), serde_json::to_vec_pretty(self)?)?;
        Ok(())
    }
}
