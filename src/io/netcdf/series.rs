//! Files that follow each other along one dimension: in which order, and whether they fit together.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::coordinate::{Coordinate, read_labels};
use super::look::{Look, VariableInfo};
use super::member::{Member, Opened};
use super::time::{DateTime, TimeUnits};
use crate::error::{Error, Result};
use crate::io::hdf5::Descriptors;

/// The most threads that open files.
const OPENERS: usize = 8;

/// Where files have more variables than this, nobody knows which will be asked for.
const MOST_LIKELY: usize = 4;

/// Labels may differ by so much of the distance of two: files keep them as `f32` and as `f64`.
const LABEL_TOLERANCE: f64 = 1e-3;

/// A hole in the times of a series: longer than one and a half times the usual distance.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Gap {
    /// The last time before it.
    pub last: DateTime,
    /// The first time after it.
    pub next: DateTime,
    /// The files that these times are in.
    pub files: [PathBuf; 2],
}

/// Two files of a series whose times overlap, or that have a time in common.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Overlap {
    /// The last time of the first file.
    pub last: DateTime,
    /// The first time of the second file, which is not later.
    pub next: DateTime,
    /// The files.
    pub files: [PathBuf; 2],
}

/// The coordinate that tells the time along the dimension that files are joined along.
#[derive(Clone, Debug)]
struct TimeAxis {
    /// The variable.
    name: String,
    /// How the file that was named first counts.
    units: TimeUnits,
    /// What that file says of it, without its labels.
    described: Coordinate,
}

/// The dimension that files are joined along, and what tells the time along it, as far as they are known.
struct Axis {
    joined: Option<String>,
    time: Option<TimeAxis>,
}

impl Axis {
    fn of(look: &Look) -> Self {
        match time_axis(look) {
            Some((variable, units)) => {
                let described = Coordinate::described(variable);
                let time = Some(TimeAxis { name: variable.name.clone(), units, described });
                Self { joined: Some(variable.dimensions[0].clone()), time }
            }
            None => Self { joined: only_unlimited(look), time: None },
        }
    }
}

/// A file of a series.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) member: Member,
    /// Its times, where the series has some.
    times: Vec<DateTime>,
    /// The numbers that stand for them, in the units of the file that was named first.
    labels: Vec<f64>,
    /// How its labels along other dimensions differ from the first file's, if they do.
    pub(super) other_labels: Option<String>,
}

/// The files of a data set, one or more, in order.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) parts: Vec<Part>,
    /// The dimension that files are joined along, where there are several and it is known.
    pub(super) joined: Option<String>,
    time: Option<TimeAxis>,
}

impl Series {
    /// Opens the files at `paths`, and looks at the first.
    pub(super) fn open(paths: &[PathBuf]) -> Result<(Self, Look)> {
        let descriptors = Arc::new(Descriptors::default());
        let (member, (look, axis, labels)) = Member::open(&paths[0], &descriptors, |file| {
            let look = file.look();
            let axis = Axis::of(&look);
            // One file has nothing to be compared with.
            let labels = if paths.len() > 1 { labels(file, &look, &axis)? } else { Vec::new() };
            Ok((look, axis, labels))
        })?;
        if paths.len() == 1 {
            let part = Part { member, times: Vec::new(), labels: Vec::new(), other_labels: None };
            return Ok((Self { parts: vec![part], joined: None, time: None }, look));
        }
        let Axis { joined, time } = axis;
        let wanted = likely(&look, joined.as_deref());
        let mut parts = in_parallel(paths, |path| {
            let (mut member, ((times, labels), other_labels, found)) = Member::open(path, &descriptors, |file| {
                let times = time.as_ref().map(|time| times(file, time, &paths[0])).transpose()?;
                let other_labels = labels.iter().find_map(|labels| differs(file, labels, &paths[0]));
                Ok((times.unwrap_or_default(), other_labels, file.find_small(&wanted)))
            })?;
            member.keep(found);
            Ok(Part { member, times, labels, other_labels })
        })?;
        if time.is_some() {
            // Stable: files of the same time stay in the order that they came in.
            parts.sort_by_key(|part| part.times.first().map(|time| time.micros()));
        }
        Ok((Self { parts, joined, time }, look))
    }

    pub(super) fn first(&self) -> &Member {
        &self.parts[0].member
    }

    /// Whether a variable with these dimensions has values in each file, which follow each other; else it is taken from
    /// the first file.
    pub(super) fn joins(&self, dimensions: &[String]) -> bool {
        let known = |joined: &String| dimensions.contains(joined);
        self.parts.len() > 1 && !dimensions.is_empty() && self.joined.as_ref().is_none_or(known)
    }

