//! The keys that mean something, however they are spelt.
//!
//! A key is compared without `_` and `-` and in lower case, so that `ActivityId`, `activityId` and
//! `activity_id` are one. A key that begins with `_` is the engine's own scratch and means nothing.

macro_rules! keys {
    ($($name:ident = $text:literal,)*) => {
        /// A key that means something.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Key { $($name,)* }

        impl Key {
            const ALL: &[Key] = &[$(Key::$name),*];
            const TEXTS: &[&str] = &[$($text),*];
            /// How many there are.
            pub(super) const COUNT: usize = Key::ALL.len();

            /// Its spelling in snake case.
            pub(super) const fn text(self) -> &'static str {
                Key::TEXTS[self as usize]
            }
        }
    };
}

keys! {
    // Envelopes and ids.
    Id = "id",
    Fields = "fields",
    CreatedTime = "created_time",
    AirtableId = "airtable_id",
    ActivityId = "activity_id",
    MessageId = "message_id",
    SpecVersion = "specversion",
    Source = "source",
    Data = "data",
    // Times.
    EndDate = "end_date",
    StartDate = "start_date",
    CreatedAt = "created_at",
    Timestamp = "timestamp",
    Time = "time",
    Date = "date",
    // Activities.
    Type = "type",
    ActivityType = "activity_type",
    Status = "status",
    Citizen = "citizen",
    CitizenId = "citizen_id",
    CitizenUsername = "citizen_username",
    Username = "username",
    FromBuilding = "from_building",
    FromBuildingId = "from_building_id",
    ToBuilding = "to_building",
    ToBuildingId = "to_building_id",
    // Prices.
    Business = "business",
    BusinessId = "business_id",
    Client = "client",
    ClientId = "client_id",
    Service = "service",
    ServiceType = "service_type",
    Subtype = "subtype",
    Duration = "duration",
    DurationMinutes = "duration_minutes",
    Minutes = "minutes",
    Expertise = "expertise",
    SkillsExpertise = "skills.expertise",
    Skills = "skills",
    Revenue = "revenue",
    Amount = "amount",
    Declared = "declared",
    DeclaredAmount = "declared_amount",
    // Nested texts.
    Notes = "notes",
    Details = "details",
    Description = "description",
    // Messages.
    MessageType = "message_type",
    Sender = "sender",
    SenderUsername = "sender_username",
    SenderId = "sender_id",
    From = "from",
    Receiver = "receiver",
    ReceiverUsername = "receiver_username",
    ReceiverId = "receiver_id",
    Recipient = "recipient",
    RecipientUsername = "recipient_username",
    RecipientId = "recipient_id",
    RecipientType = "recipient_type",
    To = "to",
    ToEmail = "to_email",
    Channel = "channel",
    Content = "content",
    Message = "message",
    Body = "body",
    // Citizens and buildings.
    IsAi = "is_ai",
    SocialClass = "social_class",
    FirstName = "first_name",
    LastName = "last_name",
    Ducats = "ducats",
    InVenice = "in_venice",
    BuildingId = "building_id",
    Category = "category",
    RunBy = "run_by",
    Owner = "owner",
    LandId = "land_id",
    Variant = "variant",
}

impl Key {
    /// The key of this spelling, if it means something.
    pub(super) fn of(text: &[u8]) -> Option<Key> {
        if text.first() == Some(&b'_') {
            return None;
        }
        let words = words(text);
        if words.iter().any(|word| has_byte(*word, b'_') || has_byte(*word, b'-')) || LENGTH_MAX < text.len() {
            return Key::of_parted(text);
        }
        Key::find(Spelling { length: text.len(), words: lower(words) })
    }

    /// The key of a spelling that `_` and `-` part into words.
    fn of_parted(text: &[u8]) -> Option<Key> {
        // What is longer with all its `_` than any key may be, is none.
        if 2 * LENGTH_MAX < text.len() { None } else { Key::find(Spelling::of(text)) }
    }

    fn find(spelling: Spelling) -> Option<Key> {
        let mut place = spelling.slot();
        loop {
            match &TABLE[place] {
                None => return None,
                Some((known, key)) if known.length == spelling.length && known.words == spelling.words => {
                    return Some(*key);
                }
                Some(_) => place = (place + 1) % SLOTS,
            }
        }
    }
}

/// The longest spelling that is looked at.
const LENGTH_MAX: usize = 24;
const SLOTS: usize = 256;

