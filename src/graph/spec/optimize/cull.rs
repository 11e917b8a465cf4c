//! Without what nobody needs.

use crate::error::Result;
use crate::graph::Key;
use crate::graph::spec::Spec;

/// The graph of `wanted` and of what they need, in the same order.
///
/// ```
/// use thermocline::graph;
/// use thermocline::graph::Key;
/// use thermocline::graph::spec::optimize;
///
/// let spec = graph! { x = 1, y = inc(x), out = add(x, 10) };
/// assert_eq!(optimize::cull(&spec, [Key::new("out")])?, graph! { x = 1, out = add(x, 10) });
/// # Ok::<(), thermocline::Error>(())
/// ```
///
/// # Errors
/// What [`Spec::check`] has to say; [`Error::UnknownKey`](crate::Error::UnknownKey) where a wanted key is not there.
pub fn cull(spec: &Spec, wanted: impl IntoIterator<Item = Key>) -> Result<Spec> {
    spec.check()?;
    let mut stack = Vec::new();
    for key in wanted {
        spec.require(&key)?;
        stack.extend(spec.place(&key));
    }
    let mut needed = vec![false; spec.len()];
    while let Some(place) = stack.pop() {
        if !std::mem::replace(&mut needed[place], true) {
            stack.extend(spec.at(place).1.dependencies().iter().filter_map(|key| spec.place(key)));
        }
    }
    let kept = spec.iter().zip(&needed).filter(|(_, needed)| **needed);
    Ok(kept.map(|((key, expr), _)| (key.clone(), expr.clone())).collect())
}
