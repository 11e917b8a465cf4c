//! Calls that wait for others whose values they don't take.
//!
//! A *barrier* is a value of no size that is there once all others are: each of them has a task that gives nothing and needs
//! only that one, and the barrier needs those. So what is waited for need not be in memory at one time.
//!
//! Calls are held back by another need. Tasks of arrays are not there yet: they are built [after](Layers::after) the barrier.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::Delayed;
use super::node::{AddTasks, Node, Origin};
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
    let node = barrier_node(Vec::new(), move |layers| {
        let done = what.awaited_keys(layers)?;
        // One for all that wait for the same.
        Ok(layers.barrier(done, |layers, done| {
            let done: Vec<Key> = done.iter().map(|key| add_unit(layers, "done", [key.clone()])).collect();
            add_unit(layers, "checkpoint", done)
        }))
    });
    Delayed::new(node, Arc::new(Chunk::get::<()>))
}

fn barrier_node(needs: Vec<Arc<Node>>, add: impl Fn(&mut Layers) -> Result<Key> + Send + Sync + 'static) -> Arc<Node> {
    Arc::new(Node::new("checkpoint", Origin::Barrier(Arc::new(add)), needs))
}

/// Adds a task that gives nothing.
fn add_unit(layers: &mut Layers, label: &str, needs: impl IntoIterator<Item = Key>) -> Key {
    let key = layers.number(label);
    layers.add(Task::new(key.clone(), needs, Arc::new(|_, _| Ok(Chunk::new(())))).output(Size::Exact(0)));
    key
}

/// The same as `values`, of which no call is made, and no block of an array, before all of `before` is there. They have calls
/// and blocks of their own: where `values` are needed too, by others, those are made as ever. Several that share calls are
/// bound together, as a list or a tuple, so that these are made once for all of them.
///
/// What is there already can't be made later: values and arrays that a session keeps. Who uses them waits (a kept array is
/// copied for that, block by block). What `values` wait for by themselves is not held back, but where an array is made of
/// delayed values: with its blocks these, too, are made for it alone.
///
/// An array is made into blocks here, in the chunks that it has: what is done with it starts from these.
///
/// ```
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use thermocline::delayed::bind;
/// use thermocline::{Array, Session, delayed};
///
/// static IS_SET_UP: AtomicBool = AtomicBool::new(false);
///
/// let set_up = delayed!((|| IS_SET_UP.store(true, Ordering::SeqCst))());
/// let started = delayed!((|| IS_SET_UP.load(Ordering::SeqCst))());
/// let used = delayed!((|started: &bool| *started)(started));
/// let field = Array::from_fn(&[8], &[2], |_| IS_SET_UP.load(Ordering::SeqCst));
/// let (used, field) = bind(&(used, field), set_up);
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// assert!(session.compute(used)?);
/// assert!(session.compute(field.all(..))?[[]]);
/// # Ok::<(), thermocline::Error>(())
/// ```
pub fn bind<W: Waiting>(values: &W, before: impl Awaited) -> W {
    let barrier = Barrier(checkpoint(before).node);
    values.clone().held_back(&mut HeldBack { barrier, copies: HashMap::new() })
}

/// What has to be there before.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct Barrier(Arc<Node>);

impl Barrier {
    /// The key of its task.
    pub(crate) fn build(&self, layers: &mut Layers) -> Result<Key> {
        self.0.build(layers)
    }

    /// What is there once both are.
    fn and(&self, other: &Arc<Node>) -> Arc<Node> {
        let both = [self.0.clone(), other.clone()];
        let needs = both.to_vec();
        barrier_node(needs, move |layers| {
            let keys = both.iter().map(|each| each.build(layers)).collect::<Result<Vec<_>>>()?;
            Ok(add_unit(layers, "checkpoint", keys))
        })
    }
}

/// Copies of the calls that values are made of, which a barrier holds back.
#[doc(hidden)]
pub struct HeldBack {
    barrier: Barrier,
    /// By the address of the call, which is alive as long as it is being copied.
    copies: HashMap<*const Node, Arc<Node>>,
}

impl HeldBack {
    pub(crate) fn barrier(&self) -> &Barrier {
        &self.barrier
    }

    /// A copy of the calls that `node` is made of, in which those that need no other calls need the barrier.
    fn copy(&mut self, node: &Arc<Node>) -> Arc<Node> {
        let mut stack = vec![node];
        while let Some(&next) = stack.last() {
            if self.copies.contains_key(&Arc::as_ptr(next)) {
                stack.pop();
                continue;
            }
            let before = stack.len();
            stack.extend(next.needs.iter().filter(|need| !self.copies.contains_key(&Arc::as_ptr(need))));
            if stack.len() == before {
                stack.pop();
                let copy = self.copy_one(next);
                self.copies.insert(Arc::as_ptr(next), copy);
            }
        }
        self.copies[&Arc::as_ptr(node)].clone()
    }

