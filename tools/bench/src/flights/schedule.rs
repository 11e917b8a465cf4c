//! Which flights there are: of each month so many, each with an airline, a number, a way and a time of the day.
//!
//! In a month's rows the flights follow each other in the order of airlines and numbers, as in the talk's files; each with the
//! days on which it flies: every day, and the next flight on weekdays alone. So any row's flight and day are known from
//! its place alone, and any thread can make any rows.

use super::airlines::Airlines;
use super::world::World;
use crate::cli::YearRange;
use crate::generate::{first_day, key};

/// A month, and its rows.
#[derive(Clone, Debug)]
pub(super) struct Month {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) rows: u64,
    /// Of its first day: 1 is a Monday.
    first_weekday: u8,
    days: u8,
}

/// The months of `years` that were reported, `rows` rows in all.
pub(super) fn months(years: &YearRange, rows: u64) -> Vec<Month> {
    let all = years.clone().flat_map(|year| (first_month(year)..=12).map(move |month| (year, month)));
    let weighed: Vec<(u16, u8, f64)> = all.map(|(year, month)| (year, month, weight(year, month))).collect();
    let total: f64 = weighed.iter().map(|&(.., weight)| weight).sum();
    let (mut sum, mut before) = (0.0, 0);
    let mut months = Vec::with_capacity(weighed.len());
    for (number, &(year, month, weight)) in weighed.iter().enumerate() {
        sum += weight;
        let until = if number + 1 == weighed.len() { rows } else { (rows as f64 * sum / total).round() as u64 };
        let (first, days) = (day_of(year, month), days_in(year, month));
        // 1800-01-01 was a Wednesday.
        let first_weekday = ((first + 2).rem_euclid(7) + 1) as u8;
        months.push(Month { year, month, rows: until.saturating_sub(before), first_weekday, days });
        before = until.max(before);
    }
    months
}

/// Reports began in October 1987.
fn first_month(year: u16) -> u8 {
    if year == 1987 { 10 } else { 1 }
}

/// About how many flights there were: by days, and more from year to year.
fn weight(year: u16, month: u8) -> f64 {
    let summer = if (6..=8).contains(&month) { 1.04 } else { 1.0 };
    f64::from(days_in(year, month)) * summer * (1.0 + 0.02 * (f64::from(year) - 1987.0)).clamp(0.5, 2.0)
}

/// Days from 1800-01-01 to the first of a month.
fn day_of(year: u16, month: u8) -> i64 {
    first_day(year) + (1..month).map(|month| i64::from(days_in(year, month))).sum::<i64>()
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if first_day(year + 1) - first_day(year) == 366 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    pub(super) day: u8,
    pub(super) weekday: u8,
}

impl Month {
    fn day(&self, day: u8) -> Day {
        Day { day, weekday: (self.first_weekday + day - 2) % 7 + 1 }
    }

    /// The days on which flights go: of the even ones, and of the odd.
    pub(super) fn calendars(&self) -> [Vec<Day>; 2] {
        let every: Vec<Day> = (1..=self.days).map(|day| self.day(day)).collect();
        let weekdays = every.iter().copied().filter(|day| day.weekday <= 5).collect();
        [every, weekdays]
    }
}

/// A flight of a month.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) airline: usize,
    pub(super) number: u16,
    pub(super) from: u16,
    pub(super) to: u16,
    pub(super) distance: u16,
    /// In minutes since midnight, by the clocks there.
    pub(super) departure: i32,
    pub(super) arrival: i32,
    /// In minutes: by the schedule, and in the air.
    pub(super) elapsed: i32,
    pub(super) air_time: i32,
    /// The first of the planes that it goes with.
    pub(super) plane: u32,
    /// How late it is compared with others, in 64ths.
    pub(super) lateness: i32,
    /// What its days are drawn with.
    pub(super) key: u64,
}

/// The flights of a month.
#[derive(Debug)]
pub(super) struct Schedule<'a> {
    world: &'a World,
    airlines: &'a Airlines,
    /// Who flies, up to which share of the flights.
    flying: Vec<(usize, f64)>,
    pub(super) flights: u64,
    month: &'a Month,
    seed: u64,
}

impl<'a> Schedule<'a> {
    pub(super) fn new(world: &'a World, airlines: &'a Airlines, month: &'a Month, seed: u64) -> Self {
        let [every, weekdays] = month.calendars().map(|days| days.len() as u64);
        let (pairs, left) = (month.rows / (every + weekdays), month.rows % (every + weekdays));
        let flights = 2 * pairs + u64::from(left > 0) + u64::from(left > every);
        Self { world, airlines, flying: airlines.of_year(month.year), flights, month, seed }
    }

