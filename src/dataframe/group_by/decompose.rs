//! Aggregations in three parts: of a partition, of such results, and the answer.
//!
//! | aggregation | of a partition | of results | the answer |
//! | --- | --- | --- | --- |
//! | sum, min, max, first, last | the same | the same | itself |
//! | count, len | the same | sum | itself |
//! | mean | sum, count | sums | sum / count |
//! | std, var | count, mean, sum of squared deviations | as Chan, Golub and `LeVeque` (1979) put them together | |
//!
//! Expressions of these, as `sum / count`, are put together behind. Median, quantiles and numbers of distinct values need all
//! rows of a group, but need not have them [in one place](super::exact). Whatever else there is (lists, modes, orders) does:
//! then rows are shuffled.

use polars::prelude::{
    AggExpr, DataType, Expr, IntoLazy, Null, PlSmallStr, PolarsError, PolarsResult, QuantileMethod, Schema, col, len,
    lit, when,
};

use polars_plan::dsl::FunctionExpr;

use super::super::estimate::empty;
use super::super::rows::is_row_by_row;
use super::exact::{Exact, Kind, Quantile};

/// What the names of partial results begin with.
const PREFIX: &str = "__partial_";

/// Aggregations in three parts. Partial results have names of their own, the answers have theirs.
#[derive(Clone, Debug, Default)]
pub(super) struct Decomposed {
    pub(super) partials: Vec<Expr>,
    pub(super) merges: Vec<Expr>,
    pub(super) answers: Vec<Expr>,
    /// What is made of all rows of a group, and how it is called in answers.
    pub(super) exact: Vec<Exact>,
}

/// `aggregations` of a table of `schema` in three parts, whose answers have the types of `output`; None where one of them needs
/// all rows of a group at once.
pub(super) fn decompose(aggregations: &[Expr], schema: &Schema, output: &Schema) -> Option<Decomposed> {
    let mut parts = Parts { schema, decomposed: Decomposed::default() };
    for (aggregation, (name, dtype)) in aggregations.iter().zip(output.iter()) {
        let answer = aggregation.clone().try_map_expr(|expr| parts.replace(expr)).ok()?;
        let raw = |expr: &Expr| matches!(expr, Expr::Column(name) if !name.starts_with(PREFIX));
        if answer.into_iter().any(|expr| raw(expr) || !is_simple(expr)) {
            return None;
        }
        parts.decomposed.answers.push(answer.strict_cast(dtype.clone()).alias(name.clone()));
    }
    Some(parts.decomposed)
}

/// Whether an expression is of the kinds that are understood here, below and above aggregations.
fn is_simple(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Alias(..)
            | Expr::Column(_)
            | Expr::Literal(_)
            | Expr::BinaryExpr { .. }
            | Expr::Cast { .. }
            | Expr::Ternary { .. }
            | Expr::Function { .. }
            | Expr::KeepName(_)
            | Expr::RenameAlias { .. }
    )
}

struct Parts<'a> {
    schema: &'a Schema,
    decomposed: Decomposed,
}

/// Says that rows have to be shuffled.
fn all_at_once<T>() -> PolarsResult<T> {
    Err(PolarsError::NoData("needs all rows at once".into()))
}

