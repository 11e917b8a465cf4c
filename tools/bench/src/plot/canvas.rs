//! What pictures are drawn on: pixels, lines, text. The one file that knows plotters, `ab_glyph` and png.
//!
//! Text is set here and not by plotters: with a font that is part of the program, plotters leaves out the room that
//! glyphs want to their left, and rounds each advance to whole pixels.

use std::io::{self, Write};

use ab_glyph::{Font, FontRef, ScaleFont, point};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::{Color as _, RGBColor};

/// Red, green, blue.
pub(super) type Colour = [u8; 3];

pub(super) const WHITE: Colour = [255, 255, 255];
pub(super) const INK: Colour = [38, 38, 38];

/// A place in pixels from the upper left corner.
pub(super) type Point = (i32, i32);

/// Where a text lies about its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Centred above it.
    Above,
    /// Centred below it.
    Below,
    /// To its left, centred on its height.
    Left,
    /// To its right, centred on its height.
    Right,
    /// Read from bottom to top, to its right, centred on its height.
    Upwards,
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// Pixels from the top of the highest letters to the foot of the lowest.
    pub(super) size: f32,
    pub(super) bold: bool,
}

/// A picture while it is drawn.
#[derive(Debug)]
pub(crate) struct Canvas {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

impl Canvas {
    /// All white.
    pub(super) fn new(width: u32, height: u32) -> Self {
        let pixels = WHITE.repeat(width as usize * height as usize);
        Self { width, height, pixels }
    }

    fn pixel(&mut self, (x, y): Point) -> Option<&mut [u8]> {
        let (x, y) = (u32::try_from(x).ok()?, u32::try_from(y).ok()?);
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = 3 * (y as usize * self.width as usize + x as usize);
        self.pixels.get_mut(at..at + 3)
    }

    /// Sets one pixel; one that is outside is nowhere.
    pub(super) fn set(&mut self, place: Point, colour: Colour) {
        if let Some(pixel) = self.pixel(place) {
            pixel.copy_from_slice(&colour);
        }
    }

    /// A line through these points, so many pixels wide.
    pub(super) fn line(&mut self, points: &[Point], colour: Colour, width: u32) {
        let [red, green, blue] = colour;
        let style = RGBColor(red, green, blue).stroke_width(width);
        let mut backend = BitMapBackend::with_buffer(&mut self.pixels, (self.width, self.height));
        // Drawing into memory does not fail; what is outside is left out.
        drop(backend.draw_path(points.iter().copied(), &style));
    }

    /// A text of one line. Gives the pixels that it is long.
    pub(super) fn text(&mut self, text: &str, place: Point, anchor: Anchor, style: Style) -> i32 {
        let bytes = if style.bold { notosans::BOLD_TTF } else { notosans::REGULAR_TTF };
        // The font is part of the program.
        let Ok(font) = FontRef::try_from_slice(bytes) else { return 0 };
        let font = font.as_scaled(style.size);
        let mut inked = Vec::new();
        let mut width = 0.0;
        let mut before = None;
        for glyph in text.chars().map(|letter| font.glyph_id(letter)) {
            width += before.map_or(0.0, |before| font.kern(before, glyph));
            let outline = font.outline_glyph(glyph.with_scale_and_position(style.size, point(width, font.ascent())));
            if let Some(outline) = outline {
                let corner = outline.px_bounds().min;
                outline.draw(|x, y, share| inked.push((corner.x as i32 + x as i32, corner.y as i32 + y as i32, share)));
            }
            width += font.h_advance(glyph);
            before = Some(glyph);
        }
        let (width, height) = (width.round() as i32, font.height().round() as i32);
        let (left, top) = match anchor {
            Anchor::Above => (-width / 2, -height),
            Anchor::Below | Anchor::Upwards => (-width / 2, 0),
            Anchor::Left => (-width, -height / 2),
            Anchor::Right => (0, -height / 2),
        };
        for (x, y, share) in inked {
            let (x, y) = (left + x, top + y);
            let (x, y) = if anchor == Anchor::Upwards { (y, -x) } else { (x, y) };
            self.blend((place.0 + x, place.1 + y), INK, share);
        }
        width
    }

