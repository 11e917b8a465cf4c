//! CSV files as a source of partitions.

use std::fs::File;
use std::sync::Arc;

use polars::prelude::{DataFrame as PolarsFrame, DataType, Expr, Field, PlSmallStr, PolarsError, SchemaRef};
use polars_io::csv::read::_csv_read_internal::{
    NullValuesCompiled, SplitLines, cast_columns, read_chunk, validate_utf8,
};
use polars_io::csv::read::CsvParseOptions;
use polars_io::utils::compression::CompressedReader;

use super::super::input::InputFile;
use super::head::{Head, read_head};
use super::ranges::{Cut, Range, cut};
use super::sample::{Sampled, sample};
use super::trouble::{BadRows, locate, without_bad_rows};
use super::{Options, parsed_schema};
use crate::chunk::CodeError;
use crate::dataframe::{Estimate, ReadCost, TableSource, alone};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::TaskContext;

/// So many times its size a compressed file is taken to have.
const EXPANSION: u64 = 24;

/// CSV files.
pub(super) struct CsvSource {
    files: Vec<InputFile>,
    ranges: Vec<Range>,
    heads: Vec<Head>,
    options: Arc<Options>,
    parser: Parser,
    schema: SchemaRef,
    estimate: Estimate,
}

impl CsvSource {
    pub(super) fn open(files: Vec<InputFile>, options: Arc<Options>) -> Result<Self> {
        let heads = files.iter().map(|file| read_head(file, &file.open()?, &options)).collect::<Result<Vec<_>>>()?;
        check_names(&files, &heads, &options)?;
        let quoted = match (options.quote, options.quoted_lines) {
            (None, _) => false,
            (Some(_), Some(said)) => said,
            (Some(quote), None) => has_quotes(&files, &heads, quote)?,
        };
        let ranges = cut(&files, &heads, &options, quoted)?;
        let Sampled { schema, estimate } = sample(&files, &heads, &ranges, &options)?;
        let parser = Parser::new(schema.clone(), &options).map_err(|error| files[0].problem(error.to_string()))?;
        Ok(Self { files, ranges, heads, options, parser, schema, estimate })
    }

    fn read_rows(
        &self,
        context: &TaskContext<'_>,
        range: &Range,
        projection: &[usize],
    ) -> Result<PolarsFrame, CodeError> {
        let file = &self.files[range.file];
        let opened = file.open()?;
        if range.cut == Cut::Compressed {
            context.report(&Event::Read { stored: file.bytes, direct: true });
            return self.read_compressed(context, file, &opened, projection);
        }
        let (start, end) = match range.cut {
            Cut::Anywhere => {
                let first = self.heads[range.file].rows_at;
                (file.line_at(&opened, range.start, first)?, file.line_at(&opened, range.end, first)?)
            }
            Cut::AtRows | Cut::Compressed => (range.start, range.end),
        };
        let mut bytes = context.scratch::<u8>((end - start) as usize)?;
        file.read_exact(&opened, start, bytes.as_mut_slice())?;
        context.report(&Event::Read { stored: end - start, direct: true });
        let bytes = bytes.as_slice();
        if range.cut == Cut::Anywhere {
            self.check_lines(file, start, bytes)?;
        }
        self.parse(file, &opened, start, bytes, projection)
    }

    fn parse(
        &self,
        file: &InputFile,
        opened: &File,
        at: u64,
        bytes: &[u8],
        projection: &[usize],
    ) -> Result<PolarsFrame, CodeError> {
        let parsed = match self.options.bad_rows {
            BadRows::Fail => self.parser.parse(bytes, projection),
            BadRows::Skip => without_bad_rows(&self.parser, bytes, projection, &self.options.skipped),
        };
        Ok(parsed.map_err(|error| locate(&self.parser, file, opened, at, bytes, projection, &error))?)
    }

