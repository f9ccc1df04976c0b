//! Plans that are compiled already: the setups of an exploration mostly have tables of one another.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Weak};

use super::plan::Plan;

/// So many plans are kept though nothing holds them, those that were asked for last; each takes up to one MiB.
const KEPT: usize = 64;

/// The plan of a table, the same one for equal tables as long as one of them or this process keeps it.
///
/// Two threads that ask at once may both compile it, and get the same one.
pub(super) fn of(rows: Box<[[i32; 256]]>) -> Arc<Plan> {
    static PLANS: LazyLock<Mutex<Plans>> = LazyLock::new(Mutex::default);
    let known = || -> MutexGuard<'_, Plans> { PLANS.lock().expect("nothing panics while the lock is held") };
    let hash = foldhash::fast::FixedState::default().hash_one(rows.as_flattened());
    let found = known().find(hash, &rows);
    found.unwrap_or_else(|| {
        let compiled = Plan::of(rows);
        known().insert(hash, compiled)
    })
}

/// Plans by the hash of their tables.
#[derive(Debug, Default)]
struct Plans {
    known: HashMap<u64, Weak<Plan>>,
    /// The last one first.
    kept: VecDeque<Arc<Plan>>,
}

impl Plans {
    /// The plan of an equal table, not only of one with the same hash.
    fn find(&mut self, hash: u64, rows: &[[i32; 256]]) -> Option<Arc<Plan>> {
        let plan = self.known.get(&hash)?.upgrade().filter(|plan| *plan.rows == *rows)?;
        self.keep(&plan);
        Some(plan)
    }

    /// Takes a plan, unless that of an equal table has come before.
    fn insert(&mut self, hash: u64, plan: Plan) -> Arc<Plan> {
        if let Some(known) = self.find(hash, &plan.rows) {
            return known;
        }
        let plan = Arc::new(plan);
        self.known.retain(|_, plan| plan.strong_count() > 0);
        self.known.insert(hash, Arc::downgrade(&plan));
        self.keep(&plan);
        plan
    }

    fn keep(&mut self, plan: &Arc<Plan>) {
        self.kept.retain(|kept| !Arc::ptr_eq(kept, plan));
        self.kept.push_front(plan.clone());
        self.kept.truncate(KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::rows;
    use super::super::{LowPart, Products};
    use super::*;

    fn plan(offset: i32) -> Plan {
        Plan::of(rows(|w, x| w * x + offset).into())
    }

    #[test]
    fn equal_tables_share_a_plan_and_others_do_not() {
        let of = |entry: fn(i32, i32) -> i32| Products::new(rows(entry).as_flattened());
        let (one, same) = (of(|w, x| (w - 77) * (x - 3)), of(|w, x| (w - 77) * (x - 3)));
        assert!(Arc::ptr_eq(&one.plan, &same.plan));
        assert!(Arc::ptr_eq(&one.plan, &Products::exact(77, 3).plan));
        let part = LowPart { bits: 4, or: true, carry: true, ones: 0 };
        assert!(Arc::ptr_eq(&one.plan, &same.clone().split(part).plan));
        let other = of(|w, x| (w - 77) * (x - 3) + i32::from(w == 255 && x == 255));
        assert!(!Arc::ptr_eq(&one.plan, &other.plan));
        assert_eq!((one.get(255, 255) + 1, one.get(0, 0)), (other.get(255, 255), other.get(0, 0)));
    }

    #[test]
    fn threads_that_ask_at_once_get_the_same_one() {
        let table = || Products::new(rows(|w, x| w * 13 - x * 5).as_flattened());
        let found: Vec<Products> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..4).map(|_| scope.spawn(table)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|products| Arc::ptr_eq(&products.plan, &found[0].plan)));
    }

    #[test]
    fn tables_with_one_hash_are_told_apart() {
        let mut plans = Plans::default();
        let one = plans.insert(7, plan(1));
        assert!(plans.find(7, &plan(2).rows).is_none());
        let two = plans.insert(7, plan(2));
        assert_eq!(*two, plan(2));
        assert!(!Arc::ptr_eq(&one, &two) && Arc::ptr_eq(&two, &plans.find(7, &two.rows).unwrap()));
        // The first one was found again under no hash, and is still what it was.
        assert!(plans.find(7, &one.rows).is_none());
        assert_eq!(*one, plan(1));
    }

    #[test]
    fn plans_that_nothing_holds_are_few() {
        let mut plans = Plans::default();
        let held = plans.insert(0, plan(0));
        for at in 1..KEPT as u64 + 10 {
            plans.insert(at, plan(at as i32));
        }
        assert_eq!(plans.kept.len(), KEPT);
        assert!(plans.known.len() <= KEPT + 2, "{} known", plans.known.len());
        assert!(Arc::ptr_eq(&held, &plans.find(0, &held.rows).unwrap()), "what is held is shared");
        assert!(plans.find(1, &plan(1).rows).is_none() && plans.find(60, &plan(60).rows).is_some());
    }
}
