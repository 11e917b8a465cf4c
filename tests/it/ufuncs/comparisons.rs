//! Comparisons, and the logic of their results.

use thermocline::Complex;
use thermocline::array::Tolerance;

use super::check_binary;
use crate::operands::Bench;

type C64 = Complex<f64>;

#[test]
fn comparisons_and_logic() {
    let mut bench = Bench::new(6);
    check_binary::<f64, bool>(
        &mut bench,
        &[
            binary!(equal, |a, b| a == b),
            binary!(not_equal, |a, b| a != b),
            binary!(less, |a, b| a < b),
            binary!(less_equal, |a, b| a <= b),
            binary!(greater, |a, b| a > b),
            binary!(greater_equal, |a, b| a >= b),
            binary!(logical_and, |a, b| a != 0.0 && b != 0.0),
            binary!(logical_or, |a, b| a != 0.0 || b != 0.0),
            binary!(logical_xor, |a, b| (a != 0.0) != (b != 0.0)),
            (
                "isclose",
                |x, y| x.isclose(y, Tolerance::default()),
                |x, y| x.isclose(y, Tolerance::default()),
                |a, b| a == b || (b.is_finite() && (a - b).abs() <= 1e-8 + 1e-5 * b.abs()),
            ),
            (
                "isclose, NaN to NaN",
                |x, y| x.isclose(y, Tolerance { relative: 0.0, absolute: 1.0, equal_nan: true }),
                |x, y| x.isclose(y, Tolerance { relative: 0.0, absolute: 1.0, equal_nan: true }),
                |a, b| a == b || (a.is_nan() && b.is_nan()) || (b.is_finite() && (a - b).abs() <= 1.0),
            ),
        ],
    );
    check_binary::<C64, bool>(
        &mut bench,
        &[
            binary!(equal, |a, b| a == b),
            binary!(logical_or, |a, b| a != C64::new(0.0, 0.0) || b != C64::new(0.0, 0.0)),
            (
                "isclose",
                |x, y| x.isclose(y, Tolerance { absolute: 3.0, ..Tolerance::default() }),
                |x, y| x.isclose(y, Tolerance { absolute: 3.0, ..Tolerance::default() }),
                |a, b| (a - b).norm() <= 3.0 + 1e-5 * b.norm(),
            ),
        ],
    );
    check_binary::<bool, bool>(
        &mut bench,
        &[
            binary!(equal, |a, b| a == b),
            binary!(less, |a, b| !a && b),
            binary!(maximum, |a, b| a || b),
            binary!(logical_xor, |a, b| a != b),
            ("&", |x, y| x & y, |x, y| x & y, |a, b| a && b),
            ("|", |x, y| x | y, |x, y| x | y, |a, b| a || b),
            ("^", |x, y| x ^ y, |x, y| x ^ y, |a, b| a != b),
        ],
    );
    bench.finish();
}
