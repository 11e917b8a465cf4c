//! CSV files as one table.
//!
//! **Partitions** are byte ranges of about [equal length](CsvReader::partition_size), cut where a row ends. A line feed inside
//! of quotes ends none; whether a byte is inside of quotes depends on all bytes before it. Where quotes were seen in a sample
//! of the files, they are gone through once when they are opened, by all cores, to count quotes. Where none were seen that
//! is spared, and each partition checks instead that each of its lines has an even number of quotes: as long as all do,
//! no row goes over a line's end, and every cut was right. One that doesn't is an error that says what to do.
//!
//! **Types** are found from a sample: the beginning of each file, and places all over. A value that doesn't fit ends the run
//! with its file and line, or is left out and counted.
//!
//! **Compressed files** (gzip, zlib, zstd) are one partition each.

mod head;
mod ranges;
mod sample;
mod scan;
mod source;
mod trouble;

use std::sync::Arc;

use polars::prelude::{DataType, Field, PlSmallStr, Schema, SchemaRef};
use polars_io::csv::read::{CommentPrefix, CsvEncoding, CsvParseOptions, NullValues};

pub use trouble::{BadRows, SkippedRows};

use super::input::{Paths, find};
use crate::dataframe::DataFrame;
use crate::error::Result;
use crate::units::ByteSize;

/// Bytes of a partition, unless others are asked for.
const PARTITION: u64 = 16 << 20;

/// Begins to read CSV files: a path, a pattern as `flights_*.csv`, or a list of them. Their rows come in the order of the
/// files; of a pattern, in the order of their names.
///
/// ```
/// use thermocline::Session;
/// use thermocline::io::table::read_csv;
///
/// # let folder = tempfile::tempdir()?;
/// # let pattern = format!("{}/*.csv", folder.path().display());
/// # std::fs::write(folder.path().join("a.csv"), "day,delay\n2013-01-01,3\n2013-01-02,NA\n")?;
/// # std::fs::write(folder.path().join("b.csv"), "day,delay\n2013-01-03,4.5\n")?;
/// let table = read_csv(&pattern).null_values(["NA"]).dates(true).open()?;
/// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
/// let frame = session.compute(&table)?;
/// assert_eq!(frame.shape(), (3, 2));
/// assert_eq!(frame.column("delay")?.f64()?.get(2), Some(4.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn read_csv<P: Paths>(paths: P) -> CsvReader<P> {
    CsvReader { paths, options: Options::default() }
}

/// How CSV files are read. Made by [`read_csv`], ended by [`open`](Self::open).
#[derive(Clone, Debug)]
pub struct CsvReader<P> {
    paths: P,
    options: Options,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one setting, by its name")]
struct Options {
    separator: u8,
    quote: Option<u8>,
    has_header: bool,
    skip_lines: usize,
    comment: Option<String>,
    null_values: Vec<String>,
    empty_is_null: bool,
    dates: bool,
    decimal_comma: bool,
    lossy: bool,
    truncate_ragged: bool,
    bad_rows: BadRows,
    skipped: SkippedRows,
    schema: Option<Schema>,
    types: Vec<(PlSmallStr, DataType)>,
    sample_rows: usize,
    partition: u64,
    quoted_lines: Option<bool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            separator: b',',
            quote: Some(b'"'),
            has_header: true,
            skip_lines: 0,
            comment: None,
            null_values: Vec::new(),
            empty_is_null: true,
            dates: false,
            decimal_comma: false,
            lossy: false,
            truncate_ragged: false,
            bad_rows: BadRows::Fail,
            skipped: SkippedRows::default(),
            schema: None,
            types: Vec::new(),
            sample_rows: 1000,
            partition: PARTITION,
            quoted_lines: None,
        }
    }
}

impl Options {
    /// As polars' parser wants them.
    fn parse_options(&self) -> CsvParseOptions {
        let nulls = (!self.null_values.is_empty())
            .then(|| NullValues::AllColumns(self.null_values.iter().map(|value| value.as_str().into()).collect()));
        CsvParseOptions {
            separator: self.separator,
            quote_char: self.quote,
            eol_char: b'\n',
            encoding: if self.lossy { CsvEncoding::LossyUtf8 } else { CsvEncoding::Utf8 },
            null_values: nulls,
            missing_is_null: self.empty_is_null,
            truncate_ragged_lines: self.truncate_ragged,
            comment_prefix: self.comment.as_deref().map(CommentPrefix::new_from_str),
            try_parse_dates: self.dates,
            decimal_comma: self.decimal_comma,
        }
    }
}

impl<P: Paths> CsvReader<P> {
    /// What stands between values: a comma, unless another is named.
    #[must_use]
    pub fn separator(mut self, separator: u8) -> Self {
        self.options.separator = separator;
        self
    }

    /// What stands around values that have separators or line ends in them: `"`, unless another is named, or none.
    #[must_use]
    pub fn quote(mut self, quote: Option<u8>) -> Self {
        self.options.quote = quote;
        self
    }

    /// Whether the first row of each file has the names of columns (the default). Else they are `column_1` and so on.
    #[must_use]
    pub fn header(mut self, has_header: bool) -> Self {
        self.options.has_header = has_header;
        self
    }

