//! Graphs as JSON: the rules by which it is read, and the way back.

use std::collections::HashSet;
use std::fmt;

use super::keys::{key_text, parse_key};
use super::suggest::{shortened, similar, unknown_function};
use super::write::quoted;
use super::{Datum, Expr, Registry, Spec, deep};
use crate::error::{Error, Result};
use crate::graph::Key;

/// Something in a graph's JSON that is right, but may not be what was meant.
///
/// ```
/// use thermocline::graph::spec::{Registry, Spec};
///
/// let (_, warnings) = Spec::from_json_with_warnings(r#"{"a": 1, "x": ["icn", "a"]}"#, &Registry::standard())?;
/// assert_eq!(warnings[0].to_string(), "x: the list is a literal, as there is no function icn; did you mean inc?");
/// # Ok::<(), thermocline::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key in which it is.
    pub key: Key,
    /// Where in it: see [`Error::Spec`].
    pub path: Vec<usize>,
    /// What was made of it.
    pub problem: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: {}", self.key, crate::error::describe_path(&self.path), self.problem)
    }
}

impl Spec {
    /// Reads a graph from JSON, by the rules of [this module](self#json).
    ///
    /// # Errors
    /// [`Error::Json`] where it is no JSON, or no object; [`Error::DuplicateKey`]; [`Error::Spec`] where an object of those
    /// that say something outright does not.
    pub fn from_json(text: &str, registry: &Registry) -> Result<Self> {
        Ok(Self::from_json_with_warnings(text, registry)?.0)
    }

    /// Reads a graph from JSON, and tells which lists look as if they were meant to be tasks.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with_warnings(text: &str, registry: &Registry) -> Result<(Self, Vec<Warning>)> {
        let top = Datum::from_json(text)?;
        let Datum::Map(entries) = &top else {
            let problem = format!("a {} was found, expected an object of keys", top.type_name());
            return Err(Error::Json { line: 1, column: 1, problem });
        };
        let entries: Vec<(Key, &Datum)> = entries.iter().map(|(key, value)| (parse_key(key), value)).collect();
        let keys = entries.iter().map(|(key, _)| key.clone()).collect();
        let mut reader = Reader { keys, registry, key: Key::new(""), path: Vec::new(), warnings: Vec::new() };
        let mut spec = Self::new();
        for (key, value) in entries {
            reader.key = key.clone();
            spec.insert(key, reader.read(value)?);
        }
        spec.check()?;
        Ok((spec, reader.warnings))
    }

    /// Writes the graph as JSON: [`from_json`](Self::from_json) makes the same graph of it, with a registry that has the
    /// functions.
    ///
    /// # Errors
    /// What [`check`](Self::check) has to say; [`Error::Spec`] where a key's name looks as an indexed key does, and where a
    /// map has a float that JSON lacks.
    pub fn to_json(&self) -> Result<String> {
        self.check()?;
        let mut text = String::from("{");
        for (at, (key, expr)) in self.iter().enumerate() {
            text.push_str(if at == 0 { "" } else { ", " });
            let mut writer = Writer { spec: self, key, text };
            writer.quoted(&writer.key_text(key)?);
            writer.text.push_str(": ");
            writer.write(expr)?;
            text = writer.text;
        }
        text.push('}');
        Ok(text)
    }
}

/// Makes expressions of values.
struct Reader<'a> {
    keys: HashSet<Key>,
    registry: &'a Registry,
    /// Where it is.
    key: Key,
    path: Vec<usize>,
    warnings: Vec<Warning>,
}

impl Reader<'_> {
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

/// The indexed key that a list may be: a name, and numbers.
fn indexed(items: &[Datum]) -> Option<Key> {
    let (Datum::Text(name), index) = items.split_first()? else { return None };
    let index = index.iter().map(|at| match at {
        Datum::Int(at) => u32::try_from(*at).ok(),
        _ => None,
    });
    let index = index.collect::<Option<Vec<u32>>>()?;
    (!index.is_empty()).then(|| Key::indexed(name.clone(), index))
}

/// Writes the expression of a key.
struct Writer<'a> {
    spec: &'a Spec,
    key: &'a Key,
    text: String,
}

