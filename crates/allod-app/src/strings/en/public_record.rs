//! The organisation's public record, in English.

use crate::strings::PublicRecord;

pub(super) const PUBLIC_RECORD: PublicRecord = PublicRecord {
    not_added: |name| {
        format!(
            "{name} was not added: the server gave a device for this person that is not in your organisation’s public record. Tell your administrator."
        )
    },
    not_checked_not_added: |name| {
        format!("{name} was not added: your organisation’s public record cannot be checked at the moment.")
    },
    accused: "The server shows different people different public records. This device keeps the proof and adds nobody until that is cleared up. Tell your administrator.",
    none: "Your organisation keeps no public record: that the devices are the right ones is the server’s word.",
    current: |seen, all| {
        format!(
            "Your organisation’s public record names every person’s devices. {seen} of its {all} witnesses saw it within the last day."
        )
    },
    current_without_witnesses: "Your organisation’s public record names every person’s devices. It has no witnesses: only the server vouches for it.",
    not_current: "Your organisation’s public record cannot be checked at the moment: nobody can be added until it can.",
    named: "in the public record",
    not_named: "NOT in the public record: tell your administrator",
    not_asked: "not checked in the public record yet",
};
