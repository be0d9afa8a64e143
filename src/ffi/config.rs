//! # Configuration
//!
//! A kinde_config collects settings by name; kinde_client_new checks all of them together and says
//! everything that is wrong at once. A later value replaces an earlier one. One thread at a time
//! may use a kinde_config.

use safer_ffi::prelude::repr_c;

use super::abi::{ErrorOut, TextIn, required, text};
use super::guard::call;
use crate::config::Config;
use crate::error::Status;

/// The settings of an application, before they are checked. Not for several threads at once.
#[allow(non_camel_case_types)]
pub struct kinde_config {
    pub(super) config: Config,
}

/// Makes a configuration without settings.
///
/// The caller frees it with kinde_config_free. Any thread; does not block; cannot fail.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_config_new() -> Option<repr_c::Box<kinde_config>> {
    let config = Config::new();
    Some(Box::new(kinde_config { config }).into())
}

/// Sets one setting, such as "domain" or "client_id".
///
/// A list is given as its members separated by spaces, a boolean as "true" or "false", an object as
/// JSON. The texts are copied. Does not block.
/// The value is checked by kinde_client_new, which reports all wrong settings at once.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, CONFIG (no setting has this name).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_config_set(
    config: Option<&mut kinde_config>,
    name: TextIn<'_>,
    value: TextIn<'_>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || {
        let config = &mut required(config, "config")?.config;
        config
            .set(text(name, "name")?, text(value, "value")?)
            .map(drop)
    })
}

/// Sets the settings that a JSON object gives: its fields are names of settings.
///
/// The text is copied. If it fails, no setting of the object counts. Does not block.
/// The values are checked by kinde_client_new.
/// Fails with NULL_ARGUMENT, INVALID_UTF8, CONFIG (not a JSON object, or no setting has a field's
/// name).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_config_load_json(
    config: Option<&mut kinde_config>,
    json: TextIn<'_>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || {
        let config = &mut required(config, "config")?.config;
        config.load_json(text(json, "json")?).map(drop)
    })
}

/// Sets the settings that the environment gives: KINDE_DOMAIN, KINDE_CLIENT_ID and the others that
/// the table of settings names.
///
/// No other thread may change the environment meanwhile. Does not block.
/// Fails with NULL_ARGUMENT, CONFIG (a variable as in kinde_config_set).
#[unsafe(no_mangle)]
pub extern "C" fn kinde_config_load_env(
    config: Option<&mut kinde_config>,
    error: ErrorOut<'_>,
) -> Status {
    call(error, || {
        let config = &mut required(config, "config")?.config;
        config.load_env().map(drop)
    })
}

/// Frees a configuration. Takes NULL. Clients that were made of it stay as they are.
///
/// Does not block.
#[unsafe(no_mangle)]
pub extern "C" fn kinde_config_free(config: Option<repr_c::Box<kinde_config>>) {
    drop(config);
}
