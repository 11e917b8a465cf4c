//! Calls that wait for others whose values they don't take.
//!
//! A *barrier* is a value of no size that is there once all others are: each of them has a task that gives nothing and needs
//! only that one, and the barrier needs those. So what is waited for need not be in memory at one time.

use std::collections::HashMap;
use std::sync::Arc;

use super::Delayed;
use super::node::{Node, Origin};
use crate::chunk::Chunk;
use crate::error::Result;
use crate::graph::{Key, Layers, Size, Task};

/// What can be waited for: delayed values, arrays, and lists, options and tuples of these.
pub trait Awaited: Send + Sync + 'static {
    /// Adds its tasks to `layers`. Gives the keys of those that it consists of.
    ///
    /// # Errors
    /// Where it can't be computed.
    fn awaited_keys(&self, layers: &mut Layers) -> Result<Vec<Key>>;
}

impl<T: Send + Sync + 'static> Awaited for Delayed<T> {
    fn awaited_keys(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        Ok(self.build_parts(layers)?.0)
    }
}

impl<T: Awaited> Awaited for Vec<T> {
    fn awaited_keys(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        let mut keys = Vec::new();
        for one in self {
            keys.append(&mut one.awaited_keys(layers)?);
        }
        Ok(keys)
    }
}

impl<T: Awaited> Awaited for Option<T> {
    fn awaited_keys(&self, layers: &mut Layers) -> Result<Vec<Key>> {
        self.as_ref().map_or_else(|| Ok(Vec::new()), |one| one.awaited_keys(layers))
    }
}

/// A value that is there once all of `what` is: `()`.
///
/// ```
/// use thermocline::delayed::checkpoint;
/// use thermocline::{Array, Session, delayed};
///
/// let table = delayed!((|| vec![1, 2, 3])());
/// let field = Array::<f64>::ones(&[100], [10]);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// session.compute(checkpoint((table, field)))?; // both were made, and are gone
/// assert!(session.stats().tasks > 11);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub fn checkpoint(what: impl Awaited) -> Delayed<()> {
    Delayed::of_tasks("checkpoint", move |layers| {
        let done = what.awaited_keys(layers)?;
        let done = done.into_iter().map(|key| add_unit(layers, "done", [key])).collect::<Vec<_>>();
        Ok(add_unit(layers, "checkpoint", done))
    })
}

/// Adds a task that gives nothing.
fn add_unit(layers: &mut Layers, label: &str, needs: impl IntoIterator<Item = Key>) -> Key {
    let key = layers.number(label);
    layers.add(Task::new(key.clone(), needs, Arc::new(|_, _| Ok(Chunk::new(())))).output(Size::Exact(0)));
    key
}

/// The same value as `value`, none of whose calls is made before all of `before` is there. It has calls of its own: where
/// `value` is needed too, by others, that one is made as ever.
///
/// What is no call is not held back: values that a session keeps, and blocks of arrays.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use thermocline::delayed::bind;
/// use thermocline::{Session, delayed};
///
/// static IS_SET_UP: AtomicBool = AtomicBool::new(false);
///
/// let set_up = delayed!((|| IS_SET_UP.store(true, Ordering::SeqCst))());
/// let started = delayed!((|| IS_SET_UP.load(Ordering::SeqCst))());
/// let used = delayed!((|started: &bool| *started)(started));
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// assert!(session.compute(bind(&used, set_up))?);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub fn bind<T: Send + Sync + 'static>(value: &Delayed<T>, before: impl Awaited) -> Delayed<T> {
    let barrier = checkpoint(before).node;
    let node = held_back(&value.node, &barrier);
    let is_held_back = !Arc::ptr_eq(&node, &value.node);
    let own = value.barrier.as_ref().map(|waits| held_back(waits, &barrier));
    Delayed { node, barrier: own.or_else(|| (!is_held_back).then_some(barrier)), ..value.clone() }
}

/// A copy of the calls that `node` is made of, in which those that need no other calls need `barrier`.
fn held_back(node: &Arc<Node>, barrier: &Arc<Node>) -> Arc<Node> {
    let mut copies: HashMap<*const Node, Arc<Node>> = HashMap::new();
    let mut stack = vec![node];
    while let Some(&next) = stack.last() {
        if copies.contains_key(&Arc::as_ptr(next)) {
            stack.pop();
            continue;
        }
        let before = stack.len();
        stack.extend(next.needs.iter().filter(|need| !copies.contains_key(&Arc::as_ptr(need))));
        if stack.len() == before {
            stack.pop();
            copies.insert(Arc::as_ptr(next), copy_held_back(next, &copies, barrier));
        }
    }
    copies.remove(&Arc::as_ptr(node)).unwrap_or_else(|| node.clone())
}

