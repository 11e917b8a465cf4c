//! Loops for the widest vectors that the CPU has.
//!
//! A build for x86-64 may use 16-byte vectors only. What is worth it is written as a [`Loop`], which [`widest`]
//! runs in the best of three versions that the compiler makes of it: for any x86-64, for AVX2, for AVX-512. All
//! give the same bits (D1): each element goes through the same operations in the same order, as the compiler
//! neither reorders nor contracts operations on floats.
//!
//! One of the few files with `unsafe`: code for AVX may be called only where the CPU has it.
//!
//! ```
//! use thermocline::simd::{Loop, widest};
//!
//! struct Scale<'a>(&'a mut [f32], f32);
//!
//! impl Loop for Scale<'_> {
//!     type Output = ();
//!
//!     #[inline(always)]
//!     fn run(self) {
//!         self.0.iter_mut().for_each(|value| *value *= self.1);
//!     }
//! }
//!
//! let mut values = [1.0, 2.0, 3.0];
//! widest(Scale(&mut values, 2.0));
//! assert_eq!(values, [2.0, 4.0, 6.0]);
//! ```

/// A loop that is worth a version for each width of vectors.
pub trait Loop {
    /// What comes of it.
    type Output;

    /// Runs it. To be marked `#[inline(always)]`, with all that it calls: what is not inlined stays a function for any
    /// CPU.
    fn run(self) -> Self::Output;
}

/// A version of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// For any CPU of the architecture.
    Baseline,
    /// 32-byte vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 64-byte vectors. Only with VBMI, which CPUs lack that slow down where such vectors are used.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Width {
    /// Those that this CPU can run, the widest last.
    pub(crate) fn available() -> Vec<Self> {
        [
            Some(Self::Baseline),
            #[cfg(target_arch = "x86_64")]
            has_avx2().then_some(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            has_avx512().then_some(Self::Avx512),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// Runs `work` with the widest vectors that this CPU has.
#[inline]
pub fn widest<L: Loop>(work: L) -> L::Output {
    static WIDEST: std::sync::OnceLock<Width> = std::sync::OnceLock::new();
    let width = WIDEST.get_or_init(|| Width::available().pop().unwrap_or(Width::Baseline));
    at_width(*width, work)
}

/// Runs `work` in one version.
///
/// # Panics
/// Where this CPU lacks what the version needs.
#[inline]
pub(crate) fn at_width<L: Loop>(width: Width, work: L) -> L::Output {
    match width {
        Width::Baseline => work.run(),
        #[cfg(target_arch = "x86_64")]
        Width::Avx2 => {
            assert!(has_avx2());
            // SAFETY: the CPU has the features that the function is compiled for, just checked.
            unsafe { avx2(work) }
        }
        #[cfg(target_arch = "x86_64")]
        Width::Avx512 => {
            assert!(has_avx512());
            // SAFETY: the CPU has the features that the function is compiled for, just checked.
            unsafe { avx512(work) }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<L: Loop>(work: L) -> L::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
fn avx512<L: Loop>(work: L) -> L::Output {
    work.run()
}
