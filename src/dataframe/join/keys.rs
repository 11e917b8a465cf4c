//! What is joined on: keys of both sides, in the types in which polars compares them.

use std::sync::Arc;

use polars::prelude::{
    DataFrame as PolarsFrame, DataType, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, Schema, SchemaRef, col,
};
use polars_plan::plans::expr_ir::ExprIR;
use polars_plan::plans::{IR, IRPlan};

use super::super::estimate::empty;
use crate::chunk::CodeError;

/// A side of a join.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Side {
    Left,
    Right,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

/// How two frames are joined.
pub(super) struct On {
    left: Vec<Expr>,
    right: Vec<Expr>,
    /// The types in which keys are compared.
    types: Vec<DataType>,
    pub(super) args: JoinArgs,
}

impl On {
    /// Joins frames of these schemas. Also gives the schema of the result.
    pub(super) fn new(
        (left_schema, right_schema): (&Schema, &Schema),
        (left, right): (Vec<Expr>, Vec<Expr>),
        args: JoinArgs,
    ) -> Result<(Self, SchemaRef), String> {
        let mut on = Self { left, right, types: Vec::new(), args };
        let looks_nowhere = |key: &Expr| !key.into_iter().any(|expr| matches!(expr, Expr::Column(_)));
        if on.left.iter().chain(&on.right).any(looks_nowhere) {
            return Err("a key without a column in it".into());
        }
        let joined = on.joined(empty(left_schema).lazy(), empty(right_schema).lazy());
        let plan = joined.clone().to_alp().map_err(|error| error.to_string())?;
        on.types = compared_types(&plan)?;
        let schema = joined.clone().collect_schema().map_err(|error| error.to_string())?;
        Ok((on, schema))
    }

    /// Whether a key of a side reads the column `name`.
    pub(super) fn reads(&self, side: Side, name: &str) -> bool {
        let mut columns = self.of(side).iter().flat_map(IntoIterator::into_iter);
        columns.any(|expr| matches!(expr, Expr::Column(column) if column == name))
    }

    /// The types in which keys are compared.
    pub(super) fn types(&self) -> &[DataType] {
        &self.types
    }

    /// The keys of a side, as they were given.
    pub(super) fn of(&self, side: Side) -> &[Expr] {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }

    pub(super) fn joined(&self, left: LazyFrame, right: LazyFrame) -> LazyFrame {
        let JoinArgs { how, suffix, nulls_equal, coalesce, maintain_order, .. } = self.args.clone();
        let join = left.join_builder().with(right).left_on(&self.left).right_on(&self.right).how(how);
        let join = join.join_nulls(nulls_equal).coalesce(coalesce).maintain_order(maintain_order).allow_parallel(false);
        match suffix {
            Some(suffix) => join.suffix(suffix).finish(),
            None => join.finish(),
        }
    }

    /// The schema of [keys](Self::keys).
    pub(super) fn key_schema(&self) -> SchemaRef {
        let key = |(number, dtype): (usize, &DataType)| (number.to_string().into(), dtype.clone());
        Arc::new(self.types.iter().enumerate().map(key).collect())
    }

    /// The keys of a side's rows, in the types in which they are compared. They are called by their numbers.
    pub(super) fn keys(&self, side: Side, frame: &PolarsFrame) -> Result<PolarsFrame, CodeError> {
        let key = |(number, (key, dtype)): (usize, (&Expr, &DataType))| {
            key.clone().strict_cast(dtype.clone()).alias(number.to_string())
        };
        let keys: Vec<Expr> = self.of(side).iter().zip(&self.types).enumerate().map(key).collect();
        Ok(frame.clone().lazy().select(keys).collect()?)
    }

    /// The rows of `frame`, of a side, whose [keys](Self::keys) are among `keys`; or those whose are not.
    pub(super) fn among(
        &self,
        side: Side,
        frame: PolarsFrame,
        keys: PolarsFrame,
        are_wanted: bool,
    ) -> Result<PolarsFrame, CodeError> {
        let numbers: Vec<Expr> = (0..self.types.len()).map(|number| col(number.to_string())).collect();
        let how = if are_wanted { JoinType::Semi } else { JoinType::Anti };
        let join = frame.lazy().join_builder().with(keys.lazy()).left_on(self.of(side)).right_on(numbers).how(how);
        Ok(join.join_nulls(self.args.nulls_equal).allow_parallel(false).finish().collect()?)
    }
}

/// The types that polars casts keys to, so that they can be compared.
fn compared_types(plan: &IRPlan) -> Result<Vec<DataType>, String> {
    let mut stack = vec![plan.lp_top];
    while let Some(node) = stack.pop() {
        let ir = plan.lp_arena.get(node);
        if let IR::Join { input_left, left_on, .. } = ir {
            let schema = plan.lp_arena.get(*input_left).schema(&plan.lp_arena);
            let dtype = |key: &ExprIR| key.dtype(&schema, &plan.expr_arena).cloned();
            return left_on.iter().map(dtype).collect::<Result<_, _>>().map_err(|error| error.to_string());
        }
        stack.extend(ir.inputs());
    }
    Ok(Vec::new())
}
