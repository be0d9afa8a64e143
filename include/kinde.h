/*
 * Kinde for C: sign-in, tokens, claims, permissions, feature flags, organizations and sessions.
 *
 * Shortest way to a signed-in user:
 *
 *   kinde_config_new, kinde_config_set ("domain", "client_id", "client_secret", "redirect_uri"),
 *   kinde_client_new                     once for the application
 *   kinde_session_new                    once for each user
 *   kinde_session_login_url              send the browser there
 *   kinde_session_handle_callback        with the URL that it comes back to
 *   kinde_session_save                   between two requests, and kinde_session_load; or
 *                                        kinde_session_seal and kinde_session_open
 *   kinde_session_ensure_fresh           once for each later request, then ask questions
 *
 * Rules for every function
 *
 * Ownership. Handles are opaque. Each has one function that frees it, which takes NULL; no other
 * function takes a handle over. kinde_client and kinde_session are reference counted. A `char *`
 * that a function gives is the caller's, to free with kinde_string_free and nothing else. A
 * `const char *` is borrowed, and its comment says for how long.
 *
 * Texts that come in are NUL-terminated UTF-8, borrowed for the call. Parameters and results with
 * several fields are JSON objects. A parameter object's unknown or ill-typed field is refused by
 * its name; a field that is null counts as absent. Where no field is needed, "{}" will do.
 *
 * Status and errors. A function that can fail gives a kinde_status, which is KINDE_STATUS_OK (0) on
 * success, and takes `kinde_error **error` last, which may be NULL. Comments name statuses without
 * their prefix. Those that any function can give are not repeated: INTERNAL, a defect of the
 * library.
 *
 * NULL. Every pointer may be NULL: where nothing else is said, the function fails with
 * NULL_ARGUMENT and names the parameter.
 *
 * Out parameters are never read. They are set to NULL, 0 or false on failure. A `char **out` for
 * JSON may be NULL if the result is not wanted; any other out parameter may not.
 *
 * Threads. kinde_client, kinde_session, kinde_pages, kinde_error and kinde_task may be used by any number of
 * threads at once, except that each reference is freed once, by the last who uses it. A
 * kinde_config is for one thread at a time.
 *
 * Blocking. A function blocks on the network only if its comment says so. Each that may has a twin
 * for event loops, whose name ends in _async; see "Asynchronous calls".
 *
 * Callbacks take `void *userdata` first, which the library never follows. They run on threads of
 * the library.
 *
 * Fork. Loading the library starts no thread and opens no socket; the first call that needs the
 * network starts the threads. After fork() the child may go on using every handle: it starts its
 * own threads and connections, and an empty store in memory. Calls that were under way belong to
 * the parent alone.
 *
 * Secrets. Client secret, tokens, verifiers and keys are overwritten in memory when they are freed,
 * and are in no error, log line or URL. A token set and an authorization request hold secrets: keep
 * them where only the server can read. Who has a session's id, or its sealed text, has the session.
 */

#ifndef KINDE_H
#define KINDE_H

/* Made from src/ffi by `UPDATE_HEADER=1 cargo test --test header`; changes here are lost. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of the library that this header belongs to. */
#define KINDE_VERSION "0.1.0"
#define KINDE_VERSION_MAJOR 0
#define KINDE_VERSION_MINOR 1
#define KINDE_VERSION_PATCH 0

/**
 * The version of the ABI that this header describes: major << 16 | minor. The major number is that
 * of the shared library's name; the minor one grows when functions are added.
 */
#define KINDE_ABI_VERSION 8

/**
 * No message.
 */
#define KINDE_LOG_LEVEL_OFF 0

/**
 * Something failed that the caller may not see otherwise.
 */
#define KINDE_LOG_LEVEL_ERROR 1

/**
 * Something is about to go wrong, or is set up badly.
 */
#define KINDE_LOG_LEVEL_WARN 2

/**
 * What happens rarely: keys fetched, endpoints discovered.
 */
#define KINDE_LOG_LEVEL_INFO 3

/**
 * What happens at each call.
 */
#define KINDE_LOG_LEVEL_DEBUG 4

/**
 * Speaks of the access token.
 */
#define KINDE_TOKEN_TYPE_ACCESS 0

/**
 * Speaks of the ID token.
 */
#define KINDE_TOKEN_TYPE_ID 1

/**
 * The outcome of a call. Numbers are stable: they are never reused, only appended.
 *
 * 1xx the caller, 2xx the configuration, 3xx the way to Kinde, 4xx Kinde said no, 5xx the
 * callback, 6xx keys and signatures, 7xx the contents of a token, 8xx sessions.
 */
enum kinde_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * The call did what it says.
   */
  KINDE_STATUS_OK = 0,
  /**
   * A pointer that must not be NULL was NULL.
   */
  KINDE_STATUS_NULL_ARGUMENT = 101,
  /**
   * A text was not UTF-8.
   */
  KINDE_STATUS_INVALID_UTF8 = 102,
  /**
   * A value was refused; the error's field names it.
   */
  KINDE_STATUS_INVALID_ARGUMENT = 103,
  /**
   * No operation has this name.
   */
  KINDE_STATUS_UNKNOWN_OPERATION = 104,
  /**
   * The library has what it needs only after a call that uses the network.
   */
  KINDE_STATUS_NOT_PREPARED = 105,
  /**
   * The answer would need the network, and the caller asked not to wait.
   */
  KINDE_STATUS_WOULD_BLOCK = 106,
  /**
   * The call was cancelled.
   */
  KINDE_STATUS_CANCELLED = 107,
  /**
   * One or more settings are wrong or missing; the error's fields name them.
   */
  KINDE_STATUS_CONFIG = 201,
  /**
   * The other side could not be reached, or the connection was lost.
   */
  KINDE_STATUS_NETWORK = 301,
  /**
   * The TLS handshake failed, or its certificate was not accepted.
   */
  KINDE_STATUS_TLS = 302,
  /**
   * The deadline passed.
   */
  KINDE_STATUS_TIMEOUT = 303,
  /**
   * The answer had an HTTP status that the protocol does not use.
   */
  KINDE_STATUS_HTTP = 304,
  /**
   * The answer was larger than the setting `max_response_bytes` allows.
   */
  KINDE_STATUS_RESPONSE_TOO_LARGE = 305,
  /**
   * The answer was not what the protocol describes.
   */
  KINDE_STATUS_MALFORMED_RESPONSE = 306,
  /**
   * The token endpoint, or the callback, answered with an OAuth error.
   */
  KINDE_STATUS_OAUTH = 401,
  /**
   * The code, refresh token or device code is used up, expired or revoked.
   */
  KINDE_STATUS_INVALID_GRANT = 402,
  /**
   * Nobody is signed in at Kinde, and a sign-in page was not allowed.
   */
  KINDE_STATUS_LOGIN_REQUIRED = 403,
  /**
   * The user or Kinde refused.
   */
  KINDE_STATUS_ACCESS_DENIED = 404,
  /**
   * The user has not finished the device sign-in yet.
   */
  KINDE_STATUS_AUTHORIZATION_PENDING = 405,
  /**
   * The device sign-in was polled too often.
   */
  KINDE_STATUS_SLOW_DOWN = 406,
  /**
   * The device code is expired.
   */
  KINDE_STATUS_EXPIRED_DEVICE_CODE = 407,
  /**
   * Too many requests; try again after the stated time.
   */
  KINDE_STATUS_RATE_LIMITED = 408,
  /**
   * A Kinde API answered with an error.
   */
  KINDE_STATUS_API = 409,
  /**
   * The callback's state belongs to no sign-in under way.
   */
  KINDE_STATUS_STATE_MISMATCH = 501,
  /**
   * The callback has neither a code nor an error.
   */
  KINDE_STATUS_MISSING_CODE = 502,
  /**
   * A parameter of the callback occurs twice.
   */
  KINDE_STATUS_REPEATED_PARAMETER = 503,
  /**
   * The callback's `iss` is missing or names another issuer.
   */
  KINDE_STATUS_RESPONSE_ISSUER = 504,
  /**
   * The token's signature does not verify.
   */
  KINDE_STATUS_SIGNATURE = 601,
  /**
   * The token is signed with an algorithm that is not allowed.
   */
  KINDE_STATUS_ALGORITHM = 602,
  /**
   * None of the issuer's keys fits the token.
   */
  KINDE_STATUS_KEY_NOT_FOUND = 603,
  /**
   * The issuer's keys cannot be had.
   */
  KINDE_STATUS_KEYS_UNAVAILABLE = 604,
  /**
   * The token is not a well-formed JWT.
   */
  KINDE_STATUS_TOKEN_MALFORMED = 701,
  /**
   * The token is expired.
   */
  KINDE_STATUS_TOKEN_EXPIRED = 702,
  /**
   * The token is not valid yet.
   */
  KINDE_STATUS_TOKEN_NOT_YET_VALID = 703,
  /**
   * The token comes from another issuer.
   */
  KINDE_STATUS_ISSUER = 704,
  /**
   * The token is meant for another audience.
   */
  KINDE_STATUS_AUDIENCE = 705,
  /**
   * The token was given to another client.
   */
  KINDE_STATUS_AUTHORIZED_PARTY = 706,
  /**
   * The ID token's nonce is not the one of this sign-in.
   */
  KINDE_STATUS_NONCE = 707,
  /**
   * The ID token belongs to another access token.
   */
  KINDE_STATUS_AT_HASH = 708,
  /**
   * The token speaks of another user.
   */
  KINDE_STATUS_SUBJECT = 709,
  /**
   * The token is of another kind: ID token, access token or webhook.
   */
  KINDE_STATUS_TOKEN_KIND = 710,
  /**
   * The token lacks the claim, or it cannot be read.
   */
  KINDE_STATUS_CLAIM_MISSING = 711,
  /**
   * The token has no such flag, and no default was given.
   */
  KINDE_STATUS_FLAG_NOT_FOUND = 712,
  /**
   * The flag, or the default, is of another type.
   */
  KINDE_STATUS_FLAG_TYPE = 713,
  /**
   * The token lacks a scope or a permission that the call demands.
   */
  KINDE_STATUS_INSUFFICIENT_SCOPE = 714,
  /**
   * Nobody is signed in.
   */
  KINDE_STATUS_NOT_AUTHENTICATED = 801,
  /**
   * What was kept of the session cannot be opened.
   */
  KINDE_STATUS_SESSION_INVALID = 802,
  /**
   * There is no session with this id.
   */
  KINDE_STATUS_SESSION_NOT_FOUND = 803,
  /**
   * The session store failed.
   */
  KINDE_STATUS_STORE = 804,
  /**
   * The session was changed elsewhere at the same time.
   */
  KINDE_STATUS_CONFLICT = 805,
  /**
   * A defect of this library.
   */
  KINDE_STATUS_INTERNAL = 999,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum kinde_status kinde_status;
