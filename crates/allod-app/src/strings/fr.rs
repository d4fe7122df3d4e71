//! French.

mod chosen;
mod keeping;
mod public_record;
mod safety;
mod talk;

use super::Strings;

/// The words of the interface in French.
pub const FRENCH: Strings = Strings {
    language_name: "Français",
    starting: "Ouverture de vos conversations…",
    elsewhere_title: "Allod est déjà ouvert",
    elsewhere: "Vos conversations sont ouvertes dans un autre onglet, et un seul à la fois peut les tenir à jour. Fermez l’autre : celui-ci prendra le relais.",
    uninvited_title: "Bienvenue dans Allod",
    uninvited: "On rejoint Allod sur invitation : un membre de l’organisation vous envoie un lien. Ouvrez-le, ou collez-le ici.",
    link_label: "Lien d’invitation",
    link_open: "Continuer",
    link_wrong: "Ce lien n’est pas complet ou n’est pas de ce serveur. Copiez-le en entier, à partir de https://.",
    link_contact: "Ce lien mène à une personne, il ne donne pas accès. Il vous faut d’abord une invitation : quelqu’un de l’organisation vous l’envoie.",
    link_contact_joined: |name| {
        format!(
            "Ce lien mène à {name}. Allod ne sait pas encore suivre ces liens : ouvrez une conversation et cherchez {name}."
        )
    },
    invited_by: |organisation| format!("{organisation} vous invite à échanger"),
    adds_device_title: |name| format!("Ajouter ce navigateur aux appareils de {name}"),
    cannot_see: |organisation| {
        format!(
            "Messages, fichiers et noms de groupes sont chiffrés ici, dans votre navigateur. Le serveur de {organisation} les garde sans pouvoir les lire, et rien de ce qu’il garde ne dit qui parle à qui."
        )
    },
    can_see: "Il voit que vous avez un compte et des appareils, d’où et quand vous vous connectez, et à peu près combien vous envoyez.",
    browser_weaker: "Un navigateur exécute la page que le serveur lui remet à chaque visite. C’est ici l’appareil le moins sûr, et les autres voient que vous en utilisez un.",
    your_name: "Votre nom",
    name_hint: "Minuscules, chiffres, points et tirets. C’est ainsi que l’on vous trouve ; il ne change plus.",
    name_wrong: "Minuscules sans accent, chiffres, points et tirets ; commencez et finissez par une lettre ou un chiffre.",
    name_taken: "Ce nom est déjà pris. Choisissez-en un autre.",
    join: "Rejoindre",
    add_this_device: "Ajouter ce navigateur",
    joining: "Création de vos clés…",
    link_spent: "Cette invitation a déjà servi, ou elle a expiré. Rien n’a été créé. Demandez un nouveau lien.",
    broken_title: "Allod s’est arrêté",
    broken_storage: "Ce navigateur a refusé d’enregistrer, et Allod s’est arrêté avant de perdre quoi que ce soit. Libérez de la place ou quittez la navigation privée, puis réessayez.",
    broken_bug: "Une erreur d’Allod l’a fait s’arrêter avant de perdre quoi que ce soit. Ce qui est envoyé l’est ; ce qui attend attend toujours.",
    try_again: "Réessayer",
    skip_to_messages: "Aller aux messages",
    conversations: "Conversations",
    settings: "Réglages",
    new_conversation: "Nouvelle conversation",
    search: "Rechercher",
    nothing_found: "Aucun résultat.",
    more_found: |count| format!("Et {count} de plus : un mot de plus affine la recherche."),
    still_looking: "Les messages plus anciens sont en cours de lecture…",
    none_yet_title: "Pas encore de conversation",
    none_yet: "Commencez-en une avec un membre de votre organisation. Seuls ceux qui en font partie pourront la lire.",
    you: "Vous",
    you_said: |text| format!("Vous : {text}"),
    unread: |count| if count < 2 { format!("{count} message non lu") } else { format!("{count} messages non lus") },
    choose_one: "Choisissez une conversation, ou commencez-en une.",
    people: "Personnes",
    find_people: "Trouver quelqu’un",
    loading_people: "Qui est là ?",
    nobody_else: "Personne d’autre n’est encore là.",
    group_title: "Nom du groupe",
    group_title_hint: "Seuls ses membres peuvent le lire.",
    start: "Commencer",
    add_people: "Ajouter",
    add_count: |count| {
        if count < 2 { format!("Ajouter {count} personne") } else { format!("Ajouter {count} personnes") }
    },
    remove_from_choice: |name| format!("Retirer {name} de la liste"),
    administrator: "Administration",
    back: "Retour",
    close: "Fermer",
    readers_line: |people, devices| {
        let people = if people < 2 { format!("{people} personne") } else { format!("{people} personnes") };
        if devices < 2 { format!("{people}, {devices} appareil") } else { format!("{people}, {devices} appareils") }
    },
    message: "Message",
    send: "Envoyer",
    attach: "Joindre un fichier",
    drop_here: "Déposez pour envoyer dans cette conversation",
    today: "Aujourd’hui",
    yesterday: "Hier",
    status_sending: "En route",
    status_sent: "Reçu par le serveur",
    status_failed: "Non envoyé",
    discard: "Supprimer",
    newer_kind: "Message d’un type plus récent. Rechargez la page pour mettre Allod à jour.",
    deleted: "Supprimé",
    state_creating: "La conversation se prépare. Ce que vous écrivez partira dès qu’elle sera prête.",
    state_rejoining: "Vous avez été longtemps absent. Ce navigateur demande aux autres à revenir ; ce qui s’est dit entre-temps ne pourra pas être lu ici.",
    state_removed: "Vous ne faites plus partie de cette conversation. Ce que vous avez lu reste ici.",
    state_left: "Vous avez quitté cette conversation. Ce que vous avez lu reste ici.",
    state_forked: "Le serveur a montré des conversations différentes aux uns et aux autres. Des messages vous sont peut-être cachés, à vous ou aux autres. Parlez-vous par un autre moyen avant de continuer.",
    go_on: "Continuer malgré tout",
    forget: "Effacer de cet appareil",
    empty_conversation: "Rien n’a encore été dit.",
    messages: "Messages",
    message_menu: "Que faire de ce message",
    react: "Réagir",
    reactions: "Réactions",
    more_reactions: "Autres réactions",
    other_reaction: "Un autre emoji",
    answer: "Répondre",
    answer_to: |who| if who == "Vous" { "Réponse à vous-même".to_owned() } else { format!("Réponse à {who}") },
    answered_is_gone: "Répond à un message absent de cet appareil",
    go_to_answered: "Aller à ce message",
    leave_answer: "Ne pas répondre",
    copy_text: "Copier le texte",
    edit: "Modifier",
    editing: "Modification du message",
    leave_edit: "Laisser tel quel",
    edited: "Modifié",
    said_before: "Ce qu’il disait avant",
    details: "Détails",
    from: "De",
    sent_at: "Envoyé",
    state: "État",
    delete: "Supprimer pour tous",
    delete_title: "Supprimer ce message pour tous ?",
    delete_ask: "Il disparaît des appareils de chacun, et une ligne le dit. Qui l’a lu l’a lu.",
    delete_ask_others: "Il disparaît des appareils de chacun, et une ligne dit que c’est vous. Qui l’a lu l’a lu.",
    deleted_by: |who| if who == "Vous" { "Supprimé par vous".to_owned() } else { format!("Supprimé par {who}") },
    download: |name| format!("Télécharger {name}"),
    file: "Fichier",
    send_files: |count| if count == 1 { "Envoyer 1 fichier".into() } else { format!("Envoyer {count} fichiers") },
    caption: "Ajouter une légende",
    do_not_send: |name| format!("Ne pas envoyer {name}"),
    send_originals: "Envoyer les images d’origine",
    send_originals_hint: "En taille réelle, avec le lieu, l’heure et l’appareil que leurs fichiers indiquent. Sinon, seul ce qui se voit est envoyé.",
    picture_unreadable: "Ce navigateur ne sait pas lire cette image : elle part telle quelle, avec le lieu et l’appareil que son fichier indique.",
    preparing: "Préparation des images…",
    open_picture: |name| format!("Regarder {name}"),
    picture_before: "Image précédente",
    picture_after: "Image suivante",
    record: "Enregistrer un message vocal",
    recording: "Enregistrement en cours",
    discard_recording: "Jeter l’enregistrement",
    send_recording: "Arrêter et envoyer",
    voice_message: "Message vocal",
    play: "Écouter",
    stop_playing: "Pause",
    playing_position: "Position",
    playing_speed: |speed| format!("Vitesse : {speed}"),
    microphone_refused: "Ce navigateur n’autorise pas Allod à utiliser le micro. Rien n’a été enregistré. Autorisez-le dans les réglages du navigateur pour cette page, puis réessayez.",
    microphone_missing: "Aucun micro n’est utilisable. Rien n’a été enregistré. Vérifiez qu’il y en a un et qu’aucun autre programme ne l’occupe.",
    pause_transfer: "Mettre en pause",
    resume_transfer: "Reprendre",
    paused: "En pause",
    uploading: |name| format!("Chiffrement et envoi de {name}"),
    downloading: |name| format!("Réception de {name}"),
    cancel: "Annuler",
    file_too_large: "Ce fichier dépasse ce que le serveur accepte. Rien n’a été envoyé.",
    upload_failed: |name| format!("{name} n’a pas pu être envoyé. Réessayez avec un meilleur réseau."),
    upload_lost: |name| {
        format!(
            "{name} n’a pas été envoyé : il était trop gros pour être gardé à la fermeture de la page. Choisissez-le à nouveau."
        )
    },
    download_failed: |name| {
        format!("{name} n’a pas pu être récupéré ou ouvert. Sa durée de conservation est peut-être passée.")
    },
    sizes: ["octets", "Ko", "Mo", "Go"],
    decimal: ',',
    you_started: "Vous avez commencé cette conversation.",
    added: |who, whom| format!("{} ajouté {whom}.", has(who)),
    added_you: |who| format!("{who} vous a ajouté."),
    removed: |who, whom| format!("{} retiré {whom}.", has(who)),
    removed_you: |who| format!("{who} vous a retiré."),
    left: |who| format!("{} quitté la conversation.", has(who)),
    renamed: |who, title| format!("{} nommé la conversation « {title} ».", has(who)),
    role_changed: |who, whom, role| format!("{} donné à {whom} le rôle « {role} ».", has(who)),
    device_added: |who, class| format!("{} ajouté un appareil ({class}).", has(who)),
    device_removed: |who| format!("{} retiré un appareil.", has(who)),
    members_may_add: |who| format!("{} permis à tous d’ajouter des personnes.", has(who)),
    only_admins_add: |who| format!("{} réservé l’ajout de personnes aux responsables.", has(who)),
    rejoined: |who| format!("Retour après une longue absence : {who}."),
    messages_missing: "Des messages plus anciens avaient quitté le serveur avant que cet appareil puisse les lire.",
    taken_out: "Vous avez été retiré de la conversation. La suite ne vous parvient plus.",
    you_object: "vous",
    who_can_read: "Qui peut lire ceci ?",
    opening: |people, devices| {
        let readers = if people == 1 { "Seule 1 personne".into() } else { format!("Seules {people} personnes") };
        let devices = if devices == 1 { "1 appareil".into() } else { format!("{devices} appareils") };
        let can = if people == 1 { "peut" } else { "peuvent" };
        format!(
            "{readers}, sur {devices}, {can} lire ce qui s’écrit ici. Personne d’autre n’y entrera sans que ce soit dit à cet endroit."
        )
    },
    complete: "Seules ces personnes, avec ces appareils, peuvent lire cette conversation. Personne d’autre n’y entrera sans que ce soit dit ici.",
    archives: "Archives",
    no_archives: "Aucune. Aucune organisation ne garde trace de cette conversation.",
    cannot_know: "Ce que nous ne pouvons pas savoir",
    cannot_know_text: "Un appareil peut toujours montrer ce que voit son propriétaire. Allod ne peut pas savoir si quelqu’un photographie un écran.",
    lately: "Changements récents",
    device_came: |by, whose| format!("{} ajouté un appareil de {whose}", has(by)),
    device_came_own: |by| format!("{} ajouté un appareil", has(by)),
    device_went: |by, whose| format!("{} retiré un appareil de {whose}", has(by)),
    device_went_own: |by| format!("{} retiré un appareil", has(by)),
    this_device: "cet appareil",
    class_web: "Navigateur, sur la page du serveur : moins sûr",
    class_installed: "Programme installé, version non attestée",
    class_web_short: "navigateur",
    class_installed_short: "programme installé",
    since: |when| format!("depuis {when}"),
    since_by: |when, who| format!("depuis {when}, ajouté par {who}"),
    role_owner: "Propriétaire",
    role_admin: "Responsable",
    role_member: "Membre",
    remove_person: |name| format!("Retirer {name}"),
    remove_person_ask: |name| {
        format!(
            "Retirer {name} ? Ce qui a été lu reste lu, mais rien de ce qui suivra ne pourra l’être. Tout le monde le verra ici."
        )
    },
    remove: "Retirer",
    make_admin: "Nommer responsable",
    make_member: "Ne plus nommer responsable",
    rename: "Renommer",
    save: "Enregistrer",
    this_conversation: "Cette conversation",
    members_add: "Tous les membres peuvent ajouter des personnes",
    leave: "Quitter la conversation",
    leave_ask: "Quitter ? Vous gardez ce que vous avez lu et ne lirez rien de ce qui suivra. Tout le monde le verra ici.",
    language: "Langue",
    appearance: "Apparence",
    theme_system: "Comme le système",
    theme_light: "Clair",
    theme_dark: "Sombre",
    theme_contrast: "Contraste élevé",
    your_devices: "Vos appareils",
    add_device: "Ajouter un appareil",
    add_device_text: "Crée un lien et un code, valables une fois, aujourd’hui. Photographiez le code avec votre téléphone, ou ouvrez-y le lien. Qui l’ouvre devient vous : ne le montrez à personne.",
    history_sending: |percent| format!("Vos messages sont envoyés à votre nouvel appareil : {percent} %"),
    history_asked: "Vos messages d’avant arriveront dès qu’un autre de vos appareils sera allumé.",
    history_coming: |percent| format!("Vos messages arrivent sur cet appareil : {percent} %"),
    history_sent: "Vos messages ont été envoyés à votre nouvel appareil.",
    history_here: "Vos messages d’avant sont maintenant sur cet appareil.",
    history_failed: "Vos messages d’avant n’ont pas pu être transmis.",
    history_refused: "Un appareil qui n’est pas le vôtre a demandé vos messages, ou vous en a envoyé. Il n’a rien reçu, et rien n’a été gardé.",
    invite_people: "Inviter",
    invite_text: "Crée un lien pour une personne, valable une semaine. Ceux à qui elle parlera verront qu’elle est là.",
    invite_name: "Son nom",
    invite_name_hint: "Laissez vide pour la laisser choisir.",
    invite_admin: "Pourra inviter et gérer les comptes. Cela ne donne à lire aucune conversation des autres.",
    invite_make: "Créer un lien",
    invite_ready: "Envoyez ce lien à la personne, par un moyen sûr.",
    device_link_ready: "Ouvrez ce lien sur votre autre appareil.",
    copy: "Copier",
    copied: "Copié",
    remove_device: "Retirer cet appareil",
    remove_device_ask: "Retirer cet appareil ? Il ne lira rien de ce qui suivra.",
    about: "À propos",
    about_text: |organisation| {
        format!(
            "Vos conversations sont chiffrées sur le serveur de {organisation}. Les clés ne sont que sur vos appareils."
        )
    },
    storage_may_go: "Ce navigateur peut effacer ce que garde Allod si la place manque. Par précaution, ajoutez un second appareil.",
    device_gone: "Ce navigateur a été retiré de vos appareils. Ce qu’il contient reste ici, rien de nouveau n’arrive. Si ce n’est pas vous qui l’avez retiré, prévenez votre administrateur.",
    jump_to_latest: "Aller au dernier message",
    new_messages: "Nouveaux messages",
    offline: "Votre serveur ne répond pas. Ce que vous avez est là, ce que vous écrivez attend, et Allod réessaie.",
    offline_waiting: |count| {
        let waits = if count < 2 { format!("{count} message attend") } else { format!("{count} messages attendent") };
        format!(
            "Votre serveur ne répond pas. {waits} ici et sera envoyé dès que possible. Vérifiez le réseau, ou réessayez."
        )
    },
    connecting: "Connexion…",
    hub_misbehaved: |what| {
        format!(
            "Le serveur a fait ce qu’il ne doit pas faire ({what}). Ce qu’il a envoyé n’a pas été utilisé. Prévenez votre administrateur."
        )
    },
    could_not_add: |name| {
        format!("{name} n’a pas pu être ajouté : le serveur a refusé. Les autres ne sont pas touchés.")
    },
    could_not_add_contact: |name| format!("{name} n’existe pas, ou ne souhaite pas être joint ainsi."),
    could_not_add_device: |name| {
        format!("{name} n’a encore aucun appareil joignable. Réessayez quand Allod aura été ouvert une fois.")
    },
    change_dropped: "Votre changement n’a pas été fait : quelqu’un d’autre a modifié la conversation avant, et il n’a plus lieu d’être.",
    refused: |why| format!("Le serveur a refusé : {why}. Rien n’a changé."),
    refused_too_many: "C’était beaucoup en peu de temps. Rien n’est perdu : Allod reprend dans un instant.",
    refused_not_allowed: "Votre rôle ne le permet pas. Rien n’a changé.",
    refused_full: "L’espace du serveur est épuisé. Rien n’est perdu ici ; prévenez votre administrateur.",
    refused_clock: "L’horloge de cet appareil a plus de cinq minutes d’écart. Réglez-la, puis réessayez.",
    core_forked: "Le serveur a montré des conversations différentes aux uns et aux autres. Décidez d’abord si vous continuez.",
    core_too_long: "C’est trop long. Rien n’a été envoyé.",
    core_identity: "Cette personne présente une autre identité qu’avant. Vérifiez, acceptez-la sous « Qui peut lire ceci ? », puis réessayez.",
    core_leaving: "Vous quittez cette conversation : rien d’autre ne peut y être changé.",
    core_not_allowed: "Votre rôle dans cette conversation ne le permet pas.",
    core_not_member: "Vous ne faites plus partie de cette conversation.",
    core_bug: "Erreur d’Allod. Rien n’est perdu. Rechargez la page et réessayez.",
    already_joined: "Ce navigateur a déjà rejoint l’organisation ; le lien n’a pas été utilisé.",
    update_ready: "Une nouvelle version d’Allod est prête.",
    reload: "Recharger",
    dismiss: "Fermer",
    chosen: chosen::CHOSEN,
    public_record: public_record::PUBLIC_RECORD,
    safety: safety::SAFETY,
    keeping: keeping::KEEPING,
    talk: talk::TALK,
    export: keeping::EXPORT,
};

/// « vous avez », « karim a ».
fn has(who: &str) -> String {
    if who == "Vous" { "Vous avez".to_owned() } else { format!("{who} a") }
}
