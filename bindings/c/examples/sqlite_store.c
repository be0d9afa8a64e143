/* Keeps sessions in SQLite: signs a user in, is "restarted", finds the session again, refreshes it, signs the user out.
 *
 *   sqlite_store DATABASE            prints the address to open in a browser, and waits at the redirect URI
 *   sqlite_store DATABASE --follow   opens the address itself; for the emulator with --auto-login
 *
 * The settings come from the environment, as for login.c, and with them KINDE_SEAL_KEYS, with which the library encrypts
 * what the database gets: at least 32 random characters, such as `openssl rand -base64 32` prints.
 *
 * The upper half is a store for any program with SQLite 3.8.2 or newer. All processes of a machine may share the
 * database. A connection must not cross a fork: a program that forks opens the store in the child. */
#include <kinde.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "browser.h"

/* ---- The store ---------------------------------------------------------------------------------------------------- */

/* A refresh token is good for one use: what was written in its place must survive a power failure, hence FULL.
 * AUTOINCREMENT gives no value twice, so that each lease is greater than all before it, whatever was deleted. */
static const char schema[] = "PRAGMA journal_mode = WAL;"
                             "PRAGMA synchronous = FULL;"
                             "CREATE TABLE IF NOT EXISTS kinde_records ("
                             "  key TEXT PRIMARY KEY, version INTEGER NOT NULL, record TEXT NOT NULL, ends_at INTEGER NOT NULL"
                             ") WITHOUT ROWID;"
                             "CREATE INDEX IF NOT EXISTS kinde_records_ends_at ON kinde_records (ends_at);"
                             "CREATE TABLE IF NOT EXISTS kinde_leases ("
                             "  value INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, ends_at INTEGER NOT NULL"
                             ");";

enum statement {
    LOAD,
    PURGE_RECORDS,
    INSERT,
    UPDATE,
    DELETE,
    DELETE_VERSION,
    PURGE_LEASES,
    LEASE,
    PROLONG,
    RELEASE,
    STATEMENTS
};

/* Each is one step for SQLite, whoever else writes. Times are milliseconds since 1970. */
static const char *const statements[STATEMENTS] = {
    "SELECT version, record FROM kinde_records WHERE key = :key AND ends_at > :now",
    "DELETE FROM kinde_records WHERE ends_at <= :now",
    "INSERT OR IGNORE INTO kinde_records (key, version, record, ends_at) VALUES (:key, :version, :record, :ends_at)",
    "UPDATE kinde_records SET version = :version, record = :record, ends_at = :ends_at"
    " WHERE key = :key AND version = :expected AND ends_at > :now",
    "DELETE FROM kinde_records WHERE key = :key",
    "DELETE FROM kinde_records WHERE key = :key AND version = :expected",
    "DELETE FROM kinde_leases WHERE key = :key AND ends_at <= :now",
    "INSERT OR IGNORE INTO kinde_leases (key, ends_at) VALUES (:key, :ends_at)",
    "UPDATE kinde_leases SET ends_at = :ends_at WHERE key = :key AND value = :expected AND ends_at > :now",
    "DELETE FROM kinde_leases WHERE key = :key AND value = :expected",
};

struct store {
    pthread_mutex_t mutex; /* the callbacks come from several threads, and there is one connection */
    sqlite3 *database;
    sqlite3_stmt *prepared[STATEMENTS];
};

/* What the parameters of the statements stand for; a statement takes those that it names. */
struct values {
    const char *key;
    const char *record;
    int64_t now, ends_at, version, expected;
};

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int bind_number(sqlite3_stmt *statement, const char *name, int64_t number) {
    int index = sqlite3_bind_parameter_index(statement, name);
    return index == 0 ? SQLITE_OK : sqlite3_bind_int64(statement, index, number);
}

