//! The rows of the files, as text.

use super::airlines::Airlines;
use super::schedule::{Day, Flight, Month, Schedule};
use super::world::World;
use crate::generate::{key, mix};

/// The columns, as in the files of the ASA's Data Expo of 2009.
pub(super) const HEADER: &str = "Year,Month,DayofMonth,DayOfWeek,DepTime,CRSDepTime,ArrTime,CRSArrTime,UniqueCarrier,FlightNum,\
    TailNum,ActualElapsedTime,CRSElapsedTime,AirTime,ArrDelay,DepDelay,Origin,Dest,Distance,TaxiIn,TaxiOut,Cancelled,\
    CancellationCode,Diverted,CarrierDelay,WeatherDelay,NASDelay,SecurityDelay,LateAircraftDelay\n";

/// At most so many bytes a row has on average, with some to spare.
pub(super) const MOST_BYTES: u64 = 106;

/// Rows that are made at a time.
pub(super) const BLOCK: u64 = 8192;

/// Which rows of a month.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) month: usize,
    pub(super) rows: std::ops::Range<u64>,
}

/// All of `months`, in their order.
pub(super) fn blocks(months: &[Month]) -> Vec<Block> {
    let of_month = |(month, about): (usize, &Month)| {
        let rows = about.rows;
        (0..rows.div_ceil(BLOCK))
            .map(move |block| Block { month, rows: block * BLOCK..((block + 1) * BLOCK).min(rows) })
    };
    months.iter().enumerate().flat_map(of_month).collect()
}

/// Makes rows.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) world: &'a World,
    pub(super) airlines: &'a Airlines,
    pub(super) months: &'a [Month],
    pub(super) seed: u64,
    /// Minutes that flights are late, from the most punctual to the latest.
    delays: Vec<i16>,
}

/// How many delays there are to be drawn from.
const DELAYS: usize = 1 << 13;

impl<'a> Rows<'a> {
    pub(super) fn new(world: &'a World, airlines: &'a Airlines, months: &'a [Month], seed: u64) -> Self {
        Self { world, airlines, months, seed, delays: (0..DELAYS).map(delay).collect() }
    }

    pub(super) fn block(&self, block: &Block) -> Vec<u8> {
        let month = &self.months[block.month];
        let schedule = Schedule::new(self.world, self.airlines, month, self.seed);
        let calendars = month.calendars();
        let pair = (calendars[0].len() + calendars[1].len()) as u64;
        let mut out = Vec::with_capacity((block.rows.end - block.rows.start) as usize * 112);
        let mut row = block.rows.start;
        while row < block.rows.end {
            let (place, within) = (row / pair * 2, (row % pair) as usize);
            let (place, within) = match within.checked_sub(calendars[0].len()) {
                Some(within) => (place + 1, within),
                None => (place, within),
            };
            let days = &calendars[place as usize % 2][within..];
            let days = &days[..days.len().min((block.rows.end - row) as usize)];
            self.write(&mut out, month, &schedule.flight(place), days);
            row += days.len() as u64;
        }
        out
    }

