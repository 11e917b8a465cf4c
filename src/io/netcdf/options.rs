//! How files are read, and what may differ between those of a series.

/// See the methods of [`Dataset`](super::Dataset) of the same names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) mask_and_scale: bool,
    pub(super) valid_range: bool,
    pub(super) block: u64,
    pub(super) direct: bool,
    pub(super) allow: Allowances,
}

/// What may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowances {
    pub(super) overlaps: bool,
    pub(super) other_units: bool,
    pub(super) other_labels: bool,
}

impl Options {
    /// Whether values are read, and understood, as if nothing had been said.
    pub(super) fn read_as_usual(&self) -> bool {
        let usual = Self::default();
        let read = |options: &Self| (options.direct, options.mask_and_scale, options.valid_range);
        read(self) == read(&usual)
    }
}

impl Default for Options {
    fn default() -> Self {
        let allow = Allowances::default();
        Self { mask_and_scale: true, valid_range: false, block: 96 << 20, direct: true, allow }
    }
}
