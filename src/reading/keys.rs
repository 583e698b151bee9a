//! The keys that mean something, however they are spelt.
//!
//! A key is compared without `_` and `-` and in lower case, so that `ActivityId`, `activityId` and
//! `activity_id` are one. A key that begins with `_` is the engine's own scratch and means nothing.

/// The longest known spelling; the last byte of the room holds a key's length.
const ROOM: usize = 24;

/// A spelling as three words, which compare at once.
type Words = [u64; ROOM / 8];

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

            /// Its spelling in lower case.
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
    CreatedTime = "createdtime",
    AirtableId = "airtableid",
    ActivityId = "activityid",
    MessageId = "messageid",
    SpecVersion = "specversion",
    Source = "source",
    Data = "data",
    // Times.
    EndDate = "enddate",
    StartDate = "startdate",
    CreatedAt = "createdat",
    Timestamp = "timestamp",
    Time = "time",
    Date = "date",
    // Activities.
    Type = "type",
    ActivityType = "activitytype",
    Status = "status",
    Citizen = "citizen",
    CitizenId = "citizenid",
    CitizenUsername = "citizenusername",
    Username = "username",
    FromBuilding = "frombuilding",
    FromBuildingId = "frombuildingid",
    ToBuilding = "tobuilding",
    ToBuildingId = "tobuildingid",
    // Prices.
    Business = "business",
    BusinessId = "businessid",
    Client = "client",
    ClientId = "clientid",
    Service = "service",
    ServiceType = "servicetype",
    Subtype = "subtype",
    Duration = "duration",
    DurationMinutes = "durationminutes",
    Minutes = "minutes",
    Expertise = "expertise",
    SkillsExpertise = "skills.expertise",
    Skills = "skills",
    Revenue = "revenue",
    Amount = "amount",
    Declared = "declared",
    DeclaredAmount = "declaredamount",
    // Nested texts.
    Notes = "notes",
    Details = "details",
    Description = "description",
    // Messages.
    MessageType = "messagetype",
    Sender = "sender",
    SenderUsername = "senderusername",
    SenderId = "senderid",
    From = "from",
    Receiver = "receiver",
    ReceiverUsername = "receiverusername",
    ReceiverId = "receiverid",
    Recipient = "recipient",
    RecipientUsername = "recipientusername",
    RecipientId = "recipientid",
    RecipientType = "recipienttype",
    To = "to",
    ToEmail = "toemail",
    Channel = "channel",
    Content = "content",
    Message = "message",
    Body = "body",
    // Citizens and buildings.
    IsAi = "isai",
    SocialClass = "socialclass",
    FirstName = "firstname",
    LastName = "lastname",
    Ducats = "ducats",
    InVenice = "invenice",
    BuildingId = "buildingid",
    Category = "category",
    RunBy = "runby",
    Owner = "owner",
    LandId = "landid",
    Variant = "variant",
}

impl Key {
    /// The key of this spelling, if it means something.
    pub(super) fn of(text: &[u8]) -> Option<Key> {
        if text.first() == Some(&b'_') {
            return None;
        }
        let mut room = [0; ROOM];
        let mut length = 0;
        for byte in text {
            if length == ROOM - 1 {
                return None;
            }
            room[length] = byte.to_ascii_lowercase();
            length += usize::from(!matches!(byte, b'_' | b'-'));
        }
        room[length] = 0;
        room[ROOM - 1] = length as u8;
        let [a, b, c, ..] = words(&room);
        let words = [a, b, c];
        let mut place = slot(words);
        loop {
            match TABLE[place] {
                None => return None,
                Some((spelling, key)) if spelling == words => return Some(key),
                Some(_) => place = (place + 1) % SLOTS,
            }
        }
    }
}

const SLOTS: usize = 256;

/// An open table of all spellings, less than half full, laid out by the compiler.
static TABLE: [Option<(Words, Key)>; SLOTS] = {
    let mut table = [None; SLOTS];
    let mut number = 0;
    while number < Key::COUNT {
        let text = Key::TEXTS[number].as_bytes();
        assert!(text.len() < ROOM && Key::COUNT < SLOTS / 2);
        let mut room = [0; ROOM];
        let mut at = 0;
        while at < text.len() {
            room[at] = text[at];
            at += 1;
        }
        room[ROOM - 1] = text.len() as u8;
        let words = words(&room);
        let mut place = slot(words);
        while table[place].is_some() {
            place = (place + 1) % SLOTS;
        }
        table[place] = Some((words, Key::ALL[number]));
        number += 1;
    }
    table
};

const fn words(room: &[u8; ROOM]) -> Words {
    let mut words = [0; ROOM / 8];
    let mut at = 0;
    while at < ROOM {
        words[at / 8] |= (room[at] as u64) << (at % 8 * 8);
        at += 1;
    }
    words
}

const fn slot([a, b, c]: Words) -> usize {
    let mixed = a.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b.wrapping_mul(0xc2b2_ae3d_27d4_eb4f) ^ c;
    (mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 56) as usize
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
}
