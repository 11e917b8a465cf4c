//! What the measurements of arrays in memory share: numbers for both sides, threads without a library, rounds in turn.

use std::any::Any;
use std::time::Instant;

use thermocline::chunk::{Block, BlockMut, Element, Unmetered};
use thermocline::ndarray::{ArrayD, IxDyn};
use thermocline::{Array, Session};

/// The numbers of threads that are measured.
pub(crate) const THREADS: [usize; 2] = [1, 2];

/// The shape of `bytes` of `T`: days, latitudes, longitudes.
pub(crate) fn shape<T>(bytes: usize) -> Vec<usize> {
    vec![bytes / size_of::<T>() / (256 * 512), 256, 512]
}

/// A block of `number` of each place, in memory as the library takes it, in huge pages where the system has them.
pub(crate) fn filled<T: Element>(shape: &[usize], number: impl Fn(usize) -> T) -> Block<T> {
    let mut block = BlockMut::zeroed(shape, &Unmetered).unwrap();
    block.as_mut_slice().iter_mut().enumerate().for_each(|(at, value)| *value = number(at));
    block.freeze()
}

/// Scrambles the bits of a place.
pub(crate) fn scrambled(at: usize) -> u64 {
    let mixed = (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11
}

/// A session that has the memory for all that is measured.
pub(crate) fn session(threads: usize) -> Session {
    Session::builder().memory_limit("10GiB".parse().unwrap()).threads(threads).build().unwrap()
}

/// The block as an array that the session keeps in memory, in chunks of automatic size.
pub(crate) fn resident<T: Element>(session: &Session, block: &Block<T>) -> Array<T> {
    let chunks = Array::<T>::zeros(block.shape(), "auto").chunks().block(0).shape;
    let values = ArrayD::from_shape_vec(IxDyn(block.shape()), block.as_slice().to_vec()).unwrap();
    session.persist(&Array::from_ndarray(values, &chunks)).unwrap()
}

/// What each of so many threads makes of its part of `values`.
pub(crate) fn by_threads<T: Sync, R: Send>(threads: usize, values: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let work = &work;
    std::thread::scope(|scope| {
        let parts = values.chunks(values.len().div_ceil(threads));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || work(part))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// A side of a comparison. What it returns is dropped after the clock has stopped.
pub(crate) type Side<'a> = &'a dyn Fn() -> Box<dyn Any>;

/// Lets all sides run in turn, once for nothing and then `rounds` times: the median seconds of each.
pub(crate) fn in_turn<const N: usize>(rounds: usize, sides: [Side<'_>; N]) -> [f64; N] {
    let mut seconds = [(); N].map(|()| Vec::new());
    for round in 0..=rounds {
        for (side, seconds) in sides.iter().zip(&mut seconds) {
            let start = Instant::now();
            let made = side();
            let elapsed = start.elapsed().as_secs_f64();
            drop(made);
            if round > 0 {
                seconds.push(elapsed);
            }
        }
    }
    seconds.map(|mut seconds| {
        seconds.sort_by(f64::total_cmp);
        seconds[rounds / 2]
    })
}