#else
typedef int32_t kinde_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * One application at Kinde. Any number of threads may use it at once.
 */
typedef struct kinde_client kinde_client;

/**
 * The settings of an application, before they are checked. Not for several threads at once.
 */
typedef struct kinde_config kinde_config;

/**
 * Why a call failed. Immutable: any number of threads may read it at once.
 */
typedef struct kinde_error kinde_error;

/**
 * A list of an API, read page by page. Any number of threads may use it at once; each page goes to
 * one of them.
 */
typedef struct kinde_pages kinde_pages;

/**
 * One user's sign-in. Any number of threads may use it at once.
 */
typedef struct kinde_session kinde_session;

/**
 * What a callback of a store says beside its status. It lives until the callback returns.
 */
typedef struct kinde_store_reply kinde_store_reply;

/**
 * An asynchronous call that was started. Any number of threads may use it at once.
 */
typedef struct kinde_task kinde_task;

/**
 * Takes a message of the library.
 *
 * `userdata` is what the caller gave, `level` one of KINDE_LOG_LEVEL_ERROR to
 * KINDE_LOG_LEVEL_DEBUG, `module` the part of the library, such as "http". The texts are borrowed
 * until the callback returns. Messages come one after the other on a thread of the library, where
 * the callback may block and call any function but kinde_shutdown. No exception may leave it.
 */
typedef void (*kinde_log_callback)(void *userdata,
                                   int32_t level,
                                   const char *module,
                                   const char *message);

/**
 * Looks a record up.
 *
 * Returns OK, after kinde_store_reply_record if there is a record and its life is not over.
 */
typedef kinde_status (*kinde_store_load)(void *userdata, const char *key, kinde_store_reply *reply);

/**
 * Writes a record if the one that is there has the version `expected`; if `expected` is 0, if there
 * is none. Comparing and writing must be one step, whoever else writes. A record whose life is over
 * counts as none.
 *
 * `version` is the record's from now on. The record may be dropped when `life_ms` milliseconds have
 * passed. Returns OK if it was written, CONFLICT if not.
 */
typedef kinde_status (*kinde_store_save)(void *userdata,
                                         const char *key,
                                         uint64_t expected,
                                         uint64_t version,
                                         const char *record,
                                         int64_t life_ms,
                                         kinde_store_reply *reply);

/**
 * Deletes a record if it has the version `expected`; if `expected` is 0, whatever version it has.
 * Comparing and deleting must be one step.
 *
 * Returns OK if there is no such record any more or never was, CONFLICT if it has another version.
 */
typedef kinde_status (*kinde_store_delete)(void *userdata,
                                           const char *key,
                                           uint64_t expected,
                                           kinde_store_reply *reply);

/**
 * Takes the lease of a key for `life_ms` milliseconds, unless somebody else holds it. If `held` is
 * not 0, prolongs the lease with that value instead, so that it ends `life_ms` from now.
 *
 * Returns OK after kinde_store_reply_lease; CONFLICT if somebody else holds the lease, or the one
 * to prolong is over. A lease ends by itself when its life is over, or with
 * kinde_store_release. Leases and records come and go without regard to each other: a key can have
 * one without the other.
 */
typedef kinde_status (*kinde_store_lease)(void *userdata,
                                          const char *key,
                                          uint64_t held,
                                          int64_t life_ms,
                                          kinde_store_reply *reply);

/**
 * Gives a lease back, if it is still the one with this value. Returns OK, also if it is not.
 */
typedef kinde_status (*kinde_store_release)(void *userdata,
                                            const char *key,
                                            uint64_t value,
                                            kinde_store_reply *reply);

/**
 * Frees what `userdata` points to. Runs once, when the configuration and all clients, sessions and
 * calls that use the store are gone; in the process that called kinde_config_set_store, never in a
 * forked child.
 *
 * It runs where the last of them was given up: inside a function of the library, or on a thread of
 * the library's. It should be short, and must not call kinde_shutdown.
 */
typedef void (*kinde_store_drop)(void *userdata);

/**
 * Takes the outcome of an asynchronous call.
 *
 * `userdata` is what the caller gave. `result_json` is the result as JSON text, NULL on failure
 * and where there is none. `session` is the session of the call: the one it was called on, or the
 * new one; NULL if there is none. `error` is NULL on success. All pointers are borrowed until the
 * completion returns; kinde_session_ref keeps `session`.
 *
 * It runs on a thread of the library, where it may block, call any function but kinde_shutdown and
 * free any handle. It must return, and no exception may leave it.
 */
typedef void (*kinde_completion)(void *userdata,
                                 kinde_status status,
                                 const char *result_json,
                                 kinde_session *session,
                                 const kinde_error *error);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/* ------------------------------------------------------------------------------------------------
 * The library
 * ------------------------------------------------------------------------------------------------ */

/**
 * Gives the version of the library that is loaded, such as "0.1.0"; KINDE_VERSION is that of the
 * header.
 *
 * The text is static. Any thread; does not block; cannot fail.
 */
const char *kinde_version(void);

/**
 * Gives the ABI version of the library that is loaded: major << 16 | minor.
 *
 * A program fits if its KINDE_ABI_VERSION has the same major number, and a minor number that is
 * not greater. Any thread; does not block; cannot fail.
 */
uint32_t kinde_abi_version(void);

/**
 * Gives the name of a status without its prefix, such as "TOKEN_EXPIRED"; "UNKNOWN" for a number
 * that this version does not have.
 *
 * The text is static. Any thread; does not block; cannot fail.
 */
const char *kinde_status_name(kinde_status status);

/**
 * Ends all calls that are under way as cancelled and joins the library's threads.
 *
 * Calls under way fail with CANCELLED; the completions of asynchronous calls run with that status
 * before this returns. Handles stay valid, and the next call that needs the network starts the
 * threads anew. Call it before the program ends, or before the code of a completion is unloaded;
 * not from inside a completion, which would wait for itself.
 *
 * Any thread; blocks for at most `timeout_ms` milliseconds.
 * Fails with INVALID_ARGUMENT (`timeout_ms` is negative), TIMEOUT (some call or completion was
 * still running; it ends later, by itself).
 */
