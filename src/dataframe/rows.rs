//! Row by row: selections, filters, new columns.
//!
//! A chain of such operations is one node, which polars optimises as a whole and runs on each partition, inside of the task
//! that reads the partition or uses it. An expression here must say of each row what it says of that row alone; one that needs
//! others (`sum`, `shift`, `over`) would say something else of a partition than of the whole table, and is refused.

use std::panic::Location;
use std::sync::Arc;

use polars::prelude::{Expr, IntoLazy, LazyFrame, PlSmallStr, SchemaRef, col, len};
use polars_plan::plans::{AExpr, ArenaExprIter, IR, IRPlan, is_elementwise_rec};
use polars_plan::prelude::Arena;

use super::DataFrame;
use super::alone::alone;
use super::divisions::Divisions;
use super::estimate::{Estimate, SAMPLE_ROWS, completed, empty, thinned};
use super::node::{Node, Part, Shared, Wanted};
use crate::error::Result;
use crate::graph::Layers;

/// One operation on the rows of a partition.
#[derive(Clone)]
pub(super) enum Step {
    Filter(Expr),
    Apply(Arc<dyn Fn(LazyFrame) -> LazyFrame + Send + Sync>),
}

impl Step {
    fn apply(&self, frame: LazyFrame) -> LazyFrame {
        match self {
            Self::Filter(predicate) => frame.filter(predicate.clone()),
            Self::Apply(apply) => apply(frame),
        }
    }
}

/// A chain of operations row by row.
struct RowsNode {
    input: Arc<Shared>,
    steps: Vec<Step>,
    label: &'static str,
    schema: SchemaRef,
}

fn after(steps: &[Step], frame: LazyFrame) -> LazyFrame {
    steps.iter().fold(frame, |frame, step| step.apply(frame))
}

impl RowsNode {
    /// What of the input is wanted for `wanted`.
    fn needed(&self, wanted: &Wanted) -> Wanted {
        let input = self.input.schema();
        let lazy = after(&self.steps, empty(input).lazy());
        let lazy = match &wanted.columns {
            // Filters count though no column does.
            Some(columns) if columns.is_empty() => lazy.select([len()]),
            Some(columns) => lazy.select(columns.iter().map(|name| col(name.clone())).collect::<Vec<_>>()),
            None => lazy,
        };
        let scanned = alone(|| lazy.to_alp_optimized()).ok().and_then(|plan| columns_scanned(&plan));
        // A plan that polars reduced to nothing needs no column; rows are counted nevertheless.
        let needed = match scanned {
            Some(columns) => Wanted::columns_of(input, |name| columns.contains(name)),
            None => Wanted::all(),
        };
        let filters = self.steps.iter().map_while(|step| match step {
            Step::Filter(predicate) => Some(predicate.clone()),
            Step::Apply(_) => None,
        });
        Wanted { rows: filters.reduce(Expr::and), ..needed }
    }
}

/// Whether a plan says of each row what it says of that row alone.
pub(super) fn is_row_by_row(lazy: &LazyFrame) -> bool {
    check_row_by_row(lazy).is_ok()
}

/// The columns that a plan reads from its only frame.
pub(super) fn columns_scanned(plan: &IRPlan) -> Option<Vec<PlSmallStr>> {
    let mut stack = vec![plan.lp_top];
    let mut found = None;
    while let Some(node) = stack.pop() {
        let ir = plan.lp_arena.get(node);
        if let IR::DataFrameScan { schema, output_schema, .. } = ir {
            if found.is_some() {
                return None;
            }
            found = Some(output_schema.as_ref().unwrap_or(schema).iter_names().cloned().collect());
        }
        stack.extend(ir.inputs());
    }
    found
}

impl Node for RowsNode {
    fn label(&self) -> &str {
        self.label
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.input.partitions()
    }

    fn steps(&self) -> Option<(&Arc<Shared>, &[Step])> {
        Some((&self.input, &self.steps))
    }

