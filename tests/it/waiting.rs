//! Arrays that wait, and are waited for, by `bind` and `wait_on`.

use std::sync::{Arc, Mutex};

use thermocline::chunk::Block;
use thermocline::delayed::{bind, checkpoint, wait_on};
use thermocline::ndarray::Array1;
use thermocline::{Array, Delayed, Error, Session, delayed};

use crate::support::{assert_at_rest, session};

const LIMIT: u64 = 64 << 20;

/// Who was there, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, text: &'static str) {
        self.0.lock().unwrap().push(text);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// A call that takes a while, so that what doesn't wait for it comes first.
    fn slow(&self, text: &'static str) -> Delayed<()> {
        let log = self.clone();
        let call = move |_: Vec<&()>| {
            std::thread::yield_now();
            log.note(text);
        };
        delayed!((call)(Vec::<Delayed<()>>::new()))
    }

    /// Two blocks of two cells, each of which is taken down.
    fn array(&self) -> Array<f64> {
        let log = self.clone();
        Array::from_fn(&[4], &[2], move |at| {
            log.note("cell");
            at[0] as f64
        })
    }

    fn sees(&self, block: &Delayed<Block<f64>>) -> Delayed<f64> {
        let log = self.clone();
        let see = move |block: &Block<f64>| {
            log.note("seen");
            block.as_slice().iter().sum()
        };
        delayed!((see)(block))
    }
}

fn small() -> (tempfile::TempDir, Session) {
    session(LIMIT, 2)
}

#[test]
fn blocks_of_a_bound_array_are_made_later() {
    let log = Log::default();
    for _ in 0..20 {
        let (_folder, session) = small();
        let x = log.array();
        let bound = bind(&x, log.slow("before"));
        assert_eq!(session.compute((&bound * 2.0).sum(..)).unwrap()[[]], 12.0);
        assert_eq!(log.take(), ["before", "cell", "cell", "cell", "cell"]);

        // Those that others see of the same array are made as ever; the bound ones once, for all that are bound to the same.
        let set_up = log.slow("before");
        let each: Vec<_> = x.to_delayed().iter().map(|block| log.sees(&bind(block, set_up.clone()))).collect();
        let (sums, plain) = session.compute((each, x.sum(..))).unwrap();
        assert_eq!((sums, plain[[]]), (vec![1.0, 5.0], 6.0));
        let seen = log.take();
        assert_eq!(seen.iter().filter(|&&text| text == "cell").count(), 8, "{seen:?}");
        let before = seen.iter().position(|&text| text == "before").unwrap();
        assert!(seen[..before].iter().filter(|&&text| text == "cell").count() <= 4, "{seen:?}");

        let users: Vec<_> = x.to_delayed().iter().map(|block| log.sees(block)).collect();
        session.compute(bind(&users, (Some(set_up), vec![log.array()]))).unwrap();
        let seen = log.take();
        let last = seen.iter().position(|&text| text == "seen").unwrap();
        let before = seen.iter().position(|&text| text == "before").unwrap();
        assert_eq!((seen.len(), before < last), (11, true), "{seen:?}");
        assert_at_rest(&session);
    }
}

#[test]
fn arrays_of_delayed_values_hold_these_back() {
    let log = Log::default();
    let (_folder, session) = small();
    let made = {
        let log = log.clone();
        delayed!((move |_: Vec<&()>| {
            log.note("made");
            Array1::from_vec(vec![1.0, 2.0])
        })(Vec::<Delayed<()>>::new()))
    };
    let x = Array::from_delayed(&[4], [2], &[made.clone(), made]);
    let bound = bind(&x.rechunk([4]), log.slow("before"));
    assert_eq!(session.compute(bound).unwrap().as_slice().unwrap(), [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(log.take(), ["before", "made"]);

    // Bound twice, the last comes first.
    let twice = bind(&bind(&x, log.slow("inner")), log.slow("outer"));
    session.compute(twice).unwrap();
    assert_eq!(log.take(), ["outer", "inner", "made"]);
    assert_at_rest(&session);
}

#[test]
fn who_uses_what_is_kept_waits() {
    let log = Log::default();
    let (_folder, session) = small();
    for _ in 0..20 {
        let kept = session.persist(&log.array()).unwrap();
        log.take();
        let bound = bind(&kept, log.slow("before"));
        session.compute(log.sees(&bound.to_delayed()[0])).unwrap();
        assert_eq!(log.take(), ["before", "seen"]);

        let block = bind(&kept.to_delayed()[1], log.slow("before"));
        session.compute(log.sees(&block)).unwrap();
        assert_eq!(log.take(), ["before", "seen"]);
        session.compute(bind(&log.sees(&kept.to_delayed()[1]), log.slow("before"))).unwrap();
        assert_eq!(log.take(), ["before", "seen"]);

        // One that waits already waits for both.
        let (block, _) = wait_on((kept.to_delayed()[1].clone(), log.slow("first")));
        let both = bind(&block, log.slow("second"));
        session.compute(log.sees(&both)).unwrap();
        let seen = log.take();
        assert!(seen.len() == 3 && seen[2] == "seen", "{seen:?}");
        drop((kept, bound, block, both));
    }
    assert_at_rest(&session);
}

#[test]
fn arrays_that_wait_for_each_other_are_seen_when_all_are_made() {
    let log = Log::default();
    for _ in 0..20 {
        let (_folder, session) = small();
        let (x, other) = wait_on((log.array(), log.slow("other")));
        session.compute(log.sees(&x.to_delayed()[0])).unwrap();
        let seen = log.take();
        assert_eq!((seen.len(), seen[5]), (6, "seen"), "{seen:?}");
        session.compute(&other).unwrap();
        assert_eq!(log.take().iter().filter(|&&text| text == "cell").count(), 4);

        let all = wait_on(vec![log.array(), log.array()]);
        assert_eq!(session.compute(&(&all[0] + &all[1]).sum(..)).unwrap()[[]], 12.0);
        assert_eq!(log.take().len(), 8);
        session.compute(checkpoint(all)).unwrap();
        log.take();
        assert_at_rest(&session);
    }
}

#[test]
fn what_waits_has_the_same_values_at_any_limit() {
    let x = Array::<f64>::from_fn(&[600, 500], &[100, 90], |at| (at[0] * 500 + at[1]) as f64).rechunk([500, 70]);
    let y = (&x - &x.mean(0)).nanstd(1);
    let (_folder, session) = small();
    let plain = session.compute((&y, &x)).unwrap();
    let before = Array::<f32>::ones(&[1000], [100]);
    for limit in [LIMIT, 4 << 20] {
        let (_folder, session) = crate::support::session(limit, 2);
        let bound = bind(&(y.clone(), x.clone()), before.clone());
        assert_eq!(session.compute((&bound.0, &bound.1)).unwrap(), plain);
        let (y, x, _) = wait_on((y.clone(), x.clone(), before.clone()));
        assert_eq!(session.compute((&y, &x)).unwrap(), plain);
        assert_at_rest(&session);
    }
}

#[test]
fn impossible_arrays_stay_impossible() {
    let (_folder, session) = small();
    let x = Array::<f64>::ones(&[3], [3]);
    let wrong = &x + &Array::ones(&[4], [4]);
    for error in [
        session.compute(bind(&wrong, delayed!((|| 1)()))).unwrap_err(),
        session.compute(bind(&x, wrong.clone())).unwrap_err(),
        session.compute(wait_on((x, wrong)).0).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Operation { .. }), "{error}");
    }
    assert_at_rest(&session);
}
