//! The colours of a picture's nodes.

use super::sketch::Sketch;

/// What the colours of a picture say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ColourBy {
    /// The place in the order, from dark (first) to light.
    Order,
    /// The layer: each has a colour of its own.
    #[default]
    Layer,
    /// The bytes of output, from dark (few) to light.
    Size,
    /// For how many tasks of the order an output stays until its last reader, from dark (few) to light.
    Age,
}

impl ColourBy {
    /// All of them.
    #[cfg(feature = "report")]
    pub(crate) const ALL: [Self; 4] = [Self::Order, Self::Layer, Self::Size, Self::Age];

    #[cfg(feature = "report")]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Layer => "layer",
            Self::Size => "size",
            Self::Age => "age",
        }
    }
}

/// Red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour([u8; 3]);

impl Colour {
    /// As `#rrggbb`.
    pub(crate) fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Whether black is easier to read on it than white: by its relative luminance, as WCAG 2 defines that.
    pub(crate) fn is_light(self) -> bool {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        // Where the contrast to black and to white is alike.
        0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179
    }

    /// The colour of layer number `layer`: neighbours are far apart, by the golden angle.
    pub(crate) fn of_layer(layer: usize) -> Self {
        let hue = (layer as f64 * 137.507_764 + 210.0) % 360.0;
        // Three brightnesses, so that hues that come near each other again differ.
        let lightness = [0.62, 0.74, 0.52][layer / 8 % 3];
        Self::from_hsl(hue, 0.55, lightness)
    }

    fn from_hsl(hue: f64, saturation: f64, lightness: f64) -> Self {
        let chroma = saturation * lightness.min(1.0 - lightness);
        let channel = |offset: f64| {
            let at = (offset + hue / 30.0) % 12.0;
            let value = lightness - chroma * (at - 3.0).min(9.0 - at).clamp(-1.0, 1.0);
            (value * 255.0).round() as u8
        };
        Self([channel(0.0), channel(8.0), channel(4.0)])
    }

    /// A colour of the scale from dark (0) to light (1): viridis, between a few of its colours.
    pub(crate) fn on_scale(share: f64) -> Self {
        const STOPS: [[u8; 3]; 6] =
            [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81], [253, 231, 37]];
        let at = share.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
        let low = (at as usize).min(STOPS.len() - 2);
        let part = at - low as f64;
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
        let mut colour = STOPS[low];
        colour.iter_mut().zip(STOPS[low + 1]).for_each(|(a, b)| *a = mix(*a, b));
        Self(colour)
    }
}

/// The colour of each node.
pub(crate) fn colours(sketch: &Sketch, by: ColourBy) -> Vec<Colour> {
    let Some(values) = values(sketch, by) else {
        return sketch.nodes.iter().map(|node| Colour::of_layer(node.layer)).collect();
    };
    let most = values.iter().copied().max().unwrap_or(0).max(1) as f64;
    values.into_iter().map(|value| Colour::on_scale(value as f64 / most)).collect()
}

/// How much is shown, and what its colours say.
#[cfg(feature = "picture")]
pub(crate) fn caption(sketch: &Sketch, by: ColourBy) -> String {
    let groups = if sketch.is_collapsed() { format!(" in {} groups", sketch.nodes.len()) } else { String::new() };
    let shown = format!("{} tasks{groups}", sketch.tasks);
    let most = values(sketch, by).and_then(|values| values.into_iter().max()).unwrap_or(0);
    let said = match by {
        ColourBy::Layer => "layer".to_owned(),
        ColourBy::Order => "order, from first (dark) to last (light)".to_owned(),
        ColourBy::Size => format!("size of output, up to {} (light)", crate::units::ByteSize::new(most)),
        ColourBy::Age => format!("how long outputs are kept, up to {most} tasks (light)"),
    };
    format!("{shown}, coloured by {said}")
}

fn values(sketch: &Sketch, by: ColourBy) -> Option<Vec<u64>> {
    let nodes = sketch.nodes.iter();
    match by {
        ColourBy::Layer => None,
        ColourBy::Order => Some(nodes.map(|node| u64::from(node.rank)).collect()),
        ColourBy::Size => Some(nodes.map(|node| node.bytes).collect()),
        ColourBy::Age => Some(nodes.map(|node| u64::from(node.age)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_goes_from_dark_to_light() {
        assert_eq!((Colour::on_scale(0.0).hex(), Colour::on_scale(2.0).hex()), ("#440154".into(), "#fde725".into()));
        assert!(!Colour::on_scale(0.0).is_light() && Colour::on_scale(1.0).is_light());
        assert_eq!(Colour::on_scale(0.1), Colour([67, 35, 110]));
    }

    #[test]
    fn layers_have_colours_of_their_own() {
        let mut seen: Vec<String> = (0..24).map(|layer| Colour::of_layer(layer).hex()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 24);
        assert_eq!(Colour::from_hsl(0.0, 1.0, 0.5), Colour([255, 0, 0]));
        assert_eq!(Colour::from_hsl(240.0, 1.0, 0.5), Colour([0, 0, 255]));
    }
}
