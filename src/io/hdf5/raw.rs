//! The few calls into the HDF5 library that its Rust interface has no safe form of. The one file here with `unsafe`.

use std::ffi::{CString, c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Once;

use ::hdf5::plist::{DatasetAccess, DatasetCreate};
use ::hdf5::sync::sync;
use ::hdf5::{
    Attribute, Dataset, Dataspace, Datatype, File, Group, Hyperslab, Location, Selection, SliceOrIndex, h5check,
};
use hdf5_sys::h5::herr_t;
use hdf5_sys::h5a::{H5Acreate2, H5Aget_storage_size, H5Aread, H5Awrite};
use hdf5_sys::h5d::{H5D_fill_value_t, H5Dopen2, H5Dread, H5Dwrite, H5Dwrite_chunk};
use hdf5_sys::h5i::{H5Idec_ref, hid_t};
use hdf5_sys::h5l::{H5L_info2_t, H5L_type_t, H5Lexists, H5Lget_info2};
use hdf5_sys::h5p::{
    H5P_DEFAULT, H5Pfill_value_defined, H5Pget_fill_value, H5Pget_filter2, H5Pget_virtual_count,
    H5Pget_virtual_dsetname, H5Pget_virtual_filename,
};
use hdf5_sys::h5pl::H5PLset_loading_state;
use hdf5_sys::h5r::{H5R_type_t, H5Rcreate, hobj_ref_t};
use hdf5_sys::h5s::{H5S_ALL, H5S_class_t, H5Screate, H5Screate_simple};
use hdf5_sys::h5t::{
    H5T_C_S1, H5T_NATIVE_B8, H5T_NATIVE_B16, H5T_NATIVE_B32, H5T_NATIVE_B64, H5T_NATIVE_INT32, H5T_STD_REF_OBJ,
    H5T_cdata_t, H5T_class_t, H5T_cset_t, H5T_order_t, H5T_pers_t, H5T_sign_t, H5Tcopy, H5Tcreate, H5Tget_class,
    H5Tget_sign, H5Tget_super, H5Tinsert, H5Tis_variable_str, H5Tregister, H5Tset_cset, H5Tset_ebias, H5Tset_fields,
    H5Tset_order, H5Tset_size, H5Tunregister, H5Tvlen_create, hvl_t,
};

/// The class of a data type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Integer { signed: bool },
    Float,
    Bits,
    FixedText,
    VariableText,
    List,
    Other,
}

/// Keeps the library from loading filter plugins: what a file can make this process run is what is built in.
pub(super) fn disable_plugins() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the C function takes a bit mask by value, which the binding declares as a pointer; null is the mask
        // 0, no plugin of any type. It touches library state only, under the library's lock.
        sync(|| unsafe { H5PLset_loading_state(std::ptr::null_mut()) });
    });
}

/// The class of `dtype`.
pub(super) fn class(dtype: &Datatype) -> Class {
    // SAFETY: `dtype` is an open data type while it is borrowed, and these calls only look at it.
    sync(|| unsafe {
        match H5Tget_class(dtype.id()) {
            H5T_class_t::H5T_INTEGER => Class::Integer { signed: H5Tget_sign(dtype.id()) == H5T_sign_t::H5T_SGN_2 },
            H5T_class_t::H5T_FLOAT => Class::Float,
            H5T_class_t::H5T_BITFIELD => Class::Bits,
            H5T_class_t::H5T_STRING if H5Tis_variable_str(dtype.id()) == 0 => Class::FixedText,
            H5T_class_t::H5T_STRING => Class::VariableText,
            H5T_class_t::H5T_VLEN => Class::List,
            _ => Class::Other,
        }
    })
}

/// Whether the link `name` of a group is a hard one; none where there is no such link.
pub(super) fn is_hard_link(group: &Group, name: &str) -> ::hdf5::Result<Option<bool>> {
    let name = CString::new(name).map_err(|_| "a name with a zero in it")?;
    let mut info = MaybeUninit::<H5L_info2_t>::uninit();
    // SAFETY: the group is open while it is borrowed, the name ends with zero, and the out-pointer is to a live local, which
    // is looked at only where the call filled it.
    sync(|| unsafe {
        if h5check(H5Lexists(group.id(), name.as_ptr(), H5P_DEFAULT))? == 0 {
            return Ok(None);
        }
        h5check(H5Lget_info2(group.id(), name.as_ptr(), info.as_mut_ptr(), H5P_DEFAULT))?;
        Ok(Some(info.assume_init().type_ == H5L_type_t::H5L_TYPE_HARD))
    })
}

