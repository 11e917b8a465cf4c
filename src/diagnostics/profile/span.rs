//! What took how long.

use std::time::Duration;

use smallvec::SmallVec;

use crate::event::Label;

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A task ran.
    Task { ok: bool },
    /// A chunk was written to scratch.
    Spill,
    /// A chunk came back from scratch.
    Reload { in_place: bool },
    /// A chunk was made again.
    Redo,
    /// A ready task waited for memory.
    WaitMemory,
    /// A task that had begun waited for inputs that others were bringing back.
    WaitInputs,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Task { .. } => "task",
            Self::Spill => "spill",
            Self::Reload { .. } => "reload",
            Self::Redo => "redo",
            Self::WaitMemory => "wait-memory",
            Self::WaitInputs => "wait-inputs",
        }
    }
}

/// Something that took a while, from when to when since the profile was made.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) kind: Kind,
    pub(crate) run: u32,
    /// The number of the layer in its run.
    pub(crate) layer: u32,
    /// The layer's name, where it is one of those that were put together.
    pub(crate) name: Option<Box<str>>,
    pub(crate) index: SmallVec<[u32; 4]>,
    /// Nothing for the thread that writes to scratch.
    pub(crate) worker: Option<u32>,
    pub(crate) start: Duration,
    pub(crate) elapsed: Duration,
    /// Bytes in memory: of a task its output's.
    pub(crate) bytes: u64,
    /// Bytes on scratch.
    pub(crate) stored: u64,
}

impl Span {
    /// The task's key; `layer` is the name of its layer.
    pub(crate) fn key(&self, layer: &str) -> String {
        Label { layer: self.name.as_deref().unwrap_or(layer), index: &self.index }.to_string()
    }

    pub(crate) fn end(&self) -> Duration {
        self.start + self.elapsed
    }
}

/// Spans, as long as they are few; of more each second, each fourth, and so on, evenly from first to last.
#[derive(Debug)]
pub(crate) struct Kept {
    spans: Vec<Span>,
    /// One of so many is kept.
    stride: u64,
    seen: u64,
}

impl Default for Kept {
    fn default() -> Self {
        Self { spans: Vec::new(), stride: 1, seen: 0 }
    }
}

impl Kept {
    /// Keeps the span, if it is its turn; of at most `most`.
    pub(super) fn keep(&mut self, most: usize, span: impl FnOnce() -> Span) {
        let turn = self.seen;
        self.seen += 1;
        if !turn.is_multiple_of(self.stride) {
            return;
        }
        if self.spans.len() >= most.max(2) {
            let mut place = 0;
            self.spans.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
            if !turn.is_multiple_of(self.stride) {
                return;
            }
        }
        self.spans.push(span());
    }

    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// How many there were.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(number: u64) -> Span {
        Span {
            kind: Kind::Spill,
            run: 1,
            layer: 0,
            name: None,
            index: SmallVec::new(),
            worker: None,
            start: Duration::from_nanos(number),
            elapsed: Duration::ZERO,
            bytes: 0,
            stored: 0,
        }
    }

    #[test]
    fn few_are_all_kept_and_of_many_an_even_part() {
        for (count, most, step) in [(8, 8, 1), (9, 8, 2), (1000, 8, 128), (1001, 100, 16)] {
            let mut kept = Kept::default();
            (0..count).for_each(|number| kept.keep(most, || span(number)));
            let numbers: Vec<u64> = kept.spans().iter().map(|span| span.start.as_nanos() as u64).collect();
            let expected: Vec<u64> = (0..count).step_by(step).collect();
            assert_eq!((kept.seen(), &numbers), (count, &expected), "{count} of {most}");
            assert!(numbers.len() <= most);
        }
    }
}
