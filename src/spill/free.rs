//! Which parts of a segment are free: pure bookkeeping, no system calls.

use std::collections::BTreeMap;

/// The free runs of a segment of growing length; neighbours are always joined.
#[derive(Debug, Default)]
pub(super) struct FreeList {
    /// Length by offset.
    runs: BTreeMap<u64, u64>,
    /// The segment's length so far.
    end: u64,
}

impl FreeList {
    /// Takes `len` bytes: the first free run that is long enough, else new ones at the end, up to `most` in all.
    pub(super) fn take(&mut self, len: u64, most: u64) -> Option<u64> {
        if let Some((&offset, &run)) = self.runs.iter().find(|&(_, &run)| run >= len) {
            self.runs.remove(&offset);
            if run > len {
                self.runs.insert(offset + len, run - len);
            }
            return Some(offset);
        }
        let offset = self.end;
        let end = offset.checked_add(len)?;
        if end > most && offset > 0 {
            return None;
        }
        self.end = end;
        Some(offset)
    }

    /// Gives `len` bytes at `offset` back.
    pub(super) fn give_back(&mut self, offset: u64, len: u64) {
        let (mut start, mut end) = (offset, offset + len);
        if let Some((&before, &run)) = self.runs.range(..offset).next_back() {
            debug_assert!(before + run <= offset, "an extent is given back once");
            if before + run == offset {
                self.runs.remove(&before);
                start = before;
            }
        }
        if let Some(run) = self.runs.remove(&end) {
            end += run;
        }
        if end == self.end {
            self.end = start;
        } else {
            self.runs.insert(start, end - start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_join_and_the_end_shrinks() {
        let mut free = FreeList::default();
        let places: Vec<u64> = (0..4).map(|_| free.take(10, 100).unwrap()).collect();
        assert_eq!(places, [0, 10, 20, 30]);
        free.give_back(10, 10);
        free.give_back(20, 10);
        assert_eq!(free.take(15, 100), Some(10));
        assert_eq!(free.take(6, 40), None);
        assert_eq!(free.take(5, 40), Some(25));
        free.give_back(30, 10);
        free.give_back(10, 15);
        free.give_back(25, 5);
        free.give_back(0, 10);
        assert_eq!((free.end, free.runs.len()), (0, 0));
    }

    #[test]
    fn one_extent_may_be_longer_than_a_segment_should_be() {
        assert_eq!(FreeList::default().take(200, 100), Some(0));
        assert_eq!(FreeList::default().take(u64::MAX, 100), Some(0));
    }
}