    fn read_compressed(
        &self,
        context: &TaskContext<'_>,
        file: &InputFile,
        opened: &File,
        projection: &[usize],
    ) -> Result<PolarsFrame, CodeError> {
        let plain = decompress(context, file, file.read(opened, 0, file.bytes)?)?;
        let (_, left) = super::head::infer(plain.clone(), &self.options, 0).map_err(|error| file.problem(error))?;
        let rows = &plain[plain.len() - left.min(plain.len())..];
        let parsed = match self.options.bad_rows {
            BadRows::Fail => self.parser.parse(rows, projection),
            BadRows::Skip => without_bad_rows(&self.parser, rows, projection, &self.options.skipped),
        };
        Ok(parsed.map_err(|error| file.problem(format!("after it was decompressed: {error}")))?)
    }

    /// Whether each line has an even number of quotes: if not, a row goes over its end, and cuts may be wrong.
    fn check_lines(&self, file: &InputFile, at: u64, bytes: &[u8]) -> Result<()> {
        let Some(quote) = self.options.quote.filter(|&quote| memchr::memchr(quote, bytes).is_some()) else {
            return Ok(());
        };
        let comment = self.options.comment.as_deref().map(str::as_bytes);
        let mut start = at;
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let is_comment = comment.is_some_and(|comment| line.starts_with(comment));
            if !is_comment && memchr::memchr_iter(quote, line).count() % 2 == 1 {
                return Err(file.problem(format!(
                    "the row at byte {start} has a line end inside of quotes, which no sampled row has: say quoted_lines(true)"
                )));
            }
            start += line.len() as u64;
        }
        Ok(())
    }
}

/// What `stored` bytes of a file are packed from. Its memory is taken from the task's grant as it grows.
fn decompress(context: &TaskContext<'_>, file: &InputFile, stored: Vec<u8>) -> Result<Vec<u8>, CodeError> {
    const STEP: usize = 4 << 20;
    let failed = |error: std::io::Error| file.problem(format!("decompressing it failed: {error}"));
    let packed = stored.len();
    let mut reader = CompressedReader::try_new(stored.into()).map_err(|error| file.problem(error.to_string()))?;
    let mut plain = Vec::new();
    let mut charges = Vec::new();
    loop {
        let (step, read) = reader.read_next_slice(&Vec::new().into(), STEP).map_err(failed)?;
        if read == 0 && step.is_empty() {
            return Ok(plain);
        }
        // Twice: a vector that grows is there twice while it moves.
        charges.push(context.allocator().reserve(2 * step.len() as u64).map_err(|_| {
            file.problem(format!(
                "its {packed} bytes decompress to more than {} times as many: decompress it before",
                EXPANSION / 2
            ))
        })?);
        plain.extend_from_slice(&step);
    }
}

/// All files must have the columns of the first.
fn check_names(files: &[InputFile], heads: &[Head], options: &Options) -> Result<()> {
    let (first, others) = (&heads[0], heads.iter().zip(files).skip(1));
    if let Some(schema) = &options.schema
        && schema.len() != first.names.len()
        && !first.names.is_empty()
    {
        let (given, found) = (schema.len(), first.names.len());
        return Err(files[0].problem(format!("it has {found} columns, the schema that was given has {given}")));
    }
    for (head, file) in others {
        if head.names == first.names {
            continue;
        }
        let first_path = files[0].path.display();
        let missing = first.names.iter().find(|name| !head.names.contains(name));
        let added = head.names.iter().find(|name| !first.names.contains(name));
        let difference = match (missing, added) {
            (Some(missing), Some(added)) => format!("it has {added:?}, but no {missing:?}"),
            (Some(missing), None) => format!("it has no {missing:?}"),
            (None, Some(added)) => format!("it also has {added:?}"),
            (None, None) => format!("they stand in another order: {:?}", head.names),
        };
        return Err(file.problem(format!("its columns are not those of {first_path}: {difference}. Read them apart")));
    }
    Ok(())
}

