//! The tables "from NumPy, xarray and Dask": every expression in their last columns is compiled here, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::Array1;
use thermocline::array::random::Generator;
use thermocline::array::{Boundary, MapBlocks, Method, Overlap, Pad, Slice, Tolerance, keepdims};
use thermocline::{Array, Complex, Session, ndarray};

const TABLE: &str = include_str!("../../src/array/numpy.md");

/// Evaluates each expression, and gives their texts.
macro_rules! expressions {
    ($($expression:expr;)+) => {
        vec![$({
            let _ = $expression;
            stringify!($expression)
        }),+]
    };
}

/// What must compile. A new row of the table is a line here.
#[expect(clippy::too_many_lines, clippy::many_single_char_names, reason = "a table, with its names")]
fn compiled(session: &Session) -> Vec<&'static str> {
    let x = Array::<f64>::ones(&[3, 4], "auto");
    let y = &x + 1.0;
    let t = [1.0, 2.0, 3.0];
    let w: Array<f64> = Array1::from(vec![1.0, 2.0, 3.0]).into_iter().collect();
    let n = Array::<i64>::full(&[3, 4], 5, "auto");
    let m = x.less(2.0);
    let z = x.astype::<Complex<f64>>();
    let mut rng = Generator::new(1);
    let a = Array1::from(vec![1.0, 2.0, 3.0]).into_dyn();
    expressions! {
        // Making arrays.
        Array::<f64>::zeros(&[3, 4], "auto");
        Array::<f64>::ones(&[3, 4], [1, 4]);
        Array::full(&[3, 4], 7, "auto");
        x.zeros_like();
        x.ones_like();
        x.full_like(7.0);
        Array::arange(0, 10, 2, "auto");
        Array::linspace(0.0, 1.0, 11, "auto");
        Array::linspace_open(0.0, 1.0, 10, "auto");
        Array::<f64>::eye(3, 4, 1, "auto");
        Array::<f64>::identity(3, "auto");
        Array::from_fn(&[3, 4], &[1, 4], |at| (at[0] + at[1]) as f64);
        Array::from_iter([1.0, 2.0]);
        Array::from(2.0);
        Array::from_ndarray(a.clone(), &[2]);
        rng.uniform(0.0, 1.0, &[3, 4], "auto");
        rng.normal(0.0, 1.0, &[3, 4], "auto");
        rng.integers(0, 10, &[3, 4], "auto");
        // Element by element.
        &x + &y;
        &x - &y;
        &x * &y;
        -&x;
        x.divide(&y);
        n.divide(2);
        &n / 2;
        x.floor_divide(&y);
        x.remainder(&y);
        x.fmod(&y);
        x.power(2.0);
        x.square();
        x.reciprocal();
        x.exp();
        x.exp2();
        x.expm1();
        x.log();
        x.log2();
        x.log10();
        x.log1p();
        x.sqrt();
        x.cbrt();
        x.hypot(&y);
        x.sin();
        x.cos();
        x.tan();
        x.arcsin();
        x.arccos();
        x.arctan();
        x.arctan2(&y);
        x.sinh();
        x.cosh();
        x.tanh();
        x.arcsinh();
        x.arccosh();
        x.arctanh();
        x.degrees();
        x.radians();
        x.floor();
        x.ceil();
        x.trunc();
        x.rint();
        x.round(2);
        x.sign();
        x.abs();
        x.copysign(&y);
        x.signbit();
        x.maximum(&y);
        x.minimum(0.0);
        x.fmax(&y);
        x.fmin(&y);
        x.clip(0.0, 1.0);
        x.isnan();
        x.isfinite();
        x.isinf();
        x.nan_to_num();
        x.nan_to_num_with(0.0, 9.0, -9.0);
        x.isnan().where_(0.0, &x);
        z.real();
        z.imag();
        z.conj();
        z.angle();
        x.equal(&y);
        x.not_equal(&y);
        x.less(&y);
        x.less_equal(1.0);
        x.greater(&y);
        x.greater_equal(&y);
        x.isclose(&y, Tolerance::default());
        x.isclose(&y, Tolerance::default()).all(..);
        x.logical_and(&y);
        x.logical_or(&y);
        x.logical_xor(&y);
        x.logical_not();
        &n & 3;
        &n | 3;
        &n ^ 3;
        !&n;
        !&m;
        n.bitwise_and(&n);
        n.bitwise_or(&n);
        n.bitwise_xor(&n);
        n.invert();
        n.left_shift(2);
        n.right_shift(2);
        m.where_(&x, 0.0);
        x.astype::<f32>();
        x.broadcast_to(&[5, 3, 4]);
        x.map(|value| value + 1.0);
        // Reductions.
        x.sum(0);
        x.nansum(0);
        x.sum(keepdims(0));
        x.prod(..);
        x.nanprod(..);
        x.mean(..);
        x.nanmean(..);
        x.average(0, &w);
        x.nanaverage(0, &w);
        x.slope(0, &t);
        x.nanslope(0, &t);
        x.var(..);
        x.nanvar(..);
        x.var_ddof(.., 1);
        x.nanvar_ddof(.., 1);
        x.std(..);
        x.nanstd(..);
        x.std_ddof(.., 1);
        x.nanstd_ddof(.., 1);
        x.min(..);
        x.nanmin(..);
        x.max(..);
        x.nanmax(..);
        x.ptp(..);
        x.argmin(0);
        x.argmax(0);
        x.nanargmin(0);
        x.nanargmax(0);
        m.any(..);
        m.all(..);
        m.count_nonzero(..);
        x.count(..);
        // Whole arrays.
        x.shape();
        x.ndim();
        x.size();
        x.chunks();
        x.slice(&[Slice::all().step(2), Slice::from(-3..)]);
        x.index_axis(0, 2);
        x.index_axis(1, -1);
        x.take(&[0, -1], 1);
        x.group_by(0, &[Some(0), Some(1), Some(0)]).nanmean();
        x.masked(&m, f64::NAN);
        x.transpose();
        x.permute_axes(&[1, 0]);
        x.swapaxes(0, 1);
        x.moveaxis(0, -1);
        x.expand_dims(0);
        x.squeeze(..);
        x.atleast_nd(3);
        x.reshape(&[2, -1]);
        x.ravel();
        x.flatten();
        Array::concatenate(&[x.clone(), y.clone()], 0);
        Array::stack(&[x.clone(), y.clone()], 0);
        Array::hstack(&[x.clone(), y.clone()]);
        Array::vstack(&[x.clone(), y.clone()]);
        x.flip(0);
        x.roll(2, 0);
        x.repeat(3, 0);
        x.tile(&[2, 1]);
        x.pad(&[(1, 1)], Pad::Constant(0.0));
        x.pad(&[(1, 2), (0, 0)], Pad::Reflect);
        x.diff(1, 0);
        x.cumsum(0);
        x.cumprod(0);
        x.nancumsum(0);
        x.nancumprod(0);
        x.median(0);
        x.nanmedian(..);
        x.quantile([0.1, 0.9], 0);
        x.nanquantile(0.5, 0);
        x.quantile_by(0.1, .., Method::Hazen);
        x.nanquantile_by(0.1, 0, Method::Hazen);
        x.percentile(90.0, ..);
        x.nanpercentile(90.0, 0);
        x.sort(0);
        x.topk(3, 0);
        x.topk(-3, 0);
        x.matmul(&y.transpose());
        x.dot(&y.transpose());
        x.outer(&y);
        x.tensordot(&y, 2);
        x.tensordot(&y, ([0], [0]));
        x.map_overlap(Overlap::new(&[1, 1]).boundary(Boundary::Reflect), |block, _| block.to_owned());
        x.map_blocks(|block, _| block.to_owned());
        x.map_blocks_with(MapBlocks::new(), |block, _| block.to_owned());
        x.zip_blocks(&y, MapBlocks::new(), |x, y, _| &x + &y);
        x.rechunk([1, -1]);
        x.rechunk((-1, "auto"));
        x.rechunk("auto");
        session.compute(&x);
        session.compute((&x, &y));
        session.persist(&x);
        x.to_delayed();
        Array::from_delayed(&[3, 4], "auto", &x.to_delayed());
        session.submit(&x);
        x.clone().checked();
        session.plan(&x);
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

/// What stands between backquotes in the last column.
fn tabled(table: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // A bar within code is written with a backslash.
    let table = table.replace("\\|", "\0");
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 3, "not three columns: {line}");
        found.extend(cells[2].split('`').skip(1).step_by(2).map(|code| plain(&code.replace('\0', "|"))));
    }
    found
}

