//! The organisation's public record, in French.

use crate::strings::PublicRecord;

pub(super) const PUBLIC_RECORD: PublicRecord = PublicRecord {
    not_added: |name| {
        format!(
            "{name} n’a pas été ajouté : le serveur a donné pour cette personne un appareil absent du registre public de votre organisation. Prévenez votre administrateur."
        )
    },
    not_checked_not_added: |name| {
        format!(
            "{name} n’a pas été ajouté : le registre public de votre organisation ne peut pas être vérifié pour le moment."
        )
    },
    accused: "Le serveur montre des registres publics différents à des personnes différentes. Cet appareil en garde la preuve et n’ajoute personne tant que ce n’est pas éclairci. Prévenez votre administrateur.",
    none: "Votre organisation ne tient pas de registre public : que les appareils soient les bons, seul le serveur le dit.",
    current: |seen, all| {
        format!(
            "Le registre public de votre organisation nomme les appareils de chacun. {seen} de ses {all} témoins l’ont vu depuis un jour au plus."
        )
    },
    current_without_witnesses: "Le registre public de votre organisation nomme les appareils de chacun. Il n’a pas de témoin : seul le serveur en répond.",
    not_current: "Le registre public de votre organisation ne peut pas être vérifié pour le moment : personne ne peut être ajouté d’ici là.",
    named: "au registre public",
    not_named: "ABSENT du registre public : prévenez votre administrateur",
    not_asked: "pas encore vérifié au registre public",
};