/// An order of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// This machine's.
    Native,
    /// The other way round.
    Swapped,
}

/// The type of the numbers that `dtype` is made of: of an enumeration its integers, else itself.
pub(super) fn numbers_of(dtype: &Datatype) -> ::hdf5::Result<Datatype> {
    // SAFETY: `dtype` is an open data type while it is borrowed; what `H5Tget_super` gives is a new one, ours to close.
    sync(|| unsafe {
        match H5Tget_class(dtype.id()) {
            H5T_class_t::H5T_ENUM => ::hdf5::from_id(h5check(H5Tget_super(dtype.id()))?),
            _ => Ok(dtype.clone()),
        }
    })
}

/// The type of floats of 16 bits. The library has one of its own only where its C compiler has.
pub(super) fn half() -> ::hdf5::Result<Datatype> {
    // SAFETY: the 32-bit type exists as long as the library; its copy is ours to change and to close.
    sync(|| unsafe {
        let half: Datatype = ::hdf5::from_id(h5check(H5Tcopy(Datatype::from_type::<f32>()?.id()))?)?;
        h5check(H5Tset_fields(half.id(), 15, 10, 5, 0, 10))?;
        h5check(H5Tset_size(half.id(), 2))?;
        h5check(H5Tset_ebias(half.id(), 15))?;
        Ok(half)
    })
}

/// The same numbers with their bytes in an order.
pub(super) fn ordered(native: &Datatype, order: Order) -> ::hdf5::Result<Datatype> {
    let order = if (order == Order::Native) == cfg!(target_endian = "little") {
        H5T_order_t::H5T_ORDER_LE
    } else {
        H5T_order_t::H5T_ORDER_BE
    };
    // SAFETY: the type is open while it is borrowed; the copy is ours to change and to close.
    sync(|| unsafe {
        let copy: Datatype = ::hdf5::from_id(h5check(H5Tcopy(native.id()))?)?;
        h5check(H5Tset_order(copy.id(), order))?;
        Ok(copy)
    })
}

/// The type of bit fields of `size` bytes in this machine's order.
pub(super) fn bits(size: usize) -> ::hdf5::Result<Datatype> {
    // SAFETY: these types exist as long as the library; the copy is ours to close.
    sync(|| unsafe {
        let bits = match size {
            1 => *H5T_NATIVE_B8,
            2 => *H5T_NATIVE_B16,
            4 => *H5T_NATIVE_B32,
            8 => *H5T_NATIVE_B64,
            _ => return Err("there are no bit fields of that size".into()),
        };
        ::hdf5::from_id(h5check(H5Tcopy(bits))?)
    })
}

/// The fill value of a data set as bytes of the type `native`; zeros where it is undefined.
pub(super) fn fill_value(properties: &DatasetCreate, native: &Datatype) -> ::hdf5::Result<Vec<u8>> {
    let mut value = vec![0_u8; native.size()];
    if !is_plain(native) {
        return Err("a number was expected".into());
    }
    let mut status = H5D_fill_value_t::H5D_FILL_VALUE_ERROR;
    // SAFETY: both identifiers are open while they are borrowed, the out-pointers are to live locals, and the buffer has
    // the size of `native`, a plain number.
    sync(|| unsafe {
        h5check(H5Pfill_value_defined(properties.id(), &raw mut status))?;
        if status != H5D_fill_value_t::H5D_FILL_VALUE_UNDEFINED {
            h5check(H5Pget_fill_value(properties.id(), native.id(), value.as_mut_ptr().cast::<c_void>()))?;
        }
        Ok::<(), ::hdf5::Error>(())
    })?;
    Ok(value)
}