    fn copy_one(&self, node: &Arc<Node>) -> Arc<Node> {
        match &node.origin {
            Origin::Call { .. } => self.copy_call(node),
            Origin::Tasks(add) => {
                let mut copy = Node::clone(node);
                copy.origin = Origin::Tasks(self.after(add.clone()));
                copy.needs = vec![self.barrier.0.clone()];
                Arc::new(copy)
            }
            Origin::Kept(_) | Origin::Barrier(_) => node.clone(),
        }
    }

    fn after(&self, add: Arc<AddTasks>) -> Arc<AddTasks> {
        let barrier = self.barrier.clone();
        Arc::new(move |layers| {
            let barrier = barrier.build(layers)?;
            layers.after(&barrier, |layers| add(layers))
        })
    }

    fn copy_call(&self, node: &Arc<Node>) -> Arc<Node> {
        let mut copy = Node::clone(node);
        copy.needs = node.needs.iter().map(|need| self.copies[&Arc::as_ptr(need)].clone()).collect();
        // Other tasks than calls may be there already.
        if !copy.needs.iter().any(|need| need.is_call()) {
            copy.needs.push(self.barrier.0.clone());
        }
        // It is not the call that its function and arguments tell.
        copy.token = None;
        Arc::new(copy)
    }
}

impl fmt::Debug for HeldBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldBack({} calls)", self.copies.len())
    }
}

/// The same values, none of which is seen before all are there. Of an array no block is: they all have been made by then, in
/// memory or on scratch, and are copied for who waited.
///
/// ```
/// use thermocline::delayed::wait_on;
/// use thermocline::{Array, Session, delayed};
///
/// let (a, x) = wait_on((delayed!((|| 1)()), Array::<f64>::ones(&[100], [10])));
/// let b = delayed!((|a: &i32| a * 10)(a)); // not before all of x is there, too
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// assert_eq!(session.compute(b)?, 10);
/// assert_eq!(session.compute(x.sum(..))?[[]], 100.0); // not before a is there
/// # Ok::<(), thermocline::Error>(())
/// ```
pub fn wait_on<W: Waiting>(values: W) -> W {
    let barrier = Barrier(checkpoint(values.clone()).node);
    values.waiting_for(&barrier)
}

/// What can be made to wait: delayed values, arrays, and lists, options and tuples of these.
pub trait Waiting: Awaited + Clone + sealed::Sealed {
    /// As it is seen once the barrier is there.
    #[doc(hidden)]
    #[must_use]
    fn waiting_for(self, barrier: &Barrier) -> Self;

    /// As it is made once the barrier is there.
    #[doc(hidden)]
    #[must_use]
    fn held_back(self, by: &mut HeldBack) -> Self;
}

pub(crate) mod sealed {
    pub trait Sealed {}

    impl<T> Sealed for super::Delayed<T> {}
    impl<T: Sealed> Sealed for Vec<T> {}
    impl<T: Sealed> Sealed for Option<T> {}
}

impl<T: Send + Sync + 'static> Waiting for Delayed<T> {
    fn waiting_for(self, barrier: &Barrier) -> Self {
        // What it waited for before is part of the barrier.
        Self { barrier: Some(barrier.0.clone()), ..self }
    }

    fn held_back(self, by: &mut HeldBack) -> Self {
        let node = by.copy(&self.node);
        let barrier = match &self.barrier {
            own if node.is_call() => own.clone(),
            // What is no call may be there already: who sees it waits.
            None => Some(by.barrier.0.clone()),
            Some(own) => Some(by.barrier.and(own)),
        };
        Self { node, barrier, ..self }
    }
}

impl<T: Waiting> Waiting for Vec<T> {
    fn waiting_for(self, barrier: &Barrier) -> Self {
        self.into_iter().map(|one| one.waiting_for(barrier)).collect()
    }

    fn held_back(self, by: &mut HeldBack) -> Self {
        self.into_iter().map(|one| one.held_back(by)).collect()
    }
}

impl<T: Waiting> Waiting for Option<T> {
    fn waiting_for(self, barrier: &Barrier) -> Self {
        self.map(|one| one.waiting_for(barrier))
    }

    fn held_back(self, by: &mut HeldBack) -> Self {
        self.map(|one| one.held_back(by))
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
            fn waiting_for(self, barrier: &Barrier) -> Self {
                ($(self.$place.waiting_for(barrier),)+)
            }

            fn held_back(self, by: &mut HeldBack) -> Self {
                ($(self.$place.held_back(by),)+)
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
