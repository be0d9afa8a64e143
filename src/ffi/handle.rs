//! Reference-counted handles: a `T *` of the header is an `Arc<T>` here.

use std::ptr::NonNull;
use std::sync::Arc;

use super::abi::required;
use crate::error::Result;

/// Gives the caller a reference, for `release`.
pub(super) fn give<T>(value: T) -> Option<NonNull<T>> {
    NonNull::new(Arc::into_raw(Arc::new(value)).cast_mut())
}

/// What a handle stands for, for the time of the call.
#[inline]
pub(super) fn borrow<'a, T>(handle: Option<NonNull<T>>, name: &str) -> Result<&'a T> {
    let handle = required(handle, name)?;
    // SAFETY: the caller holds a reference that `give` or `add_reference` gave, for the whole call.
    // The value is only ever shared.
    Ok(unsafe { handle.as_ref() })
}

/// A reference of the library's own, for work that outlives the call.
pub(super) fn share<T>(handle: Option<NonNull<T>>, name: &str) -> Result<Arc<T>> {
    let handle = required(handle, name)?;
    add_reference(Some(handle));
    // SAFETY: the pointer came from `Arc::into_raw` in `give`, and one reference was just added.
    Ok(unsafe { Arc::from_raw(handle.as_ptr()) })
}

/// Gives the caller one more reference, for one more `release`.
pub(super) fn add_reference<T>(handle: Option<NonNull<T>>) -> Option<NonNull<T>> {
    if let Some(handle) = handle {
        // SAFETY: the pointer came from `Arc::into_raw` in `give`, and the caller holds a reference.
        unsafe { Arc::increment_strong_count(handle.as_ptr()) };
    }
    handle
}

/// Takes one of the caller's references back.
pub(super) fn release<T>(handle: Option<NonNull<T>>) {
    if let Some(handle) = handle {
        // SAFETY: the pointer came from `Arc::into_raw` in `give`, and the caller gives up a reference
        // that he holds.
        drop(unsafe { Arc::from_raw(handle.as_ptr()) });
    }
}
