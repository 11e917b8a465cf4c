//! Operations that follow one another, in one pass.
//!
//! A function that is called for a tile reads it and writes another: where all that the function does is an addition, the
//! loads and the stores take longer. So the operations of arithmetic are [steps](Step): a kernel whose function is one
//! hands on a [`Chain`], the values below and the steps that are still to be taken, and whoever wants values has all steps
//! taken at once. The values go through them in *lanes*, so few that a lane stays in the registers of the CPU from the
//! first step to the last.
//!
//! Each value goes through the same operations in the same order as if each step were a loop of its own, so the bits are
//! the same (**D1**). What takes much longer than a load and a store, as a sine or the division of integers does, is no
//! step; neither are operations on complex numbers, of which few are in a register.

use num_complex::Complex;

use super::kernel::{Scope, Taken};
use super::operators::Arithmetic;
use crate::chunk::Element;
use crate::error::Result;
use crate::simd::{Loop, widest};

/// What a step does to a value, and to another one beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Plus,
    Minus,
    /// The other one minus the value.
    MinusFrom,
    Times,
    Over,
    /// The other one over the value.
    Under,
    Square,
    Negated,
    Size,
    Root,
}

impl Op {
    /// The same with the sides exchanged.
    fn reversed(self) -> Self {
        match self {
            Self::Minus => Self::MinusFrom,
            Self::MinusFrom => Self::Minus,
            Self::Over => Self::Under,
            Self::Under => Self::Over,
            other => other,
        }
    }
}

type Unary<T> = fn(T) -> T;
type Binary<T> = fn(T, T) -> T;

/// What takes values through steps.
type Walk<T> = for<'a> fn(&'a [T], &'a [(Op, Side<'a, T>)], &'a mut [T]);

/// What of a type's operations can be steps: none, or all that every type has, and these.
pub trait Chained: Element {
    /// Takes values through steps. Compiled once a type, not wherever arrays of it are used.
    const WALK: Option<Walk<Self>>;
    /// Division, where it takes no longer than that of floats.
    const OVER: Option<Binary<Self>>;
    /// The size, where that is of the same type.
    const SIZE: Option<Unary<Self>>;
    /// The square root, where that is of the same type.
    const ROOT: Option<Unary<Self>>;
}

macro_rules! chained {
    ($($t:ty => $over:expr, $size:expr, $root:expr;)+) => {$(
        impl Chained for $t {
            const WALK: Option<Walk<Self>> = Some(|values, steps, out| widest(Steps { values, steps, out }));
            const OVER: Option<Binary<Self>> = $over;
            const SIZE: Option<Unary<Self>> = $size;
            const ROOT: Option<Unary<Self>> = $root;
        }
    )+};
}

chained! {
    f32 => Some(|a, b| a / b), Some(f32::abs), Some(f32::sqrt);
    f64 => Some(|a, b| a / b), Some(f64::abs), Some(f64::sqrt);
    i8 => None, Some(i8::wrapping_abs), None;
    i16 => None, Some(i16::wrapping_abs), None;
    i32 => None, Some(i32::wrapping_abs), None;
    i64 => None, Some(i64::wrapping_abs), None;
    u8 => None, Some(|a| a), None;
    u16 => None, Some(|a| a), None;
    u32 => None, Some(|a| a), None;
    u64 => None, Some(|a| a), None;
}

macro_rules! unchained {
    ($($t:ty),+) => {$(
        impl Chained for $t {
            const WALK: Option<Walk<Self>> = None;
            const OVER: Option<Binary<Self>> = None;
            const SIZE: Option<Unary<Self>> = None;
            const ROOT: Option<Unary<Self>> = None;
        }
    )+};
}

unchained!(Complex<f32>, Complex<f64>);

/// An operation of a chain.
pub(super) struct Step<T> {
    op: Op,
    walk: Walk<T>,
}

impl<T> Clone for Step<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Step<T> {}

impl<T: Arithmetic> Step<T> {
    /// `op`, where it can be a step.
    pub(super) fn of(op: Op) -> Option<Self> {
        let exists = match op {
            Op::Over | Op::Under => T::OVER.is_some(),
            Op::Root => T::ROOT.is_some(),
            Op::Size => T::SIZE.is_some(),
            _ => true,
        };
        T::WALK.filter(|_| exists).map(|walk| Self { op, walk })
    }
}

/// What stands on the other side of a step.
pub(super) enum Other<'a, T: Element> {
    Nothing,
    Scalar(T),
    Values(Taken<'a, T>),
}

