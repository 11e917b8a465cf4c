//! Operations along an axis: running sums, differences, order, quantiles.

use thermocline::array::{Method, Quantiles};

use crate::case::Step;
use crate::value::{Value, on};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    let [x] = operands else { return None };
    along_one(step, x).or_else(|| of_order(step, x))
}

fn along_one(step: &Step, x: &Value) -> Option<Value> {
    let axis = || step.need("axis");
    Some(match &step.name[..] {
        "cumsum" => on!(all x, |a| a.cumsum(axis())),
        "nancumsum" => on!(all x, |a| a.nancumsum(axis())),
        "cumprod" => on!(all x, |a| a.cumprod(axis())),
        "nancumprod" => on!(all x, |a| a.nancumprod(axis())),
        "diff" => on!(arithmetic x, |a| a.diff(step.need("n"), axis())),
        "sort" => on!(reals x, |a| a.sort(axis())),
        "topk" => on!(reals x, |a| a.topk(step.need("k"), axis())),
        _ => return None,
    })
}

fn of_order(step: &Step, x: &Value) -> Option<Value> {
    let axes = &step.axes();
    let asked = || step.need::<Asked>("q");
    Some(match (&step.name[..], step.option::<String>("method")) {
        ("median", _) => on!(reals x, |a| a.median(axes)),
        ("nanmedian", _) => on!(reals x, |a| a.nanmedian(axes)),
        ("quantile", None) => on!(reals x, |a| a.quantile(asked(), axes)),
        ("quantile", Some(name)) => on!(reals x, |a| a.quantile_by(asked(), axes, method(&name)?)),
        ("nanquantile", None) => on!(reals x, |a| a.nanquantile(asked(), axes)),
        ("nanquantile", Some(name)) => on!(reals x, |a| a.nanquantile_by(asked(), axes, method(&name)?)),
        ("percentile", _) => on!(reals x, |a| a.percentile(asked(), axes)),
        ("nanpercentile", _) => on!(reals x, |a| a.nanpercentile(asked(), axes)),
        _ => return None,
    })
}

/// One quantile, or several.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Asked {
    One(f64),
    Several(Vec<f64>),
}

impl Quantiles for Asked {
    fn quantiles(&self) -> (Vec<f64>, bool) {
        match self {
            Self::One(one) => one.quantiles(),
            Self::Several(several) => (several.clone(), true),
        }
    }
}

/// A method by NumPy's name of it.
fn method(name: &str) -> Option<Method> {
    Some(match name {
        "linear" => Method::Linear,
        "lower" => Method::Lower,
        "higher" => Method::Higher,
        "midpoint" => Method::Midpoint,
        "nearest" => Method::Nearest,
        "inverted_cdf" => Method::InvertedCdf,
        "averaged_inverted_cdf" => Method::AveragedInvertedCdf,
        "closest_observation" => Method::ClosestObservation,
        "interpolated_inverted_cdf" => Method::InterpolatedInvertedCdf,
        "hazen" => Method::Hazen,
        "weibull" => Method::Weibull,
        "median_unbiased" => Method::MedianUnbiased,
        "normal_unbiased" => Method::NormalUnbiased,
        _ => return None,
    })
}
