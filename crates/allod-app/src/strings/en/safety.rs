//! Comparing safety numbers, and new devices, in English.

use crate::strings::Safety;

pub(super) const SAFETY: Safety = Safety {
    compare: "Compare safety number",
    compared_on: |day| format!("Safety number compared, {day}"),
    how: |name| {
        format!(
            "Read these digits to {name} by telephone, or hold both screens side by side. {name} finds theirs under “Who can read this?”"
        )
    },
    what_it_shows: "If they are the same on both sides, nobody stands between you: not the server, and nobody who took it over.",
    number: "Safety number",
    code: "The same number as a code, for a camera",
    they_match: "They match",
    they_differ: "They do not match",
    you_compared: |name, day| format!("You compared this number with {name}, {day}."),
    undo: "Take that back",
    differ_title: "Then do not go on here",
    differ: |name| {
        format!(
            "First look at both numbers once more, digit by digit. If they do differ, somebody may be reading between you and {name}. Write nothing here that must stay between you, and tell your administrator. Your earlier messages stay as they are."
        )
    },
    given: "Or put in the number that they sent you by another way",
    given_same: "This is the same number.",
    given_other: "This is another number.",
    given_none: "A safety number has 60 digits.",
    given_newer: "This code is of a newer Allod. Reload the page, then scan again.",
    scan: "Scan their code",
    scan_nothing: "There is no safety number in this picture. Hold the camera closer, and try again.",
    changed: |who| {
        format!(
            "{who} shows another identity than before. It may be a new start, or somebody else: compare the safety number."
        )
    },
    changed_verified: |who| {
        format!(
            "The identity of {who} is no longer the one that you compared. Somebody may be posing as {who}. Write nothing that must stay between you before you have compared the safety number again."
        )
    },
    link_code: "The link as a code, for the camera of your other device",
    device_came: |class, when| format!("A device was added to your account: {class}, {when}. Was it you?"),
    it_was_me: "It was me",
    remove_it: "Remove it",
    remove_it_ask: "Remove this device? It reads nothing that is written from now on. What it has read, it keeps: tell your administrator if it was not you.",
    own_device_back: "A device of yours is back in this conversation.",
};