/// Values of a tile, and the steps that they are to take.
pub(super) struct Chain<'a, T: Element> {
    base: Taken<'a, T>,
    steps: Vec<(Op, Other<'a, T>)>,
    /// There is one where there are steps.
    walk: Option<Walk<T>>,
}

impl<'a, T: Element> Chain<'a, T> {
    /// No steps yet.
    pub(super) fn new(base: Taken<'a, T>) -> Self {
        Self { base, steps: Vec::new(), walk: None }
    }

    /// With one more step.
    pub(super) fn then(mut self, step: Step<T>, other: Other<'a, T>) -> Self {
        self.steps.push((step.op, other));
        self.walk = Some(step.walk);
        self
    }

    /// What comes of both, with a step between the two. The steps of the shorter one are taken first.
    pub(super) fn join(self, step: Step<T>, right: Self, scope: Scope<'a>) -> Result<Self> {
        let joined = if self.steps.len() >= right.steps.len() {
            let other = Other::Values(right.take(scope)?);
            self.then(step, other)
        } else {
            let other = Other::Values(self.take(scope)?);
            right.then(Step { op: step.op.reversed(), ..step }, other)
        };
        // What a kernel of two operands says of its workspace has room for so many to wait while the other one is made.
        if joined.buffers() > 2 { Ok(Self::new(joined.take(scope)?)) } else { Ok(joined) }
    }

    /// How many buffers its values are in.
    fn buffers(&self) -> usize {
        let others = self.steps.iter().filter(|(_, other)| matches!(other, Other::Values(Taken::Made(_))));
        others.count() + usize::from(matches!(self.base, Taken::Made(_)))
    }

    /// What comes of the values.
    pub(super) fn take(self, scope: Scope<'a>) -> Result<Taken<'a, T>> {
        if self.steps.is_empty() {
            return Ok(self.base);
        }
        let mut out = scope.context.scratch::<T>(self.base.len())?;
        self.write(out.as_mut_slice());
        Ok(Taken::Made(out))
    }

    /// Writes what comes of the values to `out`, which has room for so many.
    pub(super) fn write(&self, out: &mut [T]) {
        let Some(walk) = self.walk else {
            out.copy_from_slice(&self.base);
            return;
        };
        let side = |other| match other {
            &Other::Nothing => Side::Same(T::default()),
            &Other::Scalar(value) => Side::Same(value),
            Other::Values(values) => Side::Each(values),
        };
        let steps: Vec<_> = self.steps.iter().map(|(op, other)| (*op, side(other))).collect();
        walk(&self.base, &steps, out);
    }
}

/// The other side of a step, for all values of a tile.
#[derive(Debug)]
pub enum Side<'a, T> {
    /// One value for all.
    Same(T),
    /// One for each.
    Each(&'a [T]),
}

/// Takes all values through all steps.
struct Steps<'a, T> {
    values: &'a [T],
    steps: &'a [(Op, Side<'a, T>)],
    out: &'a mut [T],
}

impl<T: Arithmetic> Loop for Steps<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        // Two halves fill half of 16 registers of 32 bytes. What the compiler keeps in registers are variables of so few
        // values that it does without a loop, so a lane is two of them.
        if size_of::<T>() == 8 { self.in_lanes::<16>() } else { self.in_lanes::<32>() }
    }
}

impl<T: Arithmetic> Steps<'_, T> {
    #[inline(always)]
    fn in_lanes<const HALF: usize>(mut self) {
        let whole = self.values.len() / (2 * HALF) * (2 * HALF);
        for at in (0..whole).step_by(2 * HALF) {
            self.walk::<HALF>(at, at + HALF);
        }
        for at in whole..self.values.len() {
            self.walk::<1>(at, at);
        }
    }

    /// Takes a lane through all steps, whose halves are the values from `first` and from `second` on.
    #[inline(always)]
    fn walk<const HALF: usize>(&mut self, first: usize, second: usize) {
        let mut lane = (*half(self.values, first), *half(self.values, second));
        for (op, side) in self.steps {
            match side {
                Side::Same(value) => take::<T, HALF>(*op, &mut lane, (&[*value; HALF], &[*value; HALF])),
                Side::Each(values) => take(*op, &mut lane, (half(values, first), half(values, second))),
            }
        }
        self.out[first..first + HALF].copy_from_slice(&lane.0);
        self.out[second..second + HALF].copy_from_slice(&lane.1);
    }
}

#[inline(always)]
fn half<T, const HALF: usize>(values: &[T], from: usize) -> &[T; HALF] {
    &values[from..].as_chunks().0[0]
}

/// Both halves of a lane.
type Lane<T, const HALF: usize> = ([T; HALF], [T; HALF]);