/// A spelling as a length and three words, which together tell each of its bytes and compare at once.
#[derive(Clone, Copy)]
struct Spelling {
    length: usize,
    words: [u64; 3],
}

impl Spelling {
    /// The spelling without `_` and `-`; what is longer than any key is cut, and its length tells it.
    const fn of(text: &[u8]) -> Spelling {
        let mut room = [0; LENGTH_MAX];
        let (mut at, mut length) = (0, 0);
        while at < text.len() {
            if !matches!(text[at], b'_' | b'-') {
                if length < LENGTH_MAX {
                    room[length] = text[at];
                }
                length += 1;
            }
            at += 1;
        }
        let kept = if length < LENGTH_MAX { length } else { LENGTH_MAX };
        Spelling { length, words: lower(words(room.split_at(kept).0)) }
    }

    const fn slot(self) -> usize {
        let [a, b, c] = self.words;
        let mixed = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xc2b2_ae3d_27d4_eb4f) ^ c;
        (mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 56) as usize
    }
}

/// An open table of all spellings, less than half full, laid out by the compiler.
static TABLE: [Option<(Spelling, Key)>; SLOTS] = {
    let mut table = [None; SLOTS];
    let mut number = 0;
    while number < Key::COUNT {
        let spelling = Spelling::of(Key::TEXTS[number].as_bytes());
        assert!(Key::COUNT < SLOTS / 2);
        let mut place = spelling.slot();
        while table[place].is_some() {
            place = (place + 1) % SLOTS;
        }
        table[place] = Some((spelling, Key::ALL[number]));
        number += 1;
    }
    table
};

/// The bytes of a text of up to [`LENGTH_MAX`]; some stand in two words, which does no harm.
const fn words(text: &[u8]) -> [u64; 3] {
    match text.len() {
        0 => [0, 0, 0],
        length @ 1..4 => [text[0] as u64 | (text[length / 2] as u64) << 8 | (text[length - 1] as u64) << 16, 0, 0],
        length @ 4..8 => [half(text, 0) | half(text, length - 4) << 32, 0, 0],
        length @ 8..=16 => [word(text, 0), word(text, length - 8), 0],
        length => [word(text, 0), word(text, 8), word(text, length - 8)],
    }
}

const fn half(text: &[u8], at: usize) -> u64 {
    match text.split_at(at).1.first_chunk() {
        Some(bytes) => u32::from_le_bytes(*bytes) as u64,
        None => 0,
    }
}

const fn word(text: &[u8], at: usize) -> u64 {
    match text.split_at(at).1.first_chunk() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => 0,
    }
}

/// In lower case: the bit that tells `T` from `t` is set. Of other bytes none becomes a letter by it.
const fn lower([a, b, c]: [u64; 3]) -> [u64; 3] {
    const BIT: u64 = u64::from_le_bytes([0x20; 8]);
    [a | BIT, b | BIT, c | BIT]
}

const fn has_byte(word: u64, byte: u8) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero_where_it_is = word ^ (byte as u64 * ONES);
    zero_where_it_is.wrapping_sub(ONES) & !zero_where_it_is & (ONES << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_under_each_of_its_spellings() {
        for key in Key::ALL {
            assert_eq!(Key::of(key.text().as_bytes()), Some(*key));
            assert_eq!(Key::of(key.text().to_uppercase().as_bytes()), Some(*key));
        }
        for text in ["ActivityId", "activityId", "activity_id", "ACTIVITY-ID", "activity_id_"] {
            assert_eq!(Key::of(text.as_bytes()), Some(Key::ActivityId), "{text}");
        }
    }

    #[test]
    fn other_keys_mean_nothing() {
        for text in [
            "",
            "_",
            "_type",
            "__id",
            "ids",
            "id\0",
            "i d",
            "Path",
            &"x".repeat(1_000),
            "ïd",
            "typetypetypetypetypetype",
        ] {
            assert_eq!(Key::of(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_spelling_is_found_wherever_it_is_parted() {
        for key in Key::ALL {
            for at in 1..=key.text().len() {
                let (start, end) = key.text().split_at(at);
                for text in [format!("{start}_{end}"), format!("{start}-_{end}__")] {
                    assert_eq!(Key::of(text.as_bytes()), Some(*key), "{text}");
                }
                for text in [format!("{start}x{end}"), format!("{start}\0{end}"), start[1..].to_owned() + end] {
                    assert_eq!(Key::of(text.as_bytes()), None, "{text}");
                }
            }
        }
    }
}