    fn estimate(&self) -> Estimate {
        let before = self.input.estimate();
        let sample = before.sample.as_ref().filter(|sample| sample.height() > 0);
        let Some(sample) = sample else { return Estimate::unseen(before.rows) };
        match alone(|| after(&self.steps, sample.clone().lazy()).collect()) {
            Ok(after) => {
                // One row more, so that what is rare is not taken to be nothing.
                let share = (after.height() as f64 + 1.0) / (sample.height() as f64 + 1.0);
                // Strings that were filtered out are not to be counted.
                Estimate { rows: before.rows * share, sample: Some(thinned(&after, SAMPLE_ROWS)) }
            }
            Err(_) => Estimate::unseen(before.rows),
        }
    }

    fn divisions(&self) -> Option<&Divisions> {
        // Steps neither move rows nor, as long as the column is there under its name and type, change what they are sorted by;
        // a step that gives other values the same name is not told from one that doesn't, so there are none behind one.
        let moved = self.steps.iter().any(|step| matches!(step, Step::Apply(_)));
        if moved { None } else { self.input.divisions() }
    }

    fn parts(&self, layers: &mut Layers, wanted: &Wanted) -> Result<Option<Vec<Part>>> {
        let parts = self.input.parts(layers, &self.needed(wanted))?;
        let bytes = self.estimate().bytes(&self.schema, wanted) / parts.len().max(1) as u64;
        let then = |part: Part| {
            let (steps, wanted, schema) = (self.steps.clone(), wanted.clone(), self.input.schema().clone());
            // Steps may name columns that nobody wants: these are null, and polars leaves out what is made of them.
            part.then(bytes, move |frame| {
                let frame = completed(frame, &schema)?;
                Ok(selected(after(&steps, frame.lazy()), &wanted).collect()?)
            })
        };
        Ok(Some(parts.into_iter().map(then).collect()))
    }
}

/// The wanted columns of `frame`.
pub(super) fn selected(frame: LazyFrame, wanted: &Wanted) -> LazyFrame {
    match &wanted.columns {
        Some(columns) if !columns.is_empty() => {
            frame.select(columns.iter().map(|name| col(name.clone())).collect::<Vec<_>>())
        }
        // A frame without a column would forget how many rows it has.
        _ => frame,
    }
}

impl DataFrame {
    /// `step` behind what there is.
    #[track_caller]
    pub(super) fn with_step(&self, label: &'static str, step: Step) -> Self {
        let location = Location::caller();
        self.try_step(label, step).unwrap_or_else(|problem| self.fail(label, location, problem))
    }

    fn try_step(&self, label: &'static str, step: Step) -> Result<Self, String> {
        let lazy = step.apply(empty(self.schema()).lazy());
        let schema = alone(|| {
            check_row_by_row(&lazy)?;
            lazy.clone().collect_schema().map_err(|error| error.to_string())
        })?;
        let (input, mut steps) = match self.node().node().steps() {
            Some((input, steps)) => (input.clone(), steps.to_vec()),
            None => (self.node().clone(), Vec::new()),
        };
        steps.push(step);
        Ok(Self::of(RowsNode { input, steps, label, schema }))
    }
}

/// Whether the last operation says of each row what it says of that row alone.
fn check_row_by_row(lazy: &LazyFrame) -> Result<(), String> {
    let plan = lazy.clone().to_alp().map_err(|error| error.to_string())?;
    let mut stack = vec![plan.lp_top];
    while let Some(node) = stack.pop() {
        let ir = plan.lp_arena.get(node);
        let mut exprs = ir.exprs();
        if let Some(other) = exprs.find(|expr| !is_elementwise_rec(expr.node(), &plan.expr_arena)) {
            let shown = other.display(&plan.expr_arena);
            return Err(format!(
                "{shown} looks at more than one row: aggregate by agg or group_by, and see cumulative, shift and rolling"
            ));
        }
        if let IR::Select { expr, .. } = ir
            && !expr.iter().any(|expr| has_column(expr.node(), &plan.expr_arena))
        {
            return Err("no column in it: it would give one row for each partition".into());
        }
        stack.extend(ir.inputs());
    }
    Ok(())
}

fn has_column(node: polars_plan::prelude::Node, arena: &Arena<AExpr>) -> bool {
    arena.iter(node).any(|(_, expr)| matches!(expr, AExpr::Column(_)))
}
