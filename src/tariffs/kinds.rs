//! The types of activities that the engine is known to have, so that a rule which misspells one is noticed.
//!
//! The list is for hints alone: an engine may have any other type, and a rule may be about it.

/// The type that is nearly `text`; `None` where `text` is one itself, a pattern, or something else altogether.
pub(super) fn near(text: &str) -> Option<&'static str> {
    if text.contains(['*', '?']) || KNOWN.contains(&text) || text.len() < SHORT {
        return None;
    }
    let distance = |known: &str| strsim::damerau_levenshtein(text, known);
    let near = KNOWN.iter().copied().filter(|known| SHORT <= known.len() && distance(known) <= 2);
    near.min_by_key(|known| distance(known))
}

/// Shorter words are too near to each other.
const SHORT: usize = 6;

const KNOWN: &[&str] = &[
    "administrative_duties",
    "assess_import_needs",
    "assess_logistics_needs",
    "attend_mass",
    "attend_theater_performance",
    "bid_on_land",
    "cascade_development",
    "cascade_sales",
    "check_business_status",
    "collect_welfare_food",
    "construct_building",
    "create_carnival_mask",
    "deliver_construction_materials",
    "deliver_message_interaction",
    "deliver_resource_batch",
    "deliver_resource_to_buyer",
    "deliver_to_building",
    "deliver_to_citizen",
    "deliver_to_storage",
    "deposit_items_at_location",
    "drink_at_inn",
    "eat_at_home",
    "eat_at_tavern",
    "eat_from_inventory",
    "emergency_fishing",
    "execute_accept_land_offer",
    "execute_buy_listed_land",
    "execute_cancel_land_listing",
    "execute_cancel_land_offer",
    "execute_respond_to_building_bid",
    "execute_withdraw_building_bid",
    "express_creative_will",
    "fetch_for_logistics_client",
    "fetch_from_storage",
    "fetch_resource",
    "file_building_lease_adjustment",
    "file_grievance",
    "file_lease_adjustment",
    "file_rent_adjustment",
    "finalize_land_purchase",
    "finalize_list_land_for_sale",
    "finalize_make_offer_for_land",
    "finalize_manage_markup_buy_contract",
    "finalize_manage_storage_query_contract",
    "finalize_operator_change",
    "finalize_update_citizen_profile",
    "fishing",
    "goto_building_for_storage_fetch",
    "goto_construction_site",
    "goto_home",
    "goto_inn",
    "goto_location",
    "goto_position",
    "goto_work",
    "hypothesis_and_question_development",
    "idle",
    "inspect_building_for_purchase",
    "inspect_land_plot",
    "join_collective_delivery",
    "join_meditation",
    "knowledge_integration",
    "lead_meditation",
    "leave_venice",
    "lend_carnival_mask",
    "manage_guild_membership",
    "manage_markup_buy_contract",
    "manage_public_dock",
    "manage_storage_query_contract",
    "observe_phenomena",
    "observe_system_patterns",
    "occupant_self_construction",
    "paid_service",
    "perform_guild_membership_action",
    "pickup_from_galley",
    "pray",
    "prepare_goods_for_sale",
    "prepare_sermon",
    "production",
    "read_at_library",
    "read_book",
    "register_import_agreement",
    "register_loan_offer_terms",
    "register_logistics_service_contract",
    "register_public_import_agreement",
    "register_public_sell_offer",
    "register_public_storage_offer",
    "remove_carnival_mask",
    "reply_to_message",
    "research_investigation",
    "research_scope_definition",
    "respond_to_building_bid",
    "rest",
    "secure_warehouse",
    "seek_confession",
    "send_diplomatic_email",
    "send_message",
    "shepherd_consciousness",
    "showcase_carnival_mask",
    "spread_rumor",
    "study_literature",
    "submit_building_project",
    "submit_building_purchase_offer",
    "submit_land_bid",
    "submit_loan_application_form",
    "support_grievance",
    "talk_publicly",
    "trade_carnival_mask",
    "update_citizen_profile",
    "update_wage_ledger",
    "use_public_bath",
    "wear_carnival_mask",
    "welfare_porter",
    "welfare_porter_delivery",
    "withdraw_building_bid",
    "work_on_art",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_nearly_known_is_noticed_and_any_other_is_nobodys_business() {
        for (text, expected) in [
            ("paid_servcie", Some("paid_service")),
            ("deliver_message_interation", Some("deliver_message_interaction")),
            ("paid_service", None),
            ("paid_*", None),
            ("conversation_response", None),
            ("pray", None),
            ("pry", None),
        ] {
            assert_eq!(near(text), expected, "{text}");
        }
    }
}
