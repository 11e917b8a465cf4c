//! The thread that writes evicted chunks to scratch.
//!
//! A chunk is copied into the page cache, and the system begins to write it; the lane goes on with the next one and waits
//! for the disk only where [enough](ON_THE_WAY) is on its way, or where there is nothing else to do. So the disk is never
//! idle while something is to be written. A chunk's memory is given back when its frame is on the disk, in the order in
//! which writes were begun.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use super::Shared;
use super::core::Effects;
use super::job::Write;
use super::worker::panicked;
use crate::chunk::Encoded;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::memory::{Back, Origin, Stored};
use crate::spill::{Begun, Staging};
use crate::trace;

/// So many bytes may be on their way to the disk; one frame always may be, while the next one is copied.
const ON_THE_WAY: u64 = 8 << 20;

/// The life of the thread. Its staging is part of each run's fixed charge.
pub(super) fn write_evicted(shared: &Shared, writes: &Receiver<Write>) {
    let mut lane =
        Lane { shared, staging: Staging::new(), begun: VecDeque::new(), bytes: 0, busy_since: Instant::now() };
    loop {
        let next = if lane.begun.is_empty() {
            let next = writes.recv().map_err(|_| TryRecvError::Disconnected);
            lane.busy_since = Instant::now();
            next
        } else {
            writes.try_recv()
        };
        match next {
            Ok(write) => lane.begin(write),
            Err(TryRecvError::Empty) => lane.settle_oldest(),
            Err(TryRecvError::Disconnected) => break,
        }
        while lane.begun.len() > 1 && lane.bytes > ON_THE_WAY {
            lane.settle_oldest();
        }
    }
    while !lane.begun.is_empty() {
        lane.settle_oldest();
    }
}

struct Lane<'a> {
    shared: &'a Shared,
    staging: Staging,
    /// What is on its way to the disk, oldest first.
    begun: VecDeque<(Write, Copied)>,
    /// Its stored bytes.
    bytes: u64,
    /// When the last write ended, or the first one began.
    busy_since: Instant,
}

/// A chunk in the page cache.
struct Copied {
    begun: Begun,
    back: Back,
    since: Instant,
}

impl Lane<'_> {
    fn begin(&mut self, write: Write) {
        let Self { shared, staging, .. } = self;
        let since = Instant::now();
        let _inside = trace::spill(write.job.origin.key.label(), write.job.bytes);
        let copied = catch_unwind(AssertUnwindSafe(|| {
            let Some(encoded) = write.job.chunk.value().encode() else { return Err(Error::Cancelled) };
            match encoded {
                Encoded::Memory { bytes, item_size, in_place, decode } => {
                    let begun = shared.scratch.begin(bytes, item_size, staging)?;
                    Ok(Copied { begun, back: Back::Memory { decode, mappable: in_place }, since })
                }
                Encoded::Laid { write, in_place, decode } => {
                    let begun = shared.scratch.begin_stream(&*write, in_place, staging)?;
                    Ok(Copied { begun, back: Back::Memory { decode, mappable: in_place }, since })
                }
                Encoded::Stream { write, read } => {
                    let begun = shared.scratch.begin_stream(&*write, false, staging)?;
                    Ok(Copied { begun, back: Back::Stream(read), since })
                }
            }
        }));
        match copied.unwrap_or_else(|payload| Err(panicked("writing a chunk to scratch", payload))) {
            Ok(copied) => {
                self.bytes += copied.begun.stored_bytes();
                self.begun.push_back((write, copied));
            }
            Err(error) => self.end(write, Err(error)),
        }
    }

    fn settle_oldest(&mut self) {
        let Some((write, Copied { begun, back, since })) = self.begun.pop_front() else { return };
        self.bytes -= begun.stored_bytes();
        let frame = match begun.settle() {
            Ok(frame) => frame,
            Err(error) => return self.end(write, Err(error)),
        };
        let (bytes, stored) = (frame.bytes() as u64, frame.stored_bytes());
        self.shared.counters.add_spilled(bytes);
        let Origin { run, task, key } = &write.job.origin;
        self.shared.observers.tell(&Event::Spilled {
            run: *run,
            id: *task,
            task: key.label(),
            bytes,
            stored,
            elapsed: since.elapsed(),
        });
        self.end(write, Ok(Stored { frame, back }));
    }

    fn end(&mut self, write: Write, outcome: Result<Stored>) {
        if let Err(error @ (Error::Scratch { .. } | Error::ScratchFull { .. })) = &outcome {
            self.shared.scratch_failed(error);
        }
        let Write { job, announce } = write;
        let (slot, bytes) = (job.slot, job.bytes);
        // Before the slot's own reference, which is dropped last and gives the bytes back.
        drop(job);
        // Others were on their way meanwhile: what this one added.
        let elapsed = self.busy_since.elapsed();
        self.busy_since = Instant::now();
        self.shared.locked(|core, effects: &mut Effects| {
            if let Ok(stored) = &outcome {
                core.slots.rates.wrote(stored.frame.bytes() as u64, elapsed);
            }
            core.written(slot, bytes, outcome, effects);
        });
        drop(announce);
    }
}
