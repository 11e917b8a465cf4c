//! Spans for programs that use `tracing`: a run, within it its tasks.

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use thermocline::Session;
use thermocline::chunk::Chunk;
use thermocline::graph::{Graph, Key, Task};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What spans there were, each with its parent's name; by number.
#[derive(Default)]
struct Spans(Arc<Mutex<Vec<String>>>);

/// The fields of a span, as text.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("thermocline")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut spans = self.0.lock().unwrap();
        let parent = span.parent().map(|id| spans[id.into_u64() as usize - 1].clone());
        let within = parent.map_or_else(String::new, |parent| format!(" in {parent}"));
        spans.push(format!("{}{}{within}", span.metadata().name(), fields.0));
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.lock().unwrap().push(format!("event{}", fields.0));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

#[test]
fn a_run_and_its_tasks_are_spans() {
    let spans = Spans::default();
    let said = spans.0.clone();
    // Workers are other threads. Tests beside this one, in its process, are heard as well, and not looked at.
    tracing::subscriber::set_global_default(spans).unwrap();
    let session = Session::builder().memory_limit("64MiB".parse().unwrap()).threads(1).build().unwrap();
    let good = Task::new("traced-good", [], Arc::new(|_, _| Ok(Chunk::new(()))));
    let bad = Task::new("traced-bad", [Key::new("traced-good")], Arc::new(|_, _| Err("no luck".into())));
    let graph = Graph::new([good, bad]).unwrap();
    session.run(&graph, &[Key::new("traced-bad")]).unwrap_err();
    drop(session);
    let said = said.lock().unwrap();
    let task = said.iter().find(|line| line.contains("traced-bad") && line.starts_with("task")).unwrap();
    assert!(task.starts_with("task key=traced-bad worker=0 in run run=1 tasks=2 stated_peak="), "{task}");
    assert!(said.iter().any(|line| line.starts_with("task key=traced-good worker=0")), "{said:?}");
    let end = said.iter().find(|line| line.starts_with("event") && line.contains("traced-bad")).unwrap();
    assert!(end.contains("the run has failed") && end.contains("no luck"), "{end}");
}
