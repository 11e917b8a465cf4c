//! From coordinates to places and labels.

use std::ops::Range;

/// What an axis measures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Longitude,
    Latitude,
    /// Something else, of this name.
    Other(String),
}

/// One axis of a map: the edges of its cells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) kind: Kind,
    /// Ascending or descending; one more than there are cells.
    edges: Vec<f64>,
}

impl Axis {
    /// An axis whose cells have their middles at `centres`; none where these do not go one way.
    pub(crate) fn new(kind: Kind, centres: &[f64]) -> Option<Self> {
        let up = centres.windows(2).all(|pair| pair[0] < pair[1]);
        let down = centres.windows(2).all(|pair| pair[0] > pair[1]);
        if centres.len() < 2 || !(up || down) {
            return None;
        }
        let last = centres.len() - 1;
        let mut edges = vec![centres[0] - (centres[1] - centres[0]) / 2.0];
        edges.extend(centres.windows(2).map(|pair| f64::midpoint(pair[0], pair[1])));
        edges.push(centres[last] + (centres[last] - centres[last - 1]) / 2.0);
        if kind == Kind::Latitude {
            edges.iter_mut().for_each(|edge| *edge = edge.clamp(-90.0, 90.0));
        }
        edges.iter().all(|edge| edge.is_finite()).then_some(Self { kind, edges })
    }

    /// An axis that counts its cells.
    pub(crate) fn counting(name: &str, cells: usize) -> Self {
        Self { kind: Kind::Other(name.to_owned()), edges: (0..=cells.max(1)).map(|edge| edge as f64).collect() }
    }

    fn range(&self) -> (f64, f64) {
        let (first, last) = (self.edges[0], self.edges[self.edges.len() - 1]);
        (first.min(last), first.max(last))
    }

    pub(crate) fn span(&self) -> f64 {
        let (low, high) = self.range();
        high - low
    }

    /// The cells that each of `pixels` shows, from the lowest coordinate on: those whose middle it has, else the one
    /// that its own middle is in.
    pub(crate) fn cells(&self, pixels: u32) -> Vec<Range<usize>> {
        let cells = self.edges.len() - 1;
        let descending = self.edges[0] > self.edges[cells];
        let (low, high) = self.range();
        let edge = |at: usize| if descending { self.edges[cells - at] } else { self.edges[at] };
        let centre = |cell: usize| f64::midpoint(edge(cell), edge(cell + 1));
        // Counted from the lowest.
        let first_from = |place: f64| partition(cells, |cell| centre(cell) < place);
        let holding = |place: f64| partition(cells, |cell| edge(cell + 1) <= place).min(cells - 1);
        let place = |pixel: f64| low + (high - low) * pixel / f64::from(pixels);
        let shown = |pixel: u32| {
            let within = first_from(place(f64::from(pixel)))..first_from(place(f64::from(pixel + 1)));
            if within.is_empty() {
                let cell = holding(place(f64::from(pixel) + 0.5));
                return cell..cell + 1;
            }
            within
        };
        let in_file = |from_low: Range<usize>| {
            if descending { cells - from_low.end..cells - from_low.start } else { from_low }
        };
        (0..pixels).map(|pixel| in_file(shown(pixel))).collect()
    }

    /// Labelled places, as shares of the way from the lowest coordinate to the highest.
    pub(crate) fn ticks(&self, most: usize) -> Vec<(f64, String)> {
        let (low, high) = self.range();
        let step = match self.kind {
            Kind::Other(_) => step((high - low) / most as f64),
            _ => degrees((high - low) / most as f64),
        };
        let share = |value: f64| (value - low) / (high - low);
        multiples(low, high, step).map(|value| (share(value), self.label(value, step))).collect()
    }

    fn label(&self, value: f64, step: f64) -> String {
        let (east, letters) = match self.kind {
            Kind::Longitude => ((value + 180.0).rem_euclid(360.0) - 180.0, ["W", "E"]),
            Kind::Latitude => (value, ["S", "N"]),
            Kind::Other(_) => return number(value, step),
        };
        let letter = if east == 0.0 || east == -180.0 { "" } else { letters[usize::from(east > 0.0)] };
        format!("{}°{letter}", number(east.abs(), step))
    }
}

/// How many of the first `count` numbers are such; they must come first.
fn partition(count: usize, is_such: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut to) = (0, count);
    while from < to {
        let middle = usize::midpoint(from, to);
        if is_such(middle) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}