/// Whether a quote is seen at the beginning of each file, or in places all over.
fn has_quotes(files: &[InputFile], heads: &[Head], quote: u8) -> Result<bool> {
    const PLACES: u64 = 16;
    const LOOK: u64 = 32 << 10;
    for (file, head) in files.iter().zip(heads).filter(|(_, head)| !head.is_compressed) {
        let opened = file.open()?;
        let rows = file.bytes - head.rows_at;
        let places = if rows <= PLACES * LOOK { 1 } else { PLACES };
        for place in 0..places {
            let look = if places == 1 { rows } else { LOOK };
            let bytes = file.read(&opened, head.rows_at + rows / places * place, look)?;
            if memchr::memchr(quote, &bytes).is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// polars' parser for rows of a schema.
#[derive(Clone)]
pub(super) struct Parser {
    pub(super) schema: SchemaRef,
    parsed: SchemaRef,
    casts: Vec<Field>,
    options: CsvParseOptions,
    nulls: Option<NullValuesCompiled>,
}

impl Parser {
    pub(super) fn new(schema: SchemaRef, options: &Options) -> Result<Self, PolarsError> {
        let (parsed, casts) = parsed_schema(&schema)?;
        let options = options.parse_options();
        let nulls = options.null_values.clone().map(|nulls| nulls.compile(&parsed)).transpose()?;
        Ok(Self { schema, parsed, casts, options, nulls })
    }

    /// The same, with each column as strings.
    pub(super) fn as_strings(&self) -> Self {
        let schema: SchemaRef =
            Arc::new(self.schema.iter_names_cloned().map(|name| (name, DataType::String)).collect());
        Self {
            parsed: schema.clone(),
            schema,
            casts: Vec::new(),
            options: self.options.clone(),
            nulls: self.nulls.clone(),
        }
    }

    /// The rows of `bytes`, which begin and end with rows: the columns of these numbers, which ascend.
    pub(super) fn parse(&self, bytes: &[u8], projection: &[usize]) -> Result<PolarsFrame, PolarsError> {
        let is_text = |&column: &usize| self.parsed.get_at_index(column).is_some_and(|(_, dtype)| dtype.is_string());
        let is_utf8 = matches!(self.options.encoding, polars_io::csv::read::CsvEncoding::Utf8);
        if is_utf8 && projection.iter().any(is_text) && !validate_utf8(bytes) {
            return Err(PolarsError::ComputeError("its text is no UTF-8: read it lossy, or convert it before".into()));
        }
        let rows = memchr::memchr_iter(b'\n', bytes).count() + 1;
        alone(|| {
            let mut frame = read_chunk(
                bytes,
                &self.options,
                &self.parsed,
                false,
                projection,
                0,
                rows,
                self.nulls.as_ref(),
                usize::MAX,
                bytes.len(),
                Some(0),
            )?;
            let names: Vec<&PlSmallStr> = frame.schema().iter_names().collect();
            let casts: Vec<Field> = self.casts.iter().filter(|field| names.contains(&field.name())).cloned().collect();
            cast_columns(&mut frame, &casts, false, false)?;
            Ok(frame)
        })
    }

    /// Where a row begins about in the middle of `bytes`; None where they are one row.
    pub(super) fn middle(&self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        let comment = self.options.comment_prefix.as_ref();
        for row in SplitLines::new(bytes, self.options.quote_char, self.options.eol_char, comment) {
            let end = row.as_ptr().addr() - bytes.as_ptr().addr() + row.len() + 1;
            if end >= bytes.len() {
                break;
            }
            at = end;
            if at >= bytes.len() / 2 {
                break;
            }
        }
        (at > 0).then_some(at)
    }
}

impl TableSource for CsvSource {
    fn label(&self) -> &'static str {
        "read_csv"
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn partitions(&self) -> usize {
        self.ranges.len()
    }

    fn estimate(&self) -> Estimate {
        self.estimate.clone()
    }

    fn cost(&self, partition: usize, _: &[PlSmallStr]) -> ReadCost {
        let range = &self.ranges[partition];
        let reads = range.end - range.start;
        let workspace = if range.cut == Cut::Compressed { reads * (1 + EXPANSION) } else { reads + (128 << 10) };
        ReadCost { workspace, reads }
    }

    fn read(
        &self,
        context: &TaskContext<'_>,
        partition: usize,
        columns: &[PlSmallStr],
        _: Option<&Expr>,
    ) -> Result<PolarsFrame, CodeError> {
        let number = |name: &PlSmallStr| self.schema.index_of(name);
        let projection: Option<Vec<usize>> = columns.iter().map(number).collect();
        let projection = projection.ok_or(Error::Cancelled)?;
        self.read_rows(context, &self.ranges[partition], &projection)
    }
}
