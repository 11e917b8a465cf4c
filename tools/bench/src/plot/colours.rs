//! From numbers to colours.

use super::canvas::Colour;

/// What has no value: land.
pub(super) const LAND: Colour = [190, 190, 190];

/// Where the pale middle of the colours lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    /// Half way between the least and the greatest value: for temperatures.
    Data,
    /// At zero, blue below and red above: for anomalies and trends.
    Zero,
}

/// `RdBu` reversed over a range: blue is low, red is high.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Colours {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Colours {
    /// The range of `values`; what is not finite is left out.
    pub(super) fn over(values: impl Iterator<Item = f32>, middle: Middle) -> Self {
        let finite = values.filter(|value| value.is_finite()).map(f64::from);
        let (low, high) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = match middle {
            Middle::Data => (low, high),
            Middle::Zero => {
                let far = low.abs().max(high.abs());
                (-far, far)
            }
        };
        match (low.is_finite() && high.is_finite(), low < high) {
            (true, true) => Self { low, high },
            // One value alone lies in the middle.
            (true, false) => Self { low: low - 0.5, high: low + 0.5 },
            (false, _) => Self { low: 0.0, high: 1.0 },
        }
    }

    pub(super) fn of(self, value: f64) -> Colour {
        if value.is_nan() {
            return LAND;
        }
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let colour = colorous::RED_BLUE.eval_continuous(1.0 - share);
        [colour.r, colour.g, colour.b]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_is_blue_the_middle_pale_high_red_and_land_grey() {
        let colours = Colours::over([-1.8, f32::NAN, 30.2].into_iter(), Middle::Data);
        assert!((colours.low + 1.8).abs() < 1e-6 && (colours.high - 30.2).abs() < 1e-6);
        let [red, _, blue] = colours.of(-1.8);
        assert!(blue > red + 50);
        let [red, _, blue] = colours.of(30.2);
        assert!(red > blue + 50);
        assert!(colours.of(14.2).iter().all(|&channel| channel > 235));
        assert_eq!(colours.of(f64::NAN), LAND);
        assert_eq!(colours.of(-99.0), colours.of(-1.8));
    }

    #[test]
    fn nothing_and_one_value_have_a_range_too() {
        assert_eq!(Colours::over([f32::NAN].into_iter(), Middle::Data), Colours { low: 0.0, high: 1.0 });
        assert_eq!(Colours::over([4.0].into_iter(), Middle::Data), Colours { low: 3.5, high: 4.5 });
        assert_eq!(Colours::over([0.0].into_iter(), Middle::Zero), Colours { low: -0.5, high: 0.5 });
        assert_eq!(Colours::over([-3.0, 1.0].into_iter(), Middle::Zero), Colours { low: -3.0, high: 3.0 });
    }
}
