//! Sentences for the demo's letters, remarks and thoughts: all written for it, none taken from the game.

use std::fmt::{self, Display};

use super::dice::Dice;
use super::names::{GOODS, STREETS};

/// What a citizen notes down in prose.
pub(super) const REMARKS: [&str; 12] = [
    "Done as agreed; the boatman would not wait for a receipt.",
    "The scale at the landing is off by a hair, so everything was weighed twice.",
    "Nobody was at the door. Left word with the neighbour, who promised to pass it on.",
    "Price held for three days, then it is anyone's guess.",
    "Slow going: high water up to the second step — the planks were all taken.",
    "Paid from the small purse; the large one stays shut until Saturday.",
    "Asked for \"the usual\" and was given something better.",
    "A quiet round. The bell of San Moisè was late again.",
    "Two crates short of what the paper says; the rest follows on the next barge.",
    "Kept to the shady side. Good thing, with the wax.",
    "Went well enough, though l'Orso's boy dropped a jar.",
    "Entered in the ledger on the spot, before anyone could remember it differently.",
];

/// What a citizen thinks meanwhile.
pub(super) const MUSINGS: [&str; 12] = [
    "If the wind turns before vespers, I could still make the second trip and be home for supper.",
    "He smiled too readily when he named his price. I shall ask elsewhere before I sign.",
    "A good day is one in which the figures agree the first time.",
    "I must write to my cousin in Candia — she will know what the harvest looks like.",
    "So many people on the bridge today, and not one of them buying.",
    "My back says I am fifty, my purse says I am twenty.",
    "Patience. The tide comes in for those who have mended their boats.",
    "Niccolò owes me a favour, and I have never been good at letting favours rest.",
    "What would it cost to do this properly, just once?",
    "The new lamp on the corner is worth more to me than any speech of the Senate.",
    "I should like to learn the lute. Next year, perhaps, when the roof is paid.",
    "Whoever keeps the books keeps the peace ⚖️",
];

const OPENINGS: [&str; 10] = [
    "Good morning to you!",
    "A word, if you have a moment:",
    "I hope this finds you well.",
    "Forgive the haste of these lines.",
    "You asked me on the bridge, so here is my answer.",
    "News from the landing 🛶",
    "Between ourselves:",
    "As promised, \"before the bell\":",
    "My regards to your house.",
    "To keep it short,",
];

/// Whose name a sentence mentions.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Good,
    Street,
}

use Subject::{Good, Street};

/// Sentences, split where the name goes.
const SENTENCES: [(Subject, &str, &str); 22] = [
    (Good, "The price of ", " went up twice this week, and I doubt that it has finished."),
    (Good, "I can let you have forty measures of ", " by Thursday, if your porters come before noon."),
    (Street, "Come by ", " when the shops have closed, and bring the contract."),
    (Good, "Someone is buying all the ", " he can find and paying in new coin; keep your eyes open."),
    (Good, "There is ", " lying unsold in three warehouses while people queue for it at the stalls."),
    (Street, "They are digging at ", " again, so take the long way round."),
    (Good, "Would you go halves with me on a load of ", "? I have the boat, you have the patience."),
    (Good, "My man at the customs says the ", " was wet when it came in, so look before you pay."),
    (Street, "A room has come free near ", ", dry, with a window to the water."),
    (Good, "If you need ", ", ask me first; I would rather sell to a friend than to the crowd."),
    (Good, "We have run out of ", " again, and the baker blames the miller, who blames the moon."),
    (Street, "At ", " everyone speaks of the new tariff and nobody has read it."),
    (Good, "I set aside some ", " for you — it is nothing, think of it as rent for your good advice."),
    (Good, "The galley that was to bring ", " is two days late, which in this wind means four."),
    (Street, "I waited for you at ", " until the lamps were lit."),
    (Good, "They now ask a stamp on every sack of ", ", and the stamp costs more than the sack."),
    (Good, "Nobody told me that ", " keeps so badly in August; I tell you, so that one of us has learnt it cheaply."),
    (Street, "The steps at ", " are under water by ten; leave before."),
    (Good, "I counted the ", " myself this time, and for once the list was right."),
    (Good, "Tell your steward that the ", " goes by water; the bridge would not bear it."),
    (Street, "My sister has opened a stall at ", ": small, clean, and honest to the ounce."),
    (Street, "There was music at ", " last night, and this morning there are complaints."),
];

const CLOSINGS: [&str; 8] = [
    "Write soon.",
    "Yours, in haste and in earnest.",
    "\n\nP.S. Burn this — or frame it, as you like 🔥",
    "God keep you.",
    "Until Sunday, then!",
    "I remain at your service,\nas ever.",
    "Say yes.",
    "With all good wishes 🌊",
];

/// A letter of 100 to 600 bytes, written out only where it is needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letter {
    opening: &'static str,
    sentences: [Option<Sentence>; 4],
    closing: &'static str,
}

#[derive(Clone, Copy, Debug)]
struct Sentence {
    before: &'static str,
    name: &'static str,
    after: &'static str,
}

impl Letter {
    pub(super) fn drawn(dice: &mut Dice) -> Letter {
        let count = 2 + dice.below(3) as usize;
        let first = dice.below(SENTENCES.len() as u32) as usize;
        // Strides that share no factor with the number of sentences, so that none comes twice in a letter.
        let stride = dice.pick(&[1, 3, 5, 7, 9, 13]);
        let mut sentences = [None; 4];
        for (place, sentence) in sentences.iter_mut().take(count).enumerate() {
            let (subject, before, after) = SENTENCES[(first + place * stride) % SENTENCES.len()];
            let name = match subject {
                Good => dice.pick(&GOODS).1,
                Street => dice.pick(&STREETS),
            };
            *sentence = Some(Sentence { before, name, after });
        }
        Letter { opening: dice.pick(&OPENINGS), sentences, closing: dice.pick(&CLOSINGS) }
    }
}

impl Display for Letter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.opening)?;
        for Sentence { before, name, after } in self.sentences.iter().flatten() {
            for piece in [" ", before, name, after] {
                out.write_str(piece)?;
            }
        }
        out.write_str(" ")?;
        out.write_str(self.closing)
    }
}
