//! Expressions on the command line, as SQL has them.

use polars::prelude::{Expr, Schema};
use polars_sql::sql_expr;
use sqlparser::ast::SelectItem;
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserError};

use crate::error::{BenchError, Result};

/// The expressions that `text`, said to `flag`, lists with commas between, of a table of `schema`. One without a name of its
/// own is called what it is: `AVG(delay)`.
pub(super) fn list(flag: &str, text: &str, schema: &Schema) -> Result<Vec<Expr>> {
    items(text).into_iter().map(|item| item.expression(flag, schema)).collect()
}

/// The only expression of `text`.
pub(super) fn one(flag: &str, text: &str, schema: &Schema) -> Result<Expr> {
    Item { text: text.trim(), within: text }.expression(flag, schema)
}

/// An expression in its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) text: &'a str,
    within: &'a str,
}

/// What stands between commas that are in no parentheses and no quotes.
pub(super) fn items(text: &str) -> Vec<Item<'_>> {
    let (mut depth, mut quote, mut start, mut items) = (0_usize, None, 0, Vec::new());
    let item = |from: usize, to: usize| Item { text: text[from..to].trim(), within: text };
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                items.push(item(start, at));
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(item(start, text.len()));
    items
}

impl Item<'_> {
    fn expression(self, flag: &str, schema: &Schema) -> Result<Expr> {
        let named = self.parse().map_err(|error| self.wrong(flag, error))?;
        let expr = sql_expr(self.text).map_err(|error| self.refused(flag, &error.to_string()))?;
        for name in expr.clone().meta().root_names() {
            if !schema.contains(&name) {
                return Err(self.refused(flag, &missing(&name, schema)));
            }
        }
        Ok(if named || matches!(expr, Expr::Column(_)) { expr } else { expr.alias(self.text) })
    }

    /// Whether it has a name of its own.
    fn parse(self) -> Result<bool, ParserError> {
        let mut parser = Parser::new(&GenericDialect).try_with_sql(self.text)?;
        let item = parser.parse_select_item()?;
        parser.expect_token(&sqlparser::tokenizer::Token::EOF)?;
        match item {
            SelectItem::UnnamedExpr(_) => Ok(false),
            SelectItem::ExprWithAlias { .. } => Ok(true),
            _ => Err(ParserError::ParserError("Expected: an expression, found: * at Line: 1, Column: 1".into())),
        }
    }

    /// What the parser says, in terms of the whole text.
    fn wrong(self, flag: &str, error: ParserError) -> BenchError {
        let (ParserError::ParserError(said) | ParserError::TokenizerError(said)) = error else {
            return self.refused(flag, "it is nested too deeply");
        };
        let (problem, place) = said.split_once(" at Line: ").unwrap_or((&said, ""));
        let column = place.rsplit("Column: ").next().and_then(|column| column.trim().parse::<usize>().ok());
        // Behind the last token there is no place.
        let column = column.filter(|&column| column > 0).unwrap_or_else(|| self.text.chars().count() + 1);
        let before = self.text.as_ptr() as usize - self.within.as_ptr() as usize;
        let place = self.within[..before].chars().count() + column;
        let problem = problem
            .replace("Expected: ", "expected ")
            .replace("found: EOF", "found the end")
            .replace("found: ", "found ");
        BenchError::Usage(format!("{flag}: in {:?}, at character {place}: {problem}", self.within))
    }

    fn refused(self, flag: &str, problem: &str) -> BenchError {
        BenchError::Usage(format!("{flag}: {:?}: {problem}", self.text))
    }
}

/// That there is no such column, and which there are.
pub(super) fn missing(name: &str, schema: &Schema) -> String {
    let plain = |name: &str| {
        name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>()
    };
    let alike = schema.iter_names().find(|own| plain(own) == plain(name));
    let names: Vec<&str> = schema.iter_names().map(polars::prelude::PlSmallStr::as_str).collect();
    match alike {
        Some(alike) => format!("there is no column {name:?}; there is {:?}", alike.as_str()),
        None => format!("there is no column {name:?}; there are {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::DataType;

    use super::*;

    fn schema() -> Schema {
        Schema::from_iter([("dep_delay".into(), DataType::Float64), ("origin".into(), DataType::String)])
    }

    fn complaint(text: &str) -> String {
        list("--agg", text, &schema()).unwrap_err().line()
    }

    #[test]
    fn commas_in_parentheses_and_quotes_part_nothing() {
        let texts = |text| items(text).iter().map(|item| item.text).collect::<Vec<_>>();
        assert_eq!(texts("COALESCE(a, 1) AS b, 'x, y', \"a,b\""), ["COALESCE(a, 1) AS b", "'x, y'", "\"a,b\""]);
        let names = |text: &str| {
            let exprs = list("--agg", text, &schema()).unwrap();
            exprs.iter().map(|expr| expr.clone().meta().output_name().unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names("AVG(dep_delay) AS mean, COUNT(*), origin"), ["mean", "COUNT(*)", "origin"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        assert_eq!(
            complaint("origin, AVG(dep_delay"),
            "--agg: in \"origin, AVG(dep_delay\", at character 22: expected ), found the end"
        );
        assert!(complaint("dep_delay >").contains("at character 12: expected an expression, found the end"));
        assert!(
            complaint("origin dep_delay x").contains("at character 18: expected"),
            "{}",
            complaint("origin dep_delay x")
        );
        assert!(complaint("").contains("at character 1: expected an expression, found the end"), "{}", complaint(""));
        assert!(complaint("'open").contains("Unterminated string literal"), "{}", complaint("'open"));
        assert!(complaint("*").contains("expected an expression, found *"), "{}", complaint("*"));
        assert_eq!(complaint("FLY(origin)"), "--agg: \"FLY(origin)\": unsupported function 'fly'");
    }

    #[test]
    fn columns_that_are_not_there_are_named_with_those_that_are() {
        assert!(complaint("AVG(DepDelay)").ends_with("there is no column \"DepDelay\"; there is \"dep_delay\""));
        assert!(complaint("day").ends_with("there is no column \"day\"; there are dep_delay, origin"));
    }
}
