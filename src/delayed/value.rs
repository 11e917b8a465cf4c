//! Values of calls as chunks: counted, and spilled if their type says how.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::measure::usual_bytes;
use crate::chunk::{Chunk, CodeError, Encoded, Value};

/// What a call's value may be: anything that threads can share.
pub(super) trait Any: Send + Sync + 'static {}

impl<T: Send + Sync + 'static> Any for T {}

type MeasureValue<T> = dyn Fn(&T) -> u64 + Send + Sync;
type WriteValue<T> = dyn Fn(&T, &mut dyn Write) -> Result<(), CodeError> + Send + Sync;
type ReadValue<T> = dyn Fn(&mut dyn Read) -> Result<T, CodeError> + Send + Sync;

/// How values of a call are counted, and go to scratch and come back.
pub(super) struct Manner<T> {
    measure: Option<Arc<MeasureValue<T>>>,
    code: Option<Code<T>>,
}

struct Code<T> {
    write: Arc<WriteValue<T>>,
    read: Arc<ReadValue<T>>,
}

impl<T> Clone for Code<T> {
    fn clone(&self) -> Self {
        Self { write: self.write.clone(), read: self.read.clone() }
    }
}

impl<T> Clone for Manner<T> {
    fn clone(&self) -> Self {
        Self { measure: self.measure.clone(), code: self.code.clone() }
    }
}

impl<T> Default for Manner<T> {
    fn default() -> Self {
        Self { measure: None, code: None }
    }
}

impl<T: Any> Manner<T> {
    pub(super) fn measured(mut self, bytes: impl Fn(&T) -> u64 + Send + Sync + 'static) -> Self {
        self.measure = Some(Arc::new(bytes));
        self
    }

    pub(super) fn coded(
        mut self,
        write: impl Fn(&T, &mut dyn Write) -> Result<(), CodeError> + Send + Sync + 'static,
        read: impl Fn(&mut dyn Read) -> Result<T, CodeError> + Send + Sync + 'static,
    ) -> Self {
        self.code = Some(Code { write: Arc::new(write), read: Arc::new(read) });
        self
    }

    /// Through serde, as `MessagePack`. Structs are written with the names of their fields, so that whatever serde can do
    /// with them (fields that are skipped, flattened, of any type) comes back as it was.
    pub(super) fn of_serde(self) -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        let measured = self.measure.is_some();
        let coded = self.coded(
            |value, out| Ok(rmp_serde::encode::write_named(out, value)?),
            |from| Ok(rmp_serde::from_read(from)?),
        );
        // What it takes on scratch says more of what is on the heap than nothing does.
        if measured { coded } else { coded.measured(|value| usual_bytes(value).max(serialized_bytes(value))) }
    }

    /// A value as a chunk.
    pub(super) fn chunk(self: &Arc<Self>, value: T) -> Chunk {
        let bytes = self.measure.as_ref().map_or_else(|| usual_bytes(&value), |measure| measure(&value));
        Chunk::new(Made { value, bytes, manner: self.clone() })
    }
}

fn serialized_bytes<T: Serialize>(value: &T) -> u64 {
    struct Count(u64);

    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let mut count = Count(0);
    // What fails here fails again where it is to be written, and is told there.
    drop(rmp_serde::encode::write(&mut count, value));
    count.0
}

/// The value of a call.
pub(super) struct Made<T> {
    pub(super) value: T,
    bytes: u64,
    manner: Arc<Manner<T>>,
}

impl<T: Any> Value for Made<T> {
    fn unmetered_bytes(&self) -> u64 {
        self.bytes
    }

    fn describe(&self) -> Option<String> {
        Some(short_name::<T>())
    }

    fn encode(&self) -> Option<Encoded<'_>> {
        let Code { write, read } = self.manner.code.clone()?;
        let (bytes, manner) = (self.bytes, self.manner.clone());
        Some(Encoded::Stream {
            write: Box::new(move |out| write(&self.value, out)),
            // It takes what it took: a measure that says something else of what came back would not fit what is granted.
            read: Arc::new(move |from| {
                let value = read(from)?;
                Ok(Chunk::new(Self { value, bytes, manner: manner.clone() }))
            }),
        })
    }
}

/// The name of a type without the paths in it: `Vec<Station>`.
fn short_name<T>() -> String {
    let name = std::any::type_name::<T>();
    let words = name.split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    words.map(|word| word.rsplit("::").next().unwrap_or(word)).collect()
}

impl<T> fmt::Debug for Manner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |it: bool| if it { "said" } else { "unsaid" };
        write!(f, "Manner(bytes {}, code {})", said(self.measure.is_some()), said(self.code.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn types_are_named_without_their_paths() {
        assert_eq!(short_name::<f64>(), "f64");
        assert_eq!(
            short_name::<BTreeMap<String, Vec<Option<(u8, &str)>>>>(),
            "BTreeMap<String, Vec<Option<(u8, &str)>>>"
        );
        assert_eq!(short_name::<Manner<[i32; 3]>>(), "Manner<[i32; 3]>");
    }
}
