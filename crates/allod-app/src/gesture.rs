//! What a finger on a message means: held still it asks for the menu, drawn along the line it answers. Pure, so that it can be
//! tested; the view hands in what the browser tells, and says when the time is over.
//!
//! Invariant: each touch means one thing at most.

/// So long a finger is held for the menu.
pub const HOLD_MILLIS: u64 = 450;
/// A finger that moved less is held still.
const STILL_PIXELS: f64 = 10.0;
/// Drawn as far as this, the message is answered.
pub const ANSWER_PIXELS: f64 = 56.0;
/// A message follows the finger no farther than this.
const DRAWN_PIXELS_MAX: f64 = 80.0;

/// A place on the window, in its pixels from the left and from the top.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// One touch, from its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Gesture {
    /// None, or one that means nothing any more.
    #[default]
    Nothing,
    /// A finger lies still.
    Held(Point),
    /// A finger draws the message, from there and this far.
    Drawn(Point, f64),
}

impl Gesture {
    /// The finger comes down.
    pub fn down(&mut self, at: Point) {
        *self = Self::Held(at);
    }

    /// The finger moves; says how far the message goes along.
    pub fn moved(&mut self, to: Point) -> f64 {
        let (Self::Held(from) | Self::Drawn(from, _)) = *self else { return 0.0 };
        let (x, y) = (to.x - from.x, to.y - from.y);
        *self = match *self {
            Self::Held(_) if x.abs().max(y.abs()) < STILL_PIXELS => return 0.0,
            // Down or up is scrolling, and to the left nothing.
            Self::Held(_) if x < y.abs() => Self::Nothing,
            _ => Self::Drawn(from, x.clamp(0.0, DRAWN_PIXELS_MAX)),
        };
        self.drawn()
    }

    /// How far the message is drawn.
    pub fn drawn(self) -> f64 {
        if let Self::Drawn(_, by) = self { by } else { 0.0 }
    }

    /// [`HOLD_MILLIS`] are over; gives the place for the menu, if it is asked for.
    pub fn held(&mut self) -> Option<Point> {
        let Self::Held(at) = *self else { return None };
        *self = Self::Nothing;
        Some(at)
    }

    /// The finger goes up; says whether the message is answered.
    pub fn up(&mut self) -> bool {
        std::mem::take(self).drawn() >= ANSWER_PIXELS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, y: f64) -> Point {
        Point { x, y }
    }

    fn touch() -> Gesture {
        let mut gesture = Gesture::default();
        gesture.down(at(100.0, 100.0));
        gesture
    }

    #[test]
    fn a_finger_that_trembles_and_stays_asks_for_the_menu_once() {
        let mut gesture = touch();
        assert_eq!(gesture.moved(at(104.0, 97.0)), 0.0);
        assert_eq!(gesture.held(), Some(at(100.0, 100.0)));
        assert_eq!(gesture.held(), None);
        assert_eq!(gesture.moved(at(190.0, 100.0)), 0.0, "the menu is open: nothing is drawn");
        assert!(!gesture.up());
    }

    #[test]
    fn a_message_drawn_far_enough_is_answered_and_one_drawn_back_is_not() {
        let mut gesture = touch();
        assert_eq!(gesture.moved(at(130.0, 110.0)), 30.0);
        assert_eq!(gesture.moved(at(300.0, 110.0)), DRAWN_PIXELS_MAX);
        assert_eq!(gesture.held(), None);
        let mut back = gesture;
        assert!(gesture.up());
        back.moved(at(120.0, 110.0));
        assert!(!back.up());
    }

    #[test]
    fn scrolling_and_drawing_to_the_left_mean_nothing() {
        for to in [at(110.0, 140.0), at(60.0, 100.0), at(100.0, 60.0)] {
            let mut gesture = touch();
            assert_eq!(gesture.moved(to), 0.0);
            assert_eq!(gesture.moved(at(200.0, 100.0)), 0.0, "once off, off for good");
            assert_eq!((gesture.held(), gesture.up()), (None, false));
        }
    }
}
