//! A look through footers and headers of pages before anybody believes them.
//!
//! They are written in Thrift's compact protocol, which has the length of a list before its items: readers allocate room
//! for as many as it says. So they are gone through once without allocating anything: lists must fit in what is left, and
//! neither structs nor the schema may be nested deeper than anybody means.

/// So deep structs are nested at the most. Parquet's own are six deep.
const DEEPEST_STRUCT: u32 = 32;

/// So deep a schema is nested at the most.
const DEEPEST_SCHEMA: usize = 100;

/// The field of a footer that has the schema, and that of a schema's element which has the number of its children.
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

/// The fields of a page's header: its sizes, and structs by its kind. The first field of each of these is its number of values.
const PLAIN_SIZE: i64 = 2;
const STORED_SIZE: i64 = 3;
const DATA: i64 = 5;
const DICTIONARY: i64 = 7;
const DATA_V2: i64 = 8;
const VALUES: i64 = 1;

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const I16: u8 = 4;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;
const UUID: u8 = 13;

/// Whether `footer` is a struct whose sizes can be true.
pub(super) fn check_footer(footer: &[u8]) -> Result<(), String> {
    let mut reader = Reader { left: footer };
    let mut id = 0;
    while let Some((field, kind)) = reader.field(id)? {
        id = field;
        if field == SCHEMA && kind == LIST {
            reader.schema()?;
        } else {
            reader.skip(kind, 0, false)?;
        }
    }
    Ok(())
}

/// What a page says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// The bytes of the header.
    pub(super) length: usize,
    /// The bytes of the page as it is stored.
    pub(super) stored: i64,
    /// Its bytes when it is not compressed.
    pub(super) plain: i64,
    /// The number of values, of a page of data.
    pub(super) values: i64,
    /// The number of values, of a dictionary.
    pub(super) of_dictionary: i64,
}

/// The header of the page that `bytes` begin with.
pub(super) fn page_header(bytes: &[u8]) -> Result<PageHeader, String> {
    let (mut reader, mut header, mut id) = (Reader { left: bytes }, PageHeader::default(), 0);
    while let Some((field, kind)) = reader.field(id)? {
        id = field;
        match (field, kind) {
            (PLAIN_SIZE, I16..=I64) => header.plain = reader.zigzag()?,
            (STORED_SIZE, I16..=I64) => header.stored = reader.zigzag()?,
            (DATA | DATA_V2, STRUCT) => header.values = reader.number_in(VALUES)?,
            (DICTIONARY, STRUCT) => header.of_dictionary = reader.number_in(VALUES)?,
            _ => reader.skip(kind, 0, false)?,
        }
    }
    header.length = bytes.len() - reader.left.len();
    Ok(header)
}

