//! The core in worlds made of seeds, in which power goes, disks fail and processes are killed between any two effects:
//! nothing acknowledged is lost, nothing is there twice, nothing is shown before it is durable, and everything has its
//! price.

mod drive;
mod life;
mod model;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use self::world::World;
use super::{tell, times};

/// What came of all worlds.
#[derive(Default)]
struct Sums {
    lives: AtomicU64,
    power_cuts: AtomicU64,
    failures: AtomicU64,
    effects: AtomicU64,
    acknowledged: AtomicU64,
}

fn live(seed: u64, sums: &Sums) -> Result<(), String> {
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new(seed);
        let lived = world.live(2 + seed % 5);
        sums.lives.fetch_add(world.lives, Ordering::Relaxed);
        sums.power_cuts.fetch_add(world.power_cuts, Ordering::Relaxed);
        sums.failures.fetch_add(world.failures, Ordering::Relaxed);
        sums.effects.fetch_add(world.effects(), Ordering::Relaxed);
        sums.acknowledged.fetch_add(world.acknowledged(), Ordering::Relaxed);
        lived
    }));
    lived.unwrap_or_else(|_| Err("it panicked".into()))
}

/// `RIALTO_FAULTS_SEEDS` worlds; the one of `RIALTO_FAULTS_SEED` alone, where that is set.
#[test]
fn in_no_world_is_anything_lost_doubled_or_shown_too_early() {
    let number = |key| std::env::var(key).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("RIALTO_FAULTS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("RIALTO_FAULTS_SEEDS").unwrap_or(times(2_000, 100_000) as u64),
    };
    let (next, sums) = (AtomicU64::new(seeds.start), Sums::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seeds.end <= seed {
                return None;
            }
            if let Err(why) = live(seed, &sums) {
                return Some((seed, why));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let failed = std::thread::scope(|scope| {
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        working.into_iter().filter_map(|working| working.join().unwrap()).min()
    });
    if let Some((seed, why)) = failed {
        panic!("`RIALTO_FAULTS_SEED={seed} cargo test --test it in_no_world` replays it: {why}");
    }
    let Sums { lives, power_cuts, failures, effects, acknowledged } = sums;
    let [lives, power_cuts, failures, effects, acknowledged] =
        [lives, power_cuts, failures, effects, acknowledged].map(AtomicU64::into_inner);
    let worlds = seeds.end - seeds.start;
    let tried = format!(
        "{worlds} worlds made of seeds: {lives} lives, {effects} effects on a disk, {power_cuts} power cuts and {failures} \
         failing disks among them"
    );
    let came = format!(
        "{acknowledged} events acknowledged; none is lost, none is there twice, none was shown before it was durable, and each \
         has its price"
    );
    tell("simulation", tried, came);
    assert!(worlds <= acknowledged, "hardly anything was acknowledged");
}