    /// The length of the dimension that files are joined along, if all files tell it.
    pub(super) fn length(&self) -> Option<usize> {
        let joined = self.joined.as_ref()?;
        self.parts.iter().map(|part| part.member.length(joined)).sum()
    }

    /// The coordinate `name` of the dimension that files are joined along: the labels of all files, times in the units of
    /// the first.
    pub(super) fn joined_coordinate(&self, name: &str) -> Result<Option<Coordinate>> {
        if let Some(time) = self.time.as_ref().filter(|time| time.name == name) {
            let labels = self.parts.iter().flat_map(|part| part.labels.iter().copied()).collect();
            return Ok(Some(time.described.with_values(labels)));
        }
        let mut all = Vec::new();
        let mut first = None;
        for part in &self.parts {
            let Some(labels) = Coordinate::read(&part.member.opened()?, name)? else { return Ok(None) };
            let first: &Coordinate = first.get_or_insert_with(|| labels.clone());
            match (first.time_units(), labels.time_units()) {
                (Ok(wanted), Ok(own)) if wanted != own => {
                    check_calendar(part.member.path(), name, own, wanted)?;
                    let again = |&value| own.decode(value).map_or(f64::NAN, |time| wanted.encode(time));
                    all.extend(labels.values().iter().map(again));
                }
                _ => all.extend_from_slice(labels.values()),
            }
        }
        Ok(first.map(|first| first.with_values(all)))
    }

    /// Consecutive times, with the files that they are in.
    fn steps(&self) -> impl Iterator<Item = ([DateTime; 2], [&Path; 2])> {
        let times = self.parts.iter().flat_map(|part| part.times.iter().map(|&time| (time, part.member.path())));
        times.clone().zip(times.skip(1)).map(|((a, in_a), (b, in_b))| ([a, b], [in_a, in_b]))
    }

    pub(super) fn gaps(&self) -> Vec<Gap> {
        let mut lengths: Vec<i64> = self.steps().map(|([a, b], _)| b.micros() - a.micros()).collect();
        lengths.sort_unstable();
        let Some(&usual) = lengths.get(lengths.len() / 2).filter(|&&usual| usual > 0) else { return Vec::new() };
        let wide = self.steps().filter(|([a, b], _)| (b.micros() - a.micros()) / 3 > usual / 2);
        wide.map(|([last, next], files)| Gap { last, next, files: files.map(Path::to_owned) }).collect()
    }

    pub(super) fn overlaps(&self) -> Vec<Overlap> {
        let mut latest: Option<(DateTime, &Path)> = None;
        let mut overlaps = Vec::new();
        for part in &self.parts {
            let ends = |pick: fn(i64, i64) -> bool| {
                let times = part.times.iter().copied();
                times.reduce(|a, b| if pick(b.micros(), a.micros()) { b } else { a })
            };
            let (Some(first), Some(last)) = (ends(|b, a| b < a), ends(|b, a| b > a)) else { continue };
            if let Some((latest, path)) = latest.filter(|(latest, _)| first <= *latest) {
                let files = [path, part.member.path()].map(Path::to_owned);
                overlaps.push(Overlap { last: latest, next: first, files });
            }
            if latest.is_none_or(|(latest, _)| last > latest) {
                latest = Some((last, part.member.path()));
            }
        }
        overlaps
    }

    /// The variable that tells the times, if there is one.
    pub(super) fn time_name(&self) -> Option<&str> {
        self.time.as_ref().map(|time| time.name.as_str())
    }
}

/// The variable that tells the time along the dimension that files are joined along: a list of numbers whose units are
/// those of a time. That which is named after its dimension comes first, then the `standard_name` and the axis; of
/// several, that of a dimension that can grow.
pub(super) fn time_axis(look: &Look) -> Option<(&VariableInfo, TimeUnits)> {
    let unlimited = |name: &String| look.dimensions.iter().any(|known| known.unlimited && known.name == *name);
    let units = |variable: &VariableInfo| {
        let attributes = &variable.attributes;
        TimeUnits::parse(attributes.text("units")?, attributes.text("calendar")).ok()
    };
    let rank = |variable: &VariableInfo| {
        let is = |name, value| variable.attributes.text(name) == Some(value);
        let said = is("standard_name", "time") || is("axis", "T");
        (!unlimited(&variable.dimensions[0]), !variable.is_dimension_coordinate(), !said)
    };
    let lists = look.variables.iter().filter(|variable| variable.dimensions.len() == 1);
    let times = lists.filter_map(|variable| Some((variable, units(variable)?)));
    times.min_by_key(|(variable, _)| rank(variable))
}

fn only_unlimited(look: &Look) -> Option<String> {
    let mut unlimited = look.dimensions.iter().filter(|dimension| dimension.unlimited);
    let first = unlimited.next()?.name.clone();
    unlimited.next().is_none().then_some(first)
}