/// Whether elements of `dtype` hold no pointers.
fn is_plain(dtype: &Datatype) -> bool {
    matches!(class(dtype), Class::Integer { .. } | Class::Float | Class::Bits)
}

/// The parameters (at most 8) of filter number `index` of a pipeline.
pub(super) fn filter_parameters(properties: &DatasetCreate, index: usize) -> ::hdf5::Result<Vec<u32>> {
    let mut values = vec![0_u32; 8];
    let mut count = values.len();
    let (mut flags, mut config) = (0, 0);
    // SAFETY: the property list is open while it is borrowed. `count` says how many values there is room for, all
    // out-pointers are to live locals, and no name is asked for (length 0).
    sync(|| unsafe {
        h5check(H5Pget_filter2(
            properties.id(),
            index as u32,
            &raw mut flags,
            &raw mut count,
            values.as_mut_ptr(),
            0,
            std::ptr::null_mut(),
            &raw mut config,
        ))
    })?;
    values.truncate(count);
    Ok(values)
}

/// The files and data sets that a virtual data set takes its values from. The interface's own list of mappings has no form
/// for a part that was selected as one block, as most writers select it.
pub(super) fn virtual_sources(properties: &DatasetCreate) -> ::hdf5::Result<Vec<(String, String)>> {
    let mut count = 0;
    // SAFETY: the property list is open while it is borrowed, and the out-pointer is to a live local.
    sync(|| unsafe { h5check(H5Pget_virtual_count(properties.id(), &raw mut count)) })?;
    let source = |index| {
        let file = virtual_name(properties, index, H5Pget_virtual_filename)?;
        Ok((file, virtual_name(properties, index, H5Pget_virtual_dsetname)?))
    };
    (0..count).map(source).collect()
}

/// A function that tells the name of the file or of the data set of a part.
type TellName = unsafe extern "C" fn(hid_t, usize, *mut c_char, usize) -> isize;

fn virtual_name(properties: &DatasetCreate, index: usize, tell: TellName) -> ::hdf5::Result<String> {
    let unknown = "the source of a virtual data set can't be told";
    // SAFETY: the property list is open while it is borrowed; without a buffer only the length is told.
    let length = sync(|| unsafe { tell(properties.id(), index, std::ptr::null_mut(), 0) });
    let length = usize::try_from(length).map_err(|_| unknown)?;
    let mut name = vec![0_u8; length + 1];
    // SAFETY: the same; the buffer has room for the name and the zero at its end.
    let told = sync(|| unsafe { tell(properties.id(), index, name.as_mut_ptr().cast::<c_char>(), name.len()) });
    if usize::try_from(told) != Ok(length) {
        return Err(unknown.into());
    }
    name.truncate(length);
    String::from_utf8(name).map_err(|_| "the source of a virtual data set has a name that is no UTF-8".into())
}

/// Opens a data set. Where its values are in other files, they are looked for beside this one.
///
/// Others without: the library refuses to open a data set with another prefix than a user of it has who reads it meanwhile.
pub(super) fn open_beside(file: &File, name: &str) -> ::hdf5::Result<Dataset> {
    // In one go, so that no thread of ours finds it open without the prefix.
    sync(|| {
        let plain = file.dataset(name)?;
        if plain.dcpl()?.get_external()?.is_empty() {
            return Ok(plain);
        }
        drop(plain);
        let access = DatasetAccess::build().efile_prefix("${ORIGIN}").finish()?;
        let name = CString::new(name).map_err(|_| "a name with a zero in it")?;
        // SAFETY: the file and the property list are open while they are borrowed, the name ends with zero, and the
        // identifier that comes back is owned by nobody else.
        unsafe { ::hdf5::from_id(h5check(H5Dopen2(file.id(), name.as_ptr(), access.id()))?) }
    })
}

