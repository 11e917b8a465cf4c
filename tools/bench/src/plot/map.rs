//! A map: coloured cells in a frame with degrees, a title, a colour bar.

use std::ops::Range;

use thermocline::ndarray::{Array2, s};

use super::axis::{Axis, Kind, scale};
use super::canvas::{Anchor, Canvas, INK, Point};
use super::colours::{Colours, Middle};
use super::{LABEL, TICK, TITLE, frame};

/// The most pixels that the cells may take.
const WIDTH: f64 = 1440.0;
const HEIGHT: f64 = 900.0;
/// And the fewest along one side.
const LEAST: f64 = 120.0;

/// The room around the cells.
const LEFT: u32 = 90;
const TOP: u32 = 80;
const BOTTOM: u32 = 60;
const RIGHT: u32 = 172;

/// The colour bar: its distance from the cells, and its width.
const GAP: i32 = 36;
const BAR: i32 = 28;

/// The least pixels between labels, sideways and upwards.
const APART: (u32, u32) = (170, 50);

/// A field over two axes. Missing values are NaN.
#[derive(Clone, Debug)]
pub(crate) struct Map {
    pub(crate) title: String,
    /// What the colours mean, with units.
    pub(crate) legend: String,
    /// By row (`y`) and column (`x`).
    pub(crate) values: Array2<f32>,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) middle: Middle,
}

impl Map {
    /// Draws it; the highest `y` is on top.
    pub(super) fn draw(&self) -> Canvas {
        let (width, height) = self.size();
        let mut canvas = Canvas::new(LEFT + width + RIGHT, TOP + height + BOTTOM);
        let colours = Colours::over(self.values.iter().copied(), self.middle);
        self.cells(&mut canvas, colours, (width, height));
        let (left, top) = (LEFT as i32, TOP as i32);
        let (right, bottom) = (left + width as i32, top + height as i32);
        frame(&mut canvas, (left, top), (right, bottom));
        for (share, label) in self.x.ticks(most(width, APART.0)) {
            let x = left + (share * f64::from(width)).round() as i32;
            canvas.line(&[(x, bottom), (x, bottom + TICK)], INK, 1);
            canvas.text(&label, (x, bottom + TICK + 3), Anchor::Below, LABEL);
        }
        for (share, label) in self.y.ticks(most(height, APART.1)) {
            let y = bottom - (share * f64::from(height)).round() as i32;
            canvas.line(&[(left - TICK, y), (left, y)], INK, 1);
            canvas.text(&label, (left - TICK - 5, y), Anchor::Left, LABEL);
        }
        canvas.text(&self.title, (i32::midpoint(left, right), top - 18), Anchor::Above, TITLE);
        self.colour_bar(&mut canvas, colours, (right + GAP, top), height as i32);
        canvas
    }

    /// Pixels of the cells: degrees are as long upwards as sideways.
    fn size(&self) -> (u32, u32) {
        let geographic = self.x.kind == Kind::Longitude && self.y.kind == Kind::Latitude;
        let (rows, columns) = self.values.dim();
        let (x, y) = if geographic { (self.x.span(), self.y.span()) } else { (columns as f64, rows as f64) };
        let scale = (WIDTH / x).min(HEIGHT / y);
        ((x * scale).max(LEAST).round() as u32, (y * scale).max(LEAST).round() as u32)
    }

    fn cells(&self, canvas: &mut Canvas, colours: Colours, (width, height): (u32, u32)) {
        let (rows, columns) = (self.y.cells(height), self.x.cells(width));
        for (up, rows) in rows.iter().enumerate() {
            let y = (TOP + height) as i32 - 1 - up as i32;
            for (right, columns) in columns.iter().enumerate() {
                let value = self.mean(rows.clone(), columns.clone());
                canvas.set((LEFT as i32 + right as i32, y), colours.of(value));
            }
        }
    }

