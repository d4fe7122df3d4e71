//! From a link to an account: looks at the invitation, then spends it.

use allod_client_core::{ClientCore, CoreError, Effect, Settings, join};
use allod_wire::UserName;
use allod_wire::account::DeviceClass;
use allod_wire::error::{ErrorBody, ErrorCode};
use allod_wire::link::{Link, LinkKind};
use leptos::prelude::Set;
use rand_core::OsRng;

use super::fetch::fetch;
use super::{clock, page};
use crate::state::{Joining, NoticeText, Offer, Phase, Ui};
use crate::strings::{Strings, Text};

/// A link of this server that grants an account or a device, or why it is none.
pub(crate) fn read_link(text: &str) -> Result<Link, Text> {
    match text.parse::<Link>() {
        Ok(link) if link.server != page::origin() => Err(|words| words.link_wrong),
        Ok(Link { kind: LinkKind::Contact { .. }, .. }) => Err(|words| words.link_contact),
        Ok(link) => Ok(link),
        Err(_) => Err(|words| words.link_wrong),
    }
}

/// What to say of a link to somebody who has joined already.
pub(crate) fn of_no_use(text: &str) -> NoticeText {
    match text.parse::<Link>() {
        Ok(Link { kind: LinkKind::Contact { name, .. }, .. }) => {
            NoticeText::About(|words| words.link_contact_joined, name.to_string())
        }
        _ => NoticeText::Plain(|words| words.already_joined),
    }
}

/// Asks the server what the link offers, and shows that.
pub(crate) async fn show_offer(ui: Ui, link: &Link) {
    let secret = match &link.kind {
        LinkKind::Join(secret) | LinkKind::Device { secret, .. } => secret,
        LinkKind::Contact { .. } => return,
    };
    let answer = fetch(&link.server, &join::look_up_invite(secret)).await;
    let offer = answer.map(|answer| join::read_offer(answer.status, &answer.body));
    let name = match &link.kind {
        LinkKind::Device { name, .. } => Some(name.clone()),
        _ => None,
    };
    let adds_device = name.is_some();
    match offer {
        Some(Ok(offer)) => {
            ui.joining.set(Joining::Choosing);
            let organisation = offer.organisation.domain.to_string();
            ui.phase.set(Phase::Invited(Offer { organisation, name: name.or(offer.name), adds_device }));
        }
        Some(Err(error)) => {
            ui.joining.set(Joining::Problem(problem(&error)));
            ui.phase.set(Phase::Uninvited);
        }
        None => {
            ui.joining.set(Joining::Problem(|words| words.offline));
            let organisation = page::origin().split("//").last().unwrap_or_default().to_owned();
            ui.phase.set(Phase::Invited(Offer { organisation, name, adds_device }));
        }
    }
}

/// Makes the device's keys and the request that spends the invitation.
pub(crate) fn spend(link: &Link, name: &str) -> Result<(ClientCore, Vec<Effect>), Text> {
    let name: Option<UserName> = match link.kind {
        LinkKind::Device { .. } => None,
        _ => Some(name.trim().to_lowercase().parse().map_err(|_| name_wrong as Text)?),
    };
    let joined = ClientCore::join(link, name, DeviceClass::Web, Settings::default(), clock::now(), &mut OsRng);
    joined.map_err(|error| match error {
        CoreError::NameMissing => name_wrong,
        CoreError::WrongLink => |words: &Strings| words.link_wrong,
        _ => |words: &Strings| words.core_bug,
    })
}

fn name_wrong(words: &Strings) -> &'static str {
    words.name_wrong
}

/// What to say when the link in a backup is refused.
pub(crate) fn restore_problem(error: &ErrorBody) -> Text {
    match error.code {
        ErrorCode::Spent => |words| words.keeping.restore_spent,
        _ => problem(error),
    }
}

/// What to say of a refused invitation.
pub(crate) fn problem(error: &ErrorBody) -> Text {
    match error.code {
        ErrorCode::Spent => |words| words.link_spent,
        ErrorCode::Taken => |words| words.name_taken,
        ErrorCode::NotAllowed => |words| words.name_taken,
        ErrorCode::TooMany => |words| words.refused_too_many,
        ErrorCode::ClockSkew => |words| words.refused_clock,
        ErrorCode::Unavailable | ErrorCode::Internal => |words| words.offline,
        _ => |words| words.core_bug,
    }
}
