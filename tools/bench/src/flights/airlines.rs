//! Airlines and their planes.

use super::world::World;
use crate::generate::key;

/// The first and the last year that an airline flew, where it did not all the time.
const ALWAYS: (u16, u16) = (0, u16::MAX);

/// Code, end of tail numbers, share of flights, years, home airports.
type Row = (&'static str, &'static str, f64, (u16, u16), [&'static str; 3]);

/// Those that reported their flights from 1987 to 2008, and about how large they were.
const AIRLINES: [Row; 29] = [
    ("9E", "XJ", 0.020, (2007, u16::MAX), ["MSP", "DTW", "MEM"]),
    ("AA", "AA", 0.135, ALWAYS, ["DFW", "ORD", "MIA"]),
    ("AQ", "AQ", 0.003, (2001, u16::MAX), ["HNL", "OAK", "SNA"]),
    ("AS", "AS", 0.025, ALWAYS, ["SEA", "PDX", "ANC"]),
    ("B6", "JB", 0.020, (2003, u16::MAX), ["JFK", "BOS", "FLL"]),
    ("CO", "CO", 0.075, ALWAYS, ["IAH", "EWR", "CLE"]),
    ("DH", "DH", 0.030, (2003, 2005), ["IAD", "ORD", "BOS"]),
    ("DL", "DL", 0.150, ALWAYS, ["ATL", "CVG", "SLC"]),
    ("EA", "EA", 0.060, (0, 1990), ["MIA", "ATL", "LGA"]),
    ("EV", "EV", 0.035, (2003, u16::MAX), ["ATL", "CVG", "DFW"]),
    ("F9", "FR", 0.010, (2005, u16::MAX), ["DEN", "LAX", "LAS"]),
    ("FL", "AT", 0.025, (2003, u16::MAX), ["ATL", "MCO", "BWI"]),
    ("HA", "HA", 0.007, (2003, u16::MAX), ["HNL", "LAX", "SAN"]),
    ("HP", "AW", 0.035, (0, 2005), ["PHX", "LAS", "CMH"]),
    ("ML (1)", "ML", 0.012, (1991, 1991), ["MDW", "DTW", "LGA"]),
    ("MQ", "MQ", 0.055, (2001, u16::MAX), ["DFW", "ORD", "LGA"]),
    ("NW", "NW", 0.090, ALWAYS, ["MSP", "DTW", "MEM"]),
    ("OH", "CA", 0.030, (2003, u16::MAX), ["CVG", "ATL", "JFK"]),
    ("OO", "SK", 0.055, (2003, u16::MAX), ["SLC", "DEN", "SFO"]),
    ("PA (1)", "PA", 0.020, (0, 1991), ["JFK", "MIA", "LAX"]),
    ("PI", "PI", 0.045, (0, 1989), ["CLT", "BWI", "DCA"]),
    ("PS", "PS", 0.020, (0, 1988), ["SAN", "LAX", "SFO"]),
    ("TW", "TW", 0.050, (0, 2001), ["STL", "JFK", "MCI"]),
    ("TZ", "TZ", 0.008, (2003, 2006), ["MDW", "IND", "LAX"]),
    ("UA", "UA", 0.125, ALWAYS, ["ORD", "DEN", "SFO"]),
    ("US", "US", 0.140, ALWAYS, ["PIT", "CLT", "PHL"]),
    ("WN", "SW", 0.150, ALWAYS, ["DAL", "LAS", "PHX"]),
    ("XE", "XE", 0.035, (2003, u16::MAX), ["IAH", "EWR", "CLE"]),
    ("YV", "YV", 0.025, (2006, u16::MAX), ["PHX", "IAD", "CLT"]),
];

/// What flies for large airlines, and what for small ones: maker, model, engines, seats.
const LARGE: [(&str, &str, u8, u16); 8] = [
    ("BOEING", "737-7H4", 2, 140),
    ("BOEING", "737-3H4", 2, 149),
    ("BOEING", "757-232", 2, 178),
    ("BOEING", "767-332", 2, 330),
    ("MCDONNELL DOUGLAS", "DC-9-82(MD-82)", 2, 172),
    ("MCDONNELL DOUGLAS AIRCRAFT CO", "MD-88", 2, 142),
    ("AIRBUS INDUSTRIE", "A320-232", 2, 200),
    ("AIRBUS", "A319-114", 2, 145),
];
const SMALL: [(&str, &str, u8, u16); 5] = [
    ("EMBRAER", "EMB-145LR", 2, 55),
    ("EMBRAER", "EMB-135KL", 2, 40),
    ("BOMBARDIER INC", "CL-600-2B19", 2, 55),
    ("CANADAIR", "CL-600-2C10", 2, 80),
    ("SAAB-SCANIA", "SAAB 340B", 2, 37),
];

/// Airlines of small planes.
const REGIONAL: [&str; 8] = ["9E", "DH", "EV", "MQ", "OH", "OO", "XE", "YV"];

/// Of so many planes of a hundred, nothing but the tail number is known; so many more are in no list.
const UNDESCRIBED: u64 = 9;
const UNLISTED: u64 = 4;

/// An airline.
#[derive(Debug)]
pub(super) struct Airline {
    pub(super) code: &'static str,
    pub(super) homes: [u16; 3],
    /// Flights have numbers up to this one.
    pub(super) numbers: f64,
    pub(super) tails: Vec<[u8; 6]>,
    share: f64,
    years: (u16, u16),
}

/// All airlines in the order of their codes.
#[derive(Debug)]
pub(super) struct Airlines(pub(super) Vec<Airline>);

impl Airlines {
    pub(super) fn new(world: &World) -> Self {
        let airline = |&(code, end, share, years, homes): &Row| {
            let planes = 30 + (share * 4500.0) as usize;
            let tails = (0..planes).map(|plane| tail(plane, end)).collect();
            let homes = homes.map(|home| world.find(home));
            Airline { code, homes, numbers: 400.0 + share * 38_000.0, tails, share, years }
        };
        Self(AIRLINES.iter().map(airline).collect())
    }

    /// Who flew in a year, and the share of all flights up to which each has.
    pub(super) fn of_year(&self, year: u16) -> Vec<(usize, f64)> {
        let flew = |airline: &Airline| (airline.years.0..=airline.years.1).contains(&year);
        let all: f64 = self.0.iter().filter(|airline| flew(airline)).map(|airline| airline.share).sum();
        let flying = self.0.iter().enumerate().filter(|(_, airline)| flew(airline));
        let sums = flying.scan(0.0, |sum, (number, airline)| {
            *sum += airline.share / all;
            Some((number, *sum))
        });
        sums.collect()
    }

    /// `planes.csv`: most planes.
    pub(super) fn planes(&self) -> String {
        let mut text = "tailnum,year,type,manufacturer,model,engines,seats,engine\n".to_owned();
        for (number, airline) in self.0.iter().enumerate() {
            let described = airline.tails.iter().enumerate();
            text.extend(
                described.filter_map(|(plane, tail)| line(airline.code, *tail, key(&[number as u64, plane as u64]))),
            );
        }
        text
    }
}

/// As `N712SW`.
fn tail(plane: usize, end: &str) -> [u8; 6] {
    let mut tail = *b"N000XX";
    let number = 100 + plane % 900;
    for (at, place) in [(1, 100), (2, 10), (3, 1)] {
        tail[at] = b'0' + (number / place % 10) as u8;
    }
    tail[4..].copy_from_slice(end.as_bytes());
    tail
}

/// The line of a plane, if it is listed.
fn line(code: &str, tail: [u8; 6], random: u64) -> Option<String> {
    let tail = std::str::from_utf8(&tail).unwrap_or_default();
    match random % 100 {
        ..UNLISTED => return None,
        chance if chance < UNLISTED + UNDESCRIBED => return Some(format!("{tail},NA,NA,NA,NA,NA,NA,NA\n")),
        _ => {}
    }
    let kinds = if REGIONAL.contains(&code) { &SMALL[..] } else { &LARGE[..] };
    let (maker, model, engines, seats) = kinds[(random >> 16) as usize % kinds.len()];
    let year = 1965 + (random >> 32) % 42;
    let engine = if model.starts_with("SAAB") { "Turbo-prop" } else { "Turbo-fan" };
    Some(format!("{tail},{year},Fixed wing multi engine,{maker},{model},{engines},{seats},{engine}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_planes_have_a_tail_number() {
        let airlines = Airlines::new(&World::new());
        let mut tails: Vec<&[u8; 6]> = airlines.0.iter().flat_map(|airline| &airline.tails).collect();
        let all = tails.len();
        tails.sort_unstable();
        tails.dedup();
        assert!(tails.len() == all && all > 4000, "{} of {all}", tails.len());
    }

    #[test]
    fn airlines_come_and_go() {
        let airlines = Airlines::new(&World::new());
        let codes =
            |year| airlines.of_year(year).iter().map(|&(number, _)| airlines.0[number].code).collect::<Vec<_>>();
        assert!(codes(1988).contains(&"PS") && !codes(1989).contains(&"PS") && codes(2008).contains(&"9E"));
        assert!((codes(1995).len(), codes(2006).len()) == (10, 20), "{:?} {:?}", codes(1995), codes(2006));
        let (_, last) = *airlines.of_year(2000).last().unwrap();
        assert!((last - 1.0).abs() < 1e-12);
    }
}
