//! Classes of activities: what the engine's many types come to, for counting them.
//!
//! A class prices nothing. Types are an open set, for the engine's citizens invent some: whatever no word of theirs tells
//! is in no class of its own.

use super::names::Name;

/// A class of activities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Somebody served a client for money.
    Service = 0,
    /// Somebody wrote or spoke to somebody.
    Message = 1,
    /// Somebody went somewhere.
    Movement = 2,
    /// Goods were fetched, carried or stored.
    Transport = 3,
    /// Something was made, caught or built.
    Production = 4,
    /// Goods were bought and sold, and contracts made.
    Trade = 5,
    /// Land, buildings, leases, wages and loans.
    Property = 6,
    /// Eating, resting, idling.
    Daily = 7,
    /// Reading, praying, theatre, guilds.
    Culture = 8,
    /// Anything else.
    Other = 9,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 10] = [
        Class::Service,
        Class::Message,
        Class::Movement,
        Class::Transport,
        Class::Production,
        Class::Trade,
        Class::Property,
        Class::Daily,
        Class::Culture,
        Class::Other,
    ];

    /// The stable text of the class.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Service => "service",
            Class::Message => "message",
            Class::Movement => "movement",
            Class::Transport => "transport",
            Class::Production => "production",
            Class::Trade => "trade",
            Class::Property => "property",
            Class::Daily => "daily",
            Class::Culture => "culture",
            Class::Other => "other",
        }
    }

    /// The class of a type: the first whose word is in it.
    pub fn of(kind: &str) -> Class {
        let words = WORDS.iter().find(|(word, _)| kind.contains(word));
        words.map_or(Class::Other, |(_, class)| *class)
    }
}

/// What tells a class, in the order in which it is looked for: `goto_building_for_storage_fetch` is about goods, and
/// `finalize_land_purchase` about land.
const WORDS: [(&str, Class); 51] = [
    ("paid_service", Class::Service),
    ("message", Class::Message),
    ("email", Class::Message),
    ("talk", Class::Message),
    ("conversation", Class::Message),
    ("rumor", Class::Message),
    ("mask", Class::Culture),
    ("guild", Class::Culture),
    ("art", Class::Culture),
    ("read", Class::Culture),
    ("library", Class::Culture),
    ("pray", Class::Culture),
    ("mass", Class::Culture),
    ("sermon", Class::Culture),
    ("theater", Class::Culture),
    ("confession", Class::Culture),
    ("meditation", Class::Culture),
    ("study", Class::Culture),
    ("research", Class::Culture),
    ("observe", Class::Culture),
    ("land", Class::Property),
    ("lease", Class::Property),
    ("rent", Class::Property),
    ("loan", Class::Property),
    ("wage", Class::Property),
    ("operator", Class::Property),
    ("building_bid", Class::Property),
    ("building_purchase", Class::Property),
    ("building_project", Class::Property),
    ("markup", Class::Trade),
    ("contract", Class::Trade),
    ("offer", Class::Trade),
    ("import", Class::Trade),
    ("export", Class::Trade),
    ("sale", Class::Trade),
    ("sell", Class::Trade),
    ("construct", Class::Production),
    ("production", Class::Production),
    ("fishing", Class::Production),
    ("deliver", Class::Transport),
    ("fetch", Class::Transport),
    ("pickup", Class::Transport),
    ("storage", Class::Transport),
    ("logistics", Class::Transport),
    ("deposit", Class::Transport),
    ("porter", Class::Transport),
    ("goto", Class::Movement),
    ("leave_venice", Class::Movement),
    ("eat", Class::Daily),
    ("rest", Class::Daily),
    ("idle", Class::Daily),
];

/// The classes of types that came before, by their serial numbers: to look one up costs less than to find it out.
#[derive(Clone, Debug, Default)]
pub struct Classes(Vec<Option<Class>>);

impl Classes {
    /// The class of a type; of none, where an event has no type.
    pub fn of(&mut self, kind: Option<Name>) -> Class {
        let Some(kind) = kind else { return Class::Other };
        let serial = kind.serial();
        if let Some(Some(class)) = self.0.get(serial) {
            return *class;
        }
        if self.0.len() <= serial {
            self.0.resize(serial + 1, None);
        }
        *self.0[serial].insert(Class::of(kind.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engines_types_are_in_the_class_that_anybody_would_say() {
        for (kind, class) in [
            ("paid_service", Class::Service),
            ("send_message", Class::Message),
            ("deliver_message_interaction", Class::Message),
            ("send_diplomatic_email", Class::Message),
            ("spread_rumor", Class::Message),
            ("goto_home", Class::Movement),
            ("leave_venice", Class::Movement),
            ("goto_building_for_storage_fetch", Class::Transport),
            ("deliver_resource_batch", Class::Transport),
            ("production", Class::Production),
            ("emergency_fishing", Class::Production),
            ("occupant_self_construction", Class::Production),
            ("register_public_sell_offer", Class::Trade),
            ("finalize_manage_markup_buy_contract", Class::Trade),
            ("finalize_land_purchase", Class::Property),
            ("update_wage_ledger", Class::Property),
            ("eat_from_inventory", Class::Daily),
            ("rest", Class::Daily),
            ("attend_theater_performance", Class::Culture),
            ("pray", Class::Culture),
            ("trade_carnival_mask", Class::Culture),
            ("cascade_sales", Class::Trade),
            ("wear_crown", Class::Other),
            ("", Class::Other),
        ] {
            assert_eq!(Class::of(kind), class, "{kind}");
        }
    }

    #[test]
    fn a_class_is_the_same_whether_it_is_looked_up_or_found_out() {
        let mut classes = Classes::default();
        for kind in ["goto_home", "pray", "goto_home", "whatever"] {
            let name = Name::new(kind);
            assert_eq!(classes.of(name), Class::of(kind), "{kind}");
        }
        assert_eq!(classes.of(None), Class::Other);
    }

    #[test]
    fn classes_are_numbered_in_their_order() {
        for (number, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class as usize, number);
        }
    }
}
