//! Reductions over axes.

use thermocline::array::ufunc::Side;

use crate::case::Step;
use crate::value::{Value, on};

pub(crate) fn apply(step: &Step, operands: &[&Value]) -> Option<Value> {
    match operands {
        [x] => of_one(step, x),
        [x, weights] => weighted(step, x, weights),
        _ => None,
    }
}

fn of_one(step: &Step, x: &Value) -> Option<Value> {
    let axes = &step.axes();
    let ddof = step.option("ddof").unwrap_or(0);
    Some(match &step.name[..] {
        "sum" => on!(all x, |a| a.sum(axes)),
        "nansum" => on!(all x, |a| a.nansum(axes)),
        "prod" => on!(all x, |a| a.prod(axes)),
        "nanprod" => on!(all x, |a| a.nanprod(axes)),
        "mean" => on!(all x, |a| a.mean(axes)),
        "nanmean" => on!(all x, |a| a.nanmean(axes)),
        "var" if ddof == 0 => on!(all x, |a| a.var(axes)),
        "var" => on!(all x, |a| a.var_ddof(axes, ddof)),
        "std" if ddof == 0 => on!(all x, |a| a.std(axes)),
        "std" => on!(all x, |a| a.std_ddof(axes, ddof)),
        "nanvar" if ddof == 0 => on!(all x, |a| a.nanvar(axes)),
        "nanvar" => on!(all x, |a| a.nanvar_ddof(axes, ddof)),
        "nanstd" if ddof == 0 => on!(all x, |a| a.nanstd(axes)),
        "nanstd" => on!(all x, |a| a.nanstd_ddof(axes, ddof)),
        "min" => on!(reals x, |a| a.min(axes)),
        "max" => on!(reals x, |a| a.max(axes)),
        "nanmin" => on!(reals x, |a| a.nanmin(axes)),
        "nanmax" => on!(reals x, |a| a.nanmax(axes)),
        "ptp" => on!(numbers x, |a| a.ptp(axes)),
        "argmin" => on!(reals x, |a| a.argmin(axes)),
        "argmax" => on!(reals x, |a| a.argmax(axes)),
        "nanargmin" => on!(reals x, |a| a.nanargmin(axes)),
        "nanargmax" => on!(reals x, |a| a.nanargmax(axes)),
        "any" => on!(all x, |a| a.any(axes)),
        "all" => on!(all x, |a| a.all(axes)),
        "count_nonzero" => on!(all x, |a| a.count_nonzero(axes)),
        "count" => on!(all x, |a| a.count(axes)),
        _ => return None,
    })
}

/// Averages; weights are floats.
fn weighted(step: &Step, x: &Value, weights: &Value) -> Option<Value> {
    let axes = &step.axes();
    let Value::F64(Side::Array(weights)) = weights else { return None };
    Some(match &step.name[..] {
        "average" => on!(all x, |a| a.average(axes, weights)),
        "nanaverage" => on!(reals x, |a| a.nanaverage(axes, weights)),
        _ => return None,
    })
}
