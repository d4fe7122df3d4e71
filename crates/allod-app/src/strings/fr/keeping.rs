//! Les sauvegardes, en français.

use allod_client_core::export::ExportWords;

use crate::strings::Keeping;

pub(super) const KEEPING: Keeping = Keeping {
    backup: "Sauvegarde",
    backup_text: "Si vous perdez tous vos appareils, une sauvegarde vous rend votre compte et votre historique. Elle ne s’ouvre qu’avec douze mots, à garder loin du fichier : personne d’autre ne les a, et personne ne pourra vous les redonner.",
    no_backup: "Ce navigateur n’en a encore fait aucune.",
    last_backup: |day| format!("La dernière depuis ce navigateur : {day}."),
    make_backup: "Faire une sauvegarde",
    write_down: "Notez ces mots, dans cet ordre, et gardez-les loin du fichier. Ils ne sont montrés que maintenant.",
    written_down: "Je les ai notés",
    type_back: "Pour en être sûr : recopiez ces deux mots depuis votre note.",
    word_number: |place| format!("Mot {place}"),
    show_words: "Revoir les mots",
    save_backup: "Faire et enregistrer la sauvegarde",
    backup_working: |percent| format!("Chiffrement de votre historique… {percent} %"),
    backup_done: "La sauvegarde est dans vos téléchargements. Mettez-la en lieu sûr. Elle sert une fois, dans l’année.",
    backup_offline: "Votre serveur ne répond pas, et une sauvegarde en a besoin une fois. Rien n’a été fait. Réessayez quand la connexion sera revenue.",
    backup_no_space: "Ce navigateur n’a pas pu constituer la sauvegarde : son stockage ou sa mémoire est plein. Rien n’est perdu. Libérez de la place, puis réessayez.",
    backup_due: "Ce que vous avez ici n’est que sur cet appareil. Une sauvegarde vous le rendra s’il se perd.",
    later: "Plus tard",
    own_data: "Vos données",
    export_text: "Tout ce que garde ce navigateur, en pages et en listes lisibles sans Allod. Rien n’y est chiffré : gardez-le hors de portée d’autrui.",
    export: "Exporter mes données",
    export_files: "Avec les fichiers des messages, tant que votre serveur les a encore",
    export_working: |percent, files| match files {
        0 => format!("Écriture de vos conversations… {percent} %"),
        1 => format!("Écriture de vos conversations… {percent} %, 1 fichier"),
        _ => format!("Écriture de vos conversations… {percent} %, {files} fichiers"),
    },
    export_done: |missing| {
        let done = "L’archive est dans vos téléchargements. Décompressez-la, puis ouvrez index.html.";
        match missing {
            0 => done.to_owned(),
            1 => format!("{done} 1 fichier n’a plus pu être récupéré : sa page le nomme."),
            _ => format!("{done} {missing} fichiers n’ont plus pu être récupérés : les pages les nomment."),
        }
    },
    export_failed: "Ce navigateur n’a pas pu constituer l’archive : son stockage ou sa mémoire est plein. Rien n’est perdu. Libérez de la place, puis réessayez.",
    have_backup: "J’ai une sauvegarde",
    have_invitation: "J’ai une invitation",
    restore_title: "Revenir avec une sauvegarde",
    restore_text: "Ce navigateur devient un nouvel appareil de votre compte, au vu de vos interlocuteurs. Votre historique est là aussitôt.",
    choose_backup: "Choisir la sauvegarde",
    words_label: "Vos douze mots",
    words_so_far: |count| format!("{count} mots sur 12"),
    words_too_many: "Il y a plus de douze mots.",
    words_right: "Les douze mots vont ensemble.",
    words_mixed: "Ces douze mots ne vont pas ensemble : l’un est faux, ou deux sont inversés. Comparez avec votre note.",
    word_unknown: |place, word| {
        format!("Le mot {place}, « {word} », n’est pas dans la liste. Comparez avec votre note.")
    },
    restore: "Revenir",
    restoring: |percent| format!("Ouverture de la sauvegarde… {percent} %"),
    restored: |address| {
        format!(
            "Vous êtes de nouveau {address}, sur un nouvel appareil. Les nouveaux messages arrivent dès qu’un autre appareil l’y fait entrer. Dans les réglages, retirez les appareils perdus et faites une nouvelle sauvegarde : celle-ci a servi."
        )
    },
    restore_no_backup: "Ce fichier n’est pas une sauvegarde d’Allod. Rien n’a changé. Choisissez celui dont le nom finit par « .backup ».",
    restore_newer: "Cette sauvegarde vient d’un Allod plus récent. Rechargez la page, puis réessayez.",
    restore_wrong_words: "Ce fichier ne s’ouvre pas avec ces mots. Ce sont peut-être ceux d’une autre sauvegarde, ou le fichier est abîmé. Rien n’a changé.",
    restore_damaged: "Cette sauvegarde est abîmée ou incomplète ; rien n’en a été repris. Essayez une autre copie du fichier.",
    restore_unreadable: "Ce navigateur ne parvient pas à lire le fichier. Rien n’a changé. Choisissez-le de nouveau.",
    restore_other_server: "Cette sauvegarde appartient à un autre serveur. Ouvrez l’adresse du vôtre, puis réessayez.",
    restore_offline: "Les mots sont bons, mais votre serveur ne répond pas. Rien n’a changé. Réessayez quand la connexion sera revenue.",
    restore_spent: "Cette sauvegarde a déjà servi, ou a plus d’un an : elle ne fait plus entrer aucun appareil. Prenez-en une plus récente, ou demandez une invitation.",
};

pub(super) const EXPORT: ExportWords = ExportWords {
    language: "fr",
    conversations: "Conversations",
    made: |who, when| format!("Ce que {who} avait sur un appareil, le {when}."),
    lines: |count| if count < 2 { format!("{count} ligne") } else { format!("{count} lignes") },
    back: "Toutes les conversations",
    edited: "modifié",
    deleted: "Supprimé",
    forwarded: "transféré",
    file: "Fichier",
    file_gone: "Fichier qui n’a plus pu être récupéré",
    newer_kind: "Un message d’un type plus récent",
};