/// Reads the box of `shape` at `start`, as numbers of the type `native`, into `out`.
pub(super) fn read_box(
    dataset: &Dataset,
    native: &Datatype,
    start: &[usize],
    shape: &[usize],
    out: &mut [u8],
) -> ::hdf5::Result<()> {
    let fits = shape.iter().try_fold(native.size(), |bytes, &length| bytes.checked_mul(length)) == Some(out.len());
    if !fits || !is_plain(native) {
        return Err("the buffer does not fit the selection".into());
    }
    let spaces = if shape.is_empty() { None } else { Some(select(dataset, start, shape)?) };
    let (memory, file) = spaces.as_ref().map_or((H5S_ALL, H5S_ALL), |(memory, file)| (memory.id(), file.id()));
    if spaces.is_none() && dataset.space()?.size() != 1 {
        return Err("a scalar was expected".into());
    }
    // SAFETY: all identifiers are open while they are borrowed. The selections in memory and in the file have the same
    // number of elements, which times the size of `native` is the length of `out` (checked above, one element where
    // both are whole); `native` is a plain number, so the library writes no pointers.
    sync(|| unsafe {
        h5check(H5Dread(dataset.id(), native.id(), memory, file, H5P_DEFAULT, out.as_mut_ptr().cast()))
    })?;
    Ok(())
}

fn select(dataset: &Dataset, start: &[usize], shape: &[usize]) -> ::hdf5::Result<(Dataspace, Dataspace)> {
    let axis =
        |(&start, &length): (&usize, &usize)| SliceOrIndex::SliceTo { start, step: 1, end: start + length, block: 1 };
    let slab: Hyperslab = start.iter().zip(shape).map(axis).collect::<Vec<_>>().into();
    let file = dataset.space()?.select(Selection::from(slab))?;
    if file.selection_size() != shape.iter().product::<usize>() {
        return Err("the selection is not within the data set".into());
    }
    Ok((Dataspace::try_new(shape)?, file))
}

/// The bytes of an attribute whose elements are texts of fixed length, of at most `limit` bytes together, one after the
/// other.
pub(super) fn fixed_text(attribute: &Attribute, limit: usize) -> ::hdf5::Result<Vec<u8>> {
    let dtype = attribute.dtype()?;
    let bytes = attribute.space()?.size().checked_mul(dtype.size()).filter(|bytes| (1..=limit).contains(bytes));
    let Some(bytes) = bytes.filter(|_| class(&dtype) == Class::FixedText) else {
        return Err("no text of fixed length".into());
    };
    let mut bytes = vec![0_u8; bytes];
    // SAFETY: both identifiers are open while they are borrowed; the attribute is read in its own type, whose size times
    // the number of elements is that of the buffer, and text of fixed length holds no pointers.
    sync(|| unsafe { h5check(H5Aread(attribute.id(), dtype.id(), bytes.as_mut_ptr().cast())) })?;
    Ok(bytes)
}

/// The bytes of an attribute's elements as they are stored, where their length varies: at most `limit` bytes of
/// references into the global heap, which is left alone.
pub(super) fn stored_elements(attribute: &Attribute, limit: usize) -> ::hdf5::Result<Vec<u8>> {
    let dtype = attribute.dtype()?;
    let count = attribute.space()?.size();
    // SAFETY: the identifier is open while it is borrowed.
    let stored = sync(|| unsafe { H5Aget_storage_size(attribute.id()) }) as usize;
    if !matches!(class(&dtype), Class::VariableText | Class::List)
        || count == 0
        || stored == 0
        || !stored.is_multiple_of(count)
        || stored > limit
    {
        return Err("no elements of variable length".into());
    }
    let mut bytes = vec![0_u8; stored];
    sync(|| {
        // SAFETY: no pointers; the size is that of a stored element.
        let opaque = Id(h5check(unsafe { H5Tcreate(H5T_class_t::H5T_OPAQUE, stored / count) })?);
        // The library has no conversion to opaque bytes, so for this one call, under its lock, it gets one.
        // SAFETY: the name ends in a null byte, both types are open, and the function has the type asked for. It is
        // told to forget it again below, before the lock is given up.
        h5check(unsafe { H5Tregister(H5T_pers_t::H5T_PERS_SOFT, AS_IS, dtype.id(), opaque.0, Some(as_is)) })?;
        // SAFETY: the attribute is open; its elements are read as opaque ones of the same size, so that the library
        // writes as many bytes as `bytes` has.
        let read = h5check(unsafe { H5Aread(attribute.id(), opaque.0, bytes.as_mut_ptr().cast()) });
        // SAFETY: as when it was registered; what matches is what was registered there.
        h5check(unsafe { H5Tunregister(H5T_pers_t::H5T_PERS_SOFT, AS_IS, dtype.id(), opaque.0, Some(as_is)) })?;
        read
    })?;
    Ok(bytes)
}