    /// The mean of the cells that are not missing; NaN where all are.
    fn mean(&self, rows: Range<usize>, columns: Range<usize>) -> f64 {
        let cells = self.values.slice(s![rows, columns]);
        let valid = cells.iter().filter(|value| !value.is_nan()).map(|&value| f64::from(value));
        let (sum, count) = valid.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
        sum / f64::from(count)
    }

    fn colour_bar(&self, canvas: &mut Canvas, colours: Colours, (left, top): Point, height: i32) {
        for up in 0..height {
            let share = (f64::from(up) + 0.5) / f64::from(height);
            let colour = colours.of(colours.low + share * (colours.high - colours.low));
            let y = top + height - 1 - up;
            (left..left + BAR).for_each(|x| canvas.set((x, y), colour));
        }
        let right = left + BAR;
        frame(canvas, (left, top), (right, top + height));
        let mut widest = 0;
        for (share, label) in scale(colours.low, colours.high, most(height as u32, APART.1)) {
            let y = top + height - (share * f64::from(height)).round() as i32;
            canvas.line(&[(right, y), (right + TICK, y)], INK, 1);
            widest = widest.max(canvas.text(&label, (right + TICK + 5, y), Anchor::Right, LABEL));
        }
        canvas.text(&self.legend, (right + TICK + widest + 14, top + height / 2), Anchor::Upwards, LABEL);
    }
}

/// How many labels there are at most, few enough to be read at a glance.
fn most(pixels: u32, apart: u32) -> usize {
    (pixels / apart).clamp(2, 8) as usize
}

#[cfg(test)]
mod tests {
    use super::super::colours::LAND;
    use super::*;

    /// Four rows of eight cells: warm in the north, land in one corner.
    fn map(lat: &[f64]) -> Map {
        let warm_last = lat[0] < lat[3];
        let values = Array2::from_shape_fn((4, 8), |(row, column)| match (row, column) {
            (0, 0) => f32::NAN,
            _ if warm_last => row as f32,
            _ => 3.0 - row as f32,
        });
        let lon: Vec<f64> = (0..8).map(|column| 22.5 + 45.0 * f64::from(column)).collect();
        Map {
            title: "Test".into(),
            legend: "K".into(),
            values,
            x: Axis::new(Kind::Longitude, &lon).unwrap(),
            y: Axis::new(Kind::Latitude, lat).unwrap(),
            middle: Middle::Data,
        }
    }

    #[test]
    fn north_is_up_whichever_way_the_file_goes() {
        let colours = Colours { low: 0.0, high: 3.0 };
        let (west, east, north, south) = (100, 1500, 90, 780);
        let canvas = map(&[-67.5, -22.5, 22.5, 67.5]).draw();
        assert_eq!(canvas.at((east, north)), colours.of(3.0));
        assert_eq!(canvas.at((east, south)), colours.of(0.0));
        assert_eq!(canvas.at((west, south)), LAND);
        let canvas = map(&[67.5, 22.5, -22.5, -67.5]).draw();
        assert_eq!(canvas.at((east, north)), colours.of(3.0));
        assert_eq!(canvas.at((east, south)), colours.of(0.0));
        assert_eq!(canvas.at((west, north)), LAND);
    }

    #[test]
    fn degrees_are_as_long_upwards_as_sideways() {
        assert_eq!(map(&[-67.5, -22.5, 22.5, 67.5]).size(), (1440, 720));
        let mut tall = map(&[-67.5, -22.5, 22.5, 67.5]);
        tall.x = Axis::counting("x", 8);
        assert_eq!(tall.size(), (1440, 720));
        tall.values = Array2::zeros((500, 1));
        assert_eq!(tall.size(), (120, 900));
    }

    #[test]
    fn a_pixel_of_many_cells_shows_the_mean_of_those_that_are_there() {
        let map = map(&[-67.5, -22.5, 22.5, 67.5]);
        assert_eq!(map.mean(0..2, 0..2), 2.0 / 3.0);
        assert!(map.mean(0..1, 0..1).is_nan());
    }
}
