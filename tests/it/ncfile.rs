//! Small netCDF-4 files, written through the HDF5 library as netCDF writes them.

use std::path::{Path, PathBuf};

use hdf5::types::{FixedAscii, VarLenArray, VarLenUnicode};
use hdf5::{Dataset, Extent, File, H5Type, Location, ObjectReference1};
use thermocline::ndarray::ArrayD;

/// A file that is being written. Its dimensions are its scales, numbered in the order in which they are made.
pub(crate) struct NcFile {
    path: PathBuf,
    file: File,
    scales: Vec<Dataset>,
}

impl NcFile {
    pub(crate) fn create(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        Self { file: File::create(&path).unwrap(), path, scales: Vec::new() }
    }

    /// The file itself, for what netCDF would not write.
    pub(crate) fn hdf5(&self) -> &File {
        &self.file
    }

    /// A dimension with a variable of its name.
    pub(crate) fn coordinate<T: H5Type>(&mut self, name: &str, values: &[T]) -> Dataset {
        let dataset = self.file.new_dataset::<T>().shape(values.len()).create(name).unwrap();
        dataset.write_raw(values).unwrap();
        self.scale(dataset, name)
    }

    /// The same, unlimited.
    pub(crate) fn unlimited<T: H5Type>(&mut self, name: &str, values: &[T]) -> Dataset {
        let shape = Extent::resizable(values.len());
        let dataset = self.file.new_dataset::<T>().chunk(512).shape(shape).create(name).unwrap();
        dataset.write_raw(values).unwrap();
        self.scale(dataset, name)
    }

    /// A dimension that no variable is named after.
    pub(crate) fn bare_dimension(&mut self, name: &str, length: usize) -> Dataset {
        let dataset = self.file.new_dataset::<f32>().shape(length).create(name).unwrap();
        self.scale(dataset, &format!("This is a netCDF dimension but not a netCDF variable.{length:>10}"))
    }

    fn scale(&mut self, dataset: Dataset, title: &str) -> Dataset {
        text(&dataset, "CLASS", "DIMENSION_SCALE");
        text(&dataset, "NAME", title);
        number(&dataset, "_Netcdf4Dimid", self.scales.len() as i32);
        self.scales.push(dataset.clone());
        dataset
    }

    /// A variable in one extent.
    pub(crate) fn variable<T: H5Type>(&self, name: &str, dimensions: &[&str], values: &ArrayD<T>) -> Dataset {
        let dataset = self.file.new_dataset::<T>().shape(values.shape()).create(name).unwrap();
        self.fill(&dataset, dimensions, values);
        dataset
    }

    /// A variable in chunks, shuffled and deflated; its first dimension can grow.
    pub(crate) fn packed<T: H5Type>(
        &self,
        name: &str,
        dimensions: &[&str],
        chunk: &[usize],
        values: &ArrayD<T>,
    ) -> Dataset {
        let growing = |(axis, &length): (usize, &usize)| Extent::new(length, (axis > 0).then_some(length));
        let extents: Vec<Extent> = values.shape().iter().enumerate().map(growing).collect();
        let builder = self.file.new_dataset::<T>().chunk(chunk).shuffle().deflate(4);
        let dataset = builder.shape(extents).create(name).unwrap();
        self.fill(&dataset, dimensions, values);
        dataset
    }

    fn fill<T: H5Type>(&self, dataset: &Dataset, dimensions: &[&str], values: &ArrayD<T>) {
        dataset.write(&values.view()).unwrap();
        self.attach(dataset, dimensions);
    }

    /// Names the dimensions of a variable.
    pub(crate) fn attach(&self, dataset: &Dataset, dimensions: &[&str]) {
        let reference = |name: &&str| -> VarLenArray<ObjectReference1> { [self.file.reference(name).unwrap()].into() };
        let references: Vec<_> = dimensions.iter().map(reference).collect();
        let list = dataset.new_attr::<VarLenArray<ObjectReference1>>().shape(references.len());
        list.create("DIMENSION_LIST").unwrap().write_raw(&references).unwrap();
    }

    /// Closes it, and says where it is.
    pub(crate) fn close(self) -> PathBuf {
        let Self { path, file, scales } = self;
        drop(scales);
        file.close().unwrap();
        path
    }
}

/// A text attribute of fixed length.
pub(crate) fn text(location: &Location, name: &str, value: &str) {
    let value = FixedAscii::<80>::from_ascii(value.as_bytes()).unwrap();
    location.new_attr::<FixedAscii<80>>().create(name).unwrap().write_scalar(&value).unwrap();
}

/// A text attribute of variable length.
pub(crate) fn variable_text(location: &Location, name: &str, value: &str) {
    let value: VarLenUnicode = value.parse().unwrap();
    location.new_attr::<VarLenUnicode>().create(name).unwrap().write_scalar(&value).unwrap();
}

/// A numeric attribute: one element in a list, as netCDF has it.
pub(crate) fn number<T: H5Type>(location: &Location, name: &str, value: T) {
    location.new_attr::<T>().shape(1).create(name).unwrap().write_raw(&[value]).unwrap();
}
