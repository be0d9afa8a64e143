//! What every exported function does around its work: no panic leaves, every out parameter and the
//! error are written.

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use safer_ffi::prelude::char_p;
use zeroize::Zeroizing;

use super::abi::{ErrorOut, OwnedText, TextOut, null, owned_text};
use super::error::kinde_error;
use crate::error::{Error, Result, Status};
use crate::json::Json;
use crate::secret::Secret;

/// Runs `body`; a panic becomes `INTERNAL`.
#[inline]
pub(super) fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| {
        Err(Error::new(
            Status::Internal,
            "the library failed at this call; please report it",
        ))
    })
}

/// Runs a function that gives nothing but a status.
pub(super) fn call(error: ErrorOut<'_>, body: impl FnOnce() -> Result<()>) -> Status {
    report(error, guard(body))
}

/// Runs a function whose result is the answer: 1 for yes, 0 for no, or the status, negative.
#[inline]
pub(super) fn test(body: impl FnOnce() -> Result<bool>) -> i32 {
    match guard(body) {
        Ok(answer) => i32::from(answer),
        Err(error) => -error.status().code(),
    }
}

/// Runs a function that gives one value through the out parameter `name`.
pub(super) fn respond<T: Answer>(
    name: &str,
    out: Option<&mut MaybeUninit<T::C>>,
    error: ErrorOut<'_>,
    body: impl FnOnce() -> Result<T>,
) -> Status {
    let Some(out) = out else {
        return report(error, Err(null(name)));
    };
    out.write(T::none());
    let outcome = guard(|| body()?.into_c());
    report(error, outcome.map(|value| drop_nothing(out.write(value))))
}

/// Runs a function that gives JSON, which the caller may not want.
pub(super) fn respond_json<T: ToJson>(
    out: TextOut<'_>,
    error: ErrorOut<'_>,
    body: impl FnOnce() -> Result<T>,
) -> Status {
    let Some(out) = out else {
        return report(error, guard(body).map(drop));
    };
    out.write(None);
    let outcome = guard(|| body()?.into_json());
    report(
        error,
        outcome.map(|text| drop_nothing(out.write(Some(text)))),
    )
}

/// Runs a function that gives JSON or, at the end of something, nothing.
pub(super) fn respond_optional_json(
    out: TextOut<'_>,
    error: ErrorOut<'_>,
    body: impl FnOnce() -> Result<Option<Json>>,
) -> Status {
    let Some(out) = out else {
        return report(error, guard(body).map(drop));
    };
    out.write(None);
    let outcome = guard(|| body()?.map(ToJson::into_json).transpose());
    report(error, outcome.map(|text| drop_nothing(out.write(text))))
}

/// A written out parameter belongs to the caller from now on.
fn drop_nothing<T>(_written: &mut T) {}

/// Writes the error and gives its status.
pub(super) fn report(error: ErrorOut<'_>, outcome: Result<()>) -> Status {
    let (status, failure) = match outcome {
        Ok(()) => (Status::Ok, None),
        Err(failure) => (failure.status(), Some(failure)),
    };
    if let Some(error) = error {
        error.write(failure.map(|failure| Box::new(kinde_error::new(failure)).into()));
    }
    status
}

/// A value that goes out through an out parameter.
pub(super) trait Answer {
    /// What the caller sees.
    type C;
    /// What he sees on failure.
    fn none() -> Self::C;
    fn into_c(self) -> Result<Self::C>;
}

impl Answer for bool {
    type C = bool;
    fn none() -> bool {
        false
    }
    fn into_c(self) -> Result<bool> {
        Ok(self)
    }
}

impl Answer for i64 {
    type C = i64;
    fn none() -> i64 {
        0
    }
    fn into_c(self) -> Result<i64> {
        Ok(self)
    }
}

impl Answer for u64 {
    type C = u64;
    fn none() -> u64 {
        0
    }
    fn into_c(self) -> Result<u64> {
        Ok(self)
    }
}

impl Answer for char_p::Box {
    type C = OwnedText;
    fn none() -> OwnedText {
        None
    }
    fn into_c(self) -> Result<OwnedText> {
        Ok(Some(self))
    }
}

impl Answer for String {
    type C = OwnedText;
    fn none() -> OwnedText {
        None
    }
    fn into_c(self) -> Result<OwnedText> {
        owned_text(&self).map(Some)
    }
}

impl Answer for Secret {
    type C = OwnedText;
    fn none() -> OwnedText {
        None
    }
    fn into_c(self) -> Result<OwnedText> {
        owned_text(self.expose()).map(Some)
    }
}

/// A value that goes out as JSON text.
pub(super) trait ToJson {
    fn into_json(self) -> Result<char_p::Box>;
}

impl ToJson for Json {
    fn into_json(self) -> Result<char_p::Box> {
        owned_text(&self.to_string())
    }
}

/// A text that is JSON already.
pub(super) struct JsonText(pub String);

impl ToJson for JsonText {
    fn into_json(self) -> Result<char_p::Box> {
        owned_text(&self.0)
    }
}

/// The JSON text of a value that holds tokens or verifiers.
pub(super) fn secret_json(json: String) -> Result<char_p::Box> {
    owned_text(&Zeroizing::new(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_and_error(outcome: Result<()>) -> (Status, Option<kinde_error>) {
        let mut error = MaybeUninit::uninit();
        let status = report(Some(&mut error), outcome);
        // SAFETY: `report` writes the error each time.
        let error = unsafe { error.assume_init() };
        (status, error.map(|error| *error.into()))
    }

    #[test]
    fn a_panic_becomes_internal() {
        let outcome = guard(|| -> Result<()> { panic!("on purpose") });
        let (status, error) = status_and_error(outcome);
        assert_eq!(status, Status::Internal);
        assert!(error.is_some());
    }

    #[test]
    fn the_error_is_written_on_success_too() {
        let (status, error) = status_and_error(Ok(()));
        assert_eq!(status, Status::Ok);
        assert!(error.is_none());
    }

    #[test]
    fn out_parameters_are_never_read_and_are_zero_on_failure() {
        let mut out = MaybeUninit::new(77i64);
        let fails = || Err::<i64, _>(Error::new(Status::TokenExpired, "expired"));
        assert_eq!(
            respond("answer", Some(&mut out), None, fails),
            Status::TokenExpired
        );
        // SAFETY: `respond` writes it each time.
        assert_eq!(unsafe { out.assume_init() }, 0);
        assert_eq!(
            respond("answer", None, None, || Ok(1i64)),
            Status::NullArgument
        );
    }

    #[test]
    fn a_text_with_nul_is_refused_rather_than_cut() {
        assert!(owned_text("a\0b").is_err());
        assert_eq!(owned_text("").unwrap().to_bytes(), b"");
    }
}
