//! `bench query`: what polars makes of the whole, and messages that say what is wrong, and where.

use std::fs;
use std::path::Path;

use polars::prelude::*;

use crate::flights::{PolarsFrame, assert_same, flights, frame, real};
use crate::support::{Ended, bench, bytes, read_json, run};

fn query(csv: &Path, more: &[&str]) -> Ended {
    run(bench().args(["query", "--memory-limit", "256MiB", "--csv"]).arg(csv).args(more))
}

/// The rows that a query writes to standard output.
#[track_caller]
fn answer(csv: &Path, more: &[&str]) -> PolarsFrame {
    let ended = query(csv, &[more, &["--csv-out", "-"]].concat());
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer.csv");
    fs::write(&file, ended.out).unwrap();
    frame(&file)
}

#[test]
fn rows_are_filtered_grouped_selected_sorted_and_cut() {
    let csv = flights().join("flights_*.csv");
    let whole = || frame(&csv).lazy();
    let by = |keys: &[&str], down: bool| {
        let options = SortMultipleOptions::default().with_maintain_order(true).with_order_descending(down);
        (keys.iter().map(|key| col(*key)).collect::<Vec<_>>(), options)
    };
    let late = col("DepDelay")
        .gt(lit(10))
        .and(col("Origin").is_in(lit(Series::new("".into(), ["ATL", "ORD"])).implode(true), false));
    let (keys, options) = by(&["UniqueCarrier", "Origin"], false);
    let mean = (col("DepDelay").mean() / lit(60.0)).alias("hours");
    let grouped = whole().filter(late).group_by(keys.clone()).agg([mean, len().alias("COUNT(*)")]);
    let found = answer(
        &csv,
        &[
            "--filter",
            "DepDelay > 10 AND Origin IN ('ATL', 'ORD')",
            "--group-by",
            "UniqueCarrier, Origin",
            "--agg",
            "AVG(DepDelay) / 60.0 AS hours, COUNT(*)",
            "--sort",
            "UniqueCarrier, Origin",
        ],
    );
    assert_same(&found, &grouped.sort_by_exprs(keys, options).collect().unwrap());

    let rows = whole().filter(col("Distance").gt(lit(2000))).filter(col("ArrDelay").is_not_null());
    let rows = rows.select([col("TailNum"), (col("ArrDelay") - col("DepDelay")).alias("gained"), col("Year")]);
    let options = SortMultipleOptions::default()
        .with_order_descending_multi([true, false, false])
        .with_nulls_last_multi([false, true, false])
        .with_maintain_order(true);
    let expected =
        rows.sort_by_exprs([col("gained"), col("TailNum"), col("Year")], options).limit(25).collect().unwrap();
    let found = answer(
        &csv,
        &[
            "--filter",
            "Distance > 2000",
            "--filter",
            "ArrDelay IS NOT NULL",
            "--select",
            "TailNum, ArrDelay - DepDelay AS gained, Year",
            "--sort",
            "gained desc, TailNum nulls last, Year",
            "--limit",
            "25",
        ],
    );
    assert_same(&found, &expected);
    let all =
        answer(&csv, &["--agg", "MAX(DepDelay) AS most, SUM(Distance) AS miles, COUNT(DISTINCT Origin) AS origins"]);
    let expected = [
        col("DepDelay").max().alias("most"),
        col("Distance").sum().alias("miles"),
        col("Origin").n_unique().alias("origins"),
    ];
    assert_same(&all, &whole().select(expected).collect().unwrap());
    let carriers = answer(&csv, &["--group-by", "UniqueCarrier", "--sort", "UniqueCarrier"]);
    assert!(carriers.height() > 20 && carriers.width() == 1, "{carriers}");
}

#[test]
#[cfg_attr(not(real_data), ignore = "needs THERMOCLINE_TEST_DATA")]
fn real_flights_are_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (out, json) = (folder.path().join("answer.csv"), folder.path().join("figures.json"));
    let mut command = bench();
    command.args(["query", "--csv"]).arg(real().join("flights_2013_*.csv"));
    command.args(["--group-by", "origin", "--agg", "AVG(dep_delay) AS mean, COUNT(*) AS n", "--sort", "mean desc"]);
    let ended = run(command.arg("--csv-out").arg(&out).arg("--json").arg(&json));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let found = frame(&out);
    let expected = df!["origin" => ["EWR", "JFK", "LGA"], "n" => [120_835, 111_279, 104_662]].unwrap();
    assert_same(&found.select(["origin", "n"]).unwrap(), &expected);
    let means: Vec<f64> = found.column("mean").unwrap().f64().unwrap().into_no_null_iter().collect();
    assert!(means.iter().zip([15.107_954, 12.112_159, 10.346_876]).all(|(found, known)| (found - known).abs() < 1e-6));
    let figures = read_json(&json);
    assert_eq!((figures["workload"].as_str(), bytes(&figures, "result_valid")), (Some("query"), 9));
}

#[test]
fn answers_are_shown_as_a_table() {
    let csv = flights().join("flights_2008.csv");
    let ended = query(&csv, &["--select", "Year, Origin", "--limit", "2"]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""), "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!((lines[0], lines.len()), ("Year  Origin", 4), "{}", ended.out);
    assert!(lines[3].starts_with("(2 rows in "), "{}", ended.out);
    let ended = query(&csv, &["--select", "Year, Origin"]);
    assert!(ended.out.lines().count() == 42 && ended.out.contains("(the first 40 of "), "{}", ended.out);
    let ended = query(&csv, &["--filter", "Year < 0"]);
    assert!(ended.code == Some(0) && ended.out.contains("(0 rows in "), "{ended:?}");
}

#[test]
fn what_is_wrong_is_said_with_the_text_and_the_place() {
    let csv = flights().join("flights_2008.csv");
    for (line, said) in [
        (
            vec!["--filter", "DepDelay >"],
            "--filter: in \"DepDelay >\", at character 11: expected an expression, found the end",
        ),
        (vec!["--filter", "DepDelay"], "expected a condition, e.g. DepDelay > 0, found values of type i64"),
        (vec!["--filter", "dep_delay > 1"], "there is no column \"dep_delay\"; there is \"DepDelay\""),
        (vec!["--select", "Year, (Month"], "at character 13: expected ), found the end"),
        (vec!["--select", "AVG(DepDelay)"], "looks at more than one row: use --agg"),
        (vec!["--agg", "DepDelay"], "--agg: \"DepDelay\": expected one value for each group, e.g. AVG(...), found one"),
        (vec!["--select", "Year, Month AS Year"], "two columns would be called \"Year\""),
        (vec!["--agg", "FLY(Year)"], "--agg: \"FLY(Year)\": unsupported function 'fly'"),
        (vec!["--sort", "Nothing desc"], "--sort: \"Nothing desc\": there is no column \"Nothing\""),
        (
            vec!["--group-by", "Origin", "--agg", "COUNT(*) AS n", "--sort", "Year"],
            "there is no column \"Year\"; there are Origin, n",
        ),
    ] {
        let ended = query(&csv, &line);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{line:?}: {ended:?}");
        assert!(ended.complaint().contains(said), "{line:?}: {ended:?}");
    }
    let ended = query(Path::new("/nowhere/a.csv"), &[]);
    assert!(ended.code == Some(1) && ended.complaint().contains("/nowhere/a.csv"), "{ended:?}");
}