/// The least of 1, 2, 5, 10, 20, … and their tenths, hundredths … that is at least `least`.
pub(crate) fn step(least: f64) -> f64 {
    if !(least > 0.0 && least.is_finite()) {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    power * factors.into_iter().find(|factor| power * factor >= least * 0.999).unwrap_or(10.0)
}

/// The least convenient number of degrees that is at least `least`.
fn degrees(least: f64) -> f64 {
    if least <= 2.0 {
        return step(least);
    }
    [5.0, 10.0, 15.0, 30.0, 60.0].into_iter().find(|&step| step >= least).unwrap_or(90.0)
}

fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let slack = step * 1e-9;
    let (first, last) = (((low - slack) / step).ceil() as i64, ((high + slack) / step).floor() as i64);
    // Adding zero makes a negative zero positive.
    (first..=last).map(move |count| count as f64 * step + 0.0)
}

/// A multiple of `step`, with the digits that tell it from its neighbours, and a proper minus sign.
fn number(value: f64, step: f64) -> String {
    let digits = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.digits$}").replace('-', "\u{2212}")
}

/// Labelled values of a scale from `low` to `high`, `most` or fewer.
pub(super) fn scale(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let step = step((high - low) / most as f64);
    multiples(low, high, step).map(|value| ((value - low) / (high - low), number(value, step))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<(f64, String)>) -> Vec<String> {
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    fn quarter_degrees(first: f64, count: usize) -> Vec<f64> {
        (0..count).map(|cell| first + 0.25 * cell as f64).collect()
    }

    #[test]
    fn degrees_are_labelled_as_on_maps() {
        let lon = Axis::new(Kind::Longitude, &quarter_degrees(0.125, 1440)).unwrap();
        assert_eq!(labels(lon.ticks(7)), ["0°", "60°E", "120°E", "180°", "120°W", "60°W", "0°"]);
        let lat = Axis::new(Kind::Latitude, &quarter_degrees(-89.875, 720)).unwrap();
        assert_eq!(labels(lat.ticks(7)), ["90°S", "60°S", "30°S", "0°", "30°N", "60°N", "90°N"]);
        assert_eq!(lat.ticks(7)[3].0, 0.5);
        let small = Axis::new(Kind::Latitude, &[50.0, 50.5, 51.0]).unwrap();
        assert_eq!(labels(small.ticks(4)), ["50.0°N", "50.5°N", "51.0°N"]);
    }

    #[test]
    fn scales_have_round_numbers() {
        assert_eq!(labels(scale(-1.8, 30.9, 8)), ["0", "5", "10", "15", "20", "25", "30"]);
        assert_eq!(
            labels(scale(-0.31, 0.31, 8)),
            ["\u{2212}0.3", "\u{2212}0.2", "\u{2212}0.1", "0.0", "0.1", "0.2", "0.3"]
        );
        assert_eq!(labels(scale(270.0, 271.0, 5)), ["270.0", "270.2", "270.4", "270.6", "270.8", "271.0"]);
    }

    #[test]
    fn each_pixel_shows_its_cells_from_the_lowest_coordinate_on() {
        let ascending = Axis::new(Kind::Latitude, &[-60.0, 0.0, 60.0]).unwrap();
        assert_eq!(ascending.cells(3), [0..1, 1..2, 2..3]);
        assert_eq!(ascending.cells(6), [0..1, 0..1, 1..2, 1..2, 2..3, 2..3]);
        let descending = Axis::new(Kind::Latitude, &[60.0, 0.0, -60.0]).unwrap();
        assert_eq!(descending.cells(3), [2..3, 1..2, 0..1]);
        // Fewer pixels than cells: all cells are shown, each once.
        let many = Axis::counting("x", 1000);
        let shown: Vec<usize> = many.cells(7).into_iter().flatten().collect();
        assert_eq!(shown, (0..1000).collect::<Vec<_>>());
        // Cells of unequal width have unequal numbers of pixels.
        let uneven = Axis::new(Kind::Other("depth".into()), &[0.0, 10.0, 40.0]).unwrap();
        let widths = |cell: usize| uneven.cells(60).iter().filter(|shown| **shown == (cell..cell + 1)).count();
        assert_eq!([widths(0), widths(1), widths(2)], [10, 20, 30]);
    }

    #[test]
    fn what_goes_no_one_way_is_no_axis() {
        for centres in [&[0.0, 1.0, 1.0][..], &[0.0, 1.0, 0.5], &[1.0], &[], &[0.0, f64::NAN]] {
            assert_eq!(Axis::new(Kind::Longitude, centres), None, "{centres:?}");
        }
    }
}
