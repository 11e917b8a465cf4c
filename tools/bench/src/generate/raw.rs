//! The calls of the HDF5 library that its safe wrapper doesn't have: the one file here with `unsafe`.
//!
//! Compressed chunks written as they are, fixed-length text attributes, and netCDF's dimension scales (the
//! attributes that `H5DSset_scale` and `H5DSattach_scale` of HDF5's high-level library would write).
//!
//! **R1.** Every call is made inside [`sync`], which holds the lock that the wrapper takes for its own calls.
//! **R2.** Every identifier that a call returns is checked, then owned by an [`Id`], which closes it.

use std::ffi::{CStr, CString, c_void};

use hdf5::sync::sync;
use hdf5::{Dataset, Location, Result, h5check};
use hdf5_sys::h5a::{H5Acreate2, H5Awrite};
use hdf5_sys::h5d::H5Dwrite_chunk;
use hdf5_sys::h5i::{H5Idec_ref, hid_t};
use hdf5_sys::h5p::H5P_DEFAULT;
use hdf5_sys::h5r::H5R_type_t::H5R_OBJECT1;
use hdf5_sys::h5r::{H5Rcreate, hobj_ref_t};
use hdf5_sys::h5s::{H5S_class_t::H5S_SCALAR, H5Screate, H5Screate_simple};
use hdf5_sys::h5t::{
    H5T_C_S1, H5T_NATIVE_INT32, H5T_STD_REF_OBJ, H5T_class_t::H5T_COMPOUND, H5Tcopy, H5Tcreate, H5Tinsert, H5Tset_size,
    H5Tvlen_create, hvl_t,
};

/// Writes `data`, already shuffled and compressed, as the chunk of `dataset` that begins at `offset`.
pub(super) fn write_chunk(dataset: &Dataset, offset: &[u64], data: &[u8]) -> Result<()> {
    if offset.len() != dataset.ndim() {
        return Err(format!("a chunk's offset has {} dimensions, not {}", dataset.ndim(), offset.len()).into());
    }
    // SAFETY: the identifier is open as long as `dataset` is borrowed. `offset` has the data set's rank (checked),
    // `data` its length; both are only read, and only during the call.
    let written = sync(|| unsafe {
        H5Dwrite_chunk(dataset.id(), H5P_DEFAULT, 0, offset.as_ptr(), data.len(), data.as_ptr().cast())
    });
    h5check(written).map(drop)
}

/// Gives `location` a text attribute of fixed length, as netCDF writes them.
pub(super) fn text_attribute(location: &Location, name: &str, text: &str) -> Result<()> {
    let text = c_string(text)?;
    let bytes = text.as_bytes_with_nul();
    sync(|| {
        // SAFETY: no pointers; `H5T_C_S1` names a type of the library, which `sync` has initialised.
        let text_type = Id::new(unsafe { H5Tcopy(*H5T_C_S1) })?;
        // SAFETY: the type is a copy and our own, so it may be changed.
        h5check(unsafe { H5Tset_size(text_type.0, bytes.len()) })?;
        // SAFETY: no pointers.
        let space = Id::new(unsafe { H5Screate(H5S_SCALAR) })?;
        // SAFETY: one item of the type has the size of `bytes`.
        unsafe { write_attribute(location, name, &text_type, &space, bytes.as_ptr().cast()) }
    })
}

/// Makes `scale` the scale of a dimension of the same name.
pub(super) fn make_scale(scale: &Dataset, name: &str) -> Result<()> {
    text_attribute(scale, "CLASS", "DIMENSION_SCALE")?;
    text_attribute(scale, "NAME", name)
}

/// An item of a scale's `REFERENCE_LIST`: a data set, and which of its dimensions uses the scale.
#[repr(C)]
struct UsedBy {
    dataset: hobj_ref_t,
    dimension: i32,
    padding: i32,
}

