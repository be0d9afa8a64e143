//! Values that a forked child does not share with its parent.

use std::fmt;

use once_cell::race::OnceBox;

/// A value of which each process has its own.
///
/// A list with one node for each process that used it, from the oldest ancestor to this one.
/// Nodes are added without a lock, so a fork at any moment leaves a usable list; nodes of other
/// processes are leaked when the list is dropped, because their threads do not exist here.
pub(crate) struct PerProcess<T> {
    first: OnceBox<Node<T>>,
}

struct Node<T> {
    pid: u32,
    value: Option<T>,
    next: OnceBox<Node<T>>,
}

impl<T> PerProcess<T> {
    pub(crate) const fn new() -> Self {
        PerProcess {
            first: OnceBox::new(),
        }
    }

    /// This process's value, if it has one already.
    pub(crate) fn get(&self) -> Option<&T> {
        let pid = std::process::id();
        let mut node = self.first.get();
        while let Some(current) = node {
            match current.next.get() {
                // Only the last node can be ours: a process id may have been used before.
                None if current.pid == pid => return current.value.as_ref(),
                next => node = next,
            }
        }
        None
    }

    /// This process's value, made now if need be. When several threads race, one value is kept.
    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let pid = std::process::id();
        let mut fresh = Some(Box::new(Node {
            pid,
            value: Some(make()),
            next: OnceBox::new(),
        }));
        let mut slot = &self.first;
        loop {
            let node = match slot.get() {
                Some(node) => node,
                None => match fresh.take() {
                    Some(node) => {
                        if let Err(back) = slot.set(node) {
                            fresh = Some(back);
                        }
                        continue;
                    }
                    None => continue,
                },
            };
            if node.pid == pid
                && node.next.get().is_none()
                && let Some(value) = &node.value
            {
                return value;
            }
            slot = &node.next;
        }
    }
}

impl<T> Drop for Node<T> {
    fn drop(&mut self) {
        if self.pid != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

impl<T> fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PerProcess")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn racing_threads_agree_on_one_value() {
        let cell = Arc::new(PerProcess::new());
        let threads: Vec<_> = (0..8)
            .map(|i| {
                let cell = cell.clone();
                std::thread::spawn(move || *cell.get_or_init(|| i))
            })
            .collect();
        let values: Vec<i32> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        assert!(values.iter().all(|v| v == &values[0]), "{values:?}");
    }

    #[test]
    fn what_belongs_to_another_process_is_neither_found_nor_dropped() {
        let value = Arc::new(());
        let cell = PerProcess::new();
        let inherited = Node {
            pid: std::process::id() + 1,
            value: Some(value.clone()),
            next: OnceBox::new(),
        };
        assert!(cell.first.set(Box::new(inherited)).is_ok());
        assert!(cell.get().is_none());
        let own = cell.get_or_init(|| Arc::new(())).clone();
        assert!(!Arc::ptr_eq(&own, &value));
        assert!(Arc::ptr_eq(cell.get().unwrap(), &own));
        drop(cell);
        assert_eq!(Arc::strong_count(&own), 1);
        assert_eq!(Arc::strong_count(&value), 2);
    }
}
