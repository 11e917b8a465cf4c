//! How many bytes of memory a value takes, as far as that can be told.

use std::any::Any;
use std::mem::size_of;
use std::path::PathBuf;

use ndarray::ArrayD;
use num_complex::Complex;

/// The bytes of `value`, with what it has on the heap where its type is one of the usual ones: strings, paths, vectors and
/// arrays of numbers, vectors of strings and of vectors of numbers, polars frames. Of any other type its own size.
pub(super) fn usual_bytes<T: Any>(value: &T) -> u64 {
    let heap = on_the_heap(value).unwrap_or(0);
    (size_of::<T>() + heap) as u64
}

fn on_the_heap(value: &dyn Any) -> Option<usize> {
    macro_rules! numbers {
        ($($number:ty),*) => {
            $(
                if let Some(items) = value.downcast_ref::<Vec<$number>>() {
                    return Some(items.capacity() * size_of::<$number>());
                }
                if let Some(lists) = value.downcast_ref::<Vec<Vec<$number>>>() {
                    let inner: usize = lists.iter().map(|items| items.capacity() * size_of::<$number>()).sum();
                    return Some(inner + lists.capacity() * size_of::<Vec<$number>>());
                }
                if let Some(array) = value.downcast_ref::<ArrayD<$number>>() {
                    return Some(array.len() * size_of::<$number>());
                }
            )*
        };
    }
    numbers!(u8, i8, u16, i16, u32, i32, u64, i64, usize, f32, f64, bool, Complex<f32>, Complex<f64>);
    if let Some(text) = value.downcast_ref::<String>() {
        return Some(text.capacity());
    }
    if let Some(texts) = value.downcast_ref::<Vec<String>>() {
        let inner: usize = texts.iter().map(String::capacity).sum();
        return Some(inner + texts.capacity() * size_of::<String>());
    }
    #[cfg(feature = "dataframe")]
    if let Some(frame) = value.downcast_ref::<polars::prelude::DataFrame>() {
        return Some(frame.estimated_size());
    }
    value.downcast_ref::<PathBuf>().map(PathBuf::capacity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_the_heap_counts_where_the_type_is_known() {
        assert_eq!(usual_bytes(&7_u8), 1);
        assert_eq!(usual_bytes(&vec![0.0_f64; 1000]), 8024);
        assert_eq!(usual_bytes(&vec![vec![0_i16; 10], vec![0; 20]]), 24 + 2 * 24 + 60);
        assert_eq!(usual_bytes(&vec![String::from("four"), String::new()]), 24 + 2 * 24 + 4);
        assert_eq!(usual_bytes(&ArrayD::<f32>::zeros(vec![3, 5])), (size_of::<ArrayD<f32>>() + 60) as u64);
        assert_eq!(usual_bytes(&Some(vec![0; 100])), 24);
    }
}
