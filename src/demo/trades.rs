//! What citizens do: the 75 types the engine dispatches, and how often each comes up.
//!
//! The eight common ones keep the proportions of a real sample of a hundred activities; that sample had none
//! of the others, so they share what is left.

/// One type of activity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    pub(super) kind: &'static str,
    pub(super) manner: Manner,
    /// How long it takes, in minutes, at least and at most.
    pub(super) minutes: (i64, i64),
}

/// What an activity's row looks like: where it happens, what it carries, what is written down about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// From one building to another.
    Walk,
    /// The same, with goods.
    Haul,
    /// At home, with nothing much to say.
    Home,
    /// At a business, with as little.
    Stay,
    /// Nowhere, because there was nothing to do.
    Idle,
    /// At a desk: contracts, prices, wages, land.
    Paper,
    /// A message carried to another citizen.
    Talk,
    /// An answer to one.
    Answer,
    /// A letter to the world outside.
    Envoy,
}

use Manner::{Answer, Envoy, Haul, Home, Idle, Paper, Stay, Talk, Walk};

const fn trade(weight: u32, kind: &'static str, manner: Manner, minutes: (i64, i64)) -> (u32, Trade) {
    (weight, Trade { kind, manner, minutes })
}

/// Every dispatched type and its weight; the weights add up to some ten thousand.
pub(super) const TRADES: [(u32, Trade); 75] = [
    trade(2_900, "fetch_resource", Haul, (5, 40)),
    trade(2_620, "rest", Home, (240, 540)),
    trade(1_740, "goto_location", Walk, (3, 30)),
    trade(1_260, "register_import_agreement", Paper, (10, 20)),
    trade(390, "update_wage_ledger", Paper, (5, 15)),
    trade(290, "idle", Idle, (60, 120)),
    trade(290, "register_public_sell_offer", Paper, (10, 20)),
    trade(190, "prepare_goods_for_sale", Stay, (15, 45)),
    trade(40, "deliver_message_interaction", Talk, (2, 10)),
    trade(40, "production", Stay, (30, 240)),
    trade(30, "reply_to_message", Answer, (1, 5)),
    trade(30, "goto_home", Walk, (5, 30)),
    trade(30, "goto_work", Walk, (5, 30)),
    trade(15, "check_business_status", Paper, (5, 15)),
    trade(15, "eat_at_home", Home, (20, 40)),
    trade(15, "eat_from_inventory", Home, (10, 20)),
    trade(12, "eat_at_tavern", Stay, (30, 60)),
    trade(12, "pickup_from_galley", Haul, (10, 40)),
    trade(10, "deliver_resource_batch", Haul, (10, 60)),
    trade(10, "fishing", Stay, (60, 180)),
    trade(10, "pray", Stay, (15, 45)),
    trade(8, "deliver_resource_to_buyer", Haul, (10, 40)),
    trade(8, "deliver_to_storage", Haul, (10, 40)),
    trade(8, "fetch_from_storage", Haul, (10, 40)),
    trade(8, "manage_public_dock", Stay, (60, 120)),
    trade(8, "read_book", Stay, (30, 120)),
    trade(8, "work_on_art", Stay, (60, 180)),
    trade(6, "drink_at_inn", Stay, (30, 90)),
    trade(6, "goto_inn", Walk, (5, 30)),
    trade(5, "assess_import_needs", Paper, (10, 20)),
    trade(5, "assess_logistics_needs", Paper, (10, 20)),
    trade(5, "attend_theater_performance", Stay, (90, 150)),
    trade(5, "bid_on_land", Paper, (10, 20)),
    trade(5, "construct_building", Stay, (60, 240)),
    trade(5, "deliver_construction_materials", Haul, (15, 60)),
    trade(5, "deliver_to_citizen", Haul, (10, 40)),
    trade(5, "deposit_items_at_location", Haul, (5, 30)),
    trade(5, "emergency_fishing", Stay, (60, 120)),
    trade(5, "execute_accept_land_offer", Paper, (5, 15)),
    trade(5, "execute_buy_listed_land", Paper, (5, 15)),
    trade(5, "execute_cancel_land_listing", Paper, (5, 15)),
    trade(5, "execute_cancel_land_offer", Paper, (5, 15)),
    trade(5, "execute_respond_to_building_bid", Paper, (5, 15)),
    trade(5, "execute_withdraw_building_bid", Paper, (5, 15)),
    trade(5, "fetch_for_logistics_client", Haul, (15, 60)),
    trade(5, "file_building_lease_adjustment", Paper, (5, 15)),
    trade(5, "file_lease_adjustment", Paper, (5, 15)),
    trade(5, "file_rent_adjustment", Paper, (5, 15)),
    trade(5, "finalize_land_purchase", Paper, (10, 20)),
    trade(5, "finalize_list_land_for_sale", Paper, (5, 15)),
    trade(5, "finalize_make_offer_for_land", Paper, (5, 15)),
    trade(5, "finalize_manage_markup_buy_contract", Paper, (5, 15)),
    trade(5, "finalize_manage_storage_query_contract", Paper, (5, 15)),
    trade(5, "finalize_operator_change", Paper, (5, 15)),
    trade(5, "finalize_update_citizen_profile", Paper, (5, 15)),
    trade(5, "goto_building_for_storage_fetch", Walk, (5, 30)),
    trade(5, "goto_construction_site", Walk, (5, 30)),
    trade(5, "inspect_building_for_purchase", Walk, (15, 45)),
    trade(5, "inspect_land_plot", Walk, (15, 45)),
    trade(5, "leave_venice", Walk, (60, 180)),
    trade(5, "occupant_self_construction", Home, (60, 180)),
    trade(5, "perform_guild_membership_action", Paper, (10, 20)),
    trade(5, "read_at_library", Stay, (30, 120)),
    trade(5, "register_loan_offer_terms", Paper, (10, 20)),
    trade(5, "register_logistics_service_contract", Paper, (10, 20)),
    trade(5, "register_public_import_agreement", Paper, (10, 20)),
    trade(5, "register_public_storage_offer", Paper, (10, 20)),
    trade(5, "secure_warehouse", Stay, (30, 90)),
    trade(5, "send_diplomatic_email", Envoy, (10, 30)),
    trade(5, "spread_rumor", Talk, (10, 30)),
    trade(5, "submit_building_project", Paper, (10, 20)),
    trade(5, "submit_building_purchase_offer", Paper, (10, 20)),
    trade(5, "submit_land_bid", Paper, (10, 20)),
    trade(5, "submit_loan_application_form", Paper, (10, 20)),
    trade(5, "use_public_bath", Stay, (30, 60)),
];
