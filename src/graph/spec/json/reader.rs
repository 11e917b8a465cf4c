//! The rules by which JSON is read.

use std::collections::HashSet;

use super::super::suggest::{shortened, similar, unknown_function};
use super::{Warning, indexed};
use crate::error::{Error, Result};
use crate::graph::Key;
use crate::graph::spec::{Datum, Expr, Registry, deep, parse_key};

/// Makes expressions of values.
pub(super) struct Reader<'a> {
    keys: HashSet<Key>,
    registry: &'a Registry,
    /// Where it is.
    key: Key,
    path: Vec<usize>,
    warnings: Vec<Warning>,
}

impl<'a> Reader<'a> {
    /// Of a graph that has `keys`.
    pub(super) fn new(keys: impl Iterator<Item = Key>, registry: &'a Registry) -> Self {
        Self { keys: keys.collect(), registry, key: Key::new(""), path: Vec::new(), warnings: Vec::new() }
    }

    /// What stands for `key`.
    pub(super) fn entry(&mut self, key: &Key, value: &Datum) -> Result<Expr> {
        self.key = key.clone();
        self.read(value)
    }

    /// What looked as if it were meant otherwise.
    pub(super) fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }

    fn read(&mut self, value: &Datum) -> Result<Expr> {
        match value {
            Datum::Text(text) => {
                let key = parse_key(text);
                Ok(if self.keys.contains(&key) { Expr::Key(key) } else { Expr::Literal(value.clone()) })
            }
            Datum::List(items) => self.list(items, value),
            Datum::Map(entries) => match &**entries {
                [(form, content)] if form.starts_with('$') => self.outright(form, content),
                _ => Ok(Expr::Literal(value.clone())),
            },
            _ => Ok(Expr::Literal(value.clone())),
        }
    }

    fn list(&mut self, items: &[Datum], value: &Datum) -> Result<Expr> {
        if let Some(key) = indexed(items).filter(|key| self.keys.contains(key)) {
            return Ok(Expr::Key(key));
        }
        let Some(Datum::Text(head)) = items.first() else { return self.plain(items, value) };
        let (is_key, is_function) = (self.keys.contains(&parse_key(head)), self.registry.get(head).is_some());
        if is_function && !is_key {
            return Ok(Expr::call(head.clone(), self.each(&items[1..], 1)?));
        }
        let list = self.plain(items, value)?;
        if is_key && is_function {
            self.warn(format!(
                "the list is no task, as {head} is a key, too; a task is {{\"$call\": [\"{head}\", …]}}"
            ));
        } else if !is_key {
            self.suspect(head, items.len(), &list);
        }
        Ok(list)
    }

    /// A list that is no task.
    fn plain(&mut self, items: &[Datum], value: &Datum) -> Result<Expr> {
        let read = self.each(items, 0)?;
        // One that is what it was shares its items.
        let same = read.iter().zip(items).all(|(expr, item)| expr.literal() == Some(item));
        Ok(if same { Expr::Literal(value.clone()) } else { Expr::list(read) })
    }

    fn each(&mut self, items: &[Datum], first: usize) -> Result<Vec<Expr>> {
        let mut exprs = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            self.path.push(first + at);
            exprs.push(deep(|| self.read(item))?);
            self.path.pop();
        }
        Ok(exprs)
    }

    /// A list is suspect whose head could be a function's name, and is nearly one, or has something to work on.
    fn suspect(&mut self, head: &str, len: usize, list: &Expr) {
        let letters = head.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let word = letters && head.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
        if word && len > 1 && (list.literal().is_none() || similar(head, self.registry).is_some()) {
            self.warn(format!("the list is a literal, as {}", unknown_function(head, self.registry)));
        }
    }

    fn warn(&mut self, problem: String) {
        self.warnings.push(Warning { key: self.key.clone(), path: self.path.clone(), problem });
    }

    /// An object that says what it is.
    fn outright(&mut self, form: &str, content: &Datum) -> Result<Expr> {
        match (form, content) {
            ("$lit", value) => Ok(Expr::Literal(value.clone())),
            ("$call", Datum::List(items)) => {
                let Some(Datum::Text(name)) = items.first() else {
                    return Err(self.error("$call has no function's name, expected {\"$call\": [\"name\", …]}"));
                };
                if self.registry.get(name).is_none() {
                    return Err(self.error(unknown_function(name, self.registry)));
                }
                Ok(Expr::call(name.clone(), self.each(&items[1..], 1)?))
            }
            ("$key", Datum::Text(text)) => Ok(Expr::Key(parse_key(text))),
            ("$float", Datum::Text(text)) => match &**text {
                "NaN" => Ok(Expr::from(f64::NAN)),
                "Infinity" => Ok(Expr::from(f64::INFINITY)),
                "-Infinity" => Ok(Expr::from(f64::NEG_INFINITY)),
                _ => Err(self.error("$float is neither \"NaN\" nor \"Infinity\" nor \"-Infinity\"")),
            },
            ("$call" | "$key" | "$float", other) => {
                let expected = if form == "$call" { "a list" } else { "a string" };
                Err(self.error(format!("{form} is {}, expected {expected}", other.describe())))
            }
            _ => {
                let form = shortened(form);
                Err(self.error(format!("{form} is none of $call, $lit, $key, $float; a map is {{\"$lit\": …}}")))
            }
        }
    }

    fn error(&self, problem: impl Into<String>) -> Error {
        Error::spec(&self.key, self.path.iter().copied(), problem)
    }
}