struct Reader<'a> {
    left: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.left = self.left.get(bytes..).ok_or_else(short)?;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, String> {
        let byte = *self.left.first().ok_or_else(short)?;
        self.take(1)?;
        Ok(byte)
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for place in 0..10 {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << (7 * place).min(63);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number in what it says of its parts does not end".into())
    }

    fn zigzag(&mut self) -> Result<i64, String> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The id and type of the next field; None at the struct's end.
    fn field(&mut self, last: i64) -> Result<Option<(i64, u8)>, String> {
        let head = self.byte()?;
        let (delta, kind) = (i64::from(head >> 4), head & 0xf);
        if kind == 0 {
            return Ok(None);
        }
        let id = if delta == 0 { self.zigzag()? } else { last.wrapping_add(delta) };
        Ok(Some((id, kind)))
    }

    /// The number of items of a list and their type.
    fn list(&mut self) -> Result<(usize, u8), String> {
        let head = self.byte()?;
        let size = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
        // Each item has at least a byte.
        if size > self.left.len() as u64 {
            return Err(format!("it says that there is a list of {size} items in {} bytes", self.left.len()));
        }
        Ok((size as usize, head & 0xf))
    }

    fn skip(&mut self, kind: u8, depth: u32, is_item: bool) -> Result<(), String> {
        if depth > DEEPEST_STRUCT {
            return Err(format!("what it says of its parts is nested deeper than {DEEPEST_STRUCT} levels"));
        }
        match kind {
            // Of a field, the type is the value.
            TRUE | FALSE => self.take(usize::from(is_item)),
            BYTE => self.take(1),
            I16..=I64 => self.varint().map(drop),
            DOUBLE => self.take(8),
            UUID => self.take(16),
            BINARY => {
                let length = self.varint()?;
                self.take(usize::try_from(length).map_err(|_| short())?)
            }
            LIST | SET => {
                let (size, kind) = self.list()?;
                (0..size).try_for_each(|_| self.skip(kind, depth + 1, true))
            }
            MAP => {
                let size = self.varint()?;
                if size == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                (0..size).try_for_each(|_| {
                    self.skip(kinds >> 4, depth + 1, true)?;
                    self.skip(kinds & 0xf, depth + 1, true)
                })
            }
            STRUCT => {
                let mut id = 0;
                while let Some((field, kind)) = self.field(id)? {
                    id = field;
                    self.skip(kind, depth + 1, false)?;
                }
                Ok(())
            }
            other => Err(format!("what it says of its parts has a value of type {other}, which there is not")),
        }
    }

    /// A list of elements, each before its children.
    fn schema(&mut self) -> Result<(), String> {
        let (size, kind) = self.list()?;
        // How many children are still to come, from the outside in.
        let mut open = vec![1];
        for _ in 0..size {
            let children = if kind == STRUCT { self.number_in(CHILDREN)? } else { 0 };
            while open.last() == Some(&0) {
                open.pop();
            }
            if let Some(left) = open.last_mut() {
                *left -= 1;
            }
            if kind != STRUCT {
                self.skip(kind, 0, true)?;
            }
            if children > 0 {
                open.push(children);
            }
            if open.len() > DEEPEST_SCHEMA {
                return Err(format!("its schema is nested deeper than {DEEPEST_SCHEMA} levels"));
            }
        }
        Ok(())
    }

    /// The number in the field `wanted` of a struct; 0 where there is none.
    fn number_in(&mut self, wanted: i64) -> Result<i64, String> {
        let (mut id, mut number) = (0, 0);
        while let Some((field, kind)) = self.field(id)? {
            id = field;
            if field == wanted && (I16..=I64).contains(&kind) {
                number = self.zigzag()?;
            } else {
                self.skip(kind, 1, false)?;
            }
        }
        Ok(number)
    }
}

fn short() -> String {
    "what it says of its parts is cut short".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_must_fit_and_structs_must_not_be_bottomless() {
        // Field 4, a list of 2^31 structs.
        let many = [0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00];
        assert!(check_footer(&many).unwrap_err().contains("2147483647 items"));
        // Field 1 is a struct whose field 1 is a struct…
        let deep = [0x1c; 1000];
        assert!(check_footer(&deep).unwrap_err().contains("deeper"));
        assert!(check_footer(&[0x18, 0xff, 0xff, 0x03]).unwrap_err().contains("cut short"));
        assert!(check_footer(&[]).is_err());
        assert!(check_footer(&[0x15, 0x02, 0x00]).is_ok());
    }

    #[test]
    fn schemas_are_not_bottomless() {
        // Field 2, a list of structs with one child each (field 5, an i32 of 1).
        let schema = |elements: usize| {
            let mut footer = vec![0x29, 0xfc, elements as u8 | 0x80, (elements >> 7) as u8];
            footer.extend([0x55, 0x02, 0x00].repeat(elements));
            footer.push(0);
            footer
        };
        assert!(check_footer(&schema(50)).is_ok());
        assert!(check_footer(&schema(500)).unwrap_err().contains("schema"));
    }
}