/// Attaches `scales`, paths in the data set's file, to the dimensions of `dataset`, in order.
pub(super) fn attach_scales(dataset: &Dataset, scales: &[Dataset]) -> Result<()> {
    let mut references = scales.iter().map(reference).collect::<Result<Vec<hobj_ref_t>>>()?;
    let user = reference(dataset)?;
    sync(|| {
        let lists: Vec<hvl_t> =
            references.iter_mut().map(|reference| hvl_t { len: 1, p: std::ptr::from_mut(reference).cast() }).collect();
        // SAFETY: no pointers; the type named is the library's own.
        let list_type = Id::new(unsafe { H5Tvlen_create(*H5T_STD_REF_OBJ) })?;
        let space = vector_space(scales.len())?;
        // SAFETY: `lists` has as many items as the space, each of them a list of one reference, alive until the end.
        unsafe { write_attribute(dataset, "DIMENSION_LIST", &list_type, &space, lists.as_ptr().cast()) }?;
        let item_type = used_by_type()?;
        let space = vector_space(1)?;
        for (scale, dimension) in scales.iter().zip(0..) {
            let item = UsedBy { dataset: user, dimension, padding: 0 };
            let data = std::ptr::from_ref(&item).cast();
            // SAFETY: the space has one item, of the type that `used_by_type` describes.
            unsafe { write_attribute(scale, "REFERENCE_LIST", &item_type, &space, data) }?;
        }
        Ok(())
    })
}

/// A reference to `dataset`, valid in its file.
fn reference(dataset: &Dataset) -> Result<hobj_ref_t> {
    let name = c_string(&dataset.name())?;
    let file = dataset.file()?;
    let mut reference: hobj_ref_t = 0;
    let out = std::ptr::from_mut(&mut reference).cast::<c_void>();
    // SAFETY: the file's identifier is open, the name ends in a null byte, and an object reference is what the call
    // writes for `H5R_OBJECT1`; no space is needed for that.
    h5check(sync(|| unsafe { H5Rcreate(out, file.id(), name.as_ptr(), H5R_OBJECT1, -1) }))?;
    Ok(reference)
}

/// The type of [`UsedBy`], with the member names that HDF5's high-level library uses.
fn used_by_type() -> Result<Id> {
    // SAFETY: no pointers.
    let item = Id::new(unsafe { H5Tcreate(H5T_COMPOUND, size_of::<UsedBy>()) })?;
    let insert = |name: &CStr, offset: usize, member: hid_t| {
        // SAFETY: the name ends in a null byte; the type is our own; offset and member are those of the struct.
        h5check(unsafe { H5Tinsert(item.0, name.as_ptr(), offset, member) })
    };
    insert(c"dataset", std::mem::offset_of!(UsedBy, dataset), *H5T_STD_REF_OBJ)?;
    insert(c"dimension", std::mem::offset_of!(UsedBy, dimension), *H5T_NATIVE_INT32)?;
    Ok(item)
}

/// A space of one dimension.
fn vector_space(len: usize) -> Result<Id> {
    let len = len as u64;
    // SAFETY: the pointer is to one size, for one dimension; null means that it can't grow.
    Id::new(unsafe { H5Screate_simple(1, &raw const len, std::ptr::null()) })
}

/// Creates an attribute and writes it.
///
/// # Safety
/// `data` points to as many items of `item_type`, in memory as the type describes them, as `space` has; called
/// inside [`sync`].
unsafe fn write_attribute(
    location: &Location,
    name: &str,
    item_type: &Id,
    space: &Id,
    data: *const c_void,
) -> Result<()> {
    let name = c_string(name)?;
    // SAFETY: all identifiers are open, and the name ends in a null byte.
    let attribute =
        Id::new(unsafe { H5Acreate2(location.id(), name.as_ptr(), item_type.0, space.0, H5P_DEFAULT, H5P_DEFAULT) })?;
    // SAFETY: the attribute was made with this type and space, and the caller promises the data.
    h5check(unsafe { H5Awrite(attribute.0, item_type.0, data) }).map(drop)
}

fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| hdf5::Error::from(format!("{text:?} contains a null byte")))
}

/// An identifier of the HDF5 library that is ours to close.
struct Id(hid_t);

impl Id {
    /// Takes ownership of what a call returned, unless it failed.
    fn new(id: hid_t) -> Result<Self> {
        h5check(id).map(Self)
    }
}

impl Drop for Id {
    fn drop(&mut self) {
        // SAFETY: the identifier is open and its one reference ours (R2). `sync` may be entered again.
        sync(|| unsafe { H5Idec_ref(self.0) });
    }
}
