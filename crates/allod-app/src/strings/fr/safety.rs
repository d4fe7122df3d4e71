//! La comparaison des numéros de sûreté et les nouveaux appareils, en français.

use crate::strings::Safety;

pub(super) const SAFETY: Safety = Safety {
    compare: "Comparer le numéro de sûreté",
    compared_on: |day| format!("Numéro de sûreté comparé, {day}"),
    how: |name| {
        format!(
            "Lisez ces chiffres à {name} par téléphone, ou mettez les deux écrans côte à côte. {name} trouve les siens sous « Qui peut lire ceci ? »"
        )
    },
    what_it_shows: "S’ils sont identiques des deux côtés, personne ne s’est glissé entre vous : ni le serveur, ni qui s’en serait emparé.",
    number: "Numéro de sûreté",
    code: "Le même numéro, sous forme de code à photographier",
    they_match: "Ils sont identiques",
    they_differ: "Ils sont différents",
    you_compared: |name, day| format!("Vous avez comparé ce numéro avec {name}, {day}."),
    undo: "Annuler cette vérification",
    differ_title: "Alors ne continuez pas ici",
    differ: |name| {
        format!(
            "Relisez d’abord les deux numéros, chiffre par chiffre. S’ils sont bien différents, quelqu’un lit peut-être entre {name} et vous. N’écrivez rien ici qui doive rester entre vous, et prévenez votre administrateur. Vos messages précédents restent tels quels."
        )
    },
    given: "Ou saisissez le numéro reçu par un autre moyen",
    given_same: "C’est le même numéro.",
    given_other: "C’est un autre numéro.",
    given_none: "Un numéro de sûreté compte 60 chiffres.",
    given_newer: "Ce code vient d’un Allod plus récent. Rechargez la page, puis photographiez-le de nouveau.",
    scan: "Photographier son code",
    scan_nothing: "Cette image ne contient pas de numéro de sûreté. Rapprochez l’appareil photo et réessayez.",
    changed: |who| {
        format!(
            "{who} présente une autre identité qu’avant. C’est peut-être un nouveau départ, ou quelqu’un d’autre : comparez le numéro de sûreté."
        )
    },
    changed_verified: |who| {
        format!(
            "L’identité de {who} n’est plus celle que vous aviez comparée. Quelqu’un se fait peut-être passer pour {who}. N’écrivez rien qui doive rester entre vous avant d’avoir de nouveau comparé le numéro de sûreté."
        )
    },
    link_code: "Le lien, sous forme de code à photographier avec votre autre appareil",
    device_came: |class, when| format!("Un appareil a été ajouté à votre compte : {class}, {when}. Était-ce vous ?"),
    it_was_me: "C’était moi",
    remove_it: "Le retirer",
    remove_it_ask: "Retirer cet appareil ? Il ne lira rien de ce qui suivra. Ce qu’il a lu reste lu : si ce n’était pas vous, prévenez votre administrateur.",
    own_device_back: "Un de vos appareils est de retour dans cette conversation.",
};
