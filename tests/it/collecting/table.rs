//! Mistakes that somebody could have built into the biller: each is caught.

use super::seeds::live;
use super::world::Mistake;

#[test]
fn every_mistake_is_caught_within_a_few_worlds() {
    let mistakes = [
        (Mistake::KeyFromClock, "keys are made from the clock"),
        (Mistake::NoReadBack, "asked again without reading back"),
        (Mistake::LinesAgain, "lines are added again"),
        (Mistake::Truncated, "cents are cut off"),
        (Mistake::TrustsStatus, "`paid` is taken for money"),
        (Mistake::LostIsFailed, "a lost answer is taken for a failure"),
        (Mistake::NoRefunds, "refunds are not looked at"),
        (Mistake::NoDisputes, "disputes are not looked at"),
        (Mistake::MailAgain, "a mail is sent again"),
        (Mistake::NoMail, "no mail is sent"),
        (Mistake::Impatient, "a declined card is tried again at once"),
    ];
    let mut table = String::new();
    let mut uncaught = Vec::new();
    for (mistake, what) in mistakes {
        match (0..200).find_map(|seed| live(seed, 60, mistake).err().map(|why| (seed, why))) {
            Some((seed, why)) => {
                let why = why.lines().next().unwrap_or_default().chars().take(100).collect::<String>();
                table += &format!("{what:40} caught in world {seed:3}: {why}\n");
            }
            None => uncaught.push(what),
        }
    }
    println!("{table}");
    assert!(uncaught.is_empty(), "{uncaught:?} went unseen");
}