    /// The flight of a place in the month's order.
    pub(super) fn flight(&self, place: u64) -> Flight {
        let Month { year, month, .. } = *self.month;
        let key_of_day = key(&[self.seed, u64::from(year), u64::from(month), place]);
        let jitter = (key_of_day >> 40) as f64 / f64::from(1 << 24);
        let share = (place as f64 + jitter) / self.flights as f64;
        let rank = self.flying.iter().position(|&(_, until)| share < until).unwrap_or(self.flying.len() - 1);
        let (airline, until) = self.flying[rank];
        let since = if rank == 0 { 0.0 } else { self.flying[rank - 1].1 };
        let own = &self.airlines.0[airline];
        let number = 1 + (((share - since) / (until - since)).clamp(0.0, 1.0 - 1e-9) * own.numbers) as u16;
        // Where it goes is the same for some years.
        let random = key(&[self.seed, airline as u64, u64::from(number), u64::from(year / 3)]);
        let (from, to) = self.way(own.homes, random);
        let distance = self.world.distance(from, to);
        let air_time = 17 + i32::from(distance) * 10 / 78;
        let elapsed = air_time + 24 + (random >> 44) as i32 % 9;
        let departure = departure(random >> 20);
        let clocks = [from, to].map(|at| self.world.airports[at as usize].clock());
        let (month, hour) = (i32::from(month), departure / 60);
        // Summers, Decembers, evenings, and some airports and airlines are worse.
        let season = [0, 4, 2, -4, -6, 10, 10, 4, -12, -8, -4, 12][month as usize - 1];
        let of_place = (key(&[7, u64::from(from)]) % 40) as i32 - 12 + (key(&[8, airline as u64]) % 24) as i32 - 8;
        Flight {
            airline,
            number,
            from,
            to,
            distance,
            departure,
            arrival: departure + elapsed + clocks[1] - clocks[0],
            elapsed,
            air_time,
            plane: (key(&[random, u64::from(year)]) >> 33) as u32,
            lateness: 64 + season + of_place + 3 * (hour - 13),
            key: key_of_day,
        }
    }

    /// From or to one of the airline's homes, mostly.
    fn way(&self, homes: [u16; 3], random: u64) -> (u16, u16) {
        let home = match random % 8 {
            0 => self.world.any(key(&[random, 1])),
            1..=4 => homes[0],
            5 | 6 => homes[1],
            _ => homes[2],
        };
        let mut tried = 2;
        let mut other = self.world.any(key(&[random, tried]));
        while other == home {
            tried += 1;
            other = self.world.any(key(&[random, tried]));
        }
        if random & 8 == 0 { (home, other) } else { (other, home) }
    }
}

/// From six in the morning to ten in the evening, mostly, at multiples of five minutes.
fn departure(random: u64) -> i32 {
    let minute = match random % 64 {
        0 => random / 64 % 360,
        _ => 360 + random / 64 % 980,
    };
    minute as i32 / 5 * 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_all_rows_and_begin_in_october_1987() {
        for rows in [1, 1000, 20_000_000] {
            let months = months(&(1987..=2008), rows);
            assert_eq!(months.iter().map(|month| month.rows).sum::<u64>(), rows);
            assert_eq!((months.len(), months[0].month), (21 * 12 + 3, 10));
        }
        let months = months(&(2008..=2008), 12);
        // 2008-01-01 was a Tuesday; February had 29 days.
        assert_eq!((months[0].day(1).weekday, months[0].day(3), months[1].days), (2, Day { day: 3, weekday: 4 }, 29));
    }

    #[test]
    fn flights_come_by_airline_and_number() {
        let world = World::new();
        let airlines = Airlines::new(&world);
        let month = &months(&(2003..=2003), 1_000_000)[5];
        let schedule = Schedule::new(&world, &airlines, month, 0);
        let flights: Vec<Flight> = (0..schedule.flights).map(|place| schedule.flight(place)).collect();
        assert!(flights.is_sorted_by_key(|flight| (flight.airline, flight.number)));
        assert!(flights.iter().all(|flight| flight.from != flight.to && flight.distance > 0));
        let mut flying: Vec<usize> = flights.iter().map(|flight| flight.airline).collect();
        flying.dedup();
        assert_eq!(flying.len(), airlines.of_year(2003).len());
    }
}
