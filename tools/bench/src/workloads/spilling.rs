//! Random numbers, persisted, then summed twice: more than memory holds, and made up rather than read.

use std::time::Instant;

use thermocline::{Array, Plan, Session};

use crate::account::Account;
use crate::cli::Run;
use crate::error::{BenchError, Result};
use crate::random::Random;

pub(super) fn plan(run: &Run, session: &Session) -> Result<Plan> {
    Ok(session.plan_persist(&Array::from_source(Random::new(run.size.bytes())))?)
}

pub(super) fn work(run: &Run, session: &Session, account: &Account) -> Result<()> {
    let source = Random::new(run.size.bytes());
    account.values(run.size.bytes());
    let expected = source.sum();
    let start = Instant::now();
    let x = Array::from_source(source);
    account.planned(&session.plan_persist(&x)?);
    let kept = session.persist(&x)?;
    for _ in 0..2 {
        let sum = kept.sum(..);
        account.planned(&session.plan(&sum)?);
        let sum = session.compute(&sum)?;
        account.took(start);
        let found = sum.first().copied().unwrap_or(f64::NAN);
        // A sum in another order differs by rounding alone.
        if (found - expected).abs() > 1e-9 * expected.abs() {
            return Err(BenchError::WrongSum { found, expected });
        }
        account.result(&sum);
    }
    Ok(())
}
