//! Polls, acknowledgements, forwarding and threads, in French.

use crate::strings::Talk;

pub(super) const TALK: Talk = Talk {
    add: "Ajouter au message",
    poll: "Sondage",
    poll_question: "Question",
    poll_option: |number| format!("Réponse {number}"),
    poll_several: "Plusieurs réponses possibles",
    poll_send: "Demander",
    poll_choose: "Un seul choix. Chacun ici voit qui a choisi quoi.",
    poll_choose_several: "Un ou plusieurs choix. Chacun ici voit qui a choisi quoi.",
    poll_votes: |count| if count < 2 { format!("{count} vote") } else { format!("{count} votes") },
    poll_end: "Clore le sondage",
    poll_ended: "Le sondage est clos.",
    poll_wrong: "Un sondage a une question et au moins deux réponses différentes. Rien n’a été envoyé.",
    reaction_wrong: "Une réaction est un émoji ou un mot court. Rien n’a été envoyé.",
    votes: "Votes",
    ask_acknowledgement: "Demander une confirmation de lecture",
    asks_acknowledgement: "Chacun est prié de confirmer qu’il l’a lu",
    do_not_ask: "Ne pas demander de confirmation",
    acknowledge: "Lu et compris",
    acknowledged: "Vous l’avez confirmé.",
    acknowledged_by: |count, all| {
        if count < 2 { format!("{count} sur {all} a confirmé") } else { format!("{count} sur {all} ont confirmé") }
    },
    acknowledged_who: "Ont confirmé",
    acknowledged_not: "N’ont pas encore confirmé",
    forward: "Transférer",
    forward_to: "Transférer à",
    forwarded: "Transféré",
    forwarded_done: |title| format!("Transféré à {title}."),
    forwarding: |title| format!("Une copie du fichier est envoyée à {title}."),
    delivered_to: |count, all| {
        if all == 1 { "Reçu".to_owned() } else { format!("Reçu par {count} sur {all}") }
    },
    read_by: |count, all| if all == 1 { "Lu".to_owned() } else { format!("Lu par {count} sur {all}") },
    read: "Lu",
    delivered: "Reçu, pas encore lu",
    typing: |names| match names {
        [one] => format!("{one} écrit…"),
        [one, other] => format!("{one} et {other} écrivent…"),
        _ => format!("{} personnes écrivent…", names.len()),
    },
    mention: "Personnes à mentionner",
    answer_in_thread: "Répondre dans un fil",
    thread: "Fil",
    thread_answers: |count, new| {
        let all = if count < 2 { format!("{count} réponse") } else { format!("{count} réponses") };
        match new {
            0 => all,
            1 => format!("{all}, dont 1 nouvelle"),
            new => format!("{all}, dont {new} nouvelles"),
        }
    },
    thread_new: |count| {
        if count < 2 {
            format!("{count} nouvelle réponse dans un fil")
        } else {
            format!("{count} nouvelles réponses dans des fils")
        }
    },
    thread_empty: "Pas encore de réponse.",
};
