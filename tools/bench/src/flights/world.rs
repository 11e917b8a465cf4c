//! Airports, how busy they are, and how far from each other.
//!
//! The largest are real ones, in about the order of their size; the others are made up, so that there are as many as in the
//! talk's data.

use crate::generate::key;

/// So many airports there are.
pub(super) const AIRPORTS: usize = 294;

/// The largest: code, city, state, latitude, longitude.
const LARGEST: [(&str, &str, &str, f32, f32); 60] = [
    ("ATL", "Atlanta", "GA", 33.64, -84.43),
    ("ORD", "Chicago", "IL", 41.98, -87.90),
    ("DFW", "Dallas-Fort Worth", "TX", 32.90, -97.04),
    ("LAX", "Los Angeles", "CA", 33.94, -118.41),
    ("PHX", "Phoenix", "AZ", 33.43, -112.01),
    ("DEN", "Denver", "CO", 39.86, -104.67),
    ("DTW", "Detroit", "MI", 42.21, -83.35),
    ("IAH", "Houston", "TX", 29.98, -95.34),
    ("MSP", "Minneapolis", "MN", 44.88, -93.22),
    ("SFO", "San Francisco", "CA", 37.62, -122.37),
    ("STL", "St Louis", "MO", 38.75, -90.37),
    ("EWR", "Newark", "NJ", 40.69, -74.17),
    ("LAS", "Las Vegas", "NV", 36.08, -115.15),
    ("CLT", "Charlotte", "NC", 35.21, -80.94),
    ("LGA", "New York", "NY", 40.78, -73.87),
    ("BOS", "Boston", "MA", 42.36, -71.01),
    ("PHL", "Philadelphia", "PA", 39.87, -75.24),
    ("PIT", "Pittsburgh", "PA", 40.49, -80.23),
    ("SLC", "Salt Lake City", "UT", 40.79, -111.98),
    ("SEA", "Seattle", "WA", 47.45, -122.31),
    ("DCA", "Washington", "VA", 38.85, -77.04),
    ("MCO", "Orlando", "FL", 28.43, -81.32),
    ("CVG", "Covington", "KY", 39.05, -84.66),
    ("BWI", "Baltimore", "MD", 39.18, -76.67),
    ("MIA", "Miami", "FL", 25.79, -80.29),
    ("SAN", "San Diego", "CA", 32.73, -117.19),
    ("CLE", "Cleveland", "OH", 41.41, -81.85),
    ("TPA", "Tampa", "FL", 27.98, -82.53),
    ("OAK", "Oakland", "CA", 37.72, -122.22),
    ("JFK", "New York", "NY", 40.64, -73.78),
    ("MDW", "Chicago", "IL", 41.79, -87.75),
    ("BNA", "Nashville", "TN", 36.12, -86.68),
    ("SJC", "San Jose", "CA", 37.36, -121.93),
    ("MCI", "Kansas City", "MO", 39.30, -94.71),
    ("PDX", "Portland", "OR", 45.59, -122.60),
    ("IAD", "Chantilly", "VA", 38.94, -77.46),
    ("HOU", "Houston", "TX", 29.65, -95.28),
    ("FLL", "Ft. Lauderdale", "FL", 26.07, -80.15),
    ("RDU", "Raleigh", "NC", 35.88, -78.79),
    ("MEM", "Memphis", "TN", 35.04, -89.98),
    ("SNA", "Santa Ana", "CA", 33.68, -117.87),
    ("MSY", "New Orleans", "LA", 29.99, -90.26),
    ("DAL", "Dallas", "TX", 32.85, -96.85),
    ("SMF", "Sacramento", "CA", 38.70, -121.59),
    ("IND", "Indianapolis", "IN", 39.72, -86.29),
    ("SAT", "San Antonio", "TX", 29.53, -98.47),
    ("AUS", "Austin", "TX", 30.19, -97.67),
    ("ABQ", "Albuquerque", "NM", 35.04, -106.61),
    ("CMH", "Columbus", "OH", 40.00, -82.89),
    ("ONT", "Ontario", "CA", 34.06, -117.60),
    ("BDL", "Windsor Locks", "CT", 41.94, -72.68),
    ("BUR", "Burbank", "CA", 34.20, -118.36),
    ("HNL", "Honolulu", "HI", 21.32, -157.92),
    ("PBI", "West Palm Beach", "FL", 26.68, -80.10),
    ("BUF", "Buffalo", "NY", 42.94, -78.73),
    ("JAX", "Jacksonville", "FL", 30.49, -81.69),
    ("MKE", "Milwaukee", "WI", 42.95, -87.90),
    ("RNO", "Reno", "NV", 39.50, -119.77),
    ("TUS", "Tucson", "AZ", 32.12, -110.94),
    ("ANC", "Anchorage", "AK", 61.17, -149.99),
];