impl Writer<'_> {
    fn write(&mut self, expr: &Expr) -> Result<()> {
        match expr {
            Expr::Literal(value) => self.literal(value),
            Expr::Key(key) => self.needed_key(key),
            Expr::List(items) => {
                let numbers = items.iter().skip(1).map(|item| item.literal().cloned()).collect::<Option<Vec<_>>>();
                let misread = match (items.first(), numbers) {
                    // A list of a key and numbers might be read as another key.
                    (Some(Expr::Key(key)), Some(numbers)) => {
                        let list: Vec<Datum> = [self.key_text(key)?.into()].into_iter().chain(numbers).collect();
                        indexed(&list).is_some_and(|key| self.spec.contains(&key))
                    }
                    _ => false,
                };
                self.listed(items.iter(), |writer, at, item| match item {
                    // As the head of a list it might be the name of a function.
                    Expr::Literal(Datum::Text(text)) if at == 0 => writer.outright("$lit", text),
                    Expr::Key(key) if at == 0 && misread => writer.outright("$key", &writer.key_text(key)?),
                    _ => writer.write(item),
                })
            }
            Expr::Call(call) => {
                let own = Expr::Literal(call.name().into());
                let as_key = [Datum::from(call.name())].into_iter().map(Some);
                let as_key = as_key.chain(call.arguments().iter().map(|argument| argument.literal().cloned()));
                let as_key = as_key.collect::<Option<Vec<_>>>().and_then(|items| indexed(&items));
                let plain =
                    !self.spec.contains(&parse_key(call.name())) && !as_key.is_some_and(|key| self.spec.contains(&key));
                self.text.push_str(if plain { "" } else { "{\"$call\": " });
                let items = std::iter::once(&own).chain(call.arguments());
                self.listed(items, |writer, at, item| match item {
                    Expr::Literal(Datum::Text(name)) if at == 0 => {
                        writer.quoted(name);
                        Ok(())
                    }
                    _ => writer.write(item),
                })?;
                self.text.push_str(if plain { "" } else { "}" });
                Ok(())
            }
        }
    }

    fn listed<'e>(
        &mut self,
        items: impl Iterator<Item = &'e Expr>,
        each: impl Fn(&mut Self, usize, &Expr) -> Result<()>,
    ) -> Result<()> {
        self.text.push('[');
        for (at, item) in items.enumerate() {
            self.text.push_str(if at == 0 { "" } else { ", " });
            deep(|| each(self, at, item))?;
        }
        self.text.push(']');
        Ok(())
    }

    fn needed_key(&mut self, key: &Key) -> Result<()> {
        let text = self.key_text(key)?;
        if self.spec.contains(key) {
            self.quoted(&text);
            Ok(())
        } else {
            self.outright("$key", &text)
        }
    }

    fn literal(&mut self, value: &Datum) -> Result<()> {
        match value {
            Datum::Float(float) if !float.is_finite() => self.outright("$float", &value.to_string()),
            Datum::Text(text) if self.spec.contains(&parse_key(text)) => self.outright("$lit", text),
            Datum::List(items) if self.is_plain(value) => self.list_of_literals(items, false),
            Datum::List(items) if has_no_json(value) => self.list_of_literals(items, true),
            Datum::Map(_) if has_no_json(value) => {
                Err(Error::spec(self.key, [], "a map has a float that is no number in JSON"))
            }
            Datum::Map(entries) if !entries.iter().any(|(key, _)| key.starts_with('$')) => {
                self.text.push_str(&value.to_string());
                Ok(())
            }
            Datum::List(_) | Datum::Map(_) => {
                self.text.push_str("{\"$lit\": ");
                self.text.push_str(&value.to_string());
                self.text.push('}');
                Ok(())
            }
            _ => {
                self.text.push_str(&value.to_string());
                Ok(())
            }
        }
    }

    /// A list of literals, each by itself; where `guarded`, a text at its head says that it is no function.
    fn list_of_literals(&mut self, items: &[Datum], guarded: bool) -> Result<()> {
        self.text.push('[');
        for (at, item) in items.iter().enumerate() {
            self.text.push_str(if at == 0 { "" } else { ", " });
            match item {
                Datum::Text(text) if guarded && at == 0 => self.outright("$lit", text)?,
                _ => deep(|| self.literal(item))?,
            }
        }
        self.text.push(']');
        Ok(())
    }

    /// Whether a list is written as what it is: no part of it would be read as something else.
    fn is_plain(&self, value: &Datum) -> bool {
        match value {
            Datum::Text(text) => !self.spec.contains(&parse_key(text)),
            Datum::List(items) => {
                !matches!(items.first(), Some(Datum::Text(_))) && items.iter().all(|item| deep(|| self.is_plain(item)))
            }
            _ => true,
        }
    }

    fn outright(&mut self, form: &str, content: &str) -> Result<()> {
        self.text.push_str("{\"");
        self.text.push_str(form);
        self.text.push_str("\": ");
        self.quoted(content);
        self.text.push('}');
        Ok(())
    }

    fn quoted(&mut self, text: &str) {
        // A string takes all that is written to it.
        let _ = quoted(text, &mut self.text);
    }

    fn key_text(&self, key: &Key) -> Result<String> {
        key_text(key).ok_or_else(|| {
            let problem =
                format!("the name {} would be read as an indexed key: name it otherwise", shortened(key.name()));
            Error::spec(self.key, [], problem)
        })
    }
}

/// Whether there is a float in it that JSON lacks.
fn has_no_json(value: &Datum) -> bool {
    match value {
        Datum::Float(value) => !value.is_finite(),
        Datum::List(items) => items.iter().any(|item| deep(|| has_no_json(item))),
        Datum::Map(entries) => entries.iter().any(|(_, item)| deep(|| has_no_json(item))),
        _ => false,
    }
}
