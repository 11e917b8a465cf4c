//! `bench query`: a free question to CSV files, in the words of SQL.

mod expressions;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use polars::prelude::{DataFrame as PolarsFrame, DataType, Expr, IntoLazy, Schema, SortMultipleOptions, col};
use thermocline::io::table::write_csv;
use thermocline::{DataFrame, Error, Session};

use self::expressions::{items, list, missing, one};
use crate::account::Account;
use crate::cli::Query;
use crate::error::{BenchError, Result};
use crate::interrupt::Interrupt;
use crate::print;
use crate::progress::Shown;
use crate::report::{Json, Report, peak_rss};
use crate::table::{Csv, described, digest, show};

/// So many rows are shown.
const SHOWN: usize = 40;

/// What `--csv-out` calls standard output.
const STANDARD_OUTPUT: &str = "-";

/// The file that is written before it is copied there.
const TEXT: &str = "answer.csv";

/// Answers a question, and writes the figures whatever happens.
pub(crate) fn query(options: &Query, interrupt: &Interrupt) -> Result<()> {
    let json = options.json.as_deref().map(Json::create).transpose()?;
    let shown = Shown::new(options.no_progress, false);
    let session = options.settings.session_with(shown.observer().into_iter().collect());
    let mut report = Report::new("query");
    if let Ok(session) = &session {
        report.configured(session.config());
    }
    let account = Arc::new(Account::new(report, shown));
    let answer = session.and_then(|session| {
        let work = {
            let (options, session, account) = (options.clone(), session.clone(), account.clone());
            move || answer(&options, &session, &account)
        };
        let answer = interrupt.guard(work, |end| {
            account.show();
            if end {
                session.cancel();
            }
        });
        account.did(&session.stats());
        answer
    });
    let mut report = account.finish();
    report.peak_rss_bytes = peak_rss();
    report.ended(answer.as_ref().err());
    let written = json.map_or(Ok(()), |json| json.write(&report));
    let answer = answer?;
    written?;
    print(&match answer {
        Answer::Rows(rows) => show(&rows) + &summary(&report, rows.height()),
        Answer::Text(text) => return copied(&text.path().join(TEXT)),
        Answer::File(path) => format!("{path}\n{}", summary(&report, usize::MAX)),
    })
}

/// What a question came to.
enum Answer {
    /// The first of the rows.
    Rows(PolarsFrame),
    /// A folder with a file for standard output.
    Text(tempfile::TempDir),
    /// The file that was wanted.
    File(String),
}

/// The line behind an answer.
fn summary(report: &Report, shown: usize) -> String {
    let rows = report.result_shape.as_ref().map_or(0, |shape| shape[0]);
    let of = if shown < rows { format!("the first {shown} of ") } else { String::new() };
    let noun = if rows == 1 { "row" } else { "rows" };
    let advice = if shown < rows { "; all of them: --csv-out" } else { "" };
    format!("({of}{rows} {noun} in {:.2} s{advice})\n", report.wall_s.unwrap_or(0.0))
}

/// Writes a file to standard output.
fn copied(text: &Path) -> Result<()> {
    let mut file = File::open(text).map_err(BenchError::io(text, "opening"))?;
    match std::io::copy(&mut file, &mut std::io::stdout().lock()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(BenchError::io("standard output", "writing")(error))
        }
        _ => Ok(()),
    }
}

fn answer(options: &Query, session: &Session, account: &Account) -> Result<Answer> {
    let start = Instant::now();
    let out = options.csv_out.as_deref();
    let text = (out == Some(Path::new(STANDARD_OUTPUT))).then(tempfile::tempdir);
    let text = text.transpose().map_err(BenchError::io(std::env::temp_dir(), "making a folder in"))?;
    let csv = Csv::open(&options.csv, &options.null_values, out)?;
    account.csv(csv.bytes);
    let result = asked(options, &csv.table)?;
    let text_path = text.as_ref().map(|folder| folder.path().join(TEXT));
    let path = text_path.as_deref().or(out);
    let written = path.map(|path| write_csv(&result, path));
    let shown = path.is_none().then(|| result.head(SHOWN));
    let wanted = (&digest(&result), &written, &shown);
    account.planned(&session.plan(wanted).map_err(told)?);
    let computed = session.compute(wanted);
    account.took(start);
    let (parts, _, rows) = computed.map_err(told)?;
    account.described(described(&parts, result.schema().len())?);
    Ok(match (rows, text, out) {
        (Some(rows), ..) => Answer::Rows(rows),
        (None, Some(text), _) => Answer::Text(text),
        (None, None, out) => Answer::File(out.unwrap_or(Path::new("")).display().to_string()),
    })
}

