//! A line in a frame: ticks with labels, a title, a legend beside the values.

use super::axis::scale;
use super::canvas::{Anchor, Canvas, Colour, INK, Point};
use super::{LABEL, TICK, TITLE, frame};

/// Pixels of the frame.
const WIDTH: i32 = 1440;
const HEIGHT: i32 = 640;
/// The room around it.
const LEFT: i32 = 150;
const TOP: i32 = 80;
const RIGHT: i32 = 50;
const BOTTOM: i32 = 60;

const BLUE: Colour = [33, 102, 172];
const GRID: Colour = [225, 225, 225];
/// Half the line's width.
const HALF: f64 = 1.5;
/// So many points or fewer are marked, each by a dot of this radius.
const MARKED: usize = 60;
const DOT: f64 = 5.0;
/// Labels beside the line, at most.
const MOST: usize = 8;

/// Values at places. Missing values are NaN, and leave a gap.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) title: String,
    /// What the values mean, with units.
    pub(crate) legend: String,
    /// Places, in their order, and values.
    pub(crate) points: Vec<(f64, f64)>,
    /// Places with labels.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// The least and the greatest of some numbers, a little apart where there is but one.
fn range(numbers: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let finite = numbers.filter(|number| number.is_finite());
    let (low, high) =
        finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
    match low.partial_cmp(&high) {
        Some(std::cmp::Ordering::Less) => (low - margin * (high - low), high + margin * (high - low)),
        Some(std::cmp::Ordering::Equal) => (low - 0.5, high + 0.5),
        _ => (0.0, 1.0),
    }
}

impl Line {
    pub(super) fn draw(&self) -> Canvas {
        let mut canvas = Canvas::new((LEFT + WIDTH + RIGHT) as u32, (TOP + HEIGHT + BOTTOM) as u32);
        let (right, bottom) = (LEFT + WIDTH, TOP + HEIGHT);
        let (first, last) = range(self.points.iter().map(|point| point.0), 0.02);
        let (low, high) = range(self.points.iter().map(|point| point.1), 0.08);
        let x = |place: f64| LEFT + ((place - first) / (last - first) * f64::from(WIDTH)).round() as i32;
        let y = |share: f64| bottom - (share * f64::from(HEIGHT)).round() as i32;
        for (share, label) in scale(low, high, MOST) {
            let y = y(share);
            canvas.line(&[(LEFT, y), (right, y)], GRID, 1);
            canvas.line(&[(LEFT - TICK, y), (LEFT, y)], INK, 1);
            canvas.text(&label, (LEFT - TICK - 5, y), Anchor::Left, LABEL);
        }
        for (place, label) in &self.ticks {
            let x = x(*place);
            canvas.line(&[(x, TOP), (x, bottom)], GRID, 1);
            canvas.line(&[(x, bottom), (x, bottom + TICK)], INK, 1);
            canvas.text(label, (x, bottom + TICK + 3), Anchor::Below, LABEL);
        }
        frame(&mut canvas, (LEFT, TOP), (right, bottom));
        let places = self.points.iter().map(|&(place, value)| {
            (place.is_finite() && value.is_finite()).then(|| (x(place), y((value - low) / (high - low))))
        });
        self.line(&mut canvas, &places.collect::<Vec<_>>());
        canvas.text(&self.title, (LEFT + WIDTH / 2, TOP - 18), Anchor::Above, TITLE);
        canvas.text(&self.legend, (24, TOP + HEIGHT / 2), Anchor::Upwards, LABEL);
        canvas
    }

    /// Joins the points that follow each other; one that stands alone is marked as few are.
    fn line(&self, canvas: &mut Canvas, places: &[Option<Point>]) {
        for run in places.split(Option::is_none) {
            let run: Vec<Point> = run.iter().copied().flatten().collect();
            run.windows(2).for_each(|ends| canvas.stroke((ends[0], ends[1]), BLUE, HALF));
            if run.len() == 1 || self.points.len() <= MARKED {
                run.iter().for_each(|&place| canvas.stroke((place, place), BLUE, DOT));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::WHITE;
    use super::*;

    fn drawn(points: &[(f64, f64)]) -> Canvas {
        Line { title: "Test".into(), legend: "K".into(), points: points.to_vec(), ticks: vec![(0.0, "0".into())] }
            .draw()
    }

    /// The rows of a column that the line is in.
    fn rows(canvas: &Canvas, x: i32) -> Vec<i32> {
        (TOP..TOP + HEIGHT).filter(|&y| canvas.at((x, y)) == BLUE).collect()
    }

    #[test]
    fn a_line_rises_from_left_to_right_and_leaves_a_gap_where_values_are_missing() {
        let canvas = drawn(&[(0.0, 1.0), (1.0, 2.0), (2.0, f64::NAN), (3.0, 4.0), (4.0, 5.0)]);
        let middle = |share: f64| LEFT + (share * f64::from(WIDTH)) as i32;
        let (early, late) = (rows(&canvas, middle(0.1)), rows(&canvas, middle(0.9)));
        assert!(!early.is_empty() && !late.is_empty() && late[0] < early[0], "{early:?} {late:?}");
        assert!(rows(&canvas, middle(0.5)).is_empty());
    }

    #[test]
    fn one_point_and_none_have_a_picture_too() {
        assert!(!rows(&drawn(&[(1981.0, 0.5)]), LEFT + WIDTH / 2).is_empty());
        let none = drawn(&[(1981.0, f64::NAN)]);
        assert_eq!(none.at((LEFT + 3, TOP + 3)), WHITE);
        assert!((LEFT..LEFT + WIDTH).all(|x| rows(&none, x).is_empty()));
    }
}