/// Takes a lane through a step.
#[inline(always)]
fn take<T: Arithmetic, const HALF: usize>(op: Op, lane: &mut Lane<T, HALF>, others: (&[T; HALF], &[T; HALF])) {
    match op {
        Op::Plus => each(lane, others, T::plus),
        Op::Minus => each(lane, others, T::minus),
        Op::MinusFrom => each(lane, others, |value, other| T::minus(other, value)),
        Op::Times => each(lane, others, T::times),
        Op::Over => T::OVER.into_iter().for_each(|over| each(lane, others, over)),
        Op::Under => T::OVER.into_iter().for_each(|over| each(lane, others, |value, other| over(other, value))),
        Op::Square => each(lane, others, |value, _| T::times(value, value)),
        Op::Negated => each(lane, others, |value, _| T::negated(value)),
        Op::Size => T::SIZE.into_iter().for_each(|size| each(lane, others, |value, _| size(value))),
        Op::Root => T::ROOT.into_iter().for_each(|root| each(lane, others, |value, _| root(value))),
    }
}

#[inline(always)]
fn each<T: Copy, const HALF: usize>(
    lane: &mut Lane<T, HALF>,
    others: (&[T; HALF], &[T; HALF]),
    function: impl Fn(T, T) -> T,
) {
    for (value, &other) in lane.0.iter_mut().zip(others.0) {
        *value = function(*value, other);
    }
    for (value, &other) in lane.1.iter_mut().zip(others.1) {
        *value = function(*value, other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every operation once and again, in lanes and what is left of them, as loops of their own have it.
    fn check<T: Arithmetic>(values: &[T], others: &[T], scalar: T) {
        let ops = [
            Op::Plus,
            Op::MinusFrom,
            Op::Square,
            Op::Minus,
            Op::Size,
            Op::Root,
            Op::Times,
            Op::Over,
            Op::Negated,
            Op::Under,
        ];
        let ops: Vec<(usize, Step<T>)> = ops.into_iter().filter_map(Step::of).enumerate().collect();
        for len in [0, 1, 31, 32, 33, 63, 64, 65, 200] {
            let (values, others) = (&values[..len], &others[..len]);
            let side = |at| if at % 2 == 0 { Other::Values(Taken::Lent(others)) } else { Other::Scalar(scalar) };
            let start = Chain::new(Taken::Lent(values));
            let chain = ops.iter().fold(start, |chain, (at, step)| chain.then(*step, side(*at)));
            let mut out = vec![T::default(); len];
            chain.write(&mut out);
            let each = |(&value, &other): (&T, &T)| {
                ops.iter().fold(value, |value, (at, step)| {
                    let mut lane = ([value], [value]);
                    let other = if at % 2 == 0 { other } else { scalar };
                    take(step.op, &mut lane, (&[other], &[other]));
                    lane.0[0].canonical()
                })
            };
            let expected: Vec<T> = values.iter().zip(others).map(each).collect();
            let bits = |values: &[T]| -> Vec<u8> {
                let canonical: Vec<T> = values.iter().map(|value| value.canonical()).collect();
                crate::chunk::bytes_of(&canonical).to_vec()
            };
            assert!(bits(&out) == bits(&expected), "{len} values of {}", T::DTYPE);
        }
    }

    #[test]
    fn values_in_lanes_are_those_of_loops() {
        let number = |at: usize| (at * 7919 % 251) as f64 - 125.0;
        let mut floats: Vec<f64> = (0..200).map(|at| number(at) / 16.0).collect();
        floats[3] = f64::NAN;
        floats[70] = f64::INFINITY;
        floats[71] = -0.0;
        let others: Vec<f64> = floats.iter().rev().copied().collect();
        check(&floats, &others, 0.3);
        let narrow = |values: &[f64]| -> Vec<f32> { values.iter().map(|&value| value as f32).collect() };
        check(&narrow(&floats), &narrow(&others), 0.3);
        let bytes: Vec<i8> = (0..200).map(|at| number(at) as i8).collect();
        check(&bytes, &bytes.iter().rev().copied().collect::<Vec<_>>(), -77);
        let words: Vec<u64> =
            (0..200).map(|at| (number(at) as i64 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        check(&words, &words.iter().rev().copied().collect::<Vec<_>>(), 3);
    }

    #[test]
    fn what_takes_long_is_no_step() {
        assert!(Step::<i32>::of(Op::Over).is_none() && Step::<i32>::of(Op::Root).is_none());
        assert!(Step::<i32>::of(Op::Times).is_some() && Step::<f32>::of(Op::Root).is_some());
        assert!(Step::<Complex<f64>>::of(Op::Plus).is_none());
    }
}
