//! The macro by which a graph is written as on a slide.

/// Writes a [`Spec`](crate::graph::spec::Spec) as one would write it on a slide.
///
/// Entries are `key = value`, with commas between. A value is
///
/// - a literal: `1`, `-2.5`, `"text"`, `true`, and `None` for null;
/// - a key: a name, or a name and indices: `x`, `x[0, 1]`. A name is always a key, never a variable;
/// - a task: `inc(a)`, with values as arguments, hence tasks in tasks. The name is that of a function of the
///   [`Registry`](crate::graph::spec::Registry) that the graph is run with, never of a Rust function;
/// - a list of values: `[a, 1, inc(b)]`;
/// - any Rust expression, in parentheses: `(n + 1)`. It becomes a literal, or a part of the graph if it is an
///   [`Expr`](crate::graph::spec::Expr). So do variables get in.
///
/// ```
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::{Datum, Registry};
/// use thermocline::{Session, graph};
///
/// let n = 20;
/// let spec = graph! {
///     a = 1,
///     b = (n + 2),                         // a variable
///     x = inc(a),
///     y[0] = "text",
///     y[1] = mul(y[0], 2),                 // indexed keys
///     z = [mul(x, inc(b)), y[1], -0.5],    // a list, with a task in a task
/// };
/// let session = Session::builder().memory_limit("16MiB".parse()?).build()?;
/// assert_eq!(session.get(&spec, &Registry::standard(), "z")?.to_string(), r#"[46, "texttext", -0.5]"#);
/// assert!(spec.contains(&Key::indexed("y", [1])));
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// A graph of more than about a hundred entries wants `#![recursion_limit = "…"]`, or
/// [`Spec::insert`](crate::graph::spec::Spec::insert) in a loop.
#[macro_export]
macro_rules! graph {
    (@entries $spec:expr;) => { $spec };
    (@entries $spec:expr; $key:ident $([$($at:expr),+ $(,)?])? = $value:literal $(, $($rest:tt)*)?) => {
        $crate::graph!(@entries $spec.with(
            $crate::graph!(@key $key $([$($at),+])?), $crate::graph!(@value $value)
        ); $($($rest)*)?)
    };
    (@entries $spec:expr; $key:ident $([$($at:expr),+ $(,)?])? = $name:ident $group:tt $(, $($rest:tt)*)?) => {
        $crate::graph!(@entries $spec.with(
            $crate::graph!(@key $key $([$($at),+])?), $crate::graph!(@value $name $group)
        ); $($($rest)*)?)
    };
    (@entries $spec:expr; $key:ident $([$($at:expr),+ $(,)?])? = $value:tt $(, $($rest:tt)*)?) => {
        $crate::graph!(@entries $spec.with(
            $crate::graph!(@key $key $([$($at),+])?), $crate::graph!(@value $value)
        ); $($($rest)*)?)
    };

    (@list [$($done:expr),*]) => { [$($done),*] };
    (@list [$($done:expr),*] $value:literal $(, $($rest:tt)*)?) => {
        $crate::graph!(@list [$($done,)* $crate::graph!(@value $value)] $($($rest)*)?)
    };
    (@list [$($done:expr),*] $name:ident ($($arguments:tt)*) $(, $($rest:tt)*)?) => {
        $crate::graph!(@list [$($done,)* $crate::graph!(@value $name ($($arguments)*))] $($($rest)*)?)
    };
    (@list [$($done:expr),*] $name:ident [$($at:tt)*] $(, $($rest:tt)*)?) => {
        $crate::graph!(@list [$($done,)* $crate::graph!(@value $name [$($at)*])] $($($rest)*)?)
    };
    (@list [$($done:expr),*] $value:tt $(, $($rest:tt)*)?) => {
        $crate::graph!(@list [$($done,)* $crate::graph!(@value $value)] $($($rest)*)?)
    };

    (@value None) => { $crate::graph::spec::Expr::from(()) };
    (@value $value:literal) => { $crate::graph::spec::Expr::from($value) };
    (@value $name:ident ()) => {
        $crate::graph::spec::Expr::call(::core::stringify!($name), [])
    };
    (@value $name:ident ($($arguments:tt)+)) => {
        $crate::graph::spec::Expr::call(::core::stringify!($name), $crate::graph!(@list [] $($arguments)+))
    };
    (@value $name:ident $([$($at:expr),+ $(,)?])?) => {
        $crate::graph::spec::Expr::Key($crate::graph!(@key $name $([$($at),+])?))
    };
    (@value []) => { $crate::graph::spec::Expr::list([]) };
    (@value [$($items:tt)+]) => { $crate::graph::spec::Expr::list($crate::graph!(@list [] $($items)+)) };
    (@value ($value:expr)) => { $crate::graph::spec::Expr::from($value) };

    (@key $name:ident) => { $crate::graph::Key::new(::core::stringify!($name)) };
    (@key $name:ident [$($at:expr),+]) => { $crate::graph::Key::indexed(::core::stringify!($name), [$($at),+]) };

    ($($entries:tt)*) => { $crate::graph!(@entries $crate::graph::spec::Spec::new(); $($entries)*) };
}

#[cfg(test)]
mod tests {
    use crate::graph::Key;
    use crate::graph::spec::{Datum, Expr, Spec};

    #[test]
    fn every_form_is_read() {
        let row = 3_u32;
        let made = Expr::call("inc", [Expr::key("a")]);
        let spec = graph! {
            a = 1, b = -1, c = 2.5, d = "a", e = true, f = None,
            g = a, h[0] = a, h[row, 1] = h[0],
            i = f(), j = f(a, 1, "x", None, -1, [h[0], []], g(h[row, 1]), (row + 1)),
            k = [], l = [1, [2, a]], m = (vec![1, 2]), n = (made), o = [a,],
        };
        let lines = [
            "a = 1",
            "b = -1",
            "c = 2.5",
            "d = \"a\"",
            "e = true",
            "f = null",
            "g = a",
            "h(0) = a",
            "h(3, 1) = h(0)",
            "i = f()",
            "j = f(a, 1, \"x\", null, -1, [h(0), []], g(h(3, 1)), 4)",
            "k = []",
            "l = [1, [2, a]]",
            "m = [1, 2]",
            "n = inc(a)",
            "o = [a]",
        ];
        assert_eq!(spec.to_string().lines().collect::<Vec<_>>(), lines);
        assert_eq!(spec.get(&Key::new("d")), Some(&Expr::Literal(Datum::from("a"))));
        assert_eq!(graph! {}, Spec::new());
        assert_eq!(graph! { a = 1 }, graph! { a = 1, });
    }

    #[test]
    fn variables_and_functions_around_it_do_not_get_in() {
        #[expect(unused_variables, reason = "that they are is what is tested")]
        let (a, spec, inc) = (7, 8, 9);
        assert_eq!(graph! { x = inc(a, spec) }.to_string(), "x = inc(a, spec)\n");
    }
}
