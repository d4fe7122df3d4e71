//! The library's storage trait over [`Rows`].
//!
//! A group's row is `g`, its id, and one byte for what it is; a queued proposal and the keys of an epoch add what tells
//! them apart. Everything of one group so has one prefix. The leaves of past epochs have rows of their own.

use openmls_traits::storage::{CURRENT_VERSION as V, StorageProvider, traits};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{RowError, decode, decode_front, encode};
use crate::row_writer::{RowWriter, splice};
use crate::store::{Key, Rows, Table};

/// What a row of a group holds.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Part {
    JoinConfig = 1,
    OwnLeaves = 2,
    Proposal = 3,
    Tree = 4,
    Context = 5,
    InterimTranscriptHash = 6,
    ConfirmationTag = 7,
    State = 8,
    MessageSecrets = 9,
    ResumptionPsks = 10,
    OwnLeafIndex = 11,
    EpochSecrets = 12,
    ExportTree = 13,
    EpochKeys = 14,
    PastLeaves = 15,
}

impl Rows {
    fn part_key(group_id: &impl Serialize, part: Part) -> Result<Key, RowError> {
        let mut key = Self::group_key(group_id)?;
        key.push(part as u8);
        Ok(key)
    }

    fn sub_key(group_id: &impl Serialize, part: Part, sub: &impl Serialize) -> Result<Key, RowError> {
        let mut key = Self::part_key(group_id, part)?;
        key.extend_from_slice(&encode(sub)?);
        Ok(key)
    }

    fn write(&self, key: Key, value: &(impl Serialize + ?Sized)) -> Result<(), RowError> {
        self.put(key, encode(value)?);
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, RowError> {
        self.get(key).map(|row| decode(&row)).transpose()
    }

    fn write_part(&self, group_id: &impl Serialize, part: Part, value: &impl Serialize) -> Result<(), RowError> {
        self.write(Self::part_key(group_id, part)?, value)
    }

    fn read_part<T: DeserializeOwned>(&self, group_id: &impl Serialize, part: Part) -> Result<Option<T>, RowError> {
        self.read(&Self::part_key(group_id, part)?)
    }

    fn delete_part(&self, group_id: &impl Serialize, part: Part) -> Result<(), RowError> {
        self.delete(&Self::part_key(group_id, part)?);
        Ok(())
    }

    fn proposals<R: DeserializeOwned, P: DeserializeOwned>(
        &self,
        group_id: &impl Serialize,
    ) -> Result<Vec<(R, P)>, RowError> {
        let prefix = Self::part_key(group_id, Part::Proposal)?;
        self.range(&prefix).iter().map(|(_, row)| decode(row)).collect()
    }

    /// Deletes all that is kept of a group, of every epoch.
    pub(crate) fn delete_group(&self, group_id: &impl Serialize) -> Result<(), RowError> {
        self.delete_all(&Self::group_key(group_id)?, &[]);
        Ok(())
    }

    fn delete_all(&self, prefix: &[u8], but: &[Key]) {
        for key in self.keys(prefix) {
            if !but.contains(&key) {
                self.delete(&key);
            }
        }
    }

    /// One row for the secrets, and one for the leaves of each past epoch, which is written once.
    fn write_secrets(&self, group_id: &impl Serialize, value: &impl Serialize) -> Result<(), RowError> {
        let leaves_of = Self::part_key(group_id, Part::PastLeaves)?;
        let leaves_key = |epoch: u64| [leaves_of.as_slice(), &epoch.to_be_bytes()].concat();
        let has = |epoch| self.has(&leaves_key(epoch));
        let (row, taken_out) = RowWriter::write(value, &has).map_err(|_| RowError::Encode)?;
        let places: Vec<(u64, usize)> = taken_out.iter().map(|part| (part.epoch, part.at)).collect();
        let keys: Vec<Key> = taken_out.iter().map(|part| leaves_key(part.epoch)).collect();
        for (part, key) in taken_out.into_iter().zip(&keys) {
            if let Some(leaves) = part.leaves {
                self.put(key.clone(), leaves);
            }
        }
        self.delete_all(&leaves_of, &keys);
        let mut whole = encode(&places)?;
        whole.extend_from_slice(&row);
        self.put(Self::part_key(group_id, Part::MessageSecrets)?, whole);
        Ok(())
    }

    fn read_secrets<T: DeserializeOwned>(&self, group_id: &impl Serialize) -> Result<Option<T>, RowError> {
        let Some(row) = self.get(&Self::part_key(group_id, Part::MessageSecrets)?) else {
            return Ok(None);
        };
        let leaves_of = Self::part_key(group_id, Part::PastLeaves)?;
        let (places, row): (Vec<(u64, usize)>, _) = decode_front(&row)?;
        let leaves = places
            .iter()
            .map(|(epoch, _)| self.get(&[leaves_of.as_slice(), &epoch.to_be_bytes()].concat()).ok_or(RowError::Decode))
            .collect::<Result<Vec<_>, _>>()?;
        let parts = places.iter().zip(&leaves).map(|((_, at), leaves)| (*at, leaves.as_slice()));
        splice(row, parts).ok_or(RowError::Decode).and_then(|whole| decode(&whole)).map(Some)
    }
}

impl StorageProvider<V> for Rows {
    type Error = RowError;

