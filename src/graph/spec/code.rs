//! Values on their way to scratch and back: a tag for each, then what it holds, outermost first.

use std::io::{self, Read, Write};
use std::sync::Arc;

use super::{Datum, deep};
use crate::chunk::{Chunk, CodeError, Encoded};

/// What a value is, as a byte.
mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const FLOAT: u8 = 4;
    pub(super) const TEXT: u8 = 5;
    pub(super) const LIST: u8 = 6;
    pub(super) const MAP: u8 = 7;
}

/// How `value` goes to scratch.
pub(super) fn encoded(value: &Datum) -> Encoded<'_> {
    Encoded::Stream {
        write: Box::new(|out| {
            let mut out = io::BufWriter::new(out);
            write(value, &mut out)?;
            Ok(out.flush()?)
        }),
        read: Arc::new(|from| Ok(Chunk::new(read(&mut io::BufReader::new(from))?))),
    }
}

fn write(value: &Datum, out: &mut impl Write) -> io::Result<()> {
    match value {
        Datum::Null => out.write_all(&[tag::NULL]),
        Datum::Bool(false) => out.write_all(&[tag::FALSE]),
        Datum::Bool(true) => out.write_all(&[tag::TRUE]),
        Datum::Int(number) => write_word(tag::INT, number.to_ne_bytes(), out),
        Datum::Float(number) => write_word(tag::FLOAT, number.to_ne_bytes(), out),
        Datum::Text(text) => write_text(text, out),
        Datum::List(items) => {
            write_word(tag::LIST, items.len().to_ne_bytes(), out)?;
            items.iter().try_for_each(|item| deep(|| write(item, out)))
        }
        Datum::Map(entries) => {
            write_word(tag::MAP, entries.len().to_ne_bytes(), out)?;
            entries.iter().try_for_each(|(key, value)| {
                write_text(key, out)?;
                deep(|| write(value, out))
            })
        }
    }
}

fn write_word(tag: u8, word: [u8; 8], out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[tag])?;
    out.write_all(&word)
}

fn write_text(text: &str, out: &mut impl Write) -> io::Result<()> {
    write_word(tag::TEXT, text.len().to_ne_bytes(), out)?;
    out.write_all(text.as_bytes())
}

fn read(from: &mut impl Read) -> Result<Datum, CodeError> {
    Ok(match read_tag(from)? {
        tag::NULL => Datum::Null,
        tag::FALSE => Datum::Bool(false),
        tag::TRUE => Datum::Bool(true),
        tag::INT => Datum::Int(i64::from_ne_bytes(read_word(from)?)),
        tag::FLOAT => Datum::Float(f64::from_ne_bytes(read_word(from)?)),
        tag::TEXT => Datum::Text(read_text(from)?),
        tag::LIST => {
            let count = usize::from_ne_bytes(read_word(from)?);
            Datum::list((0..count).map(|_| deep(|| read(from))).collect::<Result<Vec<_>, _>>()?)
        }
        tag::MAP => {
            let count = usize::from_ne_bytes(read_word(from)?);
            let entry = |_| match read_tag(from)? {
                tag::TEXT => Ok((read_text(from)?, deep(|| read(from))?)),
                other => Err(unknown(other)),
            };
            Datum::map((0..count).map(entry).collect::<Result<Vec<_>, _>>()?)
        }
        other => return Err(unknown(other)),
    })
}

fn unknown(tag: u8) -> CodeError {
    format!("no value has the tag {tag}").into()
}

fn read_tag(from: &mut impl Read) -> io::Result<u8> {
    let mut tag = [0];
    from.read_exact(&mut tag)?;
    Ok(tag[0])
}

fn read_word(from: &mut impl Read) -> io::Result<[u8; 8]> {
    let mut word = [0; 8];
    from.read_exact(&mut word)?;
    Ok(word)
}

fn read_text(from: &mut impl Read) -> Result<Arc<str>, CodeError> {
    let mut text = String::new();
    let len = u64::from_ne_bytes(read_word(from)?);
    if from.take(len).read_to_string(&mut text)? as u64 != len {
        return Err("a text ends before its end".into());
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(value: &Datum) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Encoded::Stream { write, .. } = encoded(value) else { panic!("values are many allocations") };
        write(&mut bytes).unwrap();
        bytes
    }

    fn back(bytes: &[u8]) -> Result<Datum, CodeError> {
        let Encoded::Stream { read, .. } = encoded(&Datum::Null) else { panic!("values are many allocations") };
        Ok(read(&mut { bytes })?.get::<Datum>()?.clone())
    }

    #[test]
    fn values_come_back_as_they_were() {
        let flat = [Datum::Null, true.into(), false.into(), i64::MIN.into(), (-0.0).into(), "".into(), "dé€𝄞".into()];
        let mut nested = Datum::list([]);
        for at in 0..900 {
            nested =
                if at % 2 == 0 { Datum::list([nested, 7.into()]) } else { Datum::map([("k", nested), ("", 1.into())]) };
        }
        for value in flat.iter().cloned().chain([Datum::list(flat.clone()), Datum::map::<&str>([]), nested]) {
            let again = back(&there(&value)).unwrap();
            assert!(again == value, "{}", value.describe());
            assert_eq!((again.bytes(), again.depth()), (value.bytes(), value.depth()));
        }
        let Datum::Float(number) = back(&there(&Datum::Float(f64::NAN))).unwrap() else { panic!("a float") };
        assert_eq!(number.to_bits(), f64::NAN.to_bits());
    }

    #[test]
    fn what_ends_early_or_is_no_value_is_an_error() {
        let whole = there(&Datum::list([Datum::from("text"), Datum::map([("key", Datum::from(1))])]));
        for len in 0..whole.len() {
            assert!(back(&whole[..len]).is_err(), "{len}");
        }
        assert!(back(&[99]).is_err());
    }
}
