//! Ten thousand worlds: in the end everything that was earned is invoiced once and collected as Stripe says.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::world::{Mistake, Wild, World};

/// What is wrong with the world of a seed after a life of so many happenings, if anything is.
pub fn live(seed: u64, happenings: u64, mistake: Mistake) -> Result<World, String> {
    live_wild(seed, happenings, mistake, Wild::default())
}

/// Likewise, where more befalls the world.
pub fn live_wild(seed: u64, happenings: u64, mistake: Mistake, wild: Wild) -> Result<World, String> {
    let world = catch_unwind(|| {
        let world = World::wild(seed, mistake, wild);
        for _ in 0..happenings {
            world.happen();
        }
        world.settle();
        world
    });
    let world = world.map_err(|_| "it panicked".to_owned())?;
    let faults = world.faults();
    if faults.is_err() && std::env::var_os("RIALTO_SIM_DEEDS").is_some() {
        println!("{}", world.told());
    }
    faults.map(|()| world)
}

/// So many happenings are a life.
pub const HAPPENINGS: u64 = 60;

/// What else befalls the world of a seed, unless `RIALTO_SIM_WILD` says so with the sum of the bits of [`Wild`]: nothing
/// else in most; in others drafts are edited, lines are many, a payer pays in yen or tax, and every crash compares image,
/// journal and book; in others another tenant's webhooks come, and credit notes are written; in others again the folder is
/// restored from older copies, and what is taken back is given back by credit notes.
fn wild(seed: u64) -> Wild {
    let edits = [Wild::EDITS, Wild::MANY, Wild::IMAGES, Wild::YEN, Wild::TAXES, Wild::ACCOUNTS];
    let notes = [Wild::NOTES, Wild::OTHERS, Wild::IMAGES, Wild::YEN, Wild::TAXES];
    let credits = [Wild::CREDITS, Wild::RESTORES, Wild::IMAGES, Wild::YEN, Wild::ACCOUNTS];
    let restores = [Wild::RESTORES, Wild::IMAGES, Wild::YEN, Wild::TAXES];
    let all = |bits: &[Wild]| Wild(bits.iter().fold(0, |all, bit| all | bit.0));
    let told = std::env::var("RIALTO_SIM_WILD").ok().and_then(|text| text.parse().ok());
    // They take ten times as long, so that they are every tenth.
    let own = match seed % 20 {
        0 => all(&edits),
        5 => all(&restores),
        10 => all(&notes),
        15 => all(&credits),
        _ => Wild::default(),
    };
    told.map_or(own, Wild)
}

/// `RIALTO_SIM_SEEDS` worlds; the one of `RIALTO_SIM_SEED` alone, where that is set.
#[test]
fn what_is_earned_is_invoiced_once_and_collected_as_stripe_says() {
    let number = |key| std::env::var(key).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("RIALTO_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RIALTO_SIM_SEEDS").unwrap_or(300),
    };
    let (next, bills) = (AtomicU64::new(seeds.start), AtomicUsize::new(0));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seeds.end <= seed {
                return None;
            }
            match live_wild(seed, HAPPENINGS, Mistake::None, wild(seed)) {
                Ok(world) => drop(bills.fetch_add(world.bills(), Ordering::Relaxed)),
                Err(why) => return Some((seed, why)),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let failed = std::thread::scope(|scope| {
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        working.into_iter().filter_map(|working| working.join().unwrap()).min()
    });
    if let Some((seed, why)) = failed {
        panic!("`RIALTO_SIM_SEED={seed} cargo test --test it what_is_earned` replays it: {why}");
    }
    let (worlds, bills) = (seeds.end - seeds.start, bills.into_inner());
    println!("{worlds} worlds, {bills} bills paid");
    assert!(worlds <= bills as u64, "hardly anything was billed: {bills} bills in {worlds} worlds");
}
