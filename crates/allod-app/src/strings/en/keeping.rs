//! Backups, in English.

use crate::strings::Keeping;

pub(super) const KEEPING: Keeping = Keeping {
    backup: "Backup",
    backup_text: "If you lose all your devices, a backup brings back your account and your history. It opens only with twelve words that you keep apart from the file: nobody else has them, and nobody can tell you them again.",
    no_backup: "This browser has made none yet.",
    last_backup: |day| format!("The last one from this browser: {day}."),
    make_backup: "Make a backup",
    write_down: "Write these words down, in this order, and keep them apart from the file. They are shown only now.",
    written_down: "I have written them down",
    type_back: "So that it is sure: type these two from your note.",
    word_number: |place| format!("Word {place}"),
    show_words: "Show the words again",
    save_backup: "Make and save the backup",
    backup_working: |percent| format!("Encrypting your history… {percent} %"),
    backup_done: "The backup is among your downloads. Move it to a safe place. It is good once, within a year.",
    backup_offline: "Your server cannot be reached, and a backup needs it once. Nothing was made. Try again when the connection is back.",
    backup_no_space: "This browser could not put the backup together: its storage or memory is full. Nothing was lost. Free some space, then try again.",
    backup_due: "What you have here is on this device only. A backup brings it back if the device is lost.",
    later: "Later",
    own_data: "Your data",
    export_text: "Everything that this browser has, as pages and lists that open without Allod. Nothing in it is encrypted: keep it where nobody else comes.",
    export: "Export my data",
    export_files: "With the files in messages, as far as your server has them still",
    export_working: |percent, files| match files {
        0 => format!("Writing your conversations… {percent} %"),
        1 => format!("Writing your conversations… {percent} %, 1 file"),
        _ => format!("Writing your conversations… {percent} %, {files} files"),
    },
    export_done: |missing| {
        let done = "The archive is among your downloads. Unpack it, and open index.html.";
        match missing {
            0 => done.to_owned(),
            1 => format!("{done} 1 file could not be fetched any more: its page names it."),
            _ => format!("{done} {missing} files could not be fetched any more: the pages name them."),
        }
    },
    export_failed: "This browser could not put the archive together: its storage or memory is full. Nothing was lost. Free some space, then try again.",
    have_backup: "I have a backup",
    have_invitation: "I have an invitation",
    restore_title: "Come back with a backup",
    restore_text: "This browser becomes a new device of your account, in view of everybody you talk with. Your history is there at once.",
    choose_backup: "Choose the backup file",
    words_label: "Your twelve words",
    words_so_far: |count| format!("{count} of 12 words"),
    words_too_many: "These are more than twelve words.",
    words_right: "The twelve words belong together.",
    words_mixed: "These twelve words do not belong together: one is another, or two are swapped. Compare with your note.",
    word_unknown: |place, word| format!("Word {place}, “{word}”, is none of the list. Compare it with your note."),
    restore: "Come back",
    restoring: |percent| format!("Opening the backup… {percent} %"),
    restored: |address| {
        format!(
            "You are {address} again, on a new device. New messages come as others let it in. Under Settings, remove the devices that you lost, and make a new backup: this one is used up."
        )
    },
    restore_no_backup: "This file is no backup of Allod. Nothing was changed. Choose the one whose name ends in “.backup”.",
    restore_newer: "This backup was made by a newer Allod. Reload the page, then try again.",
    restore_wrong_words: "This file does not open with these words. They may be those of another backup, or the file is damaged. Nothing was changed.",
    restore_damaged: "This backup is damaged or incomplete, so nothing of it was used. Try another copy of the file.",
    restore_unreadable: "This browser cannot read the file. Nothing was changed. Choose it again.",
    restore_other_server: "This backup belongs to another server. Open the address of yours, then try again.",
    restore_offline: "The words are right, but your server cannot be reached. Nothing was changed. Try again when the connection is back.",
    restore_spent: "This backup was used already, or is more than a year old, so it lets no device in any more. Use a later one, or ask for an invitation.",
};
