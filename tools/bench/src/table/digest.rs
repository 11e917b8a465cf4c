//! What is told of a table: how many values it has, their mean, their moment, and a hash of its rows in order.
//!
//! Of each partition so much is found where the partition is, that no result has to fit into memory at once. A string counts
//! as its length in bytes, a truth value as 0 or 1, dates and times as the numbers that they are stored as.

use polars::prelude::{
    Column, DataFrame as PolarsFrame, DataType, IntoColumn, NamedFrom, PlSeedableRandomStateQuality, PolarsResult,
    Series,
};
use sha2::{Digest as _, Sha256};
use thermocline::DataFrame;

use crate::report::Description;

/// The columns of digests.
const ROWS: &str = "rows";
const VALID: &str = "valid";
const SUM: &str = "sum";
const MOMENT: &str = "moment";
const SHA256: &str = "sha256";

/// A row for each partition of `table`.
pub(crate) fn digest(table: &DataFrame) -> DataFrame {
    table.map_partitions(|frame| of_frame(&frame))
}

/// The digest of a frame, as a frame of one row.
pub(super) fn of_frame(frame: &PolarsFrame) -> PolarsResult<PolarsFrame> {
    let width = frame.width();
    let (mut valid, mut sum, mut moment) = (0_u64, 0.0, 0.0);
    for (place, column) in frame.columns().iter().enumerate() {
        let numbers = numbers(column)?;
        for (row, number) in numbers.f64()?.iter().enumerate() {
            if let Some(number) = number.filter(|number| !number.is_nan()) {
                valid += 1;
                sum += number;
                moment += number * (row * width + place) as f64;
            }
        }
    }
    let columns = vec![
        Column::new(ROWS.into(), [frame.height() as u64]),
        Column::new(VALID.into(), [valid]),
        Column::new(SUM.into(), [sum]),
        Column::new(MOMENT.into(), [moment]),
        Series::new(SHA256.into(), [&hash(frame)?[..]]).into_column(),
    ];
    PolarsFrame::new(1, columns)
}

/// The values of a column as f64; null stays null.
fn numbers(column: &Column) -> PolarsResult<Column> {
    let series = column.as_materialized_series();
    match series.dtype() {
        DataType::String => {
            let lengths = series.str()?.iter().map(|text| text.map(|text| text.len() as f64));
            Ok(Series::new("".into(), lengths.collect::<Vec<Option<f64>>>()).into_column())
        }
        _ => Ok(series.to_physical_repr().cast(&DataType::Float64)?.into_column()),
    }
}

/// Of the hashes of its rows, in order.
fn hash(frame: &PolarsFrame) -> PolarsResult<[u8; 32]> {
    let mut sha256 = Sha256::new();
    if frame.height() > 0 {
        let hashes = frame.clone().hash_rows(Some(PlSeedableRandomStateQuality::fixed()))?;
        let bytes: Vec<u8> = hashes.into_no_null_iter().flat_map(u64::to_le_bytes).collect();
        sha256.update(&bytes);
    }
    Ok(sha256.finalize().into())
}

/// What the digests of partitions in order come to, of a table of so many columns.
pub(super) fn gathered(parts: &PolarsFrame, width: usize) -> PolarsResult<Description> {
    let (mut sha256, mut rows_before) = (Sha256::new(), 0_u64);
    let (mut valid, mut sum, mut moment) = (0, 0.0, 0.0);
    let [rows, valids] = [ROWS, VALID].map(|name| parts.column(name).and_then(|column| column.u64().cloned()));
    let [sums, moments] = [SUM, MOMENT].map(|name| parts.column(name).and_then(|column| column.f64().cloned()));
    let (rows, valids, sums, moments) = (rows?, valids?, sums?, moments?);
    let hashes = parts.column(SHA256)?.binary()?;
    for part in 0..parts.height() {
        let own = rows.get(part).unwrap_or(0);
        // How many partitions without a row there are says nothing of the rows.
        if own == 0 {
            continue;
        }
        sha256.update(hashes.get(part).unwrap_or_default());
        valid += valids.get(part).unwrap_or(0);
        let own_sum = sums.get(part).unwrap_or(0.0);
        sum += own_sum;
        moment += moments.get(part).unwrap_or(0.0) + own_sum * (rows_before * width as u64) as f64;
        rows_before += own;
    }
    Ok(Description::of_table(sha256, [rows_before as usize, width], valid as usize, sum, moment))
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;
    use crate::report::Report;

    fn report(parts: &[PolarsFrame]) -> Report {
        let mut digests = of_frame(&parts[0]).unwrap();
        for part in &parts[1..] {
            digests.vstack_mut(&of_frame(part).unwrap()).unwrap();
        }
        let mut report = Report::default();
        report.described(gathered(&digests, parts[0].width()).unwrap());
        report
    }

    #[test]
    fn a_table_is_described_by_its_values_in_their_places() {
        let frame = df!["key" => ["a", "bcd", "e"], "x" => [Some(1.5), None, Some(4.0)]].unwrap();
        let whole = report(std::slice::from_ref(&frame));
        assert_eq!((whole.result_shape, whole.result_valid), (Some(vec![3, 2]), Some(5)));
        // 1 + 1.5 + 3 + 1 + 4, of five; (1.5 * 1 + 3 * 2 + 1 * 4 + 4 * 5) of five, of six places.
        assert_eq!((whole.result_mean, whole.result_moment), (Some(10.5 / 5.0), Some(31.5 / 5.0 / 6.0)));
        let parts = report(&[frame.head(Some(1)), frame.clear(), frame.slice(1, 2)]);
        assert_eq!((parts.result_mean, parts.result_moment), (Some(10.5 / 5.0), Some(31.5 / 5.0 / 6.0)));
    }

    #[test]
    fn other_rows_or_another_order_have_another_hash() {
        let frame = df!["key" => ["a", "b"], "x" => [1, 2]].unwrap();
        let hash = |frame: &PolarsFrame| report(std::slice::from_ref(frame)).result_sha256;
        assert_eq!(hash(&frame), hash(&frame.clone()));
        assert_ne!(hash(&frame), hash(&frame.reverse()));
        assert_ne!(hash(&frame), hash(&df!["key" => ["a", "c"], "x" => [1, 2]].unwrap()));
    }
}