/// The name of the conversion that leaves bytes as they are.
const AS_IS: *const c_char = c"thermocline: as stored".as_ptr();

/// Converts nothing.
extern "C" fn as_is(
    _from: hid_t,
    _to: hid_t,
    _state: *mut H5T_cdata_t,
    _count: usize,
    _stride: usize,
    _background_stride: usize,
    _values: *mut c_void,
    _background: *mut c_void,
    _properties: hid_t,
) -> herr_t {
    0
}

/// The address of the header of a data set or group, as references to it are stored.
pub(crate) fn address(object: &Location) -> ::hdf5::Result<u64> {
    let mut reference: hobj_ref_t = 0;
    // SAFETY: the out-pointer is to a live reference of the kind asked for, the name ends in a null byte and means the
    // object itself, and references to objects need no space (-1).
    sync(|| unsafe {
        let out = (&raw mut reference).cast();
        h5check(H5Rcreate(out, object.id(), c".".as_ptr(), H5R_type_t::H5R_OBJECT1, -1))
    })?;
    Ok(reference)
}

/// Writes `data`, as the filters left it, as the chunk of `dataset` that begins at `offset`.
pub(super) fn write_chunk(dataset: &Dataset, offset: &[u64], data: &[u8]) -> ::hdf5::Result<()> {
    if offset.len() != dataset.ndim() {
        return Err("the place of a chunk has other dimensions than the data set".into());
    }
    // SAFETY: the identifier is open while it is borrowed. `offset` has the data set's rank (checked), `data` its length;
    // both are only read, during the call.
    let written = sync(|| unsafe {
        H5Dwrite_chunk(dataset.id(), H5P_DEFAULT, 0, offset.as_ptr(), data.len(), data.as_ptr().cast())
    });
    h5check(written).map(drop)
}

/// Writes all elements of a data set of plain numbers, as they are stored.
pub(super) fn write_whole(dataset: &Dataset, data: &[u8]) -> ::hdf5::Result<()> {
    let dtype = dataset.dtype()?;
    if !is_plain(&dtype) || dataset.space()?.size().checked_mul(dtype.size()) != Some(data.len()) {
        return Err("the values are others than the data set has".into());
    }
    // SAFETY: both identifiers are open while they are borrowed; the values are in the data set's own type, plain numbers,
    // as many as it has (checked above).
    let written =
        sync(|| unsafe { H5Dwrite(dataset.id(), dtype.id(), H5S_ALL, H5S_ALL, H5P_DEFAULT, data.as_ptr().cast()) });
    h5check(written).map(drop)
}

/// Gives `location` a text of fixed length as an attribute, as netCDF writes them.
pub(super) fn write_text(location: &Location, name: &str, text: &str) -> ::hdf5::Result<()> {
    let bytes = c_string(text)?;
    let bytes = bytes.as_bytes_with_nul();
    sync(|| {
        // SAFETY: no pointers; the type that is copied exists as long as the library.
        let dtype = Id(h5check(unsafe { H5Tcopy(*H5T_C_S1) })?);
        // SAFETY: the copy is ours to change.
        h5check(unsafe { H5Tset_size(dtype.0, bytes.len()) })?;
        if !text.is_ascii() {
            // SAFETY: as above.
            h5check(unsafe { H5Tset_cset(dtype.0, H5T_cset_t::H5T_CSET_UTF8) })?;
        }
        // SAFETY: no pointers.
        let space = Id(h5check(unsafe { H5Screate(H5S_class_t::H5S_SCALAR) })?);
        // SAFETY: one element of the type has as many bytes as there are.
        unsafe { write_attribute(location, name, &dtype, &space, bytes.as_ptr().cast()) }
    })
}

