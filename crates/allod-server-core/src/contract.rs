//! What every store must do, as one suite of tests. Run by each store with a factory of its own.
//!
//! A store's tests either await [`run_all`], or make one test of each with [`store_contract_list`](crate::store_contract_list).

pub mod accounts;
pub mod blobs;
pub mod directory;
pub mod inboxes;
pub mod ledger;
pub mod logs;
pub mod races;
pub mod retention;
mod world;

pub use world::{hub, policy, sample_day, sample_entry, sample_log};

use std::future::Future;

use crate::ledger_store::LedgerStore;
use crate::store::Store;

/// Makes stores for the suite. They sign with [`hub`] and decide by [`policy`].
pub trait Factory: Sync {
    /// The store.
    type Store: Store + LedgerStore;
    /// Where a store keeps what it holds: dropping the store and opening the same place again is a restart.
    type Place: Send + Sync;

    /// A place that holds nothing.
    fn place(&self) -> Self::Place;

    /// Opens the store of a place.
    fn open(&self, place: &Self::Place) -> impl Future<Output = Self::Store> + Send;
}

/// Hands the list of all tests, as `module name;` each, to a macro of the caller's.
#[macro_export]
macro_rules! store_contract_list {
    ($callback:ident) => {
        $callback! {
            logs a_log_made_twice_by_the_same_token_is_one_and_by_another_is_taken_l_1;
            logs a_log_costs_an_unspent_ticket_of_today_l_1_a_5;
            logs an_unknown_token_and_an_unknown_log_get_the_same_answer_l_2;
            logs positions_start_at_one_and_have_no_gaps_l_3;
            logs a_retry_gets_the_same_receipt_and_other_content_is_refused_l_4;
            logs who_revoked_itself_still_gets_its_receipt_again_l_4;
            logs a_stale_commit_is_told_the_number_and_changes_nothing_l_5;
            logs chain_and_receipts_verify_on_every_page_l_6_l_7_l_11;
            logs a_payload_of_no_size_class_is_refused_l_8;
            logs a_clock_that_goes_backwards_gives_no_earlier_day_l_9;
            logs a_page_stops_at_its_limit_and_starts_anywhere_l_11;
            logs only_commits_change_members_and_only_administrators_others_t_5;
            logs gateways_are_told_one_page_and_who_is_revoked_h_4;
            retention what_all_cursors_have_passed_goes_l_10;
            retention a_cursor_only_grows_and_not_beyond_the_end_l_10;
            retention entries_past_the_retention_limit_go_l_10;
            retention a_trimmed_log_still_knows_its_last_ids_l_4;
            retention an_idle_log_goes_with_tokens_and_blobs_l_12;
            retention a_clock_that_jumps_ahead_empties_no_store_l_10;
            retention rights_go_after_their_last_day_a_5_i_2;
            races sixty_four_writers_leave_no_gap_and_one_winner_for_each_epoch_l_3_l_5;
            races one_refusal_among_many_fails_nobody_else_l_2;
            races the_same_entry_at_once_is_appended_once_l_4;
            races what_was_answered_is_there_after_a_restart_l_7;
            blobs a_blob_goes_up_in_chunks_exactly_where_the_last_one_ended_b_3;
            blobs lengths_outside_the_classes_and_odd_chunks_are_refused_b_1_b_3;
            blobs a_complete_blob_is_read_in_ranges_and_never_changes_b_4;
            blobs the_blobs_of_a_log_have_a_quota_b_5;
            blobs an_upload_that_stays_incomplete_goes_after_two_days_b_5;
            blobs an_upload_goes_on_after_a_restart_b_3;
            accounts an_invitation_makes_as_many_accounts_as_it_says_a_1;
            accounts a_repeated_join_gives_a_new_session_and_changes_nothing_a_1;
            accounts a_link_for_another_name_or_past_its_day_is_refused_a_1;
            accounts sessions_are_known_by_their_secret_until_they_end_a_2;
            accounts a_device_certified_by_another_key_is_refused_a_3;
            accounts a_certificate_that_does_not_fit_is_refused_a_3;
            accounts a_renewal_needs_the_devices_key_and_clock_and_works_once_a_4;
            accounts tickets_are_sold_to_devices_and_are_good_once_a_5;
            accounts only_administrators_invite_people_a_1;
            accounts a_removed_device_is_gone_with_all_that_waits_a_1;
            accounts a_recovery_link_adds_a_device_within_a_year_and_once_a_10;
            accounts a_removed_device_leaves_no_link_behind_a_10;
            accounts a_disabled_account_is_let_in_nowhere_a_2;
            directory the_devices_of_all_are_read_in_pages_y_3;
            directory whose_devices_change_is_told_and_nothing_else_y_3;
            inboxes each_key_package_is_given_once_then_the_last_resort_i_1;
            inboxes a_key_package_once_given_is_not_taken_again_i_1;
            inboxes a_claim_needs_a_ticket_or_the_contact_link_a_6;
            inboxes a_ticket_puts_one_item_and_repeating_it_changes_nothing_i_2;
            inboxes an_item_that_fills_no_class_is_refused_i_3;
            inboxes items_wait_in_order_until_the_device_has_them_i_4;
            ledger what_was_promised_is_there_after_a_restart_with_its_hashes_g_4;
            ledger of_two_entries_for_one_place_one_is_appended_g_4;
            ledger the_published_checkpoint_is_the_last_one_g_12;
            ledger a_witness_never_goes_back_g_11;
        }
    };
}

macro_rules! run {
    ($($module:ident $name:ident;)*) => {
        /// Runs the whole suite, one test after the other. Panics at the first that fails.
        pub async fn run_all<F: Factory>(factory: &F) {
            $($module::$name(factory).await;)*
        }
    };
}
store_contract_list!(run);
