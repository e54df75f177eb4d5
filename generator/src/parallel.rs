//! Services don't depend on each other once they are read, nor files once they are made: they are worked on side by side.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// A schema is walked recursively, up to the depth that [`crate::json`] admits, by us and by others; this holds it many times
/// over.
const STACK: usize = 256 << 20;

thread_local! {
    /// Whether this thread has such a stack.
    static DEEP: Cell<bool> = const { Cell::new(false) };
}

/// `work` on each item, in as many threads as there are processors. The results are in the items' order, whoever made them.
pub fn each<'a, T: Sync, R: Send>(items: &'a [T], work: impl Fn(&'a T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let run = || {
        DEEP.set(true);
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return };
            let result = work(item);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            // Without another thread, those that there are do the work.
            let _ = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, run);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    if done.len() < items.len() {
        run_rest(items, &work, &mut done);
    }
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// `work`, with a stack for any depth; a panic ends it and not the program. `None`: it panicked.
///
/// # Errors
/// If there is no thread to be had for it.
pub(crate) fn deep<R: Send>(work: impl FnOnce() -> R + Send) -> std::io::Result<Option<R>> {
    if DEEP.get() {
        return Ok(panic::catch_unwind(AssertUnwindSafe(work)).ok());
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        Ok(thread.join().ok())
    })
}

/// What no thread did, because none could be had.
fn run_rest<'a, T, R>(items: &'a [T], work: &impl Fn(&'a T) -> R, done: &mut Vec<(usize, R)>) {
    for (index, item) in items.iter().enumerate() {
        if done.iter().all(|(known, _)| *known != index) {
            done.push((index, work(item)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{deep, each};

    #[test]
    fn results_are_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        assert_eq!(each(&items, |n| n * 2), items.iter().map(|n| n * 2).collect::<Vec<_>>());
        assert_eq!(each(&[0_usize; 0], |n| *n), Vec::<usize>::new());
    }

    #[test]
    fn a_panic_ends_only_the_work() {
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let panics = || deep(|| -> u8 { panic!("in the work") }).unwrap();
        assert_eq!(panics(), None);
        assert_eq!(each(&[1, 2], |n| (panics(), deep(|| n * 2).unwrap())), [(None, Some(2)), (None, Some(4))]);
        std::panic::set_hook(quiet);
    }
}