static int bind_text(sqlite3_stmt *statement, const char *name, const char *text) {
    int index = sqlite3_bind_parameter_index(statement, name);
    return index == 0 ? SQLITE_OK : sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

/* Begins a statement: SQLITE_ROW, SQLITE_DONE or an error. It is to be ended with `end`. */
static int begin(struct store *store, enum statement which, const struct values *values) {
    sqlite3_stmt *statement = store->prepared[which];
    int code = bind_text(statement, ":key", values->key);
    code = code == SQLITE_OK ? bind_text(statement, ":record", values->record) : code;
    code = code == SQLITE_OK ? bind_number(statement, ":now", values->now) : code;
    code = code == SQLITE_OK ? bind_number(statement, ":ends_at", values->ends_at) : code;
    code = code == SQLITE_OK ? bind_number(statement, ":version", values->version) : code;
    code = code == SQLITE_OK ? bind_number(statement, ":expected", values->expected) : code;
    return code == SQLITE_OK ? sqlite3_step(statement) : code;
}

static void end(struct store *store, enum statement which) {
    sqlite3_reset(store->prepared[which]);
    sqlite3_clear_bindings(store->prepared[which]);
}

/* Says to the library why it failed. */
static kinde_status fail(struct store *store, kinde_store_reply *reply) {
    kinde_store_reply_message(reply, sqlite3_errmsg(store->database));
    return KINDE_STATUS_STORE;
}

/* Runs a statement that changes rows: OK if it changed one or more, CONFLICT if it changed none. */
static kinde_status change(struct store *store, enum statement which, const struct values *values, kinde_store_reply *reply) {
    kinde_status status;
    if (begin(store, which, values) != SQLITE_DONE) {
        status = fail(store, reply);
    } else {
        status = sqlite3_changes(store->database) > 0 ? KINDE_STATUS_OK : KINDE_STATUS_CONFLICT;
    }
    end(store, which);
    return status;
}

static kinde_status load(void *userdata, const char *key, kinde_store_reply *reply) {
    struct store *store = (struct store *)userdata;
    struct values values = {key, NULL, now_ms(), 0, 0, 0};
    kinde_status status = KINDE_STATUS_OK;
    int code;
    pthread_mutex_lock(&store->mutex);
    code = begin(store, LOAD, &values);
    if (code == SQLITE_ROW) {
        kinde_store_reply_record(reply, (uint64_t)sqlite3_column_int64(store->prepared[LOAD], 0),
                                 (const char *)sqlite3_column_text(store->prepared[LOAD], 1));
    } else if (code != SQLITE_DONE) {
        status = fail(store, reply);
    }
    end(store, LOAD);
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static kinde_status save(void *userdata, const char *key, uint64_t expected, uint64_t version, const char *record,
                         int64_t life_ms, kinde_store_reply *reply) {
    struct store *store = (struct store *)userdata;
    int64_t now = now_ms();
    struct values values = {key, record, now, now + life_ms, (int64_t)version, (int64_t)expected};
    kinde_status status;
    pthread_mutex_lock(&store->mutex);
    if (expected != 0) {
        status = change(store, UPDATE, &values, reply);
    } else {
        /* A record whose life is over must not be in the way of a new one. */
        status = change(store, PURGE_RECORDS, &values, reply);
        if (status == KINDE_STATUS_OK || status == KINDE_STATUS_CONFLICT) {
            status = change(store, INSERT, &values, reply);
        }
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static kinde_status delete_record(void *userdata, const char *key, uint64_t expected, kinde_store_reply *reply) {
    struct store *store = (struct store *)userdata;
    struct values values = {key, NULL, now_ms(), 0, 0, (int64_t)expected};
    kinde_status status;
    pthread_mutex_lock(&store->mutex);
    status = change(store, expected == 0 ? DELETE : DELETE_VERSION, &values, reply);
    if (status == KINDE_STATUS_CONFLICT) {
        /* Nothing was deleted. That is a conflict only if there is something. */
        int code = begin(store, LOAD, &values);
        if (code == SQLITE_DONE) {
            status = KINDE_STATUS_OK;
        } else if (code != SQLITE_ROW) {
            status = fail(store, reply);
        }
        end(store, LOAD);
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static kinde_status lease(void *userdata, const char *key, uint64_t held, int64_t life_ms, kinde_store_reply *reply) {
    struct store *store = (struct store *)userdata;
    int64_t now = now_ms();
    struct values values = {key, NULL, now, now + life_ms, 0, (int64_t)held};
    kinde_status status;
    pthread_mutex_lock(&store->mutex);
    if (held != 0) {
        status = change(store, PROLONG, &values, reply);
        if (status == KINDE_STATUS_OK) {
            kinde_store_reply_lease(reply, held);
        }
    } else {
        status = change(store, PURGE_LEASES, &values, reply);
        if (status == KINDE_STATUS_OK || status == KINDE_STATUS_CONFLICT) {
            status = change(store, LEASE, &values, reply);
        }
        if (status == KINDE_STATUS_OK) {
            kinde_store_reply_lease(reply, (uint64_t)sqlite3_last_insert_rowid(store->database));
        }
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static kinde_status release(void *userdata, const char *key, uint64_t value, kinde_store_reply *reply) {
    struct store *store = (struct store *)userdata;
    struct values values = {key, NULL, 0, 0, 0, (int64_t)value};
    kinde_status status;
    pthread_mutex_lock(&store->mutex);
    status = change(store, RELEASE, &values, reply);
    pthread_mutex_unlock(&store->mutex);
    /* A lease that is over already need not be given back. */
    return status == KINDE_STATUS_CONFLICT ? KINDE_STATUS_OK : status;
}

static void drop(void *userdata) {
    struct store *store = (struct store *)userdata;
    size_t i;
    for (i = 0; i < STATEMENTS; i++) {
        sqlite3_finalize(store->prepared[i]);
    }
    sqlite3_close(store->database);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

/* Opens the database and makes the tables if need be. NULL on failure, which it prints. */
static struct store *store_open(const char *path) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    struct store *store = (struct store *)calloc(1, sizeof *store);
    int code;
    size_t i;
    if (store == NULL) {
        perror(path);
        return NULL;
    }
    pthread_mutex_init(&store->mutex, NULL);
    code = sqlite3_open_v2(path, &store->database, flags, NULL);
    if (code == SQLITE_OK) {
        /* How long a statement waits for other processes: less than the setting timeout_ms. */
        sqlite3_busy_timeout(store->database, 2000);
        code = sqlite3_exec(store->database, schema, NULL, NULL, NULL);
    }
    for (i = 0; i < STATEMENTS && code == SQLITE_OK; i++) {
        code = sqlite3_prepare_v2(store->database, statements[i], -1, &store->prepared[i], NULL);
    }
    if (code != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", path, store->database == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(store->database));
        drop(store);
        return NULL;
    }
    return store;
}

/* ---- The program -------------------------------------------------------------------------------------------------- */

/* Prints what failed, and ends the program. */
static void check(kinde_status status, kinde_error **error, const char *step) {
    if (status == KINDE_STATUS_OK) {
        return;
    }
    fprintf(stderr, "%s failed: %s\n  %s\n", step, kinde_status_name(status), kinde_error_message(*error));
    kinde_error_free(*error);
    exit(EXIT_FAILURE);
}

/* What a server does when it starts. */
static kinde_client *start(const char *path) {
    struct store *store = store_open(path);
    kinde_error *error = NULL;
    kinde_config *config;
    kinde_client *client;
    if (store == NULL) {
        exit(EXIT_FAILURE);
    }
    config = kinde_config_new();
    /* From here on the store belongs to the library, which drops it after the last use. */
    check(kinde_config_set_store(config, load, save, delete_record, lease, release, drop, store, &error), &error,
          "Setting the store");
    check(kinde_config_load_env(config, &error), &error, "Reading the settings");
    check(kinde_client_new(config, &client, &error), &error, "Reading the settings");
    kinde_config_free(config);
    return client;
}

/* The session of a request that came with this cookie. */
static kinde_session *session_of(kinde_client *client, const char *cookie) {
    kinde_error *error = NULL;
    kinde_session *session;
    check(kinde_session_load(client, cookie, &session, &error), &error, "Loading the session");
    return session;
}

/* Keeps a request's session and frees it; gives the id for the cookie, to be freed with kinde_string_free. It is as good
 * as a password for as long as the session lives, so it is never printed. */
static char *keep(kinde_session *session) {
    kinde_error *error = NULL;
    char *cookie;
    check(kinde_session_save(session, &cookie, &error), &error, "Saving the session");
    kinde_session_free(session);
    return cookie;
}

/* Gives the address at which the browser arrives after the sign-in page, to be freed. */
static char *go_through_sign_in_page(const char *url, bool follow) {
    const char *redirect_uri = getenv("KINDE_REDIRECT_URL");
    char *callback = NULL;
    if (follow) {
        callback = browser_follow(url);
    } else if (redirect_uri != NULL) {
        printf("Open this address and sign in:\n  %s\n", url);
        fflush(stdout);
        callback = browser_wait(redirect_uri);
    }
    if (callback == NULL) {
        fprintf(stderr, "The sign-in page did not lead back.\n");
        exit(EXIT_FAILURE);
    }
    return callback;
}

/* Two requests of a browser, each of which could come to another process. */
static char *sign_in(kinde_client *client, bool follow) {
    kinde_error *error = NULL;
    kinde_session *session;
    char *url, *callback, *before, *after;

    check(kinde_session_new(client, &session, &error), &error, "Making a session");
    check(kinde_session_login_url(session, "{}", &url, &error), &error, "Beginning the sign-in");
    before = keep(session);
    printf("1. Began a sign-in, and kept it.\n");
    callback = go_through_sign_in_page(url, follow);
    kinde_string_free(url);

    session = session_of(client, before);
    check(kinde_session_handle_callback(session, callback, NULL, &error), &error, "Signing in");
    free(callback);
    /* Under another id: whoever planted the former one in the browser is not signed in with it. */
    after = keep(session);
    printf("2. Signed in, and kept it under a new id: %s.\n", strcmp(before, after) == 0 ? "no" : "yes");
    kinde_string_free(before);
    return after;
}

static void use(kinde_client *client, const char *cookie) {
    kinde_error *error = NULL;
    kinde_session *session = session_of(client, cookie);
    bool refreshed;
    char *user;
    /* Once for each request. It writes new tokens into the store by itself. */
    check(kinde_session_ensure_fresh(session, 60, &refreshed, &error), &error, "Keeping the tokens fresh");
    check(kinde_session_user(session, &user, &error), &error, "Asking who signed in");
    printf("3. Found the session again after a restart: %s\n", user);
    kinde_string_free(user);
    check(kinde_session_refresh(session, &error), &error, "Refreshing");
    printf("4. Refreshed; the new tokens are in the store.\n");
    kinde_session_free(session);
}

static void sign_out(kinde_client *client, const char *cookie) {
    kinde_error *error = NULL;
    kinde_session *session = session_of(client, cookie);
    char *url;
    check(kinde_session_logout(session, "{}", &url, &error), &error, "Signing out");
    printf("5. Signed out. Send the browser to this address to sign out at Kinde too:\n   %s\n", url);
    kinde_string_free(url);
    kinde_session_free(session);
    printf("   The id leads nowhere any more: %s\n", kinde_status_name(kinde_session_load(client, cookie, &session, NULL)));
}

int main(int argc, char **argv) {
    bool follow = argc > 2 && strcmp(argv[2], "--follow") == 0;
    kinde_error *error = NULL;
    kinde_client *client;
    char *cookie;
    if (argc < 2) {
        fprintf(stderr, "usage: %s DATABASE [--follow]\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = start(argv[1]);
    cookie = sign_in(client, follow);
    kinde_client_free(client);

    client = start(argv[1]);
    use(client, cookie);
    sign_out(client, cookie);
    kinde_client_free(client);

    kinde_string_free(cookie);
    check(kinde_shutdown(5000, &error), &error, "Shutting down");
    return EXIT_SUCCESS;
}
