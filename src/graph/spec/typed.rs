//! Rust's functions as functions of values.

use std::sync::Arc;

use super::registry::{Arity, Body};
use super::{Datum, Failure, FromDatum, IntoDatum};

/// What [`Registry::add`](super::Registry::add) takes: functions and closures of up to eight arguments that implement
/// [`FromDatum`], with a result that implements [`IntoDatum`]. `M` tells them apart, and is never written.
///
/// ```
/// use thermocline::graph::spec::Registry;
///
/// let mut registry = Registry::new();
/// registry.add("midpoint", |x: f64, y: f64| (x + y) / 2.0).add("lengths", |texts: Vec<String>| {
///     texts.iter().map(String::len).collect::<Vec<_>>()
/// });
/// assert_eq!(registry.names(), ["lengths", "midpoint"]);
/// ```
pub trait IntoFunction<M>: sealed::IntoParts<M> {}

impl<M, F: sealed::IntoParts<M>> IntoFunction<M> for F {}

pub(super) mod sealed {
    use super::{Arc, Arity, Body};

    pub trait IntoParts<M> {
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "sealed: nobody outside calls it")]
        fn into_function(self) -> (Arity, Arc<Body>);
    }
}

/// The argument number `at`, from 0 on, as the type that is wanted.
fn taken<T: FromDatum>(arguments: &[Datum], at: usize) -> Result<T, Failure> {
    T::from_datum(&arguments[at]).ok_or_else(|| Failure::argument(at + 1, &arguments[at], &T::expected()))
}

macro_rules! typed {
    ($count:literal $($type:ident $at:literal)*) => {
        impl<F, R, $($type),*> sealed::IntoParts<fn($($type),*) -> R> for F
        where
            F: Fn($($type),*) -> R + Send + Sync + 'static,
            R: IntoDatum,
            $($type: FromDatum,)*
        {
            #[expect(private_interfaces, reason = "sealed: nobody outside calls it")]
            fn into_function(self) -> (Arity, Arc<Body>) {
                let body = move |_: &super::registry::Room<'_>, _arguments: &[Datum]| {
                    Ok(self($(taken::<$type>(_arguments, $at)?),*).into_datum()?)
                };
                (Arity::from($count), Arc::new(body))
            }
        }
    };
}

typed!(0);
typed!(1 A 0);
typed!(2 A 0 B 1);
typed!(3 A 0 B 1 C 2);
typed!(4 A 0 B 1 C 2 D 3);
typed!(5 A 0 B 1 C 2 D 3 E 4);
typed!(6 A 0 B 1 C 2 D 3 E 4 G 5);
typed!(7 A 0 B 1 C 2 D 3 E 4 G 5 H 6);
typed!(8 A 0 B 1 C 2 D 3 E 4 G 5 H 6 I 7);

/// A function of all arguments as they are.
pub(super) fn taken_all<R: IntoDatum>(function: impl Fn(&[Datum]) -> R + Send + Sync + 'static) -> Arc<Body> {
    Arc::new(move |_, arguments| Ok(function(arguments).into_datum()?))
}