/// An operation that is impossible, in terms of the command line.
fn told(error: Error) -> BenchError {
    match &error {
        Error::Operation { operation, problem, .. } => {
            let flag = match *operation {
                "filter" => "--filter",
                "select" => "--select",
                "group_by" => "--group-by, --agg",
                "sort" => "--sort",
                _ => return error.into(),
            };
            // The advice there is for who writes programs.
            let problem = match problem.split_once(": aggregate by") {
                Some((problem, _)) => format!("{problem}: use --agg"),
                None => problem.clone(),
            };
            BenchError::Usage(format!("{flag}: {problem}"))
        }
        _ => error.into(),
    }
}

/// What was asked for, of `table`.
fn asked(options: &Query, table: &DataFrame) -> Result<DataFrame> {
    let mut result = table.clone();
    for text in &options.filter {
        result = result.filter(condition(text, result.schema())?);
    }
    if options.group_by.is_some() || options.agg.is_some() {
        result = grouped(options, &result)?;
    }
    if let Some(text) = &options.select {
        let exprs = list("--select", text, result.schema())?;
        result = result.select(single(text, "--select", exprs, result.schema())?);
    }
    if let Some(text) = &options.sort {
        result = sorted(text, &result)?;
    }
    Ok(match options.limit {
        Some(rows) => result.head(rows),
        None => result,
    })
}

/// What rows are kept by.
fn condition(text: &str, schema: &Schema) -> Result<Expr> {
    let condition = one("--filter", text, schema)?;
    let dtype =
        dtype_of(&condition, schema).map_err(|problem| BenchError::Usage(format!("--filter: {text:?}: {problem}")))?;
    match dtype {
        DataType::Boolean => Ok(condition),
        other => {
            let problem =
                format!("--filter: {text:?}: expected a condition, e.g. {text} > 0, found values of type {other}");
            Err(BenchError::Usage(problem))
        }
    }
}

/// The type of an expression of a table of `schema`.
fn dtype_of(expr: &Expr, schema: &Schema) -> Result<DataType, String> {
    let lazy = PolarsFrame::empty_with_schema(schema).lazy().select([expr.clone().alias("value")]);
    let schema = lazy.clone().collect_schema().map_err(|error| error.to_string())?;
    Ok(schema.get("value").cloned().unwrap_or(DataType::Null))
}

/// Whether an expression makes one value of a group of rows.
fn is_aggregation(expr: &Expr, schema: &Schema) -> bool {
    let Some((key, _)) = schema.iter().next() else { return true };
    let rows = PolarsFrame::empty_with_schema(schema).lazy();
    let grouped = rows.group_by([col(key.clone()).alias("key")]).agg([expr.clone().alias("value")]).collect_schema();
    let of_rows = dtype_of(expr, schema).map(|dtype| DataType::List(Box::new(dtype)));
    grouped.ok().and_then(|schema| schema.get("value").cloned()) != of_rows.ok()
}