#[test]
fn the_table_names_what_there_is() {
    let (_folder, session) = crate::support::session(16 << 20, 1);
    assert_named("src/array/numpy.md", TABLE, compiled(&session));
}

#[test]
fn the_table_names_every_method_of_arrays() {
    // A source is a trait to implement: no expression of a line.
    assert_complete("src/array", "Array<T> {", TABLE, &["from_source", "from_shared_source"]);
}

/// Each public function in a block `impl … {header}` of the files in `folder` stands in an expression of `table`, unless
/// it is one of `others`.
fn assert_complete(folder: &str, header: &str, table: &str, others: &[&str]) {
    let expressions = tabled(table);
    let named = |name: &str| expressions.iter().any(|code| words(code).any(|word| word == name));
    let (mut found, mut missing) = (0, Vec::new());
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
        let text = fs::read_to_string(&file).unwrap();
        let mut within = false;
        for line in text.lines() {
            if line.starts_with("impl") || line == "}" {
                within = line.ends_with(header) && !line.contains(" for ");
            }
            let Some(name) = line.strip_prefix("    pub fn ").filter(|_| within).and_then(|rest| words(rest).next())
            else {
                continue;
            };
            found += 1;
            if !named(name) && !others.contains(&name) {
                missing.push(format!("{name} of {}", file.display()));
            }
        }
    }
    assert!(found > 10, "{found} methods found in {folder}");
    assert!(missing.is_empty(), "public, but in no expression of the table: {missing:#?}");
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|character: char| !character.is_alphanumeric() && character != '_')
}

