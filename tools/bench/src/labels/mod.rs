//! From results to pictures, labelled with what the files say. What they don't say is left out.

mod line;
mod said;

use thermocline::Session;
use thermocline::io::netcdf::Coordinate;
use thermocline::ndarray::{Array2, ArrayD, Ix2};

use self::said::Said;
use crate::cli::Workload;
use crate::error::{BenchError, Result};
use crate::input::Input;
use crate::plot::{Axis, Kind, Map, Middle, Picture};
use crate::workloads::{Drawable, Output, area_mean};

/// Whether the picture of a workload is a line, of one value a month, a day or a year; else it is a map.
pub(crate) fn is_line(workload: Workload) -> bool {
    matches!(workload, Workload::Monthly | Workload::Climatology | Workload::Anomaly)
}

/// The picture of what `workload` made. Of a stack of maps the line shows the mean over the area.
pub(crate) fn picture(session: &Session, workload: Workload, made: Drawable) -> Result<Picture> {
    let Drawable { input, output } = made;
    match output {
        Output::Whole(field, values) if is_line(workload) => {
            Ok(Picture::Line(line::line(workload, &input, field.coordinates(), &values)?))
        }
        Output::Whole(_, values) => Ok(Picture::Map(map(workload, &input, values)?)),
        Output::Kept(stack) => {
            let kept = stack.coordinates().first().and_then(Coordinate::dimension).unwrap_or_default();
            let mean = area_mean(&input, &stack, kept);
            let values = session.compute(&mean)?;
            Ok(Picture::Line(line::line(workload, &input, mean.coordinates(), &values)?))
        }
    }
}

/// Rows and columns of a result of this shape.
///
/// # Errors
/// Where it is no plane.
pub(crate) fn plane(shape: &[usize]) -> Result<(usize, usize)> {
    match shape {
        [1, rest @ ..] if rest.len() >= 2 => plane(rest),
        &[rows, columns] if rows > 0 && columns > 0 => Ok((rows, columns)),
        _ => Err(BenchError::Usage(format!("--plot draws a map of rows and columns, but the result is {shape:?}"))),
    }
}

fn map(workload: Workload, input: &Input, result: ArrayD<f32>) -> Result<Map> {
    let plane = plane(result.shape())?;
    let shape = result.shape().to_vec();
    let changed = result.into_shape_with_order(plane).ok().and_then(|plane| plane.into_dimensionality::<Ix2>().ok());
    let values: Array2<f32> =
        changed.ok_or_else(|| BenchError::Usage(format!("--plot can't draw a result of {shape:?}")))?;
    let kept: Vec<&String> = input.field.dimensions().iter().filter(|own| *own != input.along()).collect();
    let [.., y, x] = kept[..] else {
        return Err(BenchError::Usage(format!("--plot draws a map of rows and columns, but the result is {shape:?}")));
    };
    let said = Said::of(&input.field);
    Ok(Map {
        title: said.title(workload, is_global(input), years(input)),
        legend: said.legend(workload),
        values,
        x: axis(input, x, plane.1),
        y: axis(input, y, plane.0),
        middle: if workload == Workload::Trend { Middle::Zero } else { Middle::Data },
    })
}

/// The axis of dimension `name`: by its coordinate if it has one.
fn axis(input: &Input, name: &str, cells: usize) -> Axis {
    let along = |known: &&Coordinate| known.dimension() == Some(name) && known.values().len() == cells;
    let own = input.field.coordinate(name).filter(along).or_else(|| input.field.coordinates().iter().find(along));
    let placed = own.and_then(|labels| {
        let kind = match (labels.is_latitude(), labels.is_longitude()) {
            (true, _) => Kind::Latitude,
            (_, true) => Kind::Longitude,
            _ => Kind::Other(name.to_owned()),
        };
        Axis::new(kind, labels.values())
    });
    placed.unwrap_or_else(|| Axis::counting(name, cells))
}

/// Whether the cells are all around the earth.
fn is_global(input: &Input) -> bool {
    let (field, shape) = (&input.field, input.field.shape());
    let spans = |kind: &Kind, least: f64| {
        field.dimensions().iter().zip(&shape).any(|(name, &cells)| {
            let axis = axis(input, name, cells);
            axis.kind == *kind && axis.span() > least
        })
    };
    spans(&Kind::Longitude, 350.0) && spans(&Kind::Latitude, 140.0)
}

/// The years of the first and the last time.
fn years(input: &Input) -> Option<String> {
    let (first, last) = input.span()?;
    let (first, last) = (first.year(), last.year());
    Some(if first == last { first.to_string() } else { format!("{first}-{last}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_planes_are_drawn() {
        assert_eq!(plane(&[720, 1440]).unwrap(), (720, 1440));
        assert_eq!(plane(&[1, 1, 89, 180]).unwrap(), (89, 180));
        assert_eq!(plane(&[1, 5]).unwrap(), (1, 5));
        for shape in [&[][..], &[5], &[2, 3, 4], &[0, 4]] {
            assert!(plane(shape).unwrap_err().line().contains("--plot"), "{shape:?}");
        }
    }
}
