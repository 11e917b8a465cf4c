//! What the decoders of the Lempel-Ziv family share: literals and copies, each within its bounds.

/// What is still to be read, and what has been written.
pub(super) struct Window<'a> {
    data: &'a [u8],
    out: &'a mut [u8],
    done: usize,
}

impl<'a> Window<'a> {
    pub(super) fn new(data: &'a [u8], out: &'a mut [u8]) -> Self {
        Self { data, out, done: 0 }
    }

    /// Whether something is still to be read.
    pub(super) fn has_more(&self) -> bool {
        !self.data.is_empty()
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, String> {
        let (&first, rest) = self.data.split_first().ok_or("it ends too soon")?;
        self.data = rest;
        Ok(first)
    }

    /// The next `length` bytes are as they are.
    pub(super) fn literals(&mut self, length: usize) -> Result<(), String> {
        let (literals, rest) = self.data.split_at_checked(length).ok_or("it ends too soon")?;
        self.room(length)?.copy_from_slice(literals);
        (self.data, self.done) = (rest, self.done + length);
        Ok(())
    }

    /// The next `length` bytes are those that stand `distance` back; they may be among themselves.
    pub(super) fn copy(&mut self, distance: usize, length: usize) -> Result<(), String> {
        let start = self.done.checked_sub(distance).filter(|_| distance > 0).ok_or("it copies what is not there")?;
        self.room(length)?;
        let mut copied = 0;
        while copied < length {
            // What was copied can be copied again: each time twice as much.
            let count = (length - copied).min(distance + copied);
            self.out.copy_within(start..start + count, self.done + copied);
            copied += count;
        }
        self.done += length;
        Ok(())
    }

    fn room(&mut self, length: usize) -> Result<&mut [u8], String> {
        let expected = self.out.len();
        self.out[self.done..].get_mut(..length).ok_or_else(|| format!("it expands to more than {expected} B"))
    }

    /// Whether all that was expected is there.
    pub(super) fn finish(self) -> Result<(), String> {
        let (found, expected) = (self.done, self.out.len());
        if found == expected { Ok(()) } else { Err(format!("it expands to {found} B, expected {expected}")) }
    }
}
