//! Cumulative values: what a partition adds is carried on as one row.
//!
//! Of cumulative functions, the value of the last row stands for all rows before: put before the rows of the next partition, it
//! has them go on from there. So what is carried over a border is one row, which has these values; and what two partitions
//! carry is put together in the same way.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{
    DataFrame as PolarsFrame, DataType, Expr, IDX_DTYPE, IntoLazy, PlSmallStr, PolarsError, PolarsResult, by_name, col,
};
use polars_plan::dsl::FunctionExpr;

use super::super::DataFrame;
use super::super::alone::alone;
use super::super::estimate::empty;
use super::super::rows::is_row_by_row;
use super::overlap::{Keep, Overlap};

/// What the names of columns begin with that are cumulated.
const PREFIX: &str = "__cumulated_";

impl DataFrame {
    /// All columns, and those that `exprs` say: `cum_sum`, `cum_min`, `cum_max`, `cum_prod` and `cum_count` of what goes row by
    /// row, over all rows of the table up to each row; and expressions of those, again row by row.
    ///
    /// Impossible where a column is not there, an expression looks at other rows in another way, or cumulates from the end.
    ///
    /// ```
    /// use polars::prelude::{col, df};
    /// use thermocline::{DataFrame, Session};
    /// # use thermocline::dataframe::polars;
    ///
    /// let table = DataFrame::from_polars(df!["x" => [1, 2, 3, 4]]?, 3);
    /// let totals = table.cumulative([col("x").cum_sum(false).alias("total")]);
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&totals)?, df!["x" => [1, 2, 3, 4], "total" => [1, 3, 6, 10]]?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    #[must_use]
    pub fn cumulative(&self, exprs: impl AsRef<[Expr]>) -> Self {
        let location = Location::caller();
        let made = alone(|| self.try_cumulative(exprs.as_ref()));
        made.unwrap_or_else(|problem| self.fail("cumulative", location, problem))
    }

    fn try_cumulative(&self, exprs: &[Expr]) -> Result<Self, String> {
        let told = |error: PolarsError| error.to_string();
        let rows = empty(self.schema()).lazy();
        let output = rows.clone().select(exprs).collect_schema().map_err(told)?;
        let mut cumulated = Cumulated { table: self, values: Vec::new(), functions: Vec::new() };
        let (mut answers, mut plain) = (Vec::new(), Vec::new());
        for (expr, (name, dtype)) in exprs.iter().zip(output.iter()) {
            let expr = expr.clone().try_map_expr(|expr| cumulated.replace(expr)).map_err(told)?;
            // The same row by row, with what is cumulated as it is.
            let by_row = expr.clone().map_expr(|expr| cumulated.within(&expr).unwrap_or(expr));
            plain.push(by_row.alias(name.clone()));
            answers.push(expr.strict_cast(dtype.clone()).alias(name.clone()));
        }
        let Cumulated { values, functions, .. } = cumulated;
        let names: Vec<PlSmallStr> = (0..values.len()).map(name).collect();
        if !is_row_by_row(&rows.with_columns(&values).with_columns(&plain)) {
            return Err(
                "it looks at more than one row in another way than cum_sum, cum_min, cum_max, cum_prod or cum_count"
                    .into(),
            );
        }
        let dropped = names.clone();
        let overlap = Overlap {
            label: "cumulative",
            before: Some(total(functions)),
            after: None,
            carried: 1.0,
            apply: Arc::new(move |frame| {
                frame.with_columns(&answers).drop(by_name(dropped.iter().cloned(), true, false))
            }),
            needs: names,
            of_sample: false,
        };
        overlap.of(&self.with_columns(values))
    }
}

fn name(number: usize) -> PlSmallStr {
    format!("{PREFIX}{number}").into()
}

/// What is cumulated.
struct Cumulated<'a> {
    table: &'a DataFrame,
    /// Of each row.
    values: Vec<Expr>,
    /// How, in terms of columns of those.
    functions: Vec<Expr>,
}

impl Cumulated<'_> {
    /// An expression with a column for what is cumulated.
    fn replace(&mut self, expr: Expr) -> PolarsResult<Expr> {
        let Expr::Function { input, function } = &expr else { return Ok(expr) };
        let (is_reverse, is_count) = match function {
            FunctionExpr::CumCount { reverse } => (*reverse, true),
            FunctionExpr::CumSum { reverse }
            | FunctionExpr::CumProd { reverse }
            | FunctionExpr::CumMin { reverse }
            | FunctionExpr::CumMax { reverse } => (*reverse, false),
            _ => return Ok(expr),
        };
        if is_reverse {
            return Err(PolarsError::ComputeError(
                "it cumulates from the end: only from the beginning can be done".into(),
            ));
        }
        let column = col(name(self.values.len()));
        let (value, function) = if is_count {
            (input[0].clone().is_not_null().cast(IDX_DTYPE), column.cum_sum(false))
        } else {
            let dtype = self.dtype(&expr)?;
            let function = Expr::Function { input: vec![column], function: function.clone() };
            (input[0].clone().cast(dtype), function)
        };
        self.values.push(value.alias(name(self.values.len())));
        self.functions.push(function.clone());
        Ok(function)
    }

    fn dtype(&self, expr: &Expr) -> PolarsResult<DataType> {
        let schema = empty(self.table.schema()).lazy().select([expr.clone().alias("value")]).collect_schema()?;
        Ok(schema.get("value").cloned().unwrap_or(DataType::Null))
    }

    /// What the cumulative function `expr` cumulates.
    fn within(&self, expr: &Expr) -> Option<Expr> {
        let number = self.functions.iter().position(|function| function == expr)?;
        Some(col(name(number)))
    }
}

/// A row for all rows of a frame: where values are cumulated, what has come together.
fn total(functions: Vec<Expr>) -> Keep {
    let functions: Vec<(PlSmallStr, Expr)> =
        functions.into_iter().enumerate().map(|(number, function)| (name(number), function)).collect();
    Arc::new(move |frame: &PolarsFrame| {
        if frame.height() == 0 {
            return Ok(frame.clone());
        }
        let of_column = |column: &PlSmallStr| match functions.iter().find(|(name, _)| name == column) {
            Some((_, function)) => function.clone().drop_nulls().last(),
            None => col(column.clone()).last(),
        };
        let row: Vec<Expr> = frame.schema().iter_names().map(of_column).collect();
        alone(|| frame.clone().lazy().select(row).collect())
    })
}