    /// Lines that each file begins with, before its header.
    #[must_use]
    pub fn skip_lines(mut self, lines: usize) -> Self {
        self.options.skip_lines = lines;
        self
    }

    /// What lines begin with that are no rows, as `#`.
    #[must_use]
    pub fn comment(mut self, prefix: impl Into<String>) -> Self {
        self.options.comment = Some(prefix.into()).filter(|prefix| !prefix.is_empty());
        self
    }

    /// Values that mean null, as `NA`, in every column.
    #[must_use]
    pub fn null_values(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.null_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// Whether nothing between two separators is null (the default), or an empty string where the column has strings.
    #[must_use]
    pub fn empty_is_null(mut self, is_null: bool) -> Self {
        self.options.empty_is_null = is_null;
        self
    }

    /// Whether columns whose values look like dates and times become such. By default they are strings.
    #[must_use]
    pub fn dates(mut self, parse: bool) -> Self {
        self.options.dates = parse;
        self
    }

    /// Whether numbers have a comma before their fraction.
    #[must_use]
    pub fn decimal_comma(mut self, comma: bool) -> Self {
        self.options.decimal_comma = comma;
        self
    }

    /// Whether bytes that are no UTF-8 are replaced by `U+FFFD`. By default they are an error.
    #[must_use]
    pub fn lossy(mut self, lossy: bool) -> Self {
        self.options.lossy = lossy;
        self
    }

    /// Whether values beyond the last column are left out. By default a row that has such is bad. Values that are missing at
    /// a row's end are null either way.
    #[must_use]
    pub fn truncate_ragged(mut self, truncate: bool) -> Self {
        self.options.truncate_ragged = truncate;
        self
    }

    /// What is done with a row that can't be read.
    #[must_use]
    pub fn bad_rows(mut self, bad_rows: BadRows) -> Self {
        self.options.bad_rows = bad_rows;
        self
    }

    /// Leaves out rows that can't be read, and counts them in `skipped`.
    ///
    /// ```
    /// use polars::prelude::DataType;
    /// use thermocline::Session;
    /// # use thermocline::dataframe::polars;
    /// use thermocline::io::table::{SkippedRows, read_csv};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("a.csv");
    /// # std::fs::write(&path, "x\n1\nnonsense\n3\n")?;
    /// let skipped = SkippedRows::default();
    /// let table = read_csv(&path).dtypes([("x", DataType::Int64)]).skip_bad_rows(&skipped).open()?;
    /// let session = Session::builder().memory_limit("64MiB".parse()?).build()?;
    /// assert_eq!(session.compute(&table)?.height(), 2);
    /// assert_eq!(skipped.count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn skip_bad_rows(mut self, skipped: &SkippedRows) -> Self {
        self.options.bad_rows = BadRows::Skip;
        self.options.skipped = skipped.clone();
        self
    }

    /// The names and types of all columns, in their order in the files: nothing is sampled for them.
    #[must_use]
    pub fn schema(mut self, schema: Schema) -> Self {
        self.options.schema = Some(schema);
        self
    }

    /// The types of some columns; the others' are found from the sample.
    #[must_use]
    pub fn dtypes(mut self, types: impl IntoIterator<Item = (impl Into<PlSmallStr>, DataType)>) -> Self {
        self.options.types = types.into_iter().map(|(name, dtype)| (name.into(), dtype)).collect();
        self
    }

    /// How many rows of each sampled place types are found from: 1000, unless another number is given.
    #[must_use]
    pub fn sample_rows(mut self, rows: usize) -> Self {
        self.options.sample_rows = rows.max(1);
        self
    }

    /// About how many bytes of a file a partition has: 16 MiB, unless another size is given. At least one.
    #[must_use]
    pub fn partition_size(mut self, bytes: ByteSize) -> Self {
        self.options.partition = bytes.bytes().max(1);
        self
    }

    /// Whether rows may have line ends inside of quotes. Found out from the sample, unless it is said.
    #[must_use]
    pub fn quoted_lines(mut self, may_have: bool) -> Self {
        self.options.quoted_lines = Some(may_have);
        self
    }

    /// Opens the files: finds columns, types, and where to cut.
    ///
    /// # Errors
    /// [`Error::FileIo`](crate::Error::FileIo) where a file can't be read; [`Error::File`](crate::Error::File) where there is
    /// none, where one is empty without a [schema](Self::schema), or has other columns than the first.
    pub fn open(self) -> Result<DataFrame> {
        let files = find(&self.paths)?;
        let options = Arc::new(self.options);
        Ok(DataFrame::from_source(source::CsvSource::open(files, options)?))
    }
}

/// `schema` with the types that the parser can make, and what to cast to which behind it.
fn parsed_schema(schema: &SchemaRef) -> Result<(SchemaRef, Vec<Field>), polars::prelude::PolarsError> {
    let (mut parsed, mut casts) = (schema.clone(), Vec::new());
    polars_io::csv::read::_csv_read_internal::prepare_csv_schema(&mut parsed, &mut casts)?;
    Ok((parsed, casts))
}