impl Parts<'_> {
    /// What stands for an aggregation among partial results. What is below it has been seen before.
    fn replace(&mut self, expr: Expr) -> PolarsResult<Expr> {
        let aggregation = match expr {
            Expr::Agg(aggregation) => aggregation,
            Expr::Len => return Ok(self.same(len(), Expr::sum)),
            Expr::Function { input, function: FunctionExpr::Quantile { method } } => {
                let at = match &input[1] {
                    Expr::Literal(value) => value.to_any_value().and_then(|value| value.extract::<f64>()),
                    _ => None,
                };
                return self.quantile(&input[0], at, method);
            }
            other => return Ok(other),
        };
        match aggregation {
            AggExpr::Sum(input) => {
                let (input, _) = self.input(&input, true)?;
                Ok(self.same(input.sum(), Expr::sum))
            }
            AggExpr::Min { input, propagate_nans } => {
                let (input, _) = self.input(&input, true)?;
                let min = move |of: Expr| Expr::Agg(AggExpr::Min { input: of.into(), propagate_nans });
                Ok(self.same(min(input), min))
            }
            AggExpr::Max { input, propagate_nans } => {
                let (input, _) = self.input(&input, true)?;
                let max = move |of: Expr| Expr::Agg(AggExpr::Max { input: of.into(), propagate_nans });
                Ok(self.same(max(input), max))
            }
            AggExpr::Count { input, include_nulls } => {
                let (input, _) = self.input(&input, !include_nulls)?;
                let count = Expr::Agg(AggExpr::Count { input: input.into(), include_nulls });
                Ok(self.same(count, Expr::sum))
            }
            AggExpr::First(input) => self.of_order(&input, Expr::first),
            AggExpr::Last(input) => self.of_order(&input, Expr::last),
            AggExpr::FirstNonNull(input) => self.of_order(&input, |of| Expr::Agg(AggExpr::FirstNonNull(of.into()))),
            AggExpr::LastNonNull(input) => self.of_order(&input, |of| Expr::Agg(AggExpr::LastNonNull(of.into()))),
            AggExpr::Mean(input) => {
                let input = self.number(&input)?;
                let sum = self.same(input.clone().sum(), Expr::sum);
                let count = self.same(input.count(), Expr::sum);
                Ok(where_some(count.clone().gt(lit(0)), sum / count.cast(DataType::Float64)))
            }
            AggExpr::Var(input, ddof) => self.variance(&input, ddof),
            AggExpr::Std(input, ddof) => Ok(self.variance(&input, ddof)?.sqrt()),
            AggExpr::Median(input) => self.quantile(&input, Some(0.5), QuantileMethod::Linear),
            AggExpr::NUnique(input) => {
                let (input, _) = self.input(&input, false)?;
                Ok(self.exact(input, Kind::Distinct))
            }
            AggExpr::Item { .. } | AggExpr::Implode { .. } | AggExpr::AggGroups(_) => all_at_once(),
        }
    }

    /// The input of an aggregation, and its type. A filter in it becomes nulls, where `skips_nulls`.
    fn input(&self, input: &Expr, skips_nulls: bool) -> PolarsResult<(Expr, DataType)> {
        let input = match input {
            Expr::Filter { input, by } if skips_nulls => {
                when((**by).clone()).then((**input).clone()).otherwise(lit(Null {}))
            }
            other => other.clone(),
        };
        let known = |expr: &Expr| is_simple(expr) && !matches!(expr, Expr::Column(name) if name.starts_with(PREFIX));
        if !input.into_iter().all(known) || !input.into_iter().any(|expr| matches!(expr, Expr::Column(_))) {
            return all_at_once();
        }
        let lazy = empty(self.schema).lazy().select([input.clone().alias("input")]);
        if !is_row_by_row(&lazy) {
            return all_at_once();
        }
        let schema = lazy.clone().collect_schema()?;
        let dtype = schema.get("input").cloned().unwrap_or(DataType::Null);
        Ok((input, dtype))
    }

    /// The input of an aggregation of numbers, as f64.
    fn number(&self, input: &Expr) -> PolarsResult<Expr> {
        let (input, dtype) = self.input(input, true)?;
        let number = dtype.is_primitive_numeric() || dtype.is_bool();
        if number { Ok(input.cast(DataType::Float64)) } else { all_at_once() }
    }

    /// A quantile, of numbers.
    fn quantile(&mut self, input: &Expr, at: Option<f64>, method: QuantileMethod) -> PolarsResult<Expr> {
        let (input, dtype) = self.input(input, true)?;
        match at.filter(|at| (0.0..=1.0).contains(at)) {
            Some(at) if dtype.is_primitive_numeric() && method != QuantileMethod::Equiprobable => {
                Ok(self.exact(input, Kind::Quantile(Quantile { at, method })))
            }
            _ => all_at_once(),
        }
    }

    fn exact(&mut self, input: Expr, kind: Kind) -> Expr {
        let name: PlSmallStr = format!("{PREFIX}exact_{}", self.decomposed.exact.len()).into();
        self.decomposed.exact.push(Exact { name: name.clone(), input, kind });
        col(name)
    }

    /// One that needs the rows in their order.
    fn of_order(&mut self, input: &Expr, aggregate: impl Fn(Expr) -> Expr) -> PolarsResult<Expr> {
        let (input, _) = self.input(input, false)?;
        Ok(self.same(aggregate(input), aggregate))
    }

    /// One partial result, of which `merge` makes one of several.
    fn same(&mut self, partial: Expr, merge: impl Fn(Expr) -> Expr) -> Expr {
        let name = format!("{PREFIX}{}", self.decomposed.partials.len());
        self.decomposed.partials.push(partial.alias(name.as_str()));
        self.decomposed.merges.push(merge(col(name.as_str())).alias(name.as_str()));
        col(name.as_str())
    }

    fn variance(&mut self, input: &Expr, ddof: u8) -> PolarsResult<Expr> {
        let x = self.number(input)?;
        let first = self.decomposed.partials.len();
        let [n, mean, squares] = [0, 1, 2].map(|part| format!("{PREFIX}{}", first + part));
        let deviations = (x.clone() - x.clone().mean()).pow(lit(2));
        let partials = [x.clone().count().cast(DataType::Float64), x.mean(), deviations.sum()];
        let [n, mean, squares] = [n, mean, squares].map(|name| col(name.as_str()));
        let total = n.clone().sum();
        let of_all = where_some(total.clone().gt(lit(0.0)), (n.clone() * mean.clone()).sum() / total.clone());
        let between = (n.clone() * (mean.clone() - of_all.clone()).pow(lit(2))).sum();
        let merges = [total, of_all, squares.clone().sum() + between];
        for (part, (partial, merge)) in partials.into_iter().zip(merges).enumerate() {
            let name = format!("{PREFIX}{}", first + part);
            self.decomposed.partials.push(partial.alias(name.as_str()));
            self.decomposed.merges.push(merge.alias(name.as_str()));
        }
        let ddof = lit(f64::from(ddof));
        Ok(where_some(n.clone().gt(ddof.clone()), squares / (n - ddof)))
    }
}

/// `value` where it makes sense, else null.
fn where_some(makes_sense: Expr, value: Expr) -> Expr {
    when(makes_sense).then(value).otherwise(lit(Null {}))
}
