//! Keys of maps: what tells them from others.

use std::any::Any;
use std::path::PathBuf;
use std::time::Duration;

/// The bytes of a key, where its type is one of those whose bytes are known to tell values apart. What a type of a user's
/// own hashes may be less than what it compares.
pub(super) fn bytes_of<K: 'static>(key: &K) -> Option<Vec<u8>> {
    let key: &dyn Any = key;
    macro_rules! numbers {
        ($($number:ty),*) => {
            $(
                if let Some(number) = key.downcast_ref::<$number>() {
                    return Some(number.to_be_bytes().to_vec());
                }
            )*
        };
    }
    numbers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
    if let Some(text) = key.downcast_ref::<String>() {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(text) = key.downcast_ref::<&'static str>() {
        return Some(text.as_bytes().to_vec());
    }
    if let Some(path) = key.downcast_ref::<PathBuf>() {
        return Some(path.as_os_str().as_encoded_bytes().to_vec());
    }
    if let Some(time) = key.downcast_ref::<Duration>() {
        return Some(time.as_nanos().to_be_bytes().to_vec());
    }
    if let Some(truth) = key.downcast_ref::<bool>() {
        return Some(vec![u8::from(*truth)]);
    }
    key.downcast_ref::<char>().map(|&letter| u32::from(letter).to_be_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_where_their_type_is_known() {
        assert_ne!(bytes_of(&-1_i64), bytes_of(&1_i64));
        assert_eq!(bytes_of(&"a"), bytes_of(&String::from("a")));
        assert_ne!(bytes_of(&'a'), bytes_of(&'b'));
        assert_ne!(bytes_of(&Duration::from_secs(1)), bytes_of(&Duration::from_millis(1)));
        assert!(bytes_of(&PathBuf::from("/a")).is_some() && bytes_of(&true) != bytes_of(&false));
        assert_eq!(bytes_of(&(1, 2)), None);
    }
}