    fn write(&self, out: &mut Vec<u8>, month: &Month, flight: &Flight, days: &[Day]) {
        let airline = &self.airlines.0[flight.airline];
        let [from, to] = [flight.from, flight.to].map(|at| self.world.airports[at as usize].code());
        let mut line = Line { out, number: itoa::Buffer::new() };
        for &day in days {
            let random = mix(flight.key.wrapping_add(u64::from(day.day).wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let happened = self.happened(flight, random);
            let planes = airline.tails.len();
            let tail = &airline.tails[(flight.plane as usize + (random >> 8) as usize % 40) % planes];
            for number in [i32::from(month.year), i32::from(month.month), i32::from(day.day), i32::from(day.weekday)] {
                line.number(number);
            }
            line.time(happened.departure(), flight.departure);
            line.time(happened.arrival(), flight.arrival);
            line.text(airline.code);
            line.number(i32::from(flight.number));
            match (month.year, happened.end) {
                (..1995, _) => line.text("NA"),
                (2001..2008, End::Cancelled) if random & 1 == 0 => line.text("000000"),
                _ => line.bytes(tail),
            }
            line.some(happened.elapsed());
            line.number(flight.elapsed);
            let recorded = month.year >= 1995;
            line.some(happened.arrived().filter(|_| recorded).map(|_| happened.air_time));
            line.some(happened.arrived());
            line.some(happened.departed());
            line.text(from);
            line.text(to);
            line.number(i32::from(flight.distance));
            line.taxied(&happened, month.year);
            line.causes(&happened, month, random);
        }
    }

    /// What became of a flight.
    fn happened(&self, flight: &Flight, random: u64) -> Happened {
        let more = key(&[random]);
        let end = match random >> 48 {
            ..1200 => End::Cancelled,
            1200..1350 => End::Diverted,
            _ => End::Arrived,
        };
        let drawn = i32::from(self.delays[(random >> 20) as usize % DELAYS]);
        let late = if drawn > 0 { drawn * flight.lateness.max(16) / 64 } else { drawn };
        let air_time = flight.air_time + flight.air_time * ((more & 63) as i32 - 32) / 512;
        // Most taxi shortly, some for long.
        let taxi = |from: u64, least: i32, spread: u64| {
            let parts = [from % spread, from / 64 % spread, from / 4096 % (2 * spread)];
            least + parts.iter().min().map_or(0, |&least| least as i32) + (from >> 20) as i32 % 6
        };
        let (taxi_out, taxi_in) = (taxi(more >> 8, 8, 32), taxi(more >> 36, 3, 12));
        Happened { flight: flight.clone(), end, late, air_time, taxi_out, taxi_in }
    }
}

/// The delay of one in `DELAYS`: four in ten are late, one in ten by more than half an hour, some by a day's half.
fn delay(place: usize) -> i16 {
    let share = (place as f64 + 0.5) / DELAYS as f64;
    let minutes = match share {
        ..0.12 => -10.0 + 6.0 * share / 0.12,
        0.12..0.45 => -4.0 + 4.0 * (share - 0.12) / 0.33,
        0.45..0.62 => 5.0 * (share - 0.45) / 0.17,
        _ => {
            let tail = -((1.0 - share) / 0.38).ln();
            5.0 + 14.0 * tail + 1.3 * tail.powi(3)
        }
    };
    minutes.round() as i16
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Arrived,
    Cancelled,
    Diverted,
}

/// A flight on a day.
struct Happened {
    flight: Flight,
    end: End,
    late: i32,
    air_time: i32,
    taxi_out: i32,
    taxi_in: i32,
}

impl Happened {
    /// How late it departed, if it did.
    fn departed(&self) -> Option<i32> {
        (self.end != End::Cancelled).then_some(self.late)
    }

    /// How late it arrived, if it did.
    fn arrived(&self) -> Option<i32> {
        self.elapsed().map(|elapsed| self.late + elapsed - self.flight.elapsed)
    }

    fn elapsed(&self) -> Option<i32> {
        (self.end == End::Arrived).then(|| self.taxi_out + self.air_time + self.taxi_in)
    }

    fn departure(&self) -> Option<i32> {
        self.departed().map(|late| self.flight.departure + late)
    }

    fn arrival(&self) -> Option<i32> {
        self.arrived().map(|late| self.flight.arrival + late)
    }
}

/// Writes values, each with what stands behind it.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    number: itoa::Buffer,
}

impl Line<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.out.push(b',');
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: i32) {
        self.out.extend_from_slice(self.number.format(number).as_bytes());
        self.out.push(b',');
    }

    fn some(&mut self, number: Option<i32>) {
        match number {
            Some(number) => self.number(number),
            None => self.text("NA"),
        }
    }

    /// Two times as hours and minutes: what happened, and what the schedule had.
    fn time(&mut self, happened: Option<i32>, scheduled: i32) {
        let clock = |minutes: i32| {
            let minutes = minutes.rem_euclid(24 * 60);
            minutes / 60 * 100 + minutes % 60
        };
        self.some(happened.map(clock));
        self.number(clock(scheduled));
    }

    /// Minutes on the ground: recorded from 1995 on.
    fn taxied(&mut self, happened: &Happened, year: u16) {
        let (taxied_in, taxied_out) = match (year, happened.end) {
            (..1995, _) | (2008.., End::Cancelled) => (None, None),
            (_, End::Cancelled) => (Some(0), Some(0)),
            (2008.., End::Diverted) => (None, Some(happened.taxi_out)),
            _ => (Some(happened.taxi_in), Some(happened.taxi_out)),
        };
        self.some(taxied_in);
        self.some(taxied_out);
    }

    /// Whether it was cancelled or diverted, and what was the cause of its delay: recorded from June 2003 on.
    fn causes(&mut self, happened: &Happened, month: &Month, random: u64) {
        let recorded = (month.year, month.month) >= (2003, 6);
        let cancelled = happened.end == End::Cancelled;
        self.number(i32::from(cancelled));
        match (recorded, cancelled) {
            (false, _) => self.text("NA"),
            (true, false) => self.text(""),
            (true, true) => self.text(["A", "A", "B", "C"][(random >> 2) as usize % 4]),
        }
        self.number(i32::from(happened.end == End::Diverted));
        let late = happened.arrived().filter(|&late| late >= 15);
        match late {
            Some(late) if recorded => {
                let part = late * ((random >> 4) & 15) as i32 / 16;
                // The carrier, weather, the air space, security, the plane before.
                let mut causes = [0; 5];
                causes[[0, 0, 0, 2, 2, 4, 4, 1][(random >> 10) as usize % 8]] += part;
                causes[[4, 2, 0, 4, 2, 0, 4, 3]
                    [if (random >> 24).is_multiple_of(32) { 7 } else { (random >> 13) as usize % 7 }]] += late - part;
                causes.iter().for_each(|&minutes| self.number(minutes));
            }
            None if recorded && month.year < 2008 => [0; 5].iter().for_each(|&none| self.number(none)),
            _ => (0..5).for_each(|_| self.text("NA")),
        }
        if let Some(last) = self.out.last_mut() {
            *last = b'\n';
        }
    }
}
