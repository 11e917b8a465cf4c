//! From a function and its arguments to a delayed value.

use std::any::{Any, type_name};
use std::sync::Arc;

use super::argument::{Argument, Inputs, Needs, Takes};
use super::node::{Node, Origin};
use super::value::Manner;
use super::{Delayed, reader_of_made};
use crate::chunk::{Chunk, CodeError, charge};
use crate::error::Result;

/// A function of the [views](super::Held::View) of arguments that a call holds. Every function and closure is one that
/// takes them.
pub trait Callable<Held, Output>: Send + Sync + 'static {
    /// Calls it with what it finds among the values that the call needs.
    #[doc(hidden)]
    fn call_with<'a>(&self, held: &'a Held, inputs: &mut Inputs<'a>) -> Result<Output>;
}

impl<T: Send + Sync + 'static> Delayed<T> {
    /// The value of `function(arguments)`, which is called when the value is needed. Plainer as
    /// [`delayed!(function(arguments))`](crate::delayed!).
    ///
    /// The arguments are a tuple of up to eight; what the function finds for each is said at [`Argument`]. A closure has to
    /// say its parameters' types.
    ///
    /// ```
    /// use thermocline::{Delayed, Session};
    ///
    /// let x = Delayed::call(|text: &str| text.len() as i64, ("thermocline",));
    /// let sum = Delayed::call(|x: i64, y: i64| x + y, (x, 31));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&sum)?, 42);
    /// # Ok::<(), thermocline::Error>(())
    /// ```
    pub fn call<F, A, P>(function: F, arguments: A) -> Self
    where
        A: Argument<P>,
        F: Takes<P> + Callable<A::Held, T>,
    {
        Self::of_call(arguments, label_of::<F>(), identity_of::<F>(), move |held, inputs| {
            Ok(function.call_with(held, inputs)?)
        })
    }

    /// As [`call`](Self::call), of a function that may fail: its error ends the run, as the source of an
    /// [`Error::Task`](crate::Error::Task). Plainer as [`delayed!(function(arguments)?)`](crate::delayed!).
    ///
    /// ```
    /// use std::num::ParseIntError;
    /// use thermocline::{Delayed, Error, Session};
    ///
    /// let number = Delayed::try_call(|text: &str| text.parse::<i64>(), ("4x2",));
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// let Err(Error::Task { source, .. }) = session.compute(&number) else { panic!("that is no number") };
    /// assert!(source.downcast_ref::<ParseIntError>().is_some());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn try_call<F, A, P, E>(function: F, arguments: A) -> Self
    where
        A: Argument<P>,
        F: Takes<P> + Callable<A::Held, Result<T, E>>,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        Self::of_call(arguments, label_of::<F>(), identity_of::<F>(), move |held, inputs| {
            function.call_with(held, inputs)?.map_err(Into::into)
        })
    }

    fn of_call<P, A: Argument<P>>(
        arguments: A,
        label: &str,
        identity: Option<&str>,
        function: impl for<'a> Fn(&'a A::Held, &mut Inputs<'a>) -> Result<T, CodeError> + Send + Sync + 'static,
    ) -> Self {
        let mut needs = Needs::default();
        let held = arguments.hold(&mut needs);
        let (nodes, token) = needs.finish(identity.unwrap_or_default());
        let run = move |chunks: &[Chunk], manner: &Arc<dyn Any + Send + Sync>| {
            let value = function(&held, &mut Inputs::new(chunks))?;
            let manner = manner.clone().downcast::<Manner<T>>();
            Ok(manner.unwrap_or_default().chunk(value))
        };
        let origin = Origin::Call { run: Arc::new(run), manner: Arc::new(Manner::<T>::default()) };
        let mut node = Node::new(label, origin, nodes);
        node.size_hint = charge(size_of::<T>() as u64);
        node.token = token.filter(|_| identity.is_some());
        Self::new(Arc::new(node), reader_of_made())
    }
}

/// What a function is called, without its path.
fn label_of<F>() -> &'static str {
    let path = type_name::<F>();
    // What stands in angle brackets are the types that it is for.
    let path = path.split('<').next().unwrap_or(path);
    match path.rsplit("::").next() {
        Some("{{closure}}" | "") | None => "call",
        Some(name) => name,
    }
}

/// What tells a function from others, where it has nothing in it that its type doesn't say.
fn identity_of<F: 'static>() -> Option<&'static str> {
    (size_of::<F>() == 0).then(type_name::<F>)
}

/// The value of a call, later: reads as the call itself. With `?` behind it, of a function that may fail.
///
/// ```
/// use thermocline::{Session, delayed};
///
/// fn inc(x: i64) -> i64 { x + 1 }
/// fn add(x: i64, y: i64) -> i64 { x + y }
/// fn root(x: i64) -> Result<f64, String> {
///     if x < 0 { Err(format!("{x} has no root")) } else { Ok((x as f64).sqrt()) }
/// }
///
/// let x = delayed!(inc(1));
/// let y = delayed!(inc(13));
/// let z = delayed!(root(delayed!(add(x, y)))?);
/// let negated = delayed!((|z: f64| -z)(&z));
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// assert_eq!(session.compute((z, negated))?, (4.0, -4.0));
/// # Ok::<(), thermocline::Error>(())
/// ```
#[macro_export]
macro_rules! delayed {
    (($function:expr)($($argument:expr),* $(,)?)?) => {
        $crate::Delayed::try_call($function, ($($argument,)*))
    };
    (($function:expr)($($argument:expr),* $(,)?)) => {
        $crate::Delayed::call($function, ($($argument,)*))
    };
    ($($function:ident)::+ ($($argument:expr),* $(,)?)?) => {
        $crate::Delayed::try_call($($function)::+, ($($argument,)*))
    };
    ($($function:ident)::+ ($($argument:expr),* $(,)?)) => {
        $crate::Delayed::call($($function)::+, ($($argument,)*))
    };
}
