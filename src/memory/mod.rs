//! The memory of a session: who holds how many bytes, and who has to give them back.
//!
//! - The [`Ledger`] counts charged bytes and never lets them pass the limit (**M1**).
//! - A [`Grant`] is what one task may take: reserved in one atomic step, drawn by its buffers, closed at its end (**M5**).
//! - [`Slots`] are the chunks that exist, each in one state (**M2**), with its pins (**M3**).
//! - The [pool] keeps the memory of buffers that are dropped for others of the same size, within what is charged.
//! - An eviction [`Policy`](eviction) says which chunk goes first; it returns a decision, others carry it out.
//!
//! ```text
//!             grant reserves            task allocates              task ends
//!   Ledger ──────────────────> Grant ──────────────────> Buffer ──────────────────> Slot (Resident, dirty)
//!     ^                          │ what is left             │ last reference
//!     └──────────────────────────┴──────────────────────────┘
//! ```
//!
//! Everything here is plain state without threads, but for the ledger's and the grants' counters: [`Slots`] live under
//! the scheduler's mutex. Chunks are dropped, written and loaded outside of it: methods hand out what is to be dropped.

mod eviction;
mod grant;
mod ledger;
mod load;
mod origin;
mod pool;
mod rates;
mod slot;

pub(crate) use eviction::NEVER;
pub(crate) use grant::{Grant, TaskGrant, charge_value};
pub(crate) use ledger::Ledger;
pub(crate) use load::load;
pub(crate) use origin::Origin;
pub(crate) use slot::{
    Back, Garbage, Loaded, Missing, NewChunk, Pinned, Recovery, SlotId, Slots, Stored, Ways, WriteJob, Writing,
};