kinde_status kinde_shutdown(int64_t timeout_ms, kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Texts
 * ------------------------------------------------------------------------------------------------ */

/**
 * Frees a text that a function gave as `char *`. Takes NULL.
 *
 * The text may hold a token: it is overwritten first. Do not use free() of the C library, and
 * write no NUL into the text before. Any thread; does not block.
 */
void kinde_string_free(char *text);

/* ------------------------------------------------------------------------------------------------
 * Logging
 *
 * Messages go to a callback, or into a queue that kinde_log_next reads. Both are off until
 * kinde_set_log_callback is called. No message holds a secret. Where messages are not taken in
 * time, the oldest are given up, and a message says how many.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Sends messages up to `max_level`, one of KINDE_LOG_LEVEL_OFF to KINDE_LOG_LEVEL_DEBUG, to a
 * callback; without one, keeps them for kinde_log_next. There is one such setting in the process,
 * which a forked child inherits.
 *
 * When it returns, the former callback runs no more, so that its `userdata` may be freed; called
 * from inside that callback, it takes effect when that returns.
 * Any thread; blocks until a message under way to the former callback is taken.
 * Fails with INVALID_ARGUMENT (there is no such level).
 */
kinde_status kinde_set_log_callback(int32_t max_level, kinde_log_callback callback, void *userdata);

/**
 * Gives the oldest message that was kept, for programs that cannot take callbacks: an object
 * `{level, module, message}`, or NULL if none came within `wait_ms` milliseconds. Messages are kept
 * after kinde_set_log_callback with a level and without a callback.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks for at most `wait_ms` milliseconds, and no longer than until kinde_shutdown.
 * Fails with INVALID_ARGUMENT (`wait_ms` is negative).
 */
kinde_status kinde_log_next(int64_t wait_ms, char **out, kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Errors
 *
 * A function that can fail takes `kinde_error **error` as its last parameter. It may be NULL. Every
 * call writes it: NULL on success, otherwise an error that the caller frees with kinde_error_free.
 * No error holds a client secret, a token, a verifier or a key.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Gives the status of an error; KINDE_STATUS_OK for NULL.
 *
 * Any thread; does not block; cannot fail.
 */
kinde_status kinde_error_status(const kinde_error *error);

/**
 * Gives a sentence about what happened, for the person who has to mend it.
 *
 * The text belongs to the error and lives until kinde_error_free. NULL if `error` is NULL.
 * Any thread; does not block; cannot fail.
 */
const char *kinde_error_message(const kinde_error *error);

/**
 * Gives the `error` of an OAuth answer or callback, such as "invalid_grant".
 *
 * The text belongs to the error and lives until kinde_error_free. NULL if there is none.
 * Any thread; does not block; cannot fail.
 */
const char *kinde_error_oauth_code(const kinde_error *error);

/**
 * Gives the `error_description` of an OAuth answer or callback: at most 512 bytes, without
 * control characters. It comes from outside: show it as text, do not act on it.
 *
 * The text belongs to the error and lives until kinde_error_free. NULL if there is none.
 * Any thread; does not block; cannot fail.
 */
const char *kinde_error_oauth_description(const kinde_error *error);

/**
 * Gives the name of the parameter, field or setting that is at fault; of several, the first.
 *
 * The text belongs to the error and lives until kinde_error_free. NULL if there is none.
 * Any thread; does not block; cannot fail.
 */
const char *kinde_error_field(const kinde_error *error);

/**
 * Gives the HTTP status of the answer that the error is about; 0 if there was none.
 *
 * Any thread; does not block; cannot fail.
 */
int32_t kinde_error_http_status(const kinde_error *error);

/**
 * Gives the seconds that the other side asks to wait before the next attempt; -1 if it did not
 * say.
 *
 * Any thread; does not block; cannot fail.
 */
int64_t kinde_error_retry_after_seconds(const kinde_error *error);

/**
 * Gives all that is known about an error as a JSON object:
 *
 * - `status`: the number of the status; `name`: its name without KINDE_STATUS_
 * - `message`: as kinde_error_message
 * - `field`: as kinde_error_field, or null
 * - `fields`: a list of `{field, message}`, one for each that is at fault
 * - `claim`: the claim of a token that is at fault, or null
 * - `oauth_code`, `oauth_description`: as the functions above, or null
 * - `http_status`, `retry_after_seconds`: numbers, or null
 * - `codes`, `missing_scope`, `request_id`, `headers`, `body`: what an API answered, secrets
 *   removed
 *
 * `*out` is the caller's, to free with kinde_string_free. Any thread; does not block.
 * Fails with NULL_ARGUMENT.
 */
kinde_status kinde_error_details(const kinde_error *error, char **out);

/**
 * Frees an error and the texts that were borrowed from it. Takes NULL.
 *
 * Any thread; does not block.
 */
void kinde_error_free(kinde_error *error);

/* ------------------------------------------------------------------------------------------------
 * Configuration
 *
 * A kinde_config collects settings by name; kinde_client_new checks all of them together and says
 * everything that is wrong at once. A later value replaces an earlier one. One thread at a time
 * may use a kinde_config.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Makes a configuration without settings.
 *
 * The caller frees it with kinde_config_free. Any thread; does not block; cannot fail.
 */
kinde_config *kinde_config_new(void);

/**
 * Sets one setting, such as "domain" or "client_id".
 *
 * A list is given as its members separated by spaces, a boolean as "true" or "false", an object as
 * JSON. The texts are copied. Does not block.
 * The value is checked by kinde_client_new, which reports all wrong settings at once.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, CONFIG (no setting has this name).
 */
kinde_status kinde_config_set(kinde_config *config,
                              const char *name,
                              const char *value,
                              kinde_error **error);

/**
 * Sets the settings that a JSON object gives: its fields are names of settings.
 *
 * The text is copied. If it fails, no setting of the object counts. Does not block.
 * The values are checked by kinde_client_new.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, CONFIG (not a JSON object, or no setting has a field's
 * name).
 */
kinde_status kinde_config_load_json(kinde_config *config, const char *json, kinde_error **error);

/**
 * Sets the settings that the environment gives: KINDE_DOMAIN, KINDE_CLIENT_ID and the others that
 * the table of settings names.
 *
 * No other thread may change the environment meanwhile. Does not block.
 * Fails with NULL_ARGUMENT, CONFIG (a variable as in kinde_config_set).
 */
kinde_status kinde_config_load_env(kinde_config *config, kinde_error **error);

/**
 * Frees a configuration. Takes NULL. Clients that were made of it stay as they are.
 *
 * Does not block.
 */
void kinde_config_free(kinde_config *config);

/* ------------------------------------------------------------------------------------------------
 * A store of the program's own
 *
 * A program that has a database can keep sessions there: it gives the library five callbacks, and
 * kinde_session_save and its kin work as with the stores of the setting `store_url`.
 *
 * A record is a text under a key. Both are printable ASCII without spaces; a key has at most 64
 * characters. A session's record has a few thousand, more if its tokens are long, and the list of
 * a user's sessions 80 for each of them: 80,000 where the user has the 1,000 that are kept at most.
 * What they hold is encrypted with the setting `seal_keys`,
 * which must be set. Versions begin at 1 and grow by one with each change, so that a signed 64-bit
 * column holds them. Beside its record, a key can have a lease: the right to renew a session's
 * tokens alone, for a while.
 *
 * The callbacks run on threads of the library, several at once, and for one key too. They may
 * block; a call of the library that waits for one ends when the setting `timeout_ms` says, and the
 * callback goes on. They may call any function but kinde_shutdown; no exception may leave them.
 *
 * Each is given a kinde_store_reply, through which it says more than its status does. Any status but
 * those named for a callback is a failure of the store, for which the library's call fails with
 * STORE.
 *
 * A forked child calls the same callbacks with its copy of what `userdata` points to. A connection
 * to a database must not be used on both sides of a fork: let the callbacks open one for each
 * process. A lock that a callback holds at the moment of the fork stays locked in the child.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Keeps the sessions of the clients that are made of this configuration in a store of the program's
 * own, whatever the setting `store_url` says. A later call replaces an earlier one.
 *
 * `on_drop` may be NULL; the other callbacks may not. If this function fails, `on_drop` does not run,
 * and what `userdata` points to stays the caller's.
 * Not for several threads at once with the same configuration; does not block.
 * Fails with NULL_ARGUMENT.
 */
kinde_status kinde_config_set_store(kinde_config *config,
                                    kinde_store_load on_load,
                                    kinde_store_save on_save,
                                    kinde_store_delete on_delete,
                                    kinde_store_lease on_lease,
                                    kinde_store_release on_release,
                                    kinde_store_drop on_drop,
                                    void *userdata,
                                    kinde_error **error);

/**
 * Says which record there is. For a kinde_store_load, before it returns OK.
 *
 * `version` is that of the record's last kinde_store_save; `record` is copied. A NULL `record`, or a
 * version of 0, makes the library's call fail with STORE. Takes a NULL `reply`.
 * On the thread that the callback runs on, or while it waits; does not block; cannot fail.
 */
void kinde_store_reply_record(kinde_store_reply *reply,
                              uint64_t version,
                              const char *record);

/**
 * Says which value a lease has. For a kinde_store_lease, before it returns OK.
 *
 * A lease that was taken has a value that is not 0 and greater than all before it of this key; one
 * that was prolonged keeps its value. Takes a NULL `reply`.
 * On the thread that the callback runs on, or while it waits; does not block; cannot fail.
 */
void kinde_store_reply_lease(kinde_store_reply *reply, uint64_t value);

/**
 * Says why the store failed. For each callback of a store, before it returns a failure.
 *
 * `message` is copied, and becomes part of the error's message; NULL takes back what was said.
 * Takes a NULL `reply`.
 * On the thread that the callback runs on, or while it waits; does not block; cannot fail.
 */
void kinde_store_reply_message(kinde_store_reply *reply, const char *message);

/* ------------------------------------------------------------------------------------------------
 * Clients
 *
 * A kinde_client is one application at Kinde: checked settings, never changed. It is reference
 * counted, and any number of threads may use it at once. Clients whose issuer and transport
 * settings are equal share connections, keys and verified signatures inside one process, so making
 * one more costs microseconds.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Makes a client of a configuration, which is copied.
 *
 * `*client` is the caller's, to free with kinde_client_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT, CONFIG (the error's fields name every setting that is missing or
 * wrong).
 */
kinde_status kinde_client_new(const kinde_config *config,
                              kinde_client **client,
                              kinde_error **error);

/**
 * Makes a client like another one, but for the settings that a JSON object gives by name.
 *
 * `*derived` is the caller's, to free with kinde_client_free; it does not depend on `client`.
 * Any thread; uses no network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, CONFIG.
 */
kinde_status kinde_client_derive(kinde_client *client,
                                 const char *overrides_json,
                                 kinde_client **derived,
                                 kinde_error **error);

/**
 * Adds a reference and gives the same pointer; each reference is freed with kinde_client_free.
 * Takes NULL.
 *
 * Any thread; does not block; cannot fail.
 */
kinde_client *kinde_client_ref(kinde_client *client);

/**
 * Frees a reference. Takes NULL. Sessions and calls under way keep what they need of the client.
 *
 * Any thread; does not block.
 */
void kinde_client_free(kinde_client *client);

/**
 * Fetches the issuer's keys, and its metadata if the setting `discovery` is on, ahead of time, so
 * that the first sign-in does not wait for them.
 *
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, NETWORK, TLS, TIMEOUT, HTTP, KEYS_UNAVAILABLE, MALFORMED_RESPONSE,
 * RESPONSE_TOO_LARGE, CANCELLED.
 */
kinde_status kinde_client_prepare(kinde_client *client, kinde_error **error);

/**
 * Like kinde_client_prepare, without blocking. The completion gets no `result_json`.
 */
kinde_status kinde_client_prepare_async(kinde_client *client,
                                        kinde_completion done,
                                        void *userdata,
                                        kinde_task **task,
                                        kinde_error **error);

/**
 * Gives numbers for a dashboard as a JSON object, which may get more fields:
 *
 * - `in_use`: whether the client has been used in this process; if not, nothing more is said
 * - `issuers`: what is known of each issuer's keys
 * - `verifications`: what is kept of verified signatures
 * - `machine_tokens`: how many tokens of kinde_client_credentials are kept
 *
 * `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT.
 */
kinde_status kinde_client_stats(kinde_client *client, char **out, kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Flows without a session
 *
 * For programs that keep the state of a sign-in and the tokens themselves. Parameters and results
 * are JSON objects; a field that is unknown or of a wrong type is refused by its name. A field that
 * is null counts as absent.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Makes the URL of Kinde's sign-in page, with fresh random values.
 *
 * Takes an object of authorization parameters by their names in the URL, all optional: `prompt`
 * ("create" for registration), `org_code`, `org_name`, `is_create_org`, `login_hint`,
 * `connection_id`, `lang`, `audience`, `scope`, `redirect_uri`, `invitation_code`, `reauth_state`,
 * `plan_interest` and the others that Kinde documents. They win over the setting
 * `authorization_params`. What this library does not know goes into an object `extra`.
 *
 * Gives an object to keep for this user until the callback, of which only `url` may be shown:
 *
 * - `url`: where to send the browser
 * - `state`: the callback must bring it back
 * - `nonce`: for kinde_exchange_code
 * - `code_verifier`: secret, for kinde_exchange_code; null if the setting `pkce` is off
 *
 * `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, CONFIG, NOT_PREPARED (the setting
 * `discovery` is on and kinde_client_prepare has not been called).
 */
kinde_status kinde_authorization_url(kinde_client *client,
                                     const char *params_json,
                                     char **out,
                                     kinde_error **error);

/**
 * Exchanges the code of a callback for tokens and verifies them by every rule.
 *
 * Takes an object, of which the values come from kinde_authorization_url and the callback:
 *
 * - `code`: the callback's code; required
 * - `code_verifier`: required unless the setting `pkce` is off
 * - `redirect_uri`: if it was not the configured one
 * - `nonce`: if given, the ID token must hold it; required when `pkce` is off
 *
 * The callback's `state` has to be compared with the kept one before. Gives the token set:
 *
 * - `access_token`, `token_type`: texts
 * - `id_token`, `refresh_token`, `scope`: texts, or null
 * - `expires_in`: seconds, or null
 * - `expires_at`: when the access token expires, in seconds since 1970 (UTC), or null
 * - `received_at`: when it came, in seconds since 1970 (UTC)
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, INVALID_GRANT, OAUTH, NETWORK, TLS,
 * TIMEOUT, HTTP, RATE_LIMITED, MALFORMED_RESPONSE, RESPONSE_TOO_LARGE, CANCELLED and every status
 * of kinde_verify_token.
 */
kinde_status kinde_exchange_code(kinde_client *client,
                                 const char *params_json,
                                 char **out,
                                 kinde_error **error);

/**
 * Like kinde_exchange_code, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_exchange_code_async(kinde_client *client,
                                       const char *params_json,
                                       kinde_completion done,
                                       void *userdata,
                                       kinde_task **task,
                                       kinde_error **error);

/**
 * Exchanges a refresh token for new tokens and verifies them.
 *
 * Takes an object:
 *
 * - `refresh_token`: required
 * - `id_token`: the former ID token; the new one must then speak of the same user, and if none
 *   comes back, the former one stays in the token set
 *
 * Gives the token set as kinde_exchange_code does. Kinde hands out a new refresh token each time;
 * the old one is used up. `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with the statuses of kinde_exchange_code.
 */
kinde_status kinde_refresh_tokens(kinde_client *client,
                                  const char *params_json,
                                  char **out,
                                  kinde_error **error);

/**
 * Like kinde_refresh_tokens, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_refresh_tokens_async(kinde_client *client,
                                        const char *params_json,
                                        kinde_completion done,
                                        void *userdata,
                                        kinde_task **task,
                                        kinde_error **error);

/**
 * Gets a token for the application itself. It is kept until shortly before it expires, and calls
 * that wait for the same token share one request.
 *
 * Takes an object:
 *
 * - `audience`: a text or a list of texts; without it, the setting `audience`
 * - `scope`: texts separated by spaces; without it, all that the application may have
 *
 * Gives the token set as kinde_exchange_code does. `*out` is the caller's, to free with
 * kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with the statuses of kinde_exchange_code.
 */
kinde_status kinde_client_credentials(kinde_client *client,
                                      const char *params_json,
                                      char **out,
                                      kinde_error **error);

/**
 * Like kinde_client_credentials, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_client_credentials_async(kinde_client *client,
                                            const char *params_json,
                                            kinde_completion done,
                                            void *userdata,
                                            kinde_task **task,
                                            kinde_error **error);

/**
 * Makes the URL that ends the user's sign-in at Kinde.
 *
 * Takes an object:
 *
 * - `redirect`: where Kinde sends the browser afterwards; without it, the setting
 *   `logout_redirect_uri`
 *
 * Gives `{url}`. `*out` is the caller's, to free with kinde_string_free. Any thread; uses no
 * network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, NOT_PREPARED.
 */
kinde_status kinde_logout_url(kinde_client *client,
                              const char *params_json,
                              char **out,
                              kinde_error **error);

/**
 * Revokes a token.
 *
 * Takes an object:
 *
 * - `token`: required
 * - `token_type_hint`: "access_token" or "refresh_token"
 *
 * Gives an object without fields. `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, OAUTH, NETWORK, TLS, TIMEOUT, HTTP,
 * RATE_LIMITED, MALFORMED_RESPONSE, RESPONSE_TOO_LARGE, CANCELLED.
 */
kinde_status kinde_revoke_token(kinde_client *client,
                                const char *params_json,
                                char **out,
                                kinde_error **error);

/**
 * Like kinde_revoke_token, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_revoke_token_async(kinde_client *client,
                                      const char *params_json,
                                      kinde_completion done,
                                      void *userdata,
                                      kinde_task **task,
                                      kinde_error **error);

/**
 * Asks Kinde whether a token is active.
 *
 * Takes an object:
 *
 * - `token`: required
 * - `token_type_hint`: "access_token" or "refresh_token"
 *
 * Gives what Kinde answers: `{active, aud, client_id, exp, iat}`, of which only `active` is always
 * there. `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with the statuses of kinde_revoke_token.
 */
kinde_status kinde_introspect_token(kinde_client *client,
                                    const char *params_json,
                                    char **out,
                                    kinde_error **error);

/**
 * Like kinde_introspect_token, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_introspect_token_async(kinde_client *client,
                                          const char *params_json,
                                          kinde_completion done,
                                          void *userdata,
                                          kinde_task **task,
                                          kinde_error **error);

/**
 * Asks Kinde for the profile of the user to whom an access token belongs.
 *
 * Takes an object:
 *
 * - `access_token`: required
 * - `sub`: the user; the profile must be his. Without it, the access token's
 * - `version`: "v2", "v1" or "userinfo"; without it, the endpoint of the settings or of the issuer's
 *   metadata, at Kinde v2
 *
 * Gives the profile as Kinde answers it. `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with SUBJECT (the profile is another user's) and the statuses of kinde_revoke_token and
 * kinde_verify_token.
 */
kinde_status kinde_user_profile(kinde_client *client,
                                const char *params_json,
                                char **out,
                                kinde_error **error);

/**
 * Like kinde_user_profile, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_user_profile_async(kinde_client *client,
                                      const char *params_json,
                                      kinde_completion done,
                                      void *userdata,
                                      kinde_task **task,
                                      kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Sign-in on a device without a browser
 * ------------------------------------------------------------------------------------------------ */

/**
 * Begins the sign-in on a device that has no browser.
 *
 * Takes an object:
 *
 * - `audience`: a text or a list of texts; without it, the setting `audience`
 * - `scope`: texts separated by spaces; without it, the setting `scope`
 *
 * Gives an object to show to the user and to keep for kinde_device_poll:
 *
 * - `device_code`: secret, for kinde_device_poll
 * - `user_code`: what the user types in
 * - `verification_uri`: where he does
 * - `verification_uri_complete`: the same with the code in it, or null
 * - `expires_in`: seconds until the codes expire
 * - `interval`: seconds between two polls
 * - `qr_code`: a data URI, or null
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with the statuses of kinde_revoke_token.
 */
kinde_status kinde_device_start(kinde_client *client,
                                const char *params_json,
                                char **out,
                                kinde_error **error);

/**
 * Like kinde_device_start, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_device_start_async(kinde_client *client,
                                      const char *params_json,
                                      kinde_completion done,
                                      void *userdata,
                                      kinde_task **task,
                                      kinde_error **error);

/**
 * Asks once whether the user has finished the sign-in on a device. The caller waits `interval`
 * seconds between two calls.
 *
 * Takes an object:
 *
 * - `device_code`: required
 * - `interval`: the present one; after SLOW_DOWN the error says the next one as the seconds of
 *   kinde_error_retry_after_seconds
 *
 * Gives the token set as kinde_exchange_code does. `*out` is the caller's, to free with
 * kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with AUTHORIZATION_PENDING (ask again), SLOW_DOWN, EXPIRED_DEVICE_CODE, ACCESS_DENIED and
 * the statuses of kinde_exchange_code.
 */
kinde_status kinde_device_poll(kinde_client *client,
                               const char *params_json,
                               char **out,
                               kinde_error **error);

/**
 * Like kinde_device_poll, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_device_poll_async(kinde_client *client,
                                     const char *params_json,
                                     kinde_completion done,
                                     void *userdata,
                                     kinde_task **task,
                                     kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Tokens
 * ------------------------------------------------------------------------------------------------ */

/**
 * Verifies a token, such as the bearer token of a request to your API, and gives its claims.
 *
 * Signature, issuer, kind, audience and times are checked. A signature that was verified before is
 * not computed again; everything else is judged each time. `options_json` may be NULL for an
 * access token; otherwise it is an object:
 *
 * - `type`: "access" (the default) or "id"
 * - `audience`: a text or a list of texts, of which the token must name one; without it, the
 *   setting `audience`
 * - `any_audience`: true to take an access token of any audience, also one that was meant for
 *   another API
 * - `scopes`: a text or a list of texts, each of which an access token must have
 * - `permissions`: a text or a list of texts, each of which an access token must have
 * - `nonce`: what an ID token must hold
 * - `access_token`: what the `at_hash` of an ID token must belong to
 * - `wait`: false to fail with WOULD_BLOCK instead of fetching keys
 *
 * Gives the claims as they stand in the token. `*out` is the caller's, to free with
 * kinde_string_free.
 * Any thread; with the issuer's keys at hand it uses no network, otherwise it blocks at most as
 * long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, WOULD_BLOCK, SIGNATURE, ALGORITHM,
 * KEY_NOT_FOUND, KEYS_UNAVAILABLE, TOKEN_MALFORMED, TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, ISSUER,
 * AUDIENCE, AUTHORIZED_PARTY, NONCE, AT_HASH, SUBJECT, TOKEN_KIND, CLAIM_MISSING,
 * INSUFFICIENT_SCOPE, CANCELLED.
 */
kinde_status kinde_verify_token(kinde_client *client,
                                const char *token,
                                const char *options_json,
                                char **out,
                                kinde_error **error);

/**
 * Like kinde_verify_token, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_verify_token_async(kinde_client *client,
                                      const char *token,
                                      const char *options_json,
                                      kinde_completion done,
                                      void *userdata,
                                      kinde_task **task,
                                      kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Sessions
 *
 * A kinde_session is one user's sign-in: the sign-ins under way, then the verified tokens. It is
 * reference counted, and any number of threads may use it at once. It keeps what it needs of its
 * client, which may be freed before it. A kinde_session lives in one process; the session that it
 * stands for is kept between requests as "Keeping sessions" says.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Makes a session in which nobody is signed in.
 *
 * `*session` is the caller's, to free with kinde_session_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT.
 */
kinde_status kinde_session_new(kinde_client *client, kinde_session **session, kinde_error **error);

/**
 * Makes a session of tokens that the program kept or got elsewhere.
 *
 * Takes a token set as kinde_session_tokens and kinde_exchange_code give it; only `access_token`
 * is required. Signatures, issuer, kind and parties are checked. An expired access token is
 * accepted: the session is then not authenticated, but can be refreshed.
 *
 * `*session` is the caller's, to free with kinde_session_free.
 * Any thread; with the issuer's keys at hand it uses no network, otherwise it blocks at most as
 * long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT and the statuses of kinde_verify_token.
 */
kinde_status kinde_session_from_tokens(kinde_client *client,
                                       const char *token_set_json,
                                       kinde_session **session,
                                       kinde_error **error);

/**
 * Like kinde_session_from_tokens, without blocking. The completion gets the new session and no
 * `result_json`; kinde_session_ref keeps the session.
 */
kinde_status kinde_session_from_tokens_async(kinde_client *client,
                                             const char *token_set_json,
                                             kinde_completion done,
                                             void *userdata,
                                             kinde_task **task,
                                             kinde_error **error);

/**
 * Adds a reference and gives the same pointer; each reference is freed with kinde_session_free.
 * Takes NULL.
 *
 * Any thread; does not block; cannot fail.
 */
kinde_session *kinde_session_ref(kinde_session *session);

/**
 * Frees a reference. Takes NULL. Calls under way keep what they need of the session.
 *
 * Any thread; does not block.
 */
void kinde_session_free(kinde_session *session);

/* ------------------------------------------------------------------------------------------------
 * Signing in and out
 *
 * One session may have several sign-ins under way, one for each tab of the browser. Each is known
 * by its `state`, can be used once, and ends after the setting `sign_in_lifetime_seconds`.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Begins a sign-in and gives the URL to send the browser to.
 *
 * Takes the object of kinde_authorization_url and one more field:
 *
 * - `return_to`: where the application wants the user to go afterwards; kept in the session and
 *   given back by kinde_session_handle_callback. It must be on the origin of the setting
 *   `redirect_uri`, or one of the setting `return_origins`; a path such as "/orders" is.
 *
 * `*url` is the caller's, to free with kinde_string_free. Any thread; uses no network.
 * Fails with the statuses of kinde_authorization_url.
 */
kinde_status kinde_session_login_url(kinde_session *session,
                                     const char *params_json,
                                     char **url,
                                     kinde_error **error);

/**
 * Like kinde_session_login_url, for Kinde's registration page.
 */
kinde_status kinde_session_register_url(kinde_session *session,
                                        const char *params_json,
                                        char **url,
                                        kinde_error **error);

/**
 * Like kinde_session_register_url, for a user who registers together with a new organization.
 * The field `org_name` gives it a name.
 */
kinde_status kinde_session_create_org_url(kinde_session *session,
                                          const char *params_json,
                                          char **url,
                                          kinde_error **error);

/**
 * Finishes a sign-in with what the browser came back with: a whole URL, a path with a query, or a
 * query. Exchanges the code and verifies both tokens; then the user is signed in.
 *
 * Gives an object:
 *
 * - `outcome`: "signed_in"; or "restart", when an expired link has begun a new sign-in: nobody is
 *   signed in by it
 * - `return_to`: the one of kinde_session_login_url, or null
 * - `url`: where to send the browser for "restart", otherwise null
 *
 * A failed callback leaves the session as it was, but for its sign-in under way, which is used up.
 * In a session that was loaded with kinde_session_load it is used up in the store too, before the
 * code is exchanged. Afterwards kinde_session_save gives a new id, or kinde_session_seal a new text:
 * the cookie has to be set again.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with STATE_MISMATCH, MISSING_CODE, REPEATED_PARAMETER, RESPONSE_ISSUER, ACCESS_DENIED,
 * LOGIN_REQUIRED, OAUTH and the statuses of kinde_exchange_code; a session in a store also with those
 * of kinde_session_save.
 */
kinde_status kinde_session_handle_callback(kinde_session *session,
                                           const char *url_or_query,
                                           char **out,
                                           kinde_error **error);

/**
 * Like kinde_session_handle_callback, without blocking. The completion gets what `*out` would
 * be and the session.
 */
kinde_status kinde_session_handle_callback_async(kinde_session *session,
                                                 const char *url_or_query,
                                                 kinde_completion done,
                                                 void *userdata,
                                                 kinde_task **task,
                                                 kinde_error **error);

/**
 * Signs the application itself in. Takes the object of kinde_client_credentials.
 *
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with the statuses of kinde_client_credentials.
 */
kinde_status kinde_session_client_credentials(kinde_session *session,
                                              const char *params_json,
                                              kinde_error **error);

/**
 * Like kinde_session_client_credentials, without blocking. The completion gets the session and no
 * `result_json`.
 */
kinde_status kinde_session_client_credentials_async(kinde_session *session,
                                                    const char *params_json,
                                                    kinde_completion done,
                                                    void *userdata,
                                                    kinde_task **task,
                                                    kinde_error **error);

/**
 * Renews the session's tokens, whether they are expired or not. Calls at once share one request.
 *
 * Trouble on the way leaves the session as it was; only a refresh token that Kinde refuses ends
 * it. Kinde may give the same access token again while it lives.
 *
 * For a session that was saved or loaded the calls of all processes and machines that use the store
 * share one request, and the store has the new tokens when this returns.
 *
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, INVALID_GRANT (the user has to sign in again) and
 * the statuses of kinde_refresh_tokens; a session in a store also with those of kinde_session_save.
 */
kinde_status kinde_session_refresh(kinde_session *session, kinde_error **error);

/**
 * Like kinde_session_refresh, without blocking. The completion gets the session and no
 * `result_json`.
 */
kinde_status kinde_session_refresh_async(kinde_session *session,
                                         kinde_completion done,
                                         void *userdata,
                                         kinde_task **task,
                                         kinde_error **error);

/**
 * Renews the session's tokens if the access token lives less than `min_seconds` more; fewer than 0
 * count as 0. The only place where the library refreshes by itself, beside kinde_session_fetch and
 * kinde_session_fetch_has: call it once before the questions of a request.
 *
 * `*refreshed` says whether new tokens came. A token that cannot be renewed now, but is not expired,
 * is good enough. With the setting `auto_refresh` off it never refreshes.
 * Any thread; blocks only if it refreshes, at most as long as the setting `timeout_ms` says.
 * Fails with TOKEN_EXPIRED (it is, and there is no refresh token, or `auto_refresh` is off) and the
 * statuses of kinde_session_refresh.
 */
kinde_status kinde_session_ensure_fresh(kinde_session *session,
                                        int64_t min_seconds,
                                        bool *refreshed,
                                        kinde_error **error);

/**
 * Like kinde_session_ensure_fresh, without blocking. The completion gets `{refreshed}` and
 * the session.
 */
kinde_status kinde_session_ensure_fresh_async(kinde_session *session,
                                              int64_t min_seconds,
                                              kinde_completion done,
                                              void *userdata,
                                              kinde_task **task,
                                              kinde_error **error);

/**
 * Signs the user out and gives the URL to send the browser to, which ends his sign-in at Kinde.
 *
 * The session forgets its tokens and its sign-ins under way, and what is kept of it in a store is
 * deleted. If the setting `revoke_on_logout` is on, the refresh token is revoked, and with it those
 * that this process got for it just before; if that fails, the function succeeds all the same. Takes
 * the object of kinde_logout_url.
 *
 * `*url` is the caller's, to free with kinde_string_free.
 * Any thread; blocks only if it revokes or the session is in a store, at most as long as the setting
 * `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, NOT_PREPARED, CONFIG (the setting
 * `ca_file` cannot be read), CANCELLED, and STORE or TIMEOUT (what is kept could not be deleted: the
 * session is forgotten here but alive in the store; call it again).
 */
kinde_status kinde_session_logout(kinde_session *session,
                                  const char *params_json,
                                  char **url,
                                  kinde_error **error);

/**
 * Like kinde_session_logout, without blocking. The completion gets `{url}` and the session.
 */
kinde_status kinde_session_logout_async(kinde_session *session,
                                        const char *params_json,
                                        kinde_completion done,
                                        void *userdata,
                                        kinde_task **task,
                                        kinde_error **error);

/**
 * Like kinde_session_logout, but never uses the network, revokes nothing, and leaves what is kept in
 * a store until kinde_session_save or kinde_session_delete.
 */
kinde_status kinde_session_logout_url(kinde_session *session,
                                      const char *params_json,
                                      char **url,
                                      kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Keeping sessions
 *
 * Between two requests a session is kept in one of three ways:
 *
 * - Sealed, in cookies: kinde_session_seal makes one text of it, encrypted with the setting
 *   `seal_keys`, and kinde_session_open makes it a session again. The server keeps nothing, so
 *   nobody but the browser can end such a session before its time.
 * - In a store: kinde_session_save writes it into the store of the setting `store_url`, and gives
 *   an id for a cookie; kinde_session_load finds it by that id. The memory of the process is a
 *   store, good for one process; Redis serves any number of machines.
 * - In a store of the program's own, such as a table of its database, in the same way: see
 *   kinde_config_set_store.
 *
 * An id is 43 characters of A-Z, a-z, 0-9, "-" and "_": 256 random bits. Whoever has it has the
 * session, so its cookie should be Secure, HttpOnly and SameSite=Lax; so should the cookies of a
 * sealed session.
 *
 * Signing in and out changes the id, so that an id which somebody planted in a browser before is
 * worth nothing afterwards. Call kinde_session_save after kinde_session_handle_callback, and set the
 * cookie again to what it gives; the former id is no longer good.
 *
 * kinde_session_ensure_fresh and kinde_session_refresh on a user's session that was saved or loaded
 * renew its tokens once for all processes and machines that share the store, and write them there by
 * themselves: the id stays, and nothing needs to be saved again. A sealed session whose tokens were
 * renewed has to be sealed again, and a machine's session to be saved again, which
 * kinde_session_revision tells.
 *
 * A session ends when it was not used for the setting `session_idle_seconds`, and
 * `session_max_seconds` after the sign-in at the latest. Loading a session from a store, and sealing
 * it again, count as use.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Keeps the session in the client's store and gives the id under which kinde_session_load finds
 * it.
 *
 * A session that was loaded stays under its id. A session that is new, or in which somebody signed
 * in or out since, gets a new id, and what was kept under the former one is deleted in the same
 * step. What other requests changed meanwhile is kept too. Does nothing if nothing changed.
 *
 * `*id` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the store, at most as long as the setting `timeout_ms` says. The store in
 * memory does not make it wait.
 * Fails with NULL_ARGUMENT, SESSION_NOT_FOUND (it was ended elsewhere, or its time is over: nobody
 * is signed in any more), STORE, CONFLICT (too many others change it at once), SESSION_INVALID (what
 * the store holds cannot be opened), CONFIG (the setting `ca_file` cannot be read), TIMEOUT,
 * CANCELLED.
 */
kinde_status kinde_session_save(kinde_session *session,
                                char **id,
                                kinde_error **error);

/**
 * Like kinde_session_save, without blocking. The completion gets `{id}` and the session. A save
 * that was begun goes on after kinde_task_cancel.
 */
kinde_status kinde_session_save_async(kinde_session *session,
                                      kinde_completion done,
                                      void *userdata,
                                      kinde_task **task,
                                      kinde_error **error);

/**
 * Gives the session that kinde_session_save kept under an id, with this client or with another one
 * of the same issuer, `client_id` and store. Prolongs its life.
 *
 * Any text may be given as the id, such as a cookie as it came: what is no id is not found. Loading
 * twice gives two sessions. What is changed in one does not show in the other at once, but when both
 * are saved, neither change is lost.
 *
 * `*session` is the caller's, to free with kinde_session_free.
 * Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, SESSION_NOT_FOUND (there is none, or its time is over:
 * begin a new one), SESSION_INVALID (it was sealed with a key that is no longer among
 * `seal_keys`), STORE, CONFIG, TIMEOUT, CANCELLED.
 */
kinde_status kinde_session_load(kinde_client *client,
                                const char *id,
                                kinde_session **session,
                                kinde_error **error);

/**
 * Like kinde_session_load, without blocking. The completion gets the session and no `result_json`;
 * kinde_session_ref keeps the session.
 */
kinde_status kinde_session_load_async(kinde_client *client,
                                      const char *id,
                                      kinde_completion done,
                                      void *userdata,
                                      kinde_task **task,
                                      kinde_error **error);

/**
 * Ends the session that is kept under an id, without signing anybody out at Kinde. Succeeds if
 * there is none. For a user who signs out there is kinde_session_logout.
 *
 * Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, STORE, CONFIG, TIMEOUT, CANCELLED.
 */
kinde_status kinde_session_delete(kinde_client *client, const char *id, kinde_error **error);

/**
 * Like kinde_session_delete, without blocking. The completion gets no `result_json`.
 */
kinde_status kinde_session_delete_async(kinde_client *client,
                                        const char *id,
                                        kinde_completion done,
                                        void *userdata,
                                        kinde_task **task,
                                        kinde_error **error);

/**
 * Ends all sessions of one user in the client's store: of one who was suspended, say, or who asks
 * to be signed out everywhere. `sub` is the claim of that name in the user's tokens, which
 * kinde_session_user gives as `id`. Succeeds if there is none.
 *
 * Sealed sessions, which browsers carry, cannot be ended from here, and a session that a request
 * has loaded stays as it is until a change of it is saved, or it is renewed. A list of the user's
 * sessions that no key of `seal_keys` opens counts as empty, with a warning to the log.
 * Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (`sub` is empty), STORE, CONFLICT (the
 * user goes on signing in meanwhile; try again), CONFIG, TIMEOUT, CANCELLED.
 */
kinde_status kinde_sessions_revoke(kinde_client *client, const char *sub, kinde_error **error);

/**
 * Like kinde_sessions_revoke, without blocking. The completion gets no `result_json`.
 */
kinde_status kinde_sessions_revoke_async(kinde_client *client,
                                         const char *sub,
                                         kinde_completion done,
                                         void *userdata,
                                         kinde_task **task,
                                         kinde_error **error);

/**
 * Gives a number that differs when the session has changed. Compare it after the request with what
 * it was when the session was made, loaded or opened; if it differs, save or seal the session
 * again.
 *
 * kinde_session_ensure_fresh changes it too when a sealed session has not been sealed for an eighth
 * of the setting `session_idle_seconds`, so that the life of a session in use is prolonged. The
 * number means nothing beyond that, and those of two sessions cannot be compared.
 * Any thread; does not block.
 * Fails with NULL_ARGUMENT.
 */
kinde_status kinde_session_revision(kinde_session *session,
                                    uint64_t *revision,
                                    kinde_error **error);

/**
 * Makes one text of the whole session, which the browser, or a store of the program's own, may
 * keep: encrypted and authenticated with the first of the setting `seal_keys`. It consists of A-Z,
 * a-z, 0-9, "-" and "_".
 *
 * Takes an object:
 *
 * - `content`: "all", the default; or "claims", which leaves the tokens out, so that the text is
 *   shorter. Such a session answers questions until the access token expires; it cannot be renewed,
 *   and kinde_session_access_token and kinde_session_tokens fail for it.
 *
 * `*sealed` is the caller's, to free with kinde_string_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, CONFIG (there are no `seal_keys`),
 * SESSION_NOT_FOUND (the session's time is over).
 */
kinde_status kinde_session_seal(kinde_session *session,
                                const char *params_json,
                                char **sealed,
                                kinde_error **error);

/**
 * Makes the session again that kinde_session_seal sealed, with this client or with another one of
 * the same issuer and `client_id`. Each of the setting `seal_keys` opens what it sealed. To change
 * the key while several processes serve the same users, give all of them the new one behind the old
 * one first, then put it in front, and take the old one away when what it sealed has ended: after
 * `session_max_seconds`.
 *
 * Any text may be given, such as a cookie as it came. No signature is checked again: the seal
 * vouches for what is inside.
 *
 * `*session` is the caller's, to free with kinde_session_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, SESSION_INVALID (it is over, was altered, or was sealed
 * with another key or for another application: the error does not tell which), CONFIG (there are
 * no `seal_keys`).
 */
kinde_status kinde_session_open(kinde_client *client,
                                const char *sealed,
                                kinde_session **session,
                                kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Session cookies
 *
 * A sealed session can be longer than the 4,096 bytes that browsers keep of a cookie. It is then
 * carried by several: `name`, `name.1`, `name.2`, `name.3`. kinde_cookie_split makes them,
 * kinde_cookie_join reads them.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Makes the cookies that carry a sealed session, and deletes those that carried a longer one.
 *
 * Takes an object, all of it optional:
 *
 * - `value`: the text to carry, of ASCII characters without spaces, quotes, commas, semicolons and
 *   backslashes; without it the cookies are deleted, to sign out
 * - `name`: "kinde_session" if not given. Another session in the same browser needs another name;
 *   so do another `path` and another `domain`, because the browser would keep the old cookies
 *   beside the new ones
 * - `present`: what the browser sent, so that parts which are no longer used are deleted: the value
 *   of the `Cookie` header, a list of cookie names, or an object of names and values. Cookies of
 *   other names are left alone. If it is not given and `value` neither, all parts are deleted
 * - `path`: "/" if not given
 * - `domain`: if given, the cookies go to all hosts of this domain, otherwise only to this host
 * - `same_site`: "Lax" if not given, "Strict" or "None". With "Strict" the browser comes back from
 *   a sign-in without its cookies
 * - `secure`: true if not given; false for a development host without HTTPS
 * - `max_age_seconds`: how long the browser keeps the cookies, 1 or more; if not given, the setting
 *   `session_idle_seconds`
 *
 * A name that begins with "__Host-" requires `secure`, the `path` "/" and no `domain`; one that
 * begins with "__Secure-" requires `secure`. The cookies are always `HttpOnly`.
 *
 * Gives an object with a list `cookies`, to be sent all, in one response: first those that carry
 * the text, then deletions. Each is an object:
 *
 * - `set_cookie`: the whole value of its `Set-Cookie` header, at most 4,096 bytes
 * - `name`, `value`: the same in parts, for a program that makes the header itself
 * - `attributes`: `path`, `domain` (or null), `max_age` (seconds, or null), `expires` (seconds since
 *   1970, or null), `http_only`, `secure`, `same_site`
 * - `delete`: whether the browser is told to delete it; then `value` is empty, `max_age` and
 *   `expires` are 0
 *
 * At most 4 cookies carry a text, somewhat less than 16 KB. A server may take less: unless told
 * otherwise, nginx (`large_client_header_buffers`) and Apache (`LimitRequestFieldSize`) accept 8 KB
 * for all cookies of a request together, and nginx as a proxy (`proxy_buffer_size`) 4 or 8 KB for
 * the headers of an answer.
 *
 * `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (the error's fields name all that is
 * wrong; `value` if it is too long: keep the session in a store, or seal only its claims).
 */
kinde_status kinde_cookie_split(kinde_client *client,
                                const char *params_json,
                                char **out,
                                kinde_error **error);

/**
 * Gives the text that the cookies of a request carry.
 *
 * Takes an object:
 *
 * - `cookies`: what the browser sent: the value of the `Cookie` header, or an object of names and
 *   values; null if it sent none
 * - `name`: the one of kinde_cookie_split; "kinde_session" if not given
 *
 * Gives an object:
 *
 * - `value`: the text; null if the browser sent no part of one, as a new visitor's does
 * - `parts`: the names of the parts that it sent, those included that are no longer used
 *
 * Parts are missing, or of two texts, when the browser has replaced some of them only, or was sent
 * two answers at once. Then the session is lost: delete the cookies with kinde_cookie_split,
 * without a `value` and with the same cookies as `present`.
 *
 * The text is only put together here; whether it is genuine is judged when the session is opened.
 * `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, SESSION_INVALID (a part is missing,
 * altered, there twice or of another text).
 */
kinde_status kinde_cookie_join(kinde_client *client,
                               const char *params_json,
                               char **out,
                               kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Questions to a session
 *
 * Questions never use the network and never wait for a call that does; those with a scalar answer
 * allocate nothing. When the access token has expired, kinde_session_is_authenticated answers
 * false and the others fail with TOKEN_EXPIRED: call kinde_session_ensure_fresh and ask again.
 * `token_type` is KINDE_TOKEN_TYPE_ACCESS or KINDE_TOKEN_TYPE_ID. Any thread may ask.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Says whether a verified access token is there and not expired; a machine's counts.
 *
 * Fails with NULL_ARGUMENT.
 */
kinde_status kinde_session_is_authenticated(kinde_session *session,
                                            bool *answer,
                                            kinde_error **error);

/**
 * Says when the access token expires, in seconds since 1970 (UTC). Answers for an expired token
 * too.
 *
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, CLAIM_MISSING (an opaque token that came without a
 * lifetime).
 */
kinde_status kinde_session_expires_at(kinde_session *session,
                                      int64_t *unix_seconds,
                                      kinde_error **error);

/**
 * Gives the access token, to be sent to an API.
 *
 * `*token` is the caller's, to free with kinde_string_free, which overwrites it.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED, INVALID_ARGUMENT (the session was
 * sealed without its tokens).
 */
kinde_status kinde_session_access_token(kinde_session *session, char **token, kinde_error **error);

/**
 * Gives all tokens, for a program that keeps them itself, as an object:
 *
 * - `access_token`, `token_type`: texts
 * - `id_token`, `refresh_token`, `scope`: texts, or null
 * - `expires_in`: seconds, or null
 * - `expires_at`: when the access token expires, in seconds since 1970 (UTC), or null
 * - `received_at`: when it came, in seconds since 1970 (UTC)
 *
 * Answers for an expired access token too, so that the refresh token is not lost with it.
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, INVALID_ARGUMENT (the session was sealed without its
 * tokens).
 */
kinde_status kinde_session_tokens(kinde_session *session, char **out, kinde_error **error);

/**
 * Gives all claims of a token, as they stand in it.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
 */
kinde_status kinde_session_claims(kinde_session *session,
                                  int32_t token_type,
                                  char **out,
                                  kinde_error **error);

/**
 * Gives one claim as `{name, value}`; the value is null if the token lacks the claim.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not
 * read).
 */
kinde_status kinde_session_claim(kinde_session *session,
                                 const char *name,
                                 int32_t token_type,
                                 char **out,
                                 kinde_error **error);

/**
 * Gives one claim that is a text.
 *
 * `*answer` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (the token lacks the claim, or it is
 * something else).
 */
kinde_status kinde_session_claim_string(kinde_session *session,
                                        const char *name,
                                        int32_t token_type,
                                        char **answer,
                                        kinde_error **error);

/**
 * Gives one claim that is a whole number.
 *
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (the token lacks the claim, or it is
 * something else).
 */
kinde_status kinde_session_claim_integer(kinde_session *session,
                                         const char *name,
                                         int32_t token_type,
                                         int64_t *answer,
                                         kinde_error **error);

/**
 * Gives one claim that is true or false.
 *
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (the token lacks the claim, or it is
 * something else).
 */
kinde_status kinde_session_claim_boolean(kinde_session *session,
                                         const char *name,
                                         int32_t token_type,
                                         bool *answer,
                                         kinde_error **error);

/**
 * Gives the organization that the user is signed in to as `{org_code}`; null if none.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED, CLAIM_MISSING.
 */
kinde_status kinde_session_organization(kinde_session *session, char **out, kinde_error **error);

/**
 * Gives the organizations that the user belongs to as `{org_codes}`, a list of texts.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED, CLAIM_MISSING (there is no ID
 * token).
 */
kinde_status kinde_session_organizations(kinde_session *session, char **out, kinde_error **error);

/**
 * Says who is signed in: `{id, given_name, family_name, email, picture}`; what the tokens do not say
 * is null.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED.
 */
kinde_status kinde_session_user(kinde_session *session,
                                char **out,
                                kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Permissions, roles and feature flags
 *
 * Questions as above: no network; those with a scalar answer allocate nothing.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Gives the user's permissions as `{org_code, permissions}`, a list of keys.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
 */
kinde_status kinde_session_permissions(kinde_session *session,
                                       int32_t token_type,
                                       char **out,
                                       kinde_error **error);

/**
 * Says whether the user has a permission in the organization of the token.
 *
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not
 * read).
 */
kinde_status kinde_session_has_permission(kinde_session *session,
                                          const char *permission,
                                          int32_t token_type,
                                          bool *answer,
                                          kinde_error **error);

/**
 * Says whether the access token grants a permission, like kinde_session_has_permission, in the
 * result: 1 for yes, 0 for no.
 *
 * For languages in which an out parameter costs more than the answer. A failure is the status,
 * negative, such as `-KINDE_STATUS_TOKEN_EXPIRED`; kinde_session_has_permission gives its error.
 */
int32_t kinde_session_test_permission(kinde_session *session, const char *permission);

/**
 * Gives the user's roles as `{org_code, roles}`, a list of `{id, key, name}`.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
 */
kinde_status kinde_session_roles(kinde_session *session,
                                 int32_t token_type,
                                 char **out,
                                 kinde_error **error);

/**
 * Says whether the user has the role with this key in the organization of the token.
 *
 * Fails with the statuses of kinde_session_has_permission.
 */
kinde_status kinde_session_has_role(kinde_session *session,
                                    const char *key,
                                    int32_t token_type,
                                    bool *answer,
                                    kinde_error **error);

/**
 * Says whether the access token names a role, like kinde_session_has_role, in the result: 1 for
 * yes, 0 for no.
 *
 * A failure is the status, negative; kinde_session_has_role gives its error.
 */
int32_t kinde_session_test_role(kinde_session *session, const char *key);

/**
 * Says whether all conditions of an object hold by the access token:
 *
 * - `permissions`: a list of keys, all of which the user must have
 * - `roles`: a list of keys, all of which the user must have
 * - `feature_flags`: a list of codes, of flags that must be there, or of `{flag, value}`, of flags
 *   that must have the value
 *
 * An empty list holds. Reads JSON and so allocates.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, INVALID_ARGUMENT (a condition), CLAIM_MISSING (the token is not read).
 */
kinde_status kinde_session_has(kinde_session *session,
                               const char *conditions_json,
                               bool *answer,
                               kinde_error **error);

/**
 * Gives the feature flags as `{feature_flags}`, a list of `{key, type, value}`; `type` is "boolean",
 * "string", "integer", "object", or what the token says of a type unknown here.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_ARGUMENT (`token_type`), CLAIM_MISSING (there is no such token, or it is not read).
 */
kinde_status kinde_session_flags(kinde_session *session,
                                 int32_t token_type,
                                 char **out,
                                 kinde_error **error);

/**
 * Gives a feature flag as `{code, type, value, is_default}`.
 *
 * `default_json` is the value for a flag that is not there, as JSON text; NULL for none. `type` is
 * the type that the flag must have: "boolean", "string", "integer" or "object"; NULL for any.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, INVALID_ARGUMENT (`default_json` or `type`), FLAG_NOT_FOUND, FLAG_TYPE.
 */
kinde_status kinde_session_flag(kinde_session *session,
                                const char *code,
                                const char *default_json,
                                const char *type,
                                char **out,
                                kinde_error **error);

/**
 * Gives the value of a feature flag of the type boolean.
 *
 * `default_value` points to the answer for a flag that is not there; NULL for none.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, FLAG_NOT_FOUND, FLAG_TYPE.
 */
kinde_status kinde_session_flag_boolean(kinde_session *session,
                                        const char *code,
                                        const bool *default_value,
                                        bool *answer,
                                        kinde_error **error);

/**
 * Gives the value of a feature flag of the type boolean in the result: 1 for true, 0 for false.
 *
 * A failure is the status, negative, such as `-KINDE_STATUS_FLAG_NOT_FOUND`;
 * kinde_session_flag_boolean gives its error.
 */
int32_t kinde_session_test_flag(kinde_session *session, const char *code);

/**
 * Gives the value of a feature flag of the type integer.
 *
 * `default_value` points to the answer for a flag that is not there; NULL for none.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, FLAG_NOT_FOUND, FLAG_TYPE.
 */
kinde_status kinde_session_flag_integer(kinde_session *session,
                                        const char *code,
                                        const int64_t *default_value,
                                        int64_t *answer,
                                        kinde_error **error);

/**
 * Gives the value of a feature flag of the type string.
 *
 * `default_value` is the answer for a flag that is not there; NULL for none. `*answer` is the
 * caller's, to free with kinde_string_free.
 * Fails with NULL_ARGUMENT, NOT_AUTHENTICATED, TOKEN_EXPIRED,
 * INVALID_UTF8, FLAG_NOT_FOUND, FLAG_TYPE.
 */
kinde_status kinde_session_flag_string(kinde_session *session,
                                       const char *code,
                                       const char *default_value,
                                       char **answer,
                                       kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * What Kinde knows about the user now
 *
 * The questions above are answered from the tokens, which say what was so when they were made.
 * These ask Kinde itself, with the session's access token.
 *
 * An expired access token is renewed first, and one that Kinde refuses is renewed once, unless the
 * setting `auto_refresh` is off. What fails on the way, and what Kinde is too busy for, is tried
 * again while the setting `timeout_ms` lasts, which is for the whole call.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Asks Kinde about the session's user. `what` says for what, `params_json` is an object, and
 * `*out` gets one:
 *
 * - "permissions" gives `{org_code, permissions}`, a list of keys
 * - "roles" gives `{org_code, roles}`, a list of `{id, key, name}`
 * - "flags" gives `{feature_flags}`, a list of `{key, type, value}`; `type` is "boolean", "string",
 *   "integer", "object", or what Kinde says of a type unknown here
 * - "properties" gives `{properties}`, a list of `{id, key, name, value}`
 * - "entitlements" gives `{org_code, plans, entitlements}`: lists of `{key, subscribed_on}` and of
 *   `{id, price_name, feature_key, feature_name, fixed_charge, unit_amount, entitlement_limit_max,
 *   entitlement_limit_min}`, as Kinde gives them; amounts are in cents
 * - "entitlement" takes `{key}`, the key of a feature, and gives `{org_code, entitlement}`; null if
 *   the user has none to it
 * - "portal_url" gives `{url}`, a link for the browser that opens Kinde's self-serve portal once.
 *   Takes `return_url`, the absolute URL to which the portal leads back, and `page` (or `sub_nav`),
 *   such as "profile", "plan_details" or "organization_members"; neither is needed
 * - "user_profile" gives what kinde_user_profile gives, about the session's user. Takes `version`
 * - "refresh_claims" makes new permissions, roles and flags take effect now: has Kinde work the
 *   claims out anew and renews the session's tokens. Gives `{refreshed}`: whether a new access
 *   token came. The application's machine token, made of `management_client_id` and its secret,
 *   needs the scope update:user_refresh_claims
 *
 * The lists are given whole. With `page_size` (1 to 500) or `starting_after` (the id of the last
 * item before) they are given by the page, the items with all fields that Kinde gives them,
 * permissions too, and beside them `metadata`: `{has_more, next_page_starting_after}`.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (`what`, or a parameter),
 * NOT_AUTHENTICATED (also if a machine is signed in), TOKEN_EXPIRED (`auto_refresh` is off, or there
 * is no refresh token), RATE_LIMITED, API (what Kinde answered is in kinde_error_details), SUBJECT,
 * NETWORK, TLS, TIMEOUT, HTTP, RESPONSE_TOO_LARGE, MALFORMED_RESPONSE (also pages without end),
 * CANCELLED, "user_profile" also with the statuses of kinde_user_profile, "refresh_claims" with
 * those of kinde_client_credentials, and whatever is renewed with those of kinde_session_refresh.
 */
kinde_status kinde_session_fetch(kinde_session *session,
                                 const char *what,
                                 const char *params_json,
                                 char **out,
                                 kinde_error **error);

/**
 * Like kinde_session_fetch, without blocking. The completion gets what `*out` would be and the
 * session.
 */
kinde_status kinde_session_fetch_async(kinde_session *session,
                                       const char *what,
                                       const char *params_json,
                                       kinde_completion done,
                                       void *userdata,
                                       kinde_task **task,
                                       kinde_error **error);

/**
 * Says whether all conditions of an object hold by what Kinde says now. Takes the object of
 * kinde_session_has and two more lists:
 *
 * - `billing_entitlements`: the `price_name` of each entitlement that the user must have
 * - `entitlements`: the `feature_key` of each feature that he must be entitled to
 *
 * An empty list holds, and nothing is asked for that no condition names. A failure is never an
 * answer: `*answer` is then false, and the status says why.
 *
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with the statuses of kinde_session_fetch.
 */
kinde_status kinde_session_fetch_has(kinde_session *session,
                                     const char *conditions_json,
                                     bool *answer,
                                     kinde_error **error);

/**
 * Like kinde_session_fetch_has, without blocking. The completion gets `{answer}` and the session.
 */
kinde_status kinde_session_fetch_has_async(kinde_session *session,
                                           const char *conditions_json,
                                           kinde_completion done,
                                           void *userdata,
                                           kinde_task **task,
                                           kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Kinde's APIs
 *
 * The Management API is asked with the client's machine token, the Account API with a session's.
 * kinde_api_catalogue lists all operations. One more operation, "request", takes `{method, path,
 * query, body}` and reaches any path under /api/ and /account_api/ of the configured hosts.
 *
 * Parameters are one JSON object: the values of the path and the query by their names, and beside
 * them the members of the body; or the whole body as `body`, or under the name of its model, such
 * as `create_user_request`. `code` stands for `org_code`, and a list of ids for a list of objects
 * with an `id`. A file is base64, or `{data, filename, content_type}` with base64 in `data`.
 *
 * Everything that is missing, unknown or of a wrong type is refused before anything is sent, with
 * the names that are near, all at once. What Kinde has added to its API since goes into an object
 * `extra`, or the setting `api_validation` is "lenient".
 *
 * What is safe to repeat (GET, PUT, DELETE) is repeated after network trouble and HTTP status 5xx,
 * everything after 429, while the setting `timeout_ms` lasts. Nothing is sent to the Management API
 * while it asks one of the client's calls to wait, and at most `api_concurrency` requests to it are
 * under way at once.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Gives all operations that this library knows of the Management API, the Account API and OAuth's
 * endpoints for users, as a JSON object that may get more fields:
 *
 * - `groups`: a list of `{api, name, alias}`; `api` is "management", "account" or "oauth"
 * - `operations`: a list of `{name, alias, api, group, method, path, scope, deprecated, parameters,
 *   body, list, pages, answer}`. `parameters` is a list of `{name, in, required, repeated,
 *   deprecated}` with a type, `in` is "path" or "query". `body` is `{media_type, required}` with a
 *   type, or null. `list` is the member of the answer that is its list, `pages` the way its pages
 *   are asked for ("token", "id", "until_empty", "metadata"), `answer` the name of its model, each
 *   null if there is none
 * - `models`: an object of `{fields}`, a list of `{name, required, deprecated}` with a type, or of
 *   `{one_of}`, a list of types
 *
 * A type is `{type, nullable}`; `type` is "string", "time", "file", "integer", "number", "boolean",
 * "object", "any", "array" (with `items`), "map" (with `values`) or "model" (with `model`). `enum`
 * lists what is accepted, where not all of the type is.
 *
 * `*out` is the caller's, to free with kinde_string_free. Any thread; uses no network.
 * Fails with no status but INTERNAL.
 */
kinde_status kinde_api_catalogue(char **out, kinde_error **error);

/**
 * Calls an operation with the client's machine token, which is obtained when it is first needed,
 * kept, and got anew once if Kinde no longer accepts it. It is made of `management_client_id` and
 * its secret, for `management_audience`.
 *
 * `operation` is a name of kinde_api_catalogue, or "request"; `params_json` is an object of its
 * parameters. Gives an object:
 *
 * - `status`: the HTTP status, 200 to 299
 * - `headers`: an object of the answer's headers, by their names in lower case
 * - `data`: what Kinde answered; null if nothing
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, UNKNOWN_OPERATION, INVALID_ARGUMENT (the error's fields
 * name everything that is wrong), API (kinde_error_details has Kinde's codes and answer, the scope
 * that is missing and the request's id), RATE_LIMITED, NETWORK, TLS, TIMEOUT, HTTP,
 * RESPONSE_TOO_LARGE, MALFORMED_RESPONSE, CANCELLED and the statuses of kinde_client_credentials.
 */
kinde_status kinde_api_call(kinde_client *client,
                            const char *operation,
                            const char *params_json,
                            char **out,
                            kinde_error **error);

/**
 * Like kinde_api_call, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_api_call_async(kinde_client *client,
                                  const char *operation,
                                  const char *params_json,
                                  kinde_completion done,
                                  void *userdata,
                                  kinde_task **task,
                                  kinde_error **error);

/**
 * Calls an operation with the session's access token, a user's or a machine's. An expired one is
 * renewed first, and a user's that Kinde refuses is renewed once, unless the setting `auto_refresh`
 * is off.
 *
 * Takes and gives what kinde_api_call does. `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with NOT_AUTHENTICATED, TOKEN_EXPIRED, the statuses of kinde_api_call and, where tokens are
 * renewed, those of kinde_session_refresh.
 */
kinde_status kinde_session_api_call(kinde_session *session,
                                    const char *operation,
                                    const char *params_json,
                                    char **out,
                                    kinde_error **error);

/**
 * Like kinde_session_api_call, without blocking. The completion gets what `*out` would be and the
 * session.
 */
kinde_status kinde_session_api_call_async(kinde_session *session,
                                          const char *operation,
                                          const char *params_json,
                                          kinde_completion done,
                                          void *userdata,
                                          kinde_task **task,
                                          kinde_error **error);

/**
 * Makes many calls like kinde_api_call, a few at a time. Takes an object, or the list alone:
 *
 * - `calls`: a list of `{operation, params}`
 * - `concurrency`: how many calls are under way at once, 1 to 1000; without it, as many as the
 *   setting `api_concurrency` says
 *
 * Gives an object:
 *
 * - `results`: what kinde_api_call would give, in the order of the calls; null for one that failed
 * - `failures`: a list of `{index, error}`; `error` is what kinde_error_details would give
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, each call at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (it is no list of calls), CANCELLED.
 * What is wrong with one call is among the failures.
 */
kinde_status kinde_api_call_many(kinde_client *client,
                                 const char *calls_json,
                                 char **out,
                                 kinde_error **error);

/**
 * Like kinde_api_call_many, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_api_call_many_async(kinde_client *client,
                                       const char *calls_json,
                                       kinde_completion done,
                                       void *userdata,
                                       kinde_task **task,
                                       kinde_error **error);

/**
 * Makes an iterator over the pages of an operation that answers with a list, asked with the
 * client's machine token. Takes what kinde_api_call takes; `page_size` is 100 unless it is given.
 *
 * `*pages` is the caller's, to free with kinde_pages_free; it does not depend on `client`.
 * Any thread; uses no network.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, UNKNOWN_OPERATION, INVALID_ARGUMENT (also if the operation
 * does not answer with a list).
 */
kinde_status kinde_pages_new(kinde_client *client,
                             const char *operation,
                             const char *params_json,
                             kinde_pages **pages,
                             kinde_error **error);

/**
 * Like kinde_pages_new, asked with the session's access token as kinde_session_api_call does.
 *
 * `*pages` is the caller's, to free with kinde_pages_free; it does not depend on `session`.
 * Any thread; uses no network.
 * Fails with the statuses of kinde_pages_new.
 */
kinde_status kinde_session_pages_new(kinde_session *session,
                                     const char *operation,
                                     const char *params_json,
                                     kinde_pages **pages,
                                     kinde_error **error);

/**
 * Gives the next page as an object; `*out` is NULL at the end of the list.
 *
 * - `items`: the items of the page
 * - `status`, `headers`: as kinde_api_call gives them
 * - `data`: what Kinde answered beside the items
 *
 * After a failure the same page is asked for again. Pages that go round in a circle are a
 * failure. `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network, at most as long as the setting `timeout_ms` says.
 * Fails with the statuses of kinde_api_call, or of kinde_session_api_call.
 */
kinde_status kinde_pages_next(kinde_pages *pages, char **out, kinde_error **error);

/**
 * Like kinde_pages_next, without blocking. The completion gets what `*out` would be, NULL at the end
 * of the list.
 */
kinde_status kinde_pages_next_async(kinde_pages *pages,
                                    kinde_completion done,
                                    void *userdata,
                                    kinde_task **task,
                                    kinde_error **error);

/**
 * Frees an iterator. Takes NULL. Calls under way keep what they need of it.
 *
 * Any thread; does not block.
 */
void kinde_pages_free(kinde_pages *pages);

/* ------------------------------------------------------------------------------------------------
 * Webhooks
 *
 * Kinde sends each event as a POST request whose body is one signed token (JWT). Decode the body,
 * handle the event, call kinde_webhook_done, and answer with 200. With any other answer Kinde sends
 * the event again, for 36 hours, so an event whose handler failed is not lost.
 *
 * The header `webhook-id` is not signed, so it is not looked at: an event is known by its signed
 * `event_id`. Events come in no particular order, and types are added: what is unknown is to be
 * answered with 200.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Verifies the body of a request from Kinde and gives its event.
 *
 * The signature must be made by a key of the configured issuer, the event must not be older than the
 * setting `webhook_tolerance_seconds` nor more than five minutes ahead, and no token of a user or a
 * machine passes for a webhook. White space around the body is passed over; the body may have 64
 * KiB. `options_json` may be NULL; otherwise it is an object:
 *
 * - `wait`: false to fail with WOULD_BLOCK instead of fetching keys; the store is asked all the same
 *
 * Gives an object:
 *
 * - `type`: such as "user.created"
 * - `event_id`: the same each time the event is sent
 * - `timestamp`: when it happened (ISO 8601), as Kinde writes it
 * - `event_timestamp`: the same under its other name; missing if Kinde does not say
 * - `source`: "admin", "api", "user"; null if Kinde does not say
 * - `ip_address`: from where the user signed in or tried to; missing if Kinde does not say
 * - `data`: what it is about, an object
 * - `duplicate`: true if kinde_webhook_done was called for this event; answer with 200 alone
 *
 * With STORE nobody knows whether the event was handled before. Answer with 503: Kinde sends it
 * again, so nothing is lost, and nothing is done twice because a store was away for a moment.
 *
 * `*out` is the caller's, to free with kinde_string_free.
 * Any thread; blocks on the network if keys must be fetched, and on the store, at most as long as
 * the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT, WOULD_BLOCK, SIGNATURE, ALGORITHM,
 * KEY_NOT_FOUND, KEYS_UNAVAILABLE, TOKEN_MALFORMED, TOKEN_KIND, ISSUER, CLAIM_MISSING,
 * TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, STORE, CONFIG, TIMEOUT, CANCELLED.
 */
kinde_status kinde_webhook_decode(kinde_client *client,
                                  const char *body,
                                  const char *options_json,
                                  char **out,
                                  kinde_error **error);

/**
 * Like kinde_webhook_decode, without blocking. The completion gets what `*out` would be.
 */
kinde_status kinde_webhook_decode_async(kinde_client *client,
                                        const char *body,
                                        const char *options_json,
                                        kinde_completion done,
                                        void *userdata,
                                        kinde_task **task,
                                        kinde_error **error);

/**
 * Notes in the store of sessions that an event was handled, so that kinde_webhook_decode tells when
 * it comes again. Call it after the handler succeeded and before the answer; an event for which it
 * was not called counts as new each time.
 *
 * It is kept as long as the event could be accepted again. A store in memory knows only what this
 * process handled.
 * Any thread; blocks on the store, at most as long as the setting `timeout_ms` says.
 * Fails with NULL_ARGUMENT, INVALID_UTF8, INVALID_ARGUMENT (`event_id` is empty), STORE, CONFIG,
 * TIMEOUT, CANCELLED.
 */
kinde_status kinde_webhook_done(kinde_client *client, const char *event_id, kinde_error **error);

/**
 * Like kinde_webhook_done, without blocking. The completion gets no `result_json`.
 */
kinde_status kinde_webhook_done_async(kinde_client *client,
                                      const char *event_id,
                                      kinde_completion done,
                                      void *userdata,
                                      kinde_task **task,
                                      kinde_error **error);

/* ------------------------------------------------------------------------------------------------
 * Asynchronous calls
 *
 * Each function that may use the network has a twin whose name ends in `_async`. It takes the
 * inputs, a completion with its `userdata`, and optionally a place for a task.
 *
 * If the twin returns anything but KINDE_STATUS_OK, it did not start and the completion never runs:
 * an argument is NULL, not UTF-8 or not what the function takes. Every other failure comes to the
 * completion.
 *
 * If it returns KINDE_STATUS_OK, the completion runs exactly once in this process (not in a forked
 * child): with the result, with an error, with CANCELLED after kinde_task_cancel and in
 * kinde_shutdown; also if the client or the session has been freed meanwhile. It can run before
 * the twin returns, so it must not rely on `*task`.
 * ------------------------------------------------------------------------------------------------ */

/**
 * Asks a call to end. Its completion then runs with CANCELLED, unless the call has ended already.
 * Takes NULL.
 *
 * What was sent before may have taken effect: a code or a refresh token may be used up.
 * Any thread; does not block.
 */
void kinde_task_cancel(kinde_task *task);

/**
 * Frees a task. Takes NULL. The call goes on, and its completion runs.
 *
 * Any thread; does not block.
 */
void kinde_task_free(kinde_task *task);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* KINDE_H */
