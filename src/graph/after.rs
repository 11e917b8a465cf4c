//! Tasks that wait for another one, whose value they don't take.

use std::collections::HashSet;
use std::sync::Arc;

use super::task::Work;
use super::{Key, Task, TaskContext};
use crate::chunk::Chunk;

/// Has tasks wait for one: those that need no other that waits already. What a session keeps is there, and can't wait.
#[derive(Debug)]
pub(super) struct After {
    barrier: Key,
    waiting: HashSet<Key>,
}

impl After {
    pub(super) fn new(barrier: Key) -> Self {
        Self { barrier, waiting: HashSet::new() }
    }

    /// Whether a task is one that waits.
    pub(super) fn holds(&self, key: &Key) -> bool {
        self.waiting.contains(key)
    }

    pub(super) fn hold_back(&mut self, task: &mut Task) {
        let Work::Call(run) = &task.work else { return };
        if !task.dependencies.iter().any(|need| self.holds(need)) {
            let (taken, run) = (task.dependencies.len(), run.clone());
            task.dependencies.push(self.barrier.clone());
            task.work =
                Work::Call(Arc::new(move |context: &TaskContext<'_>, chunks: &[Chunk]| run(context, &chunks[..taken])));
        }
        self.waiting.insert(task.key.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_nothing_holds_back_get_another_need() {
        let task = |key: &str, needs: &[&str]| {
            Task::new(key, needs.iter().copied().map(Key::new), Arc::new(|_, _| Ok(Chunk::new(()))))
        };
        let mut after = After::new(Key::new("barrier"));
        let held = |after: &mut After, mut task: Task| {
            after.hold_back(&mut task);
            task.dependencies.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(held(&mut after, task("a", &[])), ["barrier"]);
        assert_eq!(held(&mut after, task("b", &["a"])), ["a"]);
        assert_eq!(held(&mut after, task("c", &["kept"])), ["kept", "barrier"]);
        assert_eq!(held(&mut after, task("d", &["kept", "b"])), ["kept", "b"]);
        assert_eq!(held(&mut after, Task::held(Key::new("kept"), Arc::new(()), 8, true)), [""; 0]);
        assert!(after.holds(&Key::new("c")) && !after.holds(&Key::new("kept")));
    }
}
