//! Row groups that can't have a row for which a filter holds.
//!
//! polars makes of the filter one over the least and greatest values of columns; this is asked of what the file says of those.
//! Where anything is not understood, no group is left out.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{
    ArrowField, Column, DataFrame as PolarsFrame, DataType, Expr, IdxSize, IntoColumn, IntoLazy, NamedFrom, PlSmallStr,
    SchemaRef, Series,
};
use polars_parquet::read::statistics::deserialize_all;
use polars_plan::plans::predicates::aexpr_to_skip_batch_predicate;
use polars_plan::plans::{IR, node_to_expr};
use polars_plan::utils::aexpr_to_leaf_names_iter;

use super::footer::Opened;
use crate::dataframe::{alone, empty};

/// Those of `groups` that may have a row for which `rows` holds.
pub(super) fn wanted(opened: &Opened, groups: Range<usize>, rows: &Expr, schema: &SchemaRef) -> Vec<usize> {
    let skipped = || alone(|| skipped(opened, groups.clone(), rows, schema));
    // What the statistics say may be nonsense.
    let skipped = catch_unwind(AssertUnwindSafe(skipped)).ok().flatten().unwrap_or_default();
    let is_wanted = |number: usize| !skipped.get(number).copied().unwrap_or(false);
    groups.enumerate().filter(|&(number, _)| is_wanted(number)).map(|(_, group)| group).collect()
}

/// Which of `groups` can be left out.
fn skipped(opened: &Opened, groups: Range<usize>, rows: &Expr, schema: &SchemaRef) -> Option<Vec<bool>> {
    let plan = empty(schema).lazy().filter(rows.clone()).to_alp_optimized().ok()?;
    let mut arena = plan.expr_arena;
    let mut skipped = vec![false; groups.len()];
    let mut stack = vec![plan.lp_top];
    while let Some(node) = stack.pop() {
        let ir = plan.lp_arena.get(node);
        stack.extend(ir.inputs());
        let IR::Filter { predicate, .. } = ir else { continue };
        let Some(skip) = aexpr_to_skip_batch_predicate(predicate.node(), &mut arena, schema) else { continue };
        let names: Vec<PlSmallStr> = aexpr_to_leaf_names_iter(predicate.node(), &arena).cloned().collect();
        let statistics = statistics(opened, groups.clone(), &names, schema)?;
        let skip = statistics.lazy().select([node_to_expr(skip, &arena).alias("skip")]).collect().ok()?;
        let skip = skip.column("skip").ok()?.bool().ok()?.clone();
        for (number, skipped) in skipped.iter_mut().enumerate() {
            // One answer may be that for all.
            *skipped |= skip.get(if skip.len() == 1 { 0 } else { number }) == Some(true);
        }
    }
    Some(skipped)
}

/// A row for each group: its length, and of each column the least, the greatest and the number of nulls.
fn statistics(opened: &Opened, groups: Range<usize>, names: &[PlSmallStr], schema: &SchemaRef) -> Option<PolarsFrame> {
    let lengths: Vec<IdxSize> =
        opened.metadata.row_groups[groups.clone()].iter().map(|group| group.num_rows() as IdxSize).collect();
    let mut columns = vec![Series::new("len".into(), lengths).into_column()];
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            continue;
        }
        let dtype = schema.get(name)?;
        let unknown = || {
            let null = |dtype: &DataType| Column::full_null("".into(), groups.len(), dtype);
            [null(dtype), null(dtype), null(&polars::prelude::IDX_DTYPE)]
        };
        let field = opened.arrow.get(name)?;
        let known = has_order(dtype).then(|| column_statistics(opened, groups.clone(), field)).flatten();
        for (column, suffix) in known.unwrap_or_else(unknown).into_iter().zip(["min", "max", "nc"]) {
            columns.push(column.with_name(format!("{name}_{suffix}").into()));
        }
    }
    PolarsFrame::new(groups.len(), columns).ok()
}

fn column_statistics(opened: &Opened, groups: Range<usize>, field: &ArrowField) -> Option<[Column; 3]> {
    let groups = &opened.metadata.row_groups[groups];
    let &[place] = groups.first()?.columns_idxs_under_root_iter(&field.name)? else { return None };
    let found = deserialize_all(field, groups, place, &opened.metadata.footer_buf).ok()??;
    let column = |array| Some(Series::try_from((field, vec![array])).ok()?.into_column());
    let nulls = Series::from_arrow("".into(), Box::new(found.null_count)).ok()?.into_column();
    Some([column(found.min_value)?, column(found.max_value)?, nulls])
}

/// Whether values have the same order in the file as in polars.
fn has_order(dtype: &DataType) -> bool {
    dtype.is_primitive_numeric() || dtype.is_temporal() || matches!(dtype, DataType::String | DataType::Boolean)
}
