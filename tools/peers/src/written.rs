//! Files that thermocline writes, for others to read: `answers --write FOLDER`. `answers/written.py` knows what must be in
//! them.

use std::path::Path;

use thermocline::chunk::Element;
use thermocline::io::netcdf::{AttributeValue, Coordinate, Field};
use thermocline::{Array, Result, Session};

const SHAPE: [usize; 3] = [7, 5, 9];
const CHUNK: [usize; 3] = [3, 5, 4];

/// Element number `at` as a number from 0 to 250.
fn number(at: &[usize]) -> u8 {
    (((at[0] * SHAPE[1] + at[1]) * SHAPE[2] + at[2]) * 7919 % 251) as u8
}

fn float(at: &[usize]) -> f64 {
    let number = number(at);
    if number % 11 == 4 { f64::NAN } else { f64::from(number) / 8.0 }
}

fn field<T: Element>(value: impl Fn(&[usize]) -> T + Send + Sync + 'static) -> Field<T> {
    let time = Coordinate::new("time", (0..7).map(|day| f64::from(day) + 0.25).collect::<Vec<_>>())
        .with_attribute("units", "days since 2004-02-27")
        .with_attribute("calendar", "standard");
    Field::new("x", Array::from_fn(&SHAPE, &CHUNK, value), ["time", "lat", "lon"])
        .with_coordinate(time)
        .with_coordinate(
            Coordinate::new("lat", [50.0, 25.0, 0.0, -25.0, -50.0]).with_attribute("units", "degrees_north"),
        )
        .with_coordinate(Coordinate::new("number", [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0]).along("time"))
        .with_attribute("units", AttributeValue::Text("°C".into()))
        .with_attribute("levels", AttributeValue::Integers(vec![1, -2]))
        .with_attribute("names", AttributeValue::Texts(vec!["a".into(), "b".into()]))
        .with_attribute("ratio", AttributeValue::Float32(vec![0.5]))
}

/// Writes them all into `folder`.
pub(crate) fn write(session: &Session, folder: &Path) -> Result<()> {
    macro_rules! of_types {
        ($($t:ty),+) => {$(
            let path = folder.join(format!("written {}.nc", <$t as Element>::DTYPE));
            session.compute(field(|at| number(at) as $t).store(path))?;
        )+};
    }
    of_types!(i8, i16, i32, i64, u8, u16, u32, u64);
    let file = |name: &str| folder.join(format!("written {name}.nc"));
    session.compute(field(|at| number(at).is_multiple_of(3)).store(file("bool")))?;
    session.compute(field(|at| float(at) as f32).store(file("float32")))?;
    let x = field(float);
    let title = AttributeValue::Text("Numbers".into());
    session.compute(x.store(file("float64")).file_attribute("title", title))?;
    session.compute(x.store(file("filled")).fill_value(-999.0))?;
    session.compute(x.store(file("packed")).pack::<i16>(0.125, 10.0))?;
    session.compute(x.store(file("packed bytes")).pack::<u8>(0.125, 0.0).compression(9))?;
    session.compute(x.store(file("growing")).unlimited("time").compression(0).chunks((1, 5, 9)))?;
    session.compute(x.isel("lat", 1).store(file("selected")))?;
    session.compute(x.max(..).store(file("single")))?;
    let none = Field::new("x", Array::<f32>::zeros(&[0, 3], "auto"), ["time", "lat"]);
    session.compute(none.store(file("empty")))?;
    session.compute(none.store(file("empty growing")).unlimited("time"))?;
    Ok(())
}