    fn write_mls_join_config<G: traits::GroupId<V>, T: traits::MlsGroupJoinConfig<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::JoinConfig, value)
    }

    fn mls_group_join_config<G: traits::GroupId<V>, T: traits::MlsGroupJoinConfig<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::JoinConfig)
    }

    fn delete_group_config<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::JoinConfig)
    }

    fn write_tree<G: traits::GroupId<V>, T: traits::TreeSync<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::Tree, value)
    }

    fn tree<G: traits::GroupId<V>, T: traits::TreeSync<V>>(&self, group_id: &G) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::Tree)
    }

    fn delete_tree<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::Tree)
    }

    fn write_interim_transcript_hash<G: traits::GroupId<V>, T: traits::InterimTranscriptHash<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::InterimTranscriptHash, value)
    }

    fn interim_transcript_hash<G: traits::GroupId<V>, T: traits::InterimTranscriptHash<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::InterimTranscriptHash)
    }

    fn delete_interim_transcript_hash<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::InterimTranscriptHash)
    }

    fn write_context<G: traits::GroupId<V>, T: traits::GroupContext<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::Context, value)
    }

    fn group_context<G: traits::GroupId<V>, T: traits::GroupContext<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::Context)
    }

    fn delete_context<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::Context)
    }

    fn write_confirmation_tag<G: traits::GroupId<V>, T: traits::ConfirmationTag<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::ConfirmationTag, value)
    }

    fn confirmation_tag<G: traits::GroupId<V>, T: traits::ConfirmationTag<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::ConfirmationTag)
    }

    fn delete_confirmation_tag<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::ConfirmationTag)
    }

    fn write_group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::State, value)
    }

    fn group_state<T: traits::GroupState<V>, G: traits::GroupId<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::State)
    }

    fn delete_group_state<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::State)
    }

    fn write_message_secrets<G: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_secrets(group_id, value)
    }

    fn message_secrets<G: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_secrets(group_id)
    }

    fn delete_message_secrets<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_all(&Self::part_key(group_id, Part::PastLeaves)?, &[]);
        self.delete_part(group_id, Part::MessageSecrets)
    }

    fn write_resumption_psk_store<G: traits::GroupId<V>, T: traits::ResumptionPskStore<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::ResumptionPsks, value)
    }

    fn resumption_psk_store<G: traits::GroupId<V>, T: traits::ResumptionPskStore<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::ResumptionPsks)
    }

    fn delete_all_resumption_psk_secrets<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::ResumptionPsks)
    }

    fn write_own_leaf_index<G: traits::GroupId<V>, T: traits::LeafNodeIndex<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::OwnLeafIndex, value)
    }

    fn own_leaf_index<G: traits::GroupId<V>, T: traits::LeafNodeIndex<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::OwnLeafIndex)
    }

    fn delete_own_leaf_index<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::OwnLeafIndex)
    }

    fn write_group_epoch_secrets<G: traits::GroupId<V>, T: traits::GroupEpochSecrets<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::EpochSecrets, value)
    }

    fn group_epoch_secrets<G: traits::GroupId<V>, T: traits::GroupEpochSecrets<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::EpochSecrets)
    }

    fn delete_group_epoch_secrets<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::EpochSecrets)
    }

    fn write_application_export_tree<G: traits::GroupId<V>, T: traits::ApplicationExportTree<V>>(
        &self,
        group_id: &G,
        value: &T,
    ) -> Result<(), RowError> {
        self.write_part(group_id, Part::ExportTree, value)
    }

    fn application_export_tree<G: traits::GroupId<V>, T: traits::ApplicationExportTree<V>>(
        &self,
        group_id: &G,
    ) -> Result<Option<T>, RowError> {
        self.read_part(group_id, Part::ExportTree)
    }

    fn delete_application_export_tree<G: traits::GroupId<V>, T: traits::ApplicationExportTree<V>>(
        &self,
        group_id: &G,
    ) -> Result<(), RowError> {
        self.delete_part(group_id, Part::ExportTree)
    }

    fn append_own_leaf_node<G: traits::GroupId<V>, L: traits::LeafNode<V>>(
        &self,
        group_id: &G,
        leaf_node: &L,
    ) -> Result<(), RowError> {
        let mut leaves: Vec<Vec<u8>> = self.read_part(group_id, Part::OwnLeaves)?.unwrap_or_default();
        leaves.push(encode(leaf_node)?.to_vec());
        self.write_part(group_id, Part::OwnLeaves, &leaves)
    }

    fn own_leaf_nodes<G: traits::GroupId<V>, L: traits::LeafNode<V>>(&self, group_id: &G) -> Result<Vec<L>, RowError> {
        let leaves: Vec<Vec<u8>> = self.read_part(group_id, Part::OwnLeaves)?.unwrap_or_default();
        leaves.iter().map(|row| decode(row)).collect()
    }

    fn delete_own_leaf_nodes<G: traits::GroupId<V>>(&self, group_id: &G) -> Result<(), RowError> {
        self.delete_part(group_id, Part::OwnLeaves)
    }

    fn queue_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        group_id: &G,
        proposal_ref: &R,
        proposal: &P,
    ) -> Result<(), RowError> {
        self.write(Self::sub_key(group_id, Part::Proposal, proposal_ref)?, &(proposal_ref, proposal))
    }

    fn queued_proposal_refs<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<R>, RowError> {
        let all = self.proposals::<R, serde::de::IgnoredAny>(group_id)?;
        Ok(all.into_iter().map(|(proposal_ref, _)| proposal_ref).collect())
    }

    fn queued_proposals<G: traits::GroupId<V>, R: traits::ProposalRef<V>, P: traits::QueuedProposal<V>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<(R, P)>, RowError> {
        self.proposals(group_id)
    }

    fn remove_proposal<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group_id: &G,
        proposal_ref: &R,
    ) -> Result<(), RowError> {
        self.delete(&Self::sub_key(group_id, Part::Proposal, proposal_ref)?);
        Ok(())
    }

    fn clear_proposal_queue<G: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        group_id: &G,
    ) -> Result<(), RowError> {
        self.delete_all(&Self::part_key(group_id, Part::Proposal)?, &[]);
        Ok(())
    }

    fn write_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>, K: traits::HpkeKeyPair<V>>(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
        key_pairs: &[K],
    ) -> Result<(), RowError> {
        self.write(Self::sub_key(group_id, Part::EpochKeys, &(epoch, leaf_index))?, key_pairs)
    }

    fn encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>, K: traits::HpkeKeyPair<V>>(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<K>, RowError> {
        let key = Self::sub_key(group_id, Part::EpochKeys, &(epoch, leaf_index))?;
        Ok(self.read(&key)?.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<G: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<(), RowError> {
        self.delete(&Self::sub_key(group_id, Part::EpochKeys, &(epoch, leaf_index))?);
        Ok(())
    }

    fn write_signature_key_pair<K: traits::SignaturePublicKey<V>, T: traits::SignatureKeyPair<V>>(
        &self,
        key: &K,
        value: &T,
    ) -> Result<(), RowError> {
        self.write(Self::key(Table::SignatureKey, key)?, value)
    }

    fn signature_key_pair<K: traits::SignaturePublicKey<V>, T: traits::SignatureKeyPair<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, RowError> {
        self.read(&Self::key(Table::SignatureKey, key)?)
    }

    fn delete_signature_key_pair<K: traits::SignaturePublicKey<V>>(&self, key: &K) -> Result<(), RowError> {
        self.delete(&Self::key(Table::SignatureKey, key)?);
        Ok(())
    }

    fn write_encryption_key_pair<K: traits::EncryptionKey<V>, T: traits::HpkeKeyPair<V>>(
        &self,
        key: &K,
        value: &T,
    ) -> Result<(), RowError> {
        self.write(Self::key(Table::EncryptionKey, key)?, value)
    }

    fn encryption_key_pair<T: traits::HpkeKeyPair<V>, K: traits::EncryptionKey<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, RowError> {
        self.read(&Self::key(Table::EncryptionKey, key)?)
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<V>>(&self, key: &K) -> Result<(), RowError> {
        self.delete(&Self::key(Table::EncryptionKey, key)?);
        Ok(())
    }

    fn write_key_package<K: traits::HashReference<V>, T: traits::KeyPackage<V>>(
        &self,
        key: &K,
        value: &T,
    ) -> Result<(), RowError> {
        self.write(Self::key(Table::KeyPackage, key)?, value)
    }

    fn key_package<K: traits::HashReference<V>, T: traits::KeyPackage<V>>(
        &self,
        key: &K,
    ) -> Result<Option<T>, RowError> {
        self.read(&Self::key(Table::KeyPackage, key)?)
    }

    fn delete_key_package<K: traits::HashReference<V>>(&self, key: &K) -> Result<(), RowError> {
        self.delete(&Self::key(Table::KeyPackage, key)?);
        Ok(())
    }

    fn write_psk<K: traits::PskId<V>, T: traits::PskBundle<V>>(&self, key: &K, value: &T) -> Result<(), RowError> {
        self.write(Self::key(Table::Psk, key)?, value)
    }

    fn psk<T: traits::PskBundle<V>, K: traits::PskId<V>>(&self, key: &K) -> Result<Option<T>, RowError> {
        self.read(&Self::key(Table::Psk, key)?)
    }

    fn delete_psk<K: traits::PskId<V>>(&self, key: &K) -> Result<(), RowError> {
        self.delete(&Self::key(Table::Psk, key)?);
        Ok(())
    }
}