fn copy_held_back(node: &Arc<Node>, copies: &HashMap<*const Node, Arc<Node>>, barrier: &Arc<Node>) -> Arc<Node> {
    let Origin::Call { .. } = node.origin else { return node.clone() };
    let mut copy = Node::clone(node);
    copy.needs = node.needs.iter().map(|need| copies.get(&Arc::as_ptr(need)).unwrap_or(need).clone()).collect();
    let waits_already = copy.needs.iter().zip(&node.needs).any(|(copy, need)| !Arc::ptr_eq(copy, need));
    if !waits_already {
        copy.needs.push(barrier.clone());
    }
    // It is not the call that its function and arguments tell.
    copy.token = None;
    Arc::new(copy)
}

/// The same values, none of which is seen before all are there.
///
/// ```
/// use thermocline::delayed::wait_on;
/// use thermocline::{Session, delayed};
///
/// let (a, b) = wait_on((delayed!((|| 1)()), delayed!((|| 2)())));
/// let c = delayed!((|a: &i32| a * 10)(a)); // not before b is there, too
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// assert_eq!(session.compute((c, b))?, (10, 2));
/// # Ok::<(), thermocline::Error>(())
/// ```
pub fn wait_on<W: Waiting>(values: W) -> W {
    let barrier = checkpoint(values.clone()).node;
    values.waiting_for(&barrier)
}

/// What can be made to wait: delayed values, and lists, options and tuples of these.
pub trait Waiting: Awaited + Clone + sealed::Sealed {
    #[doc(hidden)]
    #[must_use]
    #[expect(private_interfaces, reason = "what a barrier is, is nobody's business")]
    fn waiting_for(self, barrier: &Arc<Node>) -> Self;
}

mod sealed {
    pub trait Sealed {}

    impl<T> Sealed for super::Delayed<T> {}
    impl<T: Sealed> Sealed for Vec<T> {}
    impl<T: Sealed> Sealed for Option<T> {}
}

impl<T: Send + Sync + 'static> Waiting for Delayed<T> {
    #[expect(private_interfaces, reason = "what a barrier is, is nobody's business")]
    fn waiting_for(self, barrier: &Arc<Node>) -> Self {
        // What it waited for before is part of the barrier.
        Self { barrier: Some(barrier.clone()), ..self }
    }
}

impl<T: Waiting> Waiting for Vec<T> {
    #[expect(private_interfaces, reason = "what a barrier is, is nobody's business")]
    fn waiting_for(self, barrier: &Arc<Node>) -> Self {
        self.into_iter().map(|one| one.waiting_for(barrier)).collect()
    }
}

impl<T: Waiting> Waiting for Option<T> {
    #[expect(private_interfaces, reason = "what a barrier is, is nobody's business")]
    fn waiting_for(self, barrier: &Arc<Node>) -> Self {
        self.map(|one| one.waiting_for(barrier))
    }
}

macro_rules! tuples {
    ($($name:ident . $place:tt),+) => {
        impl<$($name: Awaited),+> Awaited for ($($name,)+) {
            fn awaited_keys(&self, layers: &mut Layers) -> Result<Vec<Key>> {
                let mut keys = Vec::new();
                $(keys.append(&mut self.$place.awaited_keys(layers)?);)+
                Ok(keys)
            }
        }

        impl<$($name: sealed::Sealed),+> sealed::Sealed for ($($name,)+) {}

        impl<$($name: Waiting),+> Waiting for ($($name,)+) {
            #[expect(private_interfaces, reason = "what a barrier is, is nobody's business")]
            fn waiting_for(self, barrier: &Arc<Node>) -> Self {
                ($(self.$place.waiting_for(barrier),)+)
            }
        }
    };
}

tuples!(A.0);
tuples!(A.0, B.1);
tuples!(A.0, B.1, C.2);
tuples!(A.0, B.1, C.2, D.3);
tuples!(A.0, B.1, C.2, D.3, E.4);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6);
tuples!(A.0, B.1, C.2, D.3, E.4, F.5, G.6, H.7);