/// The variables that are likely to be asked for, where they are few: each file need not be opened once more for them then.
/// Of thousands of small files, opening takes longer than reading.
fn likely(look: &Look, joined: Option<&str>) -> Vec<String> {
    let Some(joined) = joined else { return Vec::new() };
    let is_data = |variable: &&VariableInfo| {
        variable.dimensions.len() > 1 && variable.dimensions[0] == joined && !look.is_coordinate(variable)
    };
    let names: Vec<String> = look.variables.iter().filter(is_data).map(|variable| variable.name.clone()).collect();
    if names.len() <= MOST_LIKELY { names } else { Vec::new() }
}

/// The times of a file, and the numbers that stand for them in the units of `time`.
fn times(file: &Opened<'_>, time: &TimeAxis, first: &Path) -> Result<(Vec<DateTime>, Vec<f64>)> {
    let path = file.path();
    let fault = |problem: &dyn std::fmt::Display| {
        Error::file(path, format!("its times can't be compared with those of {}: {problem}", first.display()))
    };
    let coordinate = Coordinate::read(file, &time.name)?.ok_or_else(|| fault(&format!("{} is no list", time.name)))?;
    let units = coordinate.time_units().map_err(|error| fault(&error))?;
    check_calendar(path, &time.name, units, time.units)?;
    let times = coordinate.times()?.into_iter().collect::<Option<Vec<_>>>();
    let times = times.ok_or_else(|| fault(&format!("a value of {} is missing", time.name)))?;
    let same = units == time.units;
    let labels =
        if same { coordinate.values().to_vec() } else { times.iter().map(|&t| time.units.encode(t)).collect() };
    Ok((times, labels))
}

fn check_calendar(path: &Path, name: &str, found: TimeUnits, expected: TimeUnits) -> Result<()> {
    let (found, expected) = (found.calendar(), expected.calendar());
    if found == expected {
        return Ok(());
    }
    Err(Error::file(
        path,
        format!("{name} is in calendar {found}, in the first file in {expected}: open each kind alone"),
    ))
}

/// The coordinates of the dimensions that files are not joined along.
fn labels(first: &Opened<'_>, look: &Look, axis: &Axis) -> Result<Vec<(String, Coordinate)>> {
    let Some(joined) = &axis.joined else { return Ok(Vec::new()) };
    let is_other = |variable: &&VariableInfo| variable.is_dimension_coordinate() && variable.dimensions[0] != *joined;
    let read = |variable: &VariableInfo| {
        let labels = Coordinate::read(first, &variable.name)?;
        Ok(labels.map(|labels| (variable.name.clone(), labels)))
    };
    look.variables.iter().filter(is_other).filter_map(|variable| read(variable).transpose()).collect()
}

/// How the labels of `file` differ from those of the first file, if they do.
fn differs(file: &Opened<'_>, (name, labels): &(String, Coordinate), first: &Path) -> Option<String> {
    let own = match read_labels(file, name) {
        Ok(Some((_, own))) => own,
        Ok(None) => return Some(format!("{name} is no list of labels")),
        // The reason says the path, which is said again with whatever is read.
        Err(error) => return Some(error.to_string()),
    };
    let (expected, first) = (labels.values(), first.display());
    if own.len() != expected.len() {
        return Some(format!("{name} has {} labels, in {first} {}", own.len(), expected.len()));
    }
    let spacing = expected.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(f64::INFINITY, f64::min);
    let tolerance = if spacing.is_finite() { spacing * LABEL_TOLERANCE } else { 0.0 };
    let same = |a: f64, b: f64| a == b || (a - b).abs() <= tolerance || (a.is_nan() && b.is_nan());
    let at = own.iter().zip(expected).position(|(&a, &b)| !same(a, b))?;
    Some(format!("{name} at {at} is {}, in {first} {}", own[at], expected[at]))
}

/// `open` of each path, in the paths' order; of several failures the first one's. The library lets in one thread at a
/// time, but a disk or a server answers several: what the others will need is on its way meanwhile.
fn in_parallel<T: Send>(paths: &[PathBuf], open: impl Fn(&PathBuf) -> Result<T> + Sync) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Result<T>)>> = Mutex::new(Vec::with_capacity(paths.len()));
    let work = || {
        let mut own = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = paths.get(at) else { break };
            let opened = open(path);
            if opened.is_err() {
                // Those after it need not be looked at; those before it are being looked at.
                next.fetch_max(paths.len(), Ordering::Relaxed);
            }
            own.push((at, opened));
        }
        done.lock().append(&mut own);
    };
    std::thread::scope(|scope| {
        for _ in 1..OPENERS.min(paths.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner();
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, opened)| opened).collect()
}
