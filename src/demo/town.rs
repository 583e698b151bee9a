//! The town itself: who lives in it, what stands in it, and who runs what.

use super::buildings::Building;
use super::citizens::Citizen;
use super::dice::{Dice, Purpose};
use super::record::{Registry, Stretch};
use super::usernames::ENVOY;

/// Everyone and everything there is. It never changes after it was founded.
#[derive(Clone, Debug)]
pub(super) struct Town {
    pub(super) citizens: Vec<Citizen>,
    pub(super) buildings: Vec<Building>,
    // What follows are places in the two lists above. None of it is ever empty.
    /// Businesses that somebody runs, each with whoever does.
    run: Vec<(usize, usize)>,
    homes: Vec<usize>,
    /// Citizens the engine plays.
    engine_played: Vec<usize>,
    /// Citizens a person plays.
    person_played: Vec<usize>,
    envoy: usize,
}

impl Town {
    pub(super) fn of(seed: u64) -> Town {
        let mut dice = Dice::new(seed, Purpose::Town);
        let citizens = Citizen::all(&mut dice);
        let buildings = Building::all(&mut dice, citizens.len());
        let operated = |(place, building): (usize, &Building)| building.run_by.map(|operator| (place, operator));
        let envoy = citizens.iter().position(|citizen| citizen.username == ENVOY);
        Town {
            run: buildings.iter().enumerate().filter_map(operated).collect(),
            homes: places(&buildings, |building| !building.is_business),
            engine_played: places(&citizens, |citizen| citizen.is_ai),
            person_played: places(&citizens, |citizen| !citizen.is_ai),
            envoy: envoy.expect("the envoy is one of the usernames"),
            citizens,
            buildings,
        }
    }

    /// A business, and the citizen who runs it.
    pub(super) fn business(&self, dice: &mut Dice) -> (&Building, &Citizen) {
        let (place, operator) = dice.pick(&self.run);
        (&self.buildings[place], &self.citizens[operator])
    }

    pub(super) fn home(&self, dice: &mut Dice) -> &Building {
        &self.buildings[dice.pick(&self.homes)]
    }

    /// A citizen the engine plays.
    pub(super) fn played_by_engine(&self, dice: &mut Dice) -> &Citizen {
        &self.citizens[dice.pick(&self.engine_played)]
    }

    /// A citizen a person plays.
    pub(super) fn played_by_person(&self, dice: &mut Dice) -> &Citizen {
        &self.citizens[dice.pick(&self.person_played)]
    }

    /// The citizen who writes to the world outside.
    pub(super) fn envoy(&self) -> &Citizen {
        &self.citizens[self.envoy]
    }

    pub(super) fn citizen_rows(&self, seed: u64) -> Vec<String> {
        let mut dice = Dice::new(seed, Purpose::Citizens);
        let mut registry = Registry::new(seed, Stretch::Citizens);
        self.citizens.iter().map(|citizen| citizen.row(&mut dice, registry.number())).collect()
    }

    pub(super) fn building_rows(&self, seed: u64) -> Vec<String> {
        let mut dice = Dice::new(seed, Purpose::Buildings);
        let mut registry = Registry::new(seed, Stretch::Buildings);
        self.buildings.iter().map(|building| building.row(&self.citizens, &mut dice, registry.number())).collect()
    }
}

fn places<T>(list: &[T], wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    (0..list.len()).filter(|&place| wanted(&list[place])).collect()
}
