//! The kinds of buildings in the city: what the engine calls them, and how many there are.

/// A kind of building, how many there are, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) count: usize,
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) sub_category: &'static str,
    pub(super) ground: &'static str,
}

const fn kind(count: usize, id: &'static str, name: &'static str, sub_category: &'static str) -> Kind {
    Kind { count, id, name, sub_category, ground: "building" }
}

const fn on_canal(count: usize, id: &'static str, name: &'static str, sub_category: &'static str) -> Kind {
    Kind { count, id, name, sub_category, ground: "canal" }
}

/// 109 of them, as the audit counted.
pub(super) const BUSINESSES: [Kind; 28] = [
    kind(31, "market_stall", "Market Stall", "retail_food"),
    on_canal(22, "public_dock", "Public Dock", "Transportation Facilities"),
    kind(9, "bakery", "Bakery", "retail_food"),
    kind(5, "inn", "Inn", "retail_food"),
    kind(4, "small_warehouse", "Small Warehouse", "storage"),
    kind(3, "blacksmith", "Blacksmith", "Metal Industry"),
    kind(3, "bottega", "Bottega", "Retail Shops"),
    kind(3, "merceria", "Merceria", "retail_goods"),
    kind(2, "apothecary", "Apothecary", "Retail Shops"),
    on_canal(2, "boat_workshop", "Boat Workshop", "Transportation Industry"),
    kind(2, "broker_s_office", "Broker's Office", "Trade Facilities"),
    on_canal(2, "cargo_landing", "Cargo Landing", "storage"),
    kind(2, "dye_works", "Dye Works", "Textile Industry"),
    kind(2, "glassblower_workshop", "Glassblower's Workshop", "Glass Industry"),
    kind(2, "granary", "Granary", "storage"),
    kind(2, "printing_house", "Printing House", "Publishing Industry"),
    kind(2, "spice_merchant_shop", "Spice Merchant's Shop", "Luxury Goods"),
    kind(1, "art_gallery", "Art Gallery", "retail_goods"),
    kind(1, "automated_mill", "Automated Mill", "industrial"),
    kind(1, "butcher_shop", "Butcher Shop", "retail_food"),
    kind(1, "confectionery", "Confectionery", "retail_food"),
    kind(1, "customs_house", "Customs House", "storage"),
    kind(1, "goldsmith_workshop", "Goldsmith's Workshop", "Luxury Industry"),
    kind(1, "masons_lodge", "Masons' Lodge", "construction"),
    kind(1, "porter_guild_hall", "Porter Guild Hall", "Transportation Services"),
    kind(1, "public_bath", "Public Bath", ""),
    kind(1, "soap_workshop", "Soap Workshop", "Household Goods"),
    kind(1, "wine_cellar", "Wine Cellar", "storage"),
];

/// Where people live; not counted by anyone.
pub(super) const DWELLINGS: [Kind; 5] = [
    kind(0, "artisan_s_house", "Artisan's House", "Basic Residences"),
    on_canal(0, "canal_house", "Canal House", "Basic Residences"),
    on_canal(0, "fisherman_s_cottage", "Fisherman's Cottage", "Basic Residences"),
    kind(0, "merchant_s_house", "Merchant's House", "Basic Residences"),
    on_canal(0, "nobili_palazzo", "Nobili Palazzo", "Luxury Residences"),
];
