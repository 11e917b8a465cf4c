//! Lists, options, maps and tuples as arguments.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};

use super::keys::bytes_of;
use super::{Argument, Held, Inputs, Needs, Takes, sealed};
use crate::delayed::call::Callable;
use crate::error::Result;

/// Arguments in a row.
#[derive(Debug)]
pub struct List<H>(Vec<H>);

impl<H: Held> Held for List<H> {
    type View<'a> = Vec<H::View<'a>>;

    fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<Self::View<'a>> {
        self.0.iter().map(|item| item.view(inputs)).collect()
    }
}

fn hold_list<P, T: Argument<P>>(items: impl ExactSizeIterator<Item = T>, needs: &mut Needs) -> List<T::Held> {
    needs.tell(b'[', &(items.len() as u64).to_ne_bytes());
    List(items.map(|item| item.hold(needs)).collect())
}

impl<T: sealed::Sealed> sealed::Sealed for Vec<T> {}

impl<P, T: Argument<P>> Argument<Vec<P>> for Vec<T> {
    type Held = List<T::Held>;

    fn hold(self, needs: &mut Needs) -> Self::Held {
        hold_list(self.into_iter(), needs)
    }
}

impl<T: sealed::Sealed> sealed::Sealed for &[T] {}

impl<P, T: Argument<P> + Clone> Argument<Vec<P>> for &[T] {
    type Held = List<T::Held>;

    fn hold(self, needs: &mut Needs) -> Self::Held {
        hold_list(self.iter().cloned(), needs)
    }
}

impl<T: sealed::Sealed, const N: usize> sealed::Sealed for [T; N] {}

impl<P, T: Argument<P>, const N: usize> Argument<Vec<P>> for [T; N] {
    type Held = List<T::Held>;

    fn hold(self, needs: &mut Needs) -> Self::Held {
        hold_list(self.into_iter(), needs)
    }
}

impl<T: sealed::Sealed> sealed::Sealed for Option<T> {}

impl<P, T: Argument<P>> Argument<Option<P>> for Option<T> {
    type Held = Option<T::Held>;

    fn hold(self, needs: &mut Needs) -> Self::Held {
        needs.tell(b'?', &[u8::from(self.is_some())]);
        self.map(|inner| inner.hold(needs))
    }
}

impl<T: Held> Held for Option<T> {
    type View<'a> = Option<T::View<'a>>;

    fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<Self::View<'a>> {
        self.as_ref().map(|inner| inner.view(inputs)).transpose()
    }
}

impl<K, V: sealed::Sealed> sealed::Sealed for BTreeMap<K, V> {}

impl<K: Ord + Send + Sync + 'static, P, V: Argument<P>> Argument<BTreeMap<&K, P>> for BTreeMap<K, V> {
    type Held = BTreeMap<K, V::Held>;

    fn hold(self, needs: &mut Needs) -> Self::Held {
        needs.map::<K>(self.len());
        self.into_iter()
            .map(|(key, item)| {
                needs.key(bytes_of(&key).as_deref());
                (key, item.hold(needs))
            })
            .collect()
    }
}

impl<K: Ord + Send + Sync + 'static, V: Held> Held for BTreeMap<K, V> {
    type View<'a> = BTreeMap<&'a K, V::View<'a>>;

    fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<Self::View<'a>> {
        self.iter().map(|(key, item)| Ok((key, item.view(inputs)?))).collect()
    }
}

/// A map, in the order in which its values were taken note of.
#[derive(Debug)]
pub struct Entries<K, H>(Vec<(K, H)>);

impl<K, V: sealed::Sealed, S> sealed::Sealed for HashMap<K, V, S> {}

impl<K: Eq + Hash + Send + Sync + 'static, P, V: Argument<P>, S: BuildHasher> Argument<HashMap<&K, P>>
    for HashMap<K, V, S>
{
    type Held = Entries<K, V::Held>;

    fn hold(self, needs: &mut Needs) -> Self::Held {
        needs.map::<K>(self.len());
        let mut entries: Vec<_> = self.into_iter().map(|(key, item)| (bytes_of(&key), key, item)).collect();
        // Equal maps go through their entries in different orders.
        entries.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        let hold = |(bytes, key, item): (Option<Vec<u8>>, K, V)| {
            needs.key(bytes.as_deref());
            (key, item.hold(needs))
        };
        Entries(entries.into_iter().map(hold).collect())
    }
}

impl<K: Eq + Hash + Send + Sync + 'static, H: Held> Held for Entries<K, H> {
    type View<'a> = HashMap<&'a K, H::View<'a>>;

    fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<Self::View<'a>> {
        self.0.iter().map(|(key, item)| Ok((key, item.view(inputs)?))).collect()
    }
}

macro_rules! tuples {
    ($($name:ident $parameter:ident . $place:tt),*) => {
                impl<Function: Fn($($parameter),*) -> Output, Output, $($parameter),*> Takes<($($parameter,)*)> for Function {}

        impl<$($name: sealed::Sealed),*> sealed::Sealed for ($($name,)*) {}

        impl<$($parameter, $name: Argument<$parameter>),*> Argument<($($parameter,)*)> for ($($name,)*) {
            type Held = ($($name::Held,)*);

            #[allow(clippy::unused_unit, reason = "no arguments are the empty tuple")]
            fn hold(self, needs: &mut Needs) -> Self::Held {
                needs.tell(b'(', &[$($place),*]);
                ($(self.$place.hold(needs),)*)
            }
        }

        impl<$($name: Held),*> Held for ($($name,)*) {
            type View<'a> = ($($name::View<'a>,)*);

            fn view<'a>(&'a self, inputs: &mut Inputs<'a>) -> Result<Self::View<'a>> {
                let _ = &inputs;
                Ok(($(self.$place.view(inputs)?,)*))
            }
        }

        impl<Function, Output, $($name: Held),*> Callable<($($name,)*), Output> for Function
        where
            Function: for<'a> Fn($($name::View<'a>),*) -> Output + Send + Sync + 'static,
        {
            fn call_with<'a>(&self, held: &'a ($($name,)*), inputs: &mut Inputs<'a>) -> Result<Output> {
                let _ = (held, &inputs);
                Ok(self($(held.$place.view(inputs)?),*))
            }
        }
    };
}

tuples!();
tuples!(A P0.0);
tuples!(A P0.0, B P1.1);
tuples!(A P0.0, B P1.1, C P2.2);
tuples!(A P0.0, B P1.1, C P2.2, D P3.3);
tuples!(A P0.0, B P1.1, C P2.2, D P3.3, E P4.4);
tuples!(A P0.0, B P1.1, C P2.2, D P3.3, E P4.4, F P5.5);
tuples!(A P0.0, B P1.1, C P2.2, D P3.3, E P4.4, F P5.5, G P6.6);
tuples!(A P0.0, B P1.1, C P2.2, D P3.3, E P4.4, F P5.5, G P6.6, H P7.7);