/// Where the others are: about the middle of states.
const STATES: [(&str, f32, f32); 32] = [
    ("AK", 62.0, -150.0),
    ("AL", 32.8, -86.8),
    ("AR", 34.9, -92.4),
    ("CA", 37.2, -119.6),
    ("CO", 39.0, -105.5),
    ("FL", 28.5, -82.3),
    ("GA", 32.7, -83.4),
    ("HI", 20.8, -156.6),
    ("IA", 42.0, -93.5),
    ("ID", 44.2, -114.6),
    ("IL", 40.1, -89.2),
    ("KS", 38.5, -98.4),
    ("KY", 37.5, -85.3),
    ("LA", 31.0, -92.0),
    ("ME", 45.3, -69.2),
    ("MI", 44.3, -84.9),
    ("MN", 46.3, -94.3),
    ("MS", 32.8, -89.7),
    ("MT", 47.0, -109.6),
    ("NC", 35.5, -79.4),
    ("ND", 47.5, -100.5),
    ("NE", 41.5, -99.8),
    ("NY", 42.9, -75.6),
    ("OK", 35.6, -97.5),
    ("OR", 43.9, -120.6),
    ("PA", 40.9, -77.8),
    ("SD", 44.4, -100.2),
    ("TX", 31.5, -99.3),
    ("VA", 37.5, -78.8),
    ("WA", 47.4, -120.4),
    ("WI", 44.6, -89.9),
    ("WY", 43.0, -107.6),
];

/// What the others are called.
const PLACES: [&str; 24] = [
    "Ashland",
    "Bristol",
    "Cedar Falls",
    "Clayton",
    "Dover",
    "Fairview",
    "Franklin",
    "Georgetown",
    "Greenville",
    "Hudson",
    "Jackson",
    "Kingston",
    "Lebanon",
    "Madison",
    "Milford",
    "Newport",
    "Oakland Park",
    "Oxford",
    "Riverside",
    "Salem",
    "Springfield",
    "Troy",
    "Union City",
    "Winchester",
];

/// An airport.
#[derive(Clone, Debug)]
pub(super) struct Airport {
    pub(super) iata: [u8; 3],
    pub(super) city: &'static str,
    pub(super) state: &'static str,
    pub(super) latitude: f32,
    pub(super) longitude: f32,
}

impl Airport {
    pub(super) fn code(&self) -> &str {
        std::str::from_utf8(&self.iata).unwrap_or_default()
    }

    /// Its clock, in minutes from Greenwich's.
    pub(super) fn clock(&self) -> i32 {
        (self.longitude / 15.0).round() as i32 * 60
    }
}

/// All airports, the busiest first.
#[derive(Debug)]
pub(super) struct World {
    pub(super) airports: Vec<Airport>,
    /// Each airport as often as it is flown to.
    by_traffic: Vec<u16>,
    /// In miles, from each to each.
    distances: Vec<u16>,
}

impl World {
    /// The same world each time: what depends on seeds is the flights.
    pub(super) fn new() -> Self {
        let airports = airports();
        let far = |from: &Airport| airports.iter().map(|to| miles(from, to)).collect::<Vec<_>>();
        let distances = airports.iter().flat_map(far).collect();
        Self { by_traffic: by_traffic(), distances, airports }
    }