/// Says which scale each axis of `dataset` has (`DIMENSION_LIST`).
pub(super) fn write_dimension_list(dataset: &Dataset, scales: &[&Dataset]) -> ::hdf5::Result<()> {
    let mut scales: Vec<hobj_ref_t> = scales.iter().map(|scale| address(scale)).collect::<::hdf5::Result<_>>()?;
    sync(|| {
        let lists: Vec<hvl_t> =
            scales.iter_mut().map(|scale| hvl_t { len: 1, p: std::ptr::from_mut(scale).cast() }).collect();
        // SAFETY: no pointers; the type that it is made of exists as long as the library.
        let dtype = Id(h5check(unsafe { H5Tvlen_create(*H5T_STD_REF_OBJ) })?);
        let space = list_space(lists.len())?;
        // SAFETY: there are as many lists as the space has elements, each of one reference, which live until the end.
        unsafe { write_attribute(dataset, "DIMENSION_LIST", &dtype, &space, lists.as_ptr().cast()) }
    })
}

/// An element of a scale's `REFERENCE_LIST`: a data set, and which of its axes has the scale.
#[repr(C)]
struct UsedBy {
    dataset: hobj_ref_t,
    axis: i32,
    padding: i32,
}

/// Says which axes of which data sets have this scale (`REFERENCE_LIST`).
pub(super) fn write_reference_list(scale: &Dataset, users: &[(&Dataset, usize)]) -> ::hdf5::Result<()> {
    let used_by =
        |&(dataset, axis): &(&Dataset, usize)| Ok(UsedBy { dataset: address(dataset)?, axis: axis as i32, padding: 0 });
    let users: Vec<UsedBy> = users.iter().map(used_by).collect::<::hdf5::Result<_>>()?;
    sync(|| {
        // SAFETY: no pointers.
        let dtype = Id(h5check(unsafe { H5Tcreate(H5T_class_t::H5T_COMPOUND, size_of::<UsedBy>()) })?);
        for (name, offset, member) in [
            (c"dataset", std::mem::offset_of!(UsedBy, dataset), *H5T_STD_REF_OBJ),
            (c"dimension", std::mem::offset_of!(UsedBy, axis), *H5T_NATIVE_INT32),
        ] {
            // SAFETY: the name ends in a null byte, the type is ours to change, and the member is what the struct has there.
            h5check(unsafe { H5Tinsert(dtype.0, name.as_ptr(), offset, member) })?;
        }
        let space = list_space(users.len())?;
        // SAFETY: there are as many elements as the space has, of the type that was described.
        unsafe { write_attribute(scale, "REFERENCE_LIST", &dtype, &space, users.as_ptr().cast()) }
    })
}

/// A space of one axis.
fn list_space(length: usize) -> ::hdf5::Result<Id> {
    let length = length as u64;
    // SAFETY: the pointer is to the length of one axis; null says that it can't grow.
    h5check(unsafe { H5Screate_simple(1, &raw const length, std::ptr::null()) }).map(Id)
}

/// Makes an attribute and writes it.
///
/// # Safety
/// `data` points to as many elements of `dtype` as `space` has. Called under the library's lock.
unsafe fn write_attribute(
    location: &Location,
    name: &str,
    dtype: &Id,
    space: &Id,
    data: *const c_void,
) -> ::hdf5::Result<()> {
    let name = c_string(name)?;
    // SAFETY: all identifiers are open, and the name ends in a null byte.
    let made = unsafe { H5Acreate2(location.id(), name.as_ptr(), dtype.0, space.0, H5P_DEFAULT, H5P_DEFAULT) };
    let attribute = Id(h5check(made)?);
    // SAFETY: the attribute was made of this type and space, and the caller promises the elements.
    h5check(unsafe { H5Awrite(attribute.0, dtype.0, data) }).map(drop)
}

fn c_string(text: &str) -> ::hdf5::Result<CString> {
    CString::new(text).map_err(|_| format!("{text:?} has a null byte in it").into())
}

/// An identifier that is ours to close.
struct Id(hid_t);

impl Drop for Id {
    fn drop(&mut self) {
        // SAFETY: the identifier is open and its one reference ours. The lock may be taken again.
        sync(|| unsafe { H5Idec_ref(self.0) });
    }
}