    /// A stroke from one point to another, with round ends and smooth edges: of one point, a dot.
    pub(super) fn stroke(&mut self, (from, to): (Point, Point), colour: Colour, radius: f64) {
        let ((x0, y0), (x1, y1)) = (from, to);
        let (along, down) = (f64::from(x1 - x0), f64::from(y1 - y0));
        let square = (along * along + down * down).max(1.0);
        let room = radius.ceil() as i32 + 1;
        for y in y0.min(y1) - room..=y0.max(y1) + room {
            for x in x0.min(x1) - room..=x0.max(x1) + room {
                let (right, below) = (f64::from(x - x0), f64::from(y - y0));
                let nearest = ((right * along + below * down) / square).clamp(0.0, 1.0);
                let distance = (right - nearest * along).hypot(below - nearest * down);
                self.blend((x, y), colour, (radius + 0.5 - distance) as f32);
            }
        }
    }

    /// Covers a share of one pixel.
    fn blend(&mut self, place: Point, colour: Colour, share: f32) {
        let share = share.clamp(0.0, 1.0);
        if let Some(pixel) = self.pixel(place) {
            for (channel, ink) in pixel.iter_mut().zip(colour) {
                *channel = (f32::from(*channel) * (1.0 - share) + f32::from(ink) * share).round() as u8;
            }
        }
    }

    /// Writes it as PNG.
    pub(super) fn encode(&self, out: impl Write) -> io::Result<()> {
        let mut encoder = png::Encoder::new(out, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        Ok(writer.finish()?)
    }
}

#[cfg(test)]
impl Canvas {
    pub(super) fn at(&self, (x, y): Point) -> Colour {
        let at = 3 * (y as usize * self.width as usize + x as usize);
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest box that holds all ink: left, top, right, bottom.
    fn inked(canvas: &Canvas) -> (i32, i32, i32, i32) {
        let all = (0..canvas.height as i32).flat_map(|y| (0..canvas.width as i32).map(move |x| (x, y)));
        let dark = all.filter(|&place| canvas.at(place) != WHITE);
        dark.fold((i32::MAX, i32::MAX, i32::MIN, i32::MIN), |(left, top, right, bottom), (x, y)| {
            (left.min(x), top.min(y), right.max(x), bottom.max(y))
        })
    }

    #[test]
    fn text_lies_where_its_anchor_says() {
        let set = |anchor| {
            let mut canvas = Canvas::new(300, 300);
            canvas.text("Temperature (°C)", (150, 150), anchor, Style { size: 20.0, bold: false });
            inked(&canvas)
        };
        let (left, top, right, bottom) = set(Anchor::Above);
        assert!(left < 100 && right > 200 && (left + right - 300).abs() < 8 && top > 125 && bottom < 150);
        let (_, top, _, bottom) = set(Anchor::Below);
        assert!(top > 150 && bottom < 175);
        assert!(set(Anchor::Left).2 <= 150 && set(Anchor::Right).0 >= 150);
        let (left, top, right, bottom) = set(Anchor::Upwards);
        assert!(left >= 150 && right < 175 && top < 100 && bottom > 200);
    }

    #[test]
    fn what_is_outside_is_left_out() {
        let mut canvas = Canvas::new(10, 10);
        canvas.set((-1, 3), INK);
        canvas.set((3, 10), INK);
        canvas.text("W", (-5, -5), Anchor::Above, Style { size: 12.0, bold: true });
        assert_eq!(inked(&canvas), (i32::MAX, i32::MAX, i32::MIN, i32::MIN));
        canvas.line(&[(-20, 5), (20, 5)], INK, 1);
        assert_eq!(inked(&canvas), (0, 5, 9, 5));
    }

    #[test]
    fn a_picture_is_a_png_with_its_pixels() {
        let mut canvas = Canvas::new(3, 2);
        canvas.set((2, 1), [1, 2, 3]);
        let mut bytes = Vec::new();
        canvas.encode(&mut bytes).unwrap();
        let mut reader = png::Decoder::new(io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let about = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((about.width, about.height, about.color_type), (3, 2, png::ColorType::Rgb));
        assert_eq!(pixels, [vec![255; 15], vec![1, 2, 3]].concat());
    }
}
