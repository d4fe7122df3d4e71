//! Every wire encoding: the first byte says which. What decodes must encode to the same bytes (rule W-2).
#![no_main]

use allod_wire::cbor::{from_slice_bounded, to_vec};
use allod_wire::limits::REQUEST_BYTES_MAX;
use allod_wire::{account::*, blob::*, directory::*, error::*, inbox::*, log::*, mimi::*, socket::*};
use libfuzzer_sys::fuzz_target;
use minicbor::{Decode, Encode};

fn check<T: Encode<()> + for<'b> Decode<'b, ()>>(bytes: &[u8]) {
    if let Ok(value) = from_slice_bounded::<T>(bytes, REQUEST_BYTES_MAX) {
        assert_eq!(to_vec(&value), bytes);
    }
}

macro_rules! dispatch {
    ($which:expr, $bytes:expr, $($name:ty),* $(,)?) => {{
        let decoders: &[fn(&[u8])] = &[$(check::<$name>),*];
        decoders[usize::from($which) % decoders.len()]($bytes)
    }};
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    dispatch!(
        *which,
        bytes,
        NewEntry,
        Entry,
        EntriesPage,
        Receipt,
        CreateLog,
        Cursor,
        EntryContext,
        BlobState,
        BlobRef,
        UploadKeyPackages,
        KeyPackageCount,
        ClaimKeyPackages,
        ClaimedKeyPackages,
        NewInboxItem,
        InboxPage,
        InboxMessage,
        DeviceCertificate,
        DeviceRecord,
        Join,
        Joined,
        InviteOffer,
        LookUpInvite,
        Organisation,
        RenewSession,
        Session,
        BuyTickets,
        Tickets,
        Account,
        ContactPolicy,
        People,
        PersonDevices,
        NewInvite,
        InviteCreated,
        ErrorBody,
        ClientFrame,
        ServerFrame,
        MimiContent,
        DirectoryEntryIn,
        EpochRoot,
        LookupProof,
        HistoryProof,
        AppendOnlyProof,
    );
});