    /// One of all, by how busy they are.
    pub(super) fn any(&self, random: u64) -> u16 {
        self.by_traffic[random as usize & 0xffff]
    }

    /// The airport of a code, one of the largest.
    pub(super) fn find(&self, code: &str) -> u16 {
        self.airports.iter().position(|airport| airport.code() == code).unwrap_or(0) as u16
    }

    pub(super) fn distance(&self, from: u16, to: u16) -> u16 {
        self.distances[from as usize * AIRPORTS + to as usize]
    }
}

fn airports() -> Vec<Airport> {
    let largest = LARGEST.iter().map(|&(code, city, state, latitude, longitude)| {
        let mut iata = [0; 3];
        iata.copy_from_slice(code.as_bytes());
        Airport { iata, city, state, latitude, longitude }
    });
    let mut airports: Vec<Airport> = largest.collect();
    let mut tried = 0;
    while airports.len() < AIRPORTS {
        tried += 1;
        let random = key(&[0x0a1b, tried]);
        let letter = |at: u64| b'A' + ((random >> (8 * at)) % 26) as u8;
        let iata = [letter(0), letter(1), letter(2)];
        if airports.iter().any(|airport| airport.iata == iata) {
            continue;
        }
        let (state, latitude, longitude) = STATES[(random >> 24) as usize % STATES.len()];
        let off = |at: u64| ((random >> at) & 0xff) as f32 / 256.0 - 0.5;
        airports.push(Airport {
            iata,
            city: PLACES[(random >> 32) as usize % PLACES.len()],
            state,
            latitude: ((latitude + 2.5 * off(40)) * 1e4).round() / 1e4,
            longitude: ((longitude + 3.5 * off(48)) * 1e4).round() / 1e4,
        });
    }
    airports
}

/// As Zipf has it: the share of a place falls with its rank. The busiest has some 6 %, the least some flights of a million.
fn by_traffic() -> Vec<u16> {
    let weight = |rank: usize| 1.0 / (rank as f64 + 5.0).powf(1.3);
    let all: f64 = (0..AIRPORTS).map(weight).sum();
    let mut slots = Vec::with_capacity(1 << 16);
    let mut sum = 0.0;
    for rank in 0..AIRPORTS {
        sum += weight(rank);
        let end = ((sum / all * 65536.0) as usize).max(slots.len() + 1);
        slots.resize(end, rank as u16);
    }
    slots.resize(1 << 16, 0);
    slots
}

/// The way over the globe, by the haversine formula.
fn miles(from: &Airport, to: &Airport) -> u16 {
    let [a, b] = [from, to].map(|airport| f64::from(airport.latitude).to_radians());
    let turn = f64::from(to.longitude - from.longitude).to_radians();
    let half = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (turn / 2.0).sin().powi(2);
    (2.0 * 3958.8 * half.sqrt().asin()).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn airports_are_as_many_as_in_the_talk_and_some_are_busier_by_far() {
        let world = World::new();
        let mut codes: Vec<&str> = world.airports.iter().map(Airport::code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!((codes.len(), world.by_traffic.len()), (AIRPORTS, 1 << 16));
        let slots = |rank: u16| world.by_traffic.iter().filter(|&&slot| slot == rank).count();
        assert!((0.04..0.09).contains(&(slots(0) as f64 / 65536.0)), "{}", slots(0));
        assert!((0..AIRPORTS as u16).all(|rank| slots(rank) > 0));
        assert!(slots(AIRPORTS as u16 - 1) < slots(0) / 100);
    }

    #[test]
    fn distances_are_those_on_a_globe() {
        let world = World::new();
        let [sfo, jfk] = ["SFO", "JFK"].map(|code| world.find(code));
        assert!((2570..2590).contains(&world.distance(sfo, jfk)), "{}", world.distance(sfo, jfk));
        assert_eq!((world.distance(sfo, sfo), world.distance(jfk, sfo)), (0, world.distance(sfo, jfk)));
        assert_eq!(world.airports[jfk as usize].clock(), -300);
    }
}
