//! The `data-test` attributes by which tests drive the interface: stable, unlike classes and words.
//!
//! A row of a list also carries `data-name`: the title of the conversation, or the address of the person.

/// The page while the app looks at its storage.
pub const STARTING: &str = "starting";
/// The page that an invitation opens.
pub const WELCOME: &str = "welcome";
/// The name that the user wants.
pub const JOIN_NAME: &str = "join-name";
/// Spends the invitation.
pub const JOIN: &str = "join";
/// What went wrong, on the welcome page.
pub const JOIN_PROBLEM: &str = "join-problem";
/// The page of a browser that nobody invited.
pub const UNINVITED: &str = "uninvited";
/// Where a link is pasted.
pub const LINK_INPUT: &str = "link-input";
/// Opens the pasted link.
pub const LINK_OPEN: &str = "link-open";
/// The page of a second tab.
pub const ELSEWHERE: &str = "elsewhere";
/// The page after a fault that stopped the app.
pub const BROKEN: &str = "broken";
/// The three panes: the device has joined, and the app is usable.
pub const APP: &str = "app";
/// A history is on its way from one own device to another.
pub const HISTORY: &str = "history";
/// The list of conversations.
pub const CONVERSATIONS: &str = "conversations";
/// A conversation in the list; `data-name` is its title.
pub const CONVERSATION_ROW: &str = "conversation-row";
/// Messages not read, within a row.
pub const UNREAD: &str = "unread";
/// The field to search a list with.
pub const SEARCH: &str = "search";
/// The messages that a search found.
pub const HITS: &str = "hits";
/// One of them; `data-name` is the title of its conversation.
pub const HIT: &str = "hit";
/// Opens the choice of people for a new conversation.
pub const NEW_CONVERSATION: &str = "new-conversation";
/// A person to choose; `data-name` is the address.
pub const PERSON_ROW: &str = "person-row";
/// The new group's title.
pub const GROUP_TITLE: &str = "group-title";
/// Starts the conversation with the people chosen.
pub const START: &str = "start";
/// Goes back one pane.
pub const BACK: &str = "back";
/// The open conversation; `data-name` is its title.
pub const CONVERSATION: &str = "conversation";
/// The line under the title: how many people and devices read; opens the readers.
pub const READERS_LINE: &str = "readers-line";
/// Who can read, before the first message.
pub const OPENING: &str = "opening";
/// A message; `data-status` is `sending`, `sent` or `failed`, `data-own` is `true` or `false`.
pub const MESSAGE: &str = "message";
/// The line before what was not read.
pub const UNREAD_LINE: &str = "unread-line";
/// Leads to the latest message.
pub const JUMP: &str = "jump";
/// A message's text.
pub const MESSAGE_TEXT: &str = "message-text";
/// A person whom a message mentions.
pub const MENTION: &str = "mention";
/// Somebody who can be meant while one names a person; `data-name` is the address.
pub const MENTION_CHOICE: &str = "mention-choice";
/// Opens what can be added to a message.
pub const PLUS: &str = "plus";
/// Chooses a file to send.
pub const PLUS_FILE: &str = "plus-file";
/// Makes a poll.
pub const PLUS_POLL: &str = "plus-poll";
/// Lets the next message ask for acknowledgement.
pub const PLUS_ACKNOWLEDGEMENT: &str = "plus-acknowledgement";
/// A poll in its message.
pub const POLL: &str = "poll";
/// An option of it; `data-name` is its text.
pub const POLL_OPTION: &str = "poll-option";
/// Ends it.
pub const POLL_END: &str = "poll-end";
/// The question of a poll that is made.
pub const POLL_QUESTION: &str = "poll-question";
/// An answer to choose; `data-name` is its number from 1.
pub const POLL_ANSWER: &str = "poll-answer";
/// Several answers may be chosen.
pub const POLL_SEVERAL: &str = "poll-several";
/// Sends it.
pub const POLL_SEND: &str = "poll-send";
/// That the next message asks for acknowledgement, above the composer.
pub const ASKING: &str = "asking";
/// Says that one has read and understood.
pub const ACKNOWLEDGE: &str = "acknowledge";
/// How many have; leads to who.
pub const ACKNOWLEDGED: &str = "acknowledged";
/// Passes a message on.
pub const FORWARD: &str = "forward";
/// A conversation to which it can go; `data-name` is its title.
pub const FORWARD_TO: &str = "forward-to";
/// Says that a message was forwarded.
pub const FORWARDED: &str = "forwarded";
/// How far an own message is; `data-name` is `sending`, `sent`, `delivered` or `read`.
pub const REACH: &str = "reach";
/// Somebody in the details of a message; `data-name` is the address.
pub const DETAIL_PERSON: &str = "detail-person";
/// A thread beside its conversation.
pub const THREAD: &str = "thread";
/// How many answers are in a message's thread; opens it.
pub const THREAD_OPEN: &str = "thread-open";
/// Opens a message's thread, to answer there.
pub const ANSWER_IN_THREAD: &str = "answer-in-thread";
/// Where an answer in a thread is written.
pub const THREAD_COMPOSER: &str = "thread-composer";
/// Sends it.
pub const THREAD_SEND: &str = "thread-send";
/// Who is typing in the open conversation.
pub const TYPING: &str = "typing";
/// The switch of it in the settings.
pub const TELL_TYPING: &str = "tell-typing";
/// Opens what can be added to an answer in a thread.
pub const THREAD_PLUS: &str = "thread-plus";
/// Takes files for a thread.
pub const THREAD_FILE_INPUT: &str = "thread-file-input";
/// Records a voice message for a thread.
pub const THREAD_RECORD: &str = "thread-record";
/// How many answers in threads of a conversation are new.
pub const NEW_ANSWERS: &str = "new-answers";
/// The switch of receipts in the settings.
pub const RECEIPTS: &str = "receipts";
/// The beginning of the message that one answers; leads there.
pub const QUOTE: &str = "quote";
/// What the next message answers or changes, above the composer.
pub const PURPOSE: &str = "purpose";
/// Leaves the answer or the edit.
pub const LEAVE_PURPOSE: &str = "leave-purpose";
/// A reaction under a message; `data-name` is the emoji, `aria-pressed` tells whether the user has it.
pub const REACTION: &str = "reaction";
/// Beside the message under the mouse: reacts.
pub const BAR_REACT: &str = "bar-react";
/// Beside the message under the mouse: answers.
pub const BAR_ANSWER: &str = "bar-answer";
/// Beside the message under the mouse: opens its menu.
pub const BAR_MORE: &str = "bar-more";
/// What stands over the window.
pub const DIALOG: &str = "dialog";
/// Reacts, in the menu and among all reactions; `data-name` is the emoji.
pub const REACT: &str = "react";
/// Shows more reactions.
pub const MORE_REACTIONS: &str = "more-reactions";
/// The field for a reaction of one's own choice.
pub const OWN_REACTION: &str = "own-reaction";
/// Reacts with it.
pub const REACT_OWN: &str = "react-own";
/// Answers the message.
pub const ANSWER: &str = "answer";
/// Copies its text.
pub const COPY_TEXT: &str = "copy-text";
/// Changes it.
pub const EDIT: &str = "edit";
/// Says that a message was changed; leads to what it said before.
pub const EDITED: &str = "edited";
/// When it was sent, and what it said before.
pub const DETAILS: &str = "details";
/// What a message said before.
pub const FORMER: &str = "former";
/// Deletes it for everyone; asks first.
pub const DELETE: &str = "delete";
/// Says that a message was deleted.
pub const DELETED: &str = "deleted";
/// Closes what stands over the window.
pub const CLOSE: &str = "close";
/// A line that says what happened to the conversation.
pub const EVENT: &str = "event";
/// Where a message is written.
pub const COMPOSER: &str = "composer";
/// Sends it.
pub const SEND: &str = "send";
/// The file input, hidden, that takes a file to send.
pub const FILE_INPUT: &str = "file-input";
/// A file in a message; `data-name` is its name.
pub const FILE: &str = "file";
/// Fetches it.
pub const DOWNLOAD: &str = "download";
/// A picture shown within a message.
pub const PICTURE: &str = "picture";
/// A picture that opens on the whole screen.
pub const OPEN_PICTURE: &str = "open-picture";
/// The picture on the whole screen; `data-name` is its file's name.
pub const VIEWER: &str = "viewer";
/// The files that were chosen, before they are sent.
pub const SEND_SHEET: &str = "send-sheet";
/// One of them; `data-name` is its name.
pub const CHOSEN: &str = "chosen";
/// Takes it off the sheet.
pub const REMOVE_CHOSEN: &str = "remove-chosen";
/// What is written with them.
pub const CAPTION: &str = "caption";
/// Whether pictures are sent as they are.
pub const ORIGINALS: &str = "originals";
/// Sends what was chosen.
pub const SEND_CHOSEN: &str = "send-chosen";
/// Starts a voice message.
pub const RECORD: &str = "record";
/// A voice message that is being recorded.
pub const RECORDING: &str = "recording";
/// Throws it away.
pub const DISCARD_RECORDING: &str = "discard-recording";
/// Sends it.
pub const SEND_RECORDING: &str = "send-recording";
/// A voice message; `data-playing` is `true` or `false`.
pub const VOICE: &str = "voice";
/// Plays it, or halts it.
pub const PLAY: &str = "play";
/// Where in it one listens.
pub const PLAYING_POSITION: &str = "playing-position";
/// How fast it is played.
pub const PLAYING_SPEED: &str = "playing-speed";
/// Halts a file on its way, or lets it go on.
pub const PAUSE_TRANSFER: &str = "pause-transfer";
/// A file on its way; `data-name` is its name.
pub const TRANSFER: &str = "transfer";
/// Stops a file on its way.
pub const CANCEL_TRANSFER: &str = "cancel-transfer";
/// Why nothing can be written here (any more).
pub const CLOSED: &str = "closed";
/// "Who can read this?"
pub const READERS: &str = "readers";
/// What the organisation's public record vouches for, there.
pub const PUBLIC_RECORD: &str = "public-record";
/// A person who reads; `data-name` is the address.
pub const READER: &str = "reader";
/// One of that person's devices.
pub const READER_DEVICE: &str = "reader-device";
/// Opens the choice of people to add.
pub const ADD_PEOPLE: &str = "add-people";
/// Leads to the safety number of a person; says so if it was compared.
pub const SAFETY: &str = "safety";
/// The safety number.
pub const SAFETY_NUMBER: &str = "safety-number";
/// It, or a link, as a QR code.
pub const CODE: &str = "code";
/// The numbers are the same.
pub const SAFETY_MATCH: &str = "safety-match";
/// They are not.
pub const SAFETY_DIFFER: &str = "safety-differ";
/// Where a number is put in that the other person gave.
pub const SAFETY_GIVEN: &str = "safety-given";
/// What came of it.
pub const SAFETY_RESULT: &str = "safety-result";
/// That it was compared, and when.
pub const SAFETY_COMPARED: &str = "safety-compared";
/// Takes that back.
pub const SAFETY_UNDO: &str = "safety-undo";
/// An own device came: was it the user?
pub const DEVICE_CAME: &str = "device-came";
/// It was.
pub const DEVICE_KNOWN: &str = "device-known";
/// It was not: removes it, asks first.
pub const DEVICE_NOT_MINE: &str = "device-not-mine";
/// When the last backup was made.
pub const LAST_BACKUP: &str = "last-backup";
/// Begins a backup.
pub const BACKUP: &str = "backup";
/// A word of the phrase, in order.
pub const PHRASE_WORD: &str = "phrase-word";
/// They are written down.
pub const PHRASE_WRITTEN: &str = "phrase-written";
/// A word that is asked for; `data-name` is its place, counted from 0.
pub const PHRASE_ASKED: &str = "phrase-asked";
/// Where it is typed.
pub const PHRASE_TYPED: &str = "phrase-typed";
/// Makes the backup.
pub const BACKUP_MAKE: &str = "backup-make";
/// From the reminder to the settings.
pub const BACKUP_OPEN: &str = "backup-open";
/// Puts the reminder off.
pub const BACKUP_LATER: &str = "backup-later";
/// Whether the files in messages are to be in the export.
pub const EXPORT_FILES: &str = "export-files";
/// Ends an export before it is whole.
pub const CANCEL_EXPORT: &str = "cancel-export";
/// The export is among the downloads.
pub const EXPORTED: &str = "exported";
/// Writes all that is here into an archive.
pub const EXPORT: &str = "export";
/// Opens the form of who comes back.
pub const RESTORE_OPEN: &str = "restore-open";
/// The file input, hidden, that takes the backup.
pub const RESTORE_FILE: &str = "restore-file";
/// Where the twelve words are typed.
pub const PHRASE_INPUT: &str = "phrase-input";
/// What is to be said of them so far.
pub const PHRASE_SAID: &str = "phrase-said";
/// Restores.
pub const RESTORE: &str = "restore";
/// Adds those chosen.
pub const ADD_CHOSEN: &str = "add-chosen";
/// Removes the person; asks first.
pub const REMOVE_PERSON: &str = "remove-person";
/// Gives the person another role.
pub const CHANGE_ROLE: &str = "change-role";
/// Says yes to what was asked.
pub const CONFIRM: &str = "confirm";
/// Says no to what was asked.
pub const DECLINE: &str = "decline";
/// Leaves the conversation; asks first.
pub const LEAVE: &str = "leave";
/// The conversation's title, to change it.
pub const RENAME_INPUT: &str = "rename-input";
/// Changes it.
pub const RENAME: &str = "rename";
/// Whose device this is.
pub const WHOSE: &str = "whose";
/// Opens the menu of a conversation in the list; `data-name` is its title.
pub const CONVERSATION_MENU: &str = "conversation-menu";
/// Keeps the conversation on top, or not.
pub const PIN: &str = "pin";
/// Mutes it for eight hours.
pub const MUTE_8_HOURS: &str = "mute-8-hours";
/// Mutes it for a week.
pub const MUTE_WEEK: &str = "mute-week";
/// Mutes it.
pub const MUTE: &str = "mute";
/// Ends that.
pub const UNMUTE: &str = "unmute";
/// Puts it away, or back.
pub const ARCHIVE: &str = "archive";
/// Leads to the conversations that were put away, and back.
pub const ARCHIVED: &str = "archived";
/// The user is mentioned in what is unread.
pub const MENTIONED: &str = "mentioned";
/// Opens the settings.
pub const SETTINGS: &str = "settings";
/// A choice of language; `data-name` is its tag.
pub const LANGUAGE: &str = "language";
/// A choice of theme; `data-name` is `system`, `light`, `dark` or `contrast`.
pub const THEME: &str = "theme";
/// Makes a link for another own device.
pub const ADD_DEVICE: &str = "add-device";
/// Makes a link for a person.
pub const INVITE: &str = "invite";
/// Whether the invitation makes an administrator.
pub const INVITE_ADMINISTRATOR: &str = "invite-administrator";
/// The name that the invitation is for.
pub const INVITE_NAME: &str = "invite-name";
/// A link that was made.
pub const LINK: &str = "link";
/// Takes the app's new version into use.
pub const UPDATE: &str = "update";
/// What is going on: no connection, or something that could not be done.
pub const BANNER: &str = "banner";