fn grouped(options: &Query, table: &DataFrame) -> Result<DataFrame> {
    let of = |text: &Option<String>, flag: &str| -> Result<Vec<Expr>> {
        let Some(text) = text else { return Ok(Vec::new()) };
        single(text, flag, list(flag, text, table.schema())?, table.schema())
    };
    let (keys, aggregations) = (of(&options.group_by, "--group-by")?, of(&options.agg, "--agg")?);
    if let Some(rows) = aggregations.iter().find(|expr| !is_aggregation(expr, table.schema())) {
        let name = rows.clone().meta().output_name().map(|name| name.to_string()).unwrap_or_default();
        let problem =
            format!("--agg: {name:?}: expected one value for each group, e.g. AVG(...), found one for each row");
        return Err(BenchError::Usage(problem));
    }
    Ok(if keys.is_empty() { table.agg(aggregations) } else { table.group_by(keys).agg(aggregations) })
}

/// Expressions that have types, and no name twice.
fn single(text: &str, flag: &str, exprs: Vec<Expr>, schema: &Schema) -> Result<Vec<Expr>> {
    let mut names: Vec<String> = Vec::new();
    for expr in &exprs {
        let wrong = |problem: String| BenchError::Usage(format!("{flag}: {text:?}: {problem}"));
        dtype_of(expr, schema).map_err(wrong)?;
        let name = expr.clone().meta().output_name().map(|name| name.to_string()).unwrap_or_default();
        if names.contains(&name) {
            return Err(wrong(format!("two columns would be called {name:?}: name one by AS")));
        }
        names.push(name);
    }
    Ok(exprs)
}

/// Sorted by columns, each `name`, `name asc` or `name desc`, and maybe `nulls first` or `nulls last`.
fn sorted(text: &str, table: &DataFrame) -> Result<DataFrame> {
    let (mut names, mut descending, mut nulls_last) = (Vec::new(), Vec::new(), Vec::new());
    for item in items(text) {
        let key = sort_key(item.text, table.schema())
            .map_err(|problem| BenchError::Usage(format!("--sort: {text:?}: {problem}")))?;
        names.push(key.0);
        descending.push(key.1);
        nulls_last.push(key.2);
    }
    let options = SortMultipleOptions::default()
        .with_order_descending_multi(descending)
        .with_nulls_last_multi(nulls_last)
        .with_maintain_order(true);
    Ok(table.sort(names, options))
}

fn sort_key(text: &str, schema: &Schema) -> Result<(String, bool, bool), String> {
    // A column may be called as no other would be: `COUNT(*)`.
    let (mut name, mut descending, mut nulls_last) = (text, false, false);
    let ends = |name: &str, word: &str| {
        let at = name.len().checked_sub(word.len() + 1).filter(|&at| name.is_char_boundary(at))?;
        name[at..].trim_start().eq_ignore_ascii_case(word).then(|| name[..at].trim_end().len())
    };
    if !schema.contains(name) {
        for (word, last) in [("nulls first", false), ("nulls last", true)] {
            if let Some(end) = ends(name, word) {
                (name, nulls_last) = (&name[..end], last);
            }
        }
        for (word, down) in [("asc", false), ("desc", true)] {
            if let Some(end) = ends(name, word) {
                (name, descending) = (&name[..end], down);
            }
        }
    }
    let plain = name.trim().trim_matches('"');
    if plain.is_empty() {
        return Err("expected a column, e.g. delay or delay desc, found nothing".into());
    }
    if schema.contains(plain) { Ok((plain.to_owned(), descending, nulls_last)) } else { Err(missing(plain, schema)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_to_sort_by_may_be_called_anything() {
        let schema = Schema::from_iter(["delay", "COUNT(*)", "at desc"].map(|name| (name.into(), DataType::Int64)));
        let key = |text| sort_key(text, &schema);
        let is = |name: &str, descending, nulls_last| Ok((name.to_owned(), descending, nulls_last));
        assert_eq!(key("delay"), is("delay", false, false));
        assert_eq!(key("delay DESC"), is("delay", true, false));
        assert_eq!(key("COUNT(*) desc nulls last"), is("COUNT(*)", true, true));
        assert_eq!(key("\"delay\" asc NULLS LAST"), is("delay", false, true));
        assert_eq!(key("at desc"), is("at desc", false, false));
        assert!(key("Delay").unwrap_err().contains("there is \"delay\""));
        assert!(key("").unwrap_err().contains("expected a column"));
    }
}
