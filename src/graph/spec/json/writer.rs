//! JSON that is read as what was written.

use super::super::suggest::shortened;
use super::super::write::quoted;
use super::indexed;
use crate::error::{Error, Result};
use crate::graph::Key;
use crate::graph::spec::{Datum, Expr, Spec, deep, key_text, parse_key};

/// Writes the expression of a key.
pub(super) struct Writer<'a> {
    spec: &'a Spec,
    key: &'a Key,
    text: &'a mut String,
}

impl<'a> Writer<'a> {
    /// Of a key of `spec`, to the end of `text`.
    pub(super) fn new(spec: &'a Spec, key: &'a Key, text: &'a mut String) -> Self {
        Self { spec, key, text }
    }

    /// Writes the key, and what stands for it.
    pub(super) fn entry(&mut self, expr: &Expr) -> Result<()> {
        let key = self.key_text(self.key)?;
        self.quoted(&key);
        self.text.push_str(": ");
        self.write(expr)
    }

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
                    Expr::Literal(Datum::Text(text)) if at == 0 => {
                        writer.outright("$lit", text);
                        Ok(())
                    }
                    Expr::Key(key) if at == 0 && misread => {
                        let text = writer.key_text(key)?;
                        writer.outright("$key", &text);
                        Ok(())
                    }
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
        } else {
            self.outright("$key", &text);
        }
        Ok(())
    }

    fn literal(&mut self, value: &Datum) -> Result<()> {
        let outright = match value {
            Datum::Float(float) if !float.is_finite() => {
                self.outright("$float", &value.to_string());
                return Ok(());
            }
            Datum::List(items) if self.is_plain(value) => return self.list_of_literals(items, false),
            Datum::List(items) if has_no_json(value) => return self.list_of_literals(items, true),
            Datum::Map(_) if has_no_json(value) => {
                return Err(Error::spec(self.key, [], "a map has a float that is no number in JSON"));
            }
            Datum::Text(text) => self.spec.contains(&parse_key(text)),
            Datum::Map(entries) => entries.iter().any(|(key, _)| key.starts_with('$')),
            other => matches!(other, Datum::List(_)),
        };
        self.text.push_str(if outright { "{\"$lit\": " } else { "" });
        self.text.push_str(&value.to_string());
        self.text.push_str(if outright { "}" } else { "" });
        Ok(())
    }

    /// A list of literals, each by itself; where `guarded`, a text at its head says that it is no function.
    fn list_of_literals(&mut self, items: &[Datum], guarded: bool) -> Result<()> {
        self.text.push('[');
        for (at, item) in items.iter().enumerate() {
            self.text.push_str(if at == 0 { "" } else { ", " });
            match item {
                Datum::Text(text) if guarded && at == 0 => self.outright("$lit", text),
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

    fn outright(&mut self, form: &str, content: &str) {
        self.text.push_str("{\"");
        self.text.push_str(form);
        self.text.push_str("\": ");
        self.quoted(content);
        self.text.push('}');
    }

    fn quoted(&mut self, text: &str) {
        // A string takes all that is written to it.
        let _ = quoted(text, self.text);
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