/// The Rust files in `folder` and below.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// `table`, which is in `file`, and what is compiled have the same expressions.
fn assert_named(file: &str, table: &str, compiled: Vec<&str>) {
    let compiled: BTreeSet<String> = compiled.into_iter().map(plain).collect();
    let tabled = tabled(table);
    let missing: Vec<_> = tabled.difference(&compiled).collect();
    assert!(missing.is_empty(), "in {file}, but not compiled here: {missing:#?}");
    let unnamed: Vec<_> = compiled.difference(&tabled).collect();
    assert!(unnamed.is_empty(), "compiled here, but not in {file}: {unnamed:#?}");
}

#[cfg(feature = "hdf5")]
mod labels {
    use thermocline::io::netcdf::{self, AttributeValue, Coordinate, Field, Nearest, TimePart};

    use super::*;

    const TABLE: &str = include_str!("../../src/io/netcdf/xarray.md");

    fn compiled(ds: &netcdf::Dataset, session: &Session) -> Vec<&'static str> {
        let path = ds.path().to_owned();
        let a = Array::<f64>::ones(&[20, 2], "auto");
        let days: Vec<f64> = (0..20).map(f64::from).collect();
        let time = Coordinate::new("time", days).with_attribute("units", "days since 1998-05-01");
        let x = Field::new("x", a.clone(), ["time", "lat"]).with_coordinate(time);
        let x = x.with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
        let y = x.group_by("time", TimePart::Month).mean();
        let area = Coordinate::new("lat", [10.0, 20.0]).to_field();
        expressions! {
            netcdf::open(&path);
            netcdf::open_many("*.nc");
            netcdf::open_many([&path, &path]);
            ds.clone().mask_and_scale(false);
            ds.dimensions();
            ds.attributes();
            ds.data_variables();
            ds.groups();
            ds.unread();
            ds.clone().block_size("64MiB".parse().unwrap());
            ds.paths();
            ds.gaps();
            ds.coordinates();
            ds.field::<f32>("sst");
            ds.array::<f32>("sst");
            ds.coordinate("time");
            x.coordinate("time").unwrap().times();
            Field::new("x", a.clone(), ["time", "lat"]);
            x.clone().with_coordinate(Coordinate::new("lat", [10.0, 20.0]));
            x.clone().renamed("y");
            x.clone().with_attribute("units", AttributeValue::Text("K".into()));
            x.store(&path);
            x.store(&path).unlimited("time").chunks("auto").compression(1);
            x.store(&path).fill_value(-999.0);
            x.store(&path).pack::<i16>(0.01, 0.0);
            x.clone().checked();
            x.dimensions();
            x.shape();
            x.units();
            x.array();
            x.isel("time", -1);
            x.isel("time", 0..10);
            x.sel("lat", 10.0);
            x.sel("lat", Nearest(12.0));
            x.sel("lat", 30.0..-30.0);
            x.sel("time", "1998-05");
            x.sel("time", "1998-01".."1998-12");
            x.mean("time");
            x.mean(["time", "lat"]);
            x.mean(..);
            x.sum("time");
            x.min("time");
            x.max("time");
            x.std("time");
            x.var("time");
            x.count("time");
            x.median("time");
            x.weighted_mean("lat", &area);
            x.coordinate("lat").unwrap().to_field().map(|lat| lat.to_radians().cos());
            x.slope("time");
            &x - &x.mean("time");
            &x * 2.0;
            -&x;
            x.map(f64::abs);
            x.astype::<f32>();
            x.group_by("time", TimePart::Month).mean();
            x.group_by("time", TimePart::Year).max();
            x.group_by("time", TimePart::Season).std();
            x.group_by("time", TimePart::DayOfYear).count();
            x.group_by("time", TimePart::YearMonth).sum();
            x.group_by("time", TimePart::Month).anomaly();
            &x.group_by("time", TimePart::Month) - &y;
            x.rechunk((24, -1));
            session.compute(&x);
            session.persist(&x);
        }
    }

    #[test]
    fn the_table_names_what_there_is() {
        let (_folder, session) = crate::support::session(16 << 20, 1);
        let folder = tempfile::tempdir().unwrap();
        let file = crate::ncfile::NcFile::create(folder.path().join("a.nc"));
        let data = netcdf::open(file.close()).unwrap();
        assert_named("src/io/netcdf/xarray.md", TABLE, compiled(&data, &session));
    }

    #[test]
    fn the_table_names_every_method_of_fields() {
        // What a field was made of, all of it shown by `println!("{x}")`.
        assert_complete("src/io/netcdf/field", "Field<T> {", TABLE, &["name", "coordinates", "attributes"]);
    }
}
