/* A store of sessions in C: a table with a mutex, which counts its calls and fails when it is told to. */
#ifndef HOST_STORE_H
#define HOST_STORE_H

#include <time.h>

#include "keep.h"

#define HOST_RECORDS 64

struct host_record {
    char key[65]; /* empty: the place is free */
    uint64_t version; /* 0: there is no record */
    char *text;
    int64_t ends_ms;
    uint64_t lease; /* 0: nobody holds it */
    int64_t lease_ends_ms;
};

struct host_store {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct host_record records[HOST_RECORDS];
    uint64_t leases_given;
    int loads, saves, conflicts, deletes, leases, releases, drops;
    char failing; /* the first letter of the callback that fails; 'r' for release */
    kinde_status failure;
    const char *message;
    bool odd;     /* what replies hold is not what they must */
    bool blocked; /* loads wait until this is over */
    int waiting;
    kinde_client *called; /* used by each load, if it is not NULL */
};

static inline void host_store_init(struct host_store *store) {
    memset(store, 0, sizeof *store);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->changed, NULL);
}

static inline void host_store_free(struct host_store *store) {
    size_t i;
    for (i = 0; i < HOST_RECORDS; i++) {
        free(store->records[i].text);
    }
    pthread_mutex_destroy(&store->mutex);
    pthread_cond_destroy(&store->changed);
}

static inline int64_t host_now_ms(void) {
    struct timespec now;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The place of a key, which is made if need be. For the one who holds the mutex. */
static inline struct host_record *host_place(struct host_store *store, const char *key) {
    struct host_record *empty = NULL;
    size_t i;
    CHECK(*key != '\0' && strlen(key) < sizeof empty->key);
    for (i = 0; i < HOST_RECORDS; i++) {
        struct host_record *record = &store->records[i];
        if (record->version != 0 && record->ends_ms <= host_now_ms()) {
            free(record->text);
            record->text = NULL;
            record->version = 0;
        }
        if (strcmp(record->key, key) == 0) {
            return record;
        }
        if (record->version == 0 && record->lease == 0) {
            empty = record;
        }
    }
    CHECK(empty != NULL);
    strcpy(empty->key, key);
    return empty;
}

static inline bool host_fails(struct host_store *store, char callback, kinde_store_reply *reply) {
    if (store->failing != callback) {
        return false;
    }
    if (store->message != NULL) {
        kinde_store_reply_message(reply, store->message);
    }
    return true;
}

static inline kinde_status host_load(void *userdata, const char *key, kinde_store_reply *reply) {
    struct host_store *store = (struct host_store *)userdata;
    kinde_status status = KINDE_STATUS_OK;
    if (store->called != NULL) {
        EXPECT(KINDE_STATUS_OK, kinde_client_prepare(store->called, &error));
    }
    pthread_mutex_lock(&store->mutex);
    store->loads++;
    while (store->blocked) {
        store->waiting++;
        pthread_cond_broadcast(&store->changed);
        pthread_cond_wait(&store->changed, &store->mutex);
        store->waiting--;
    }
    if (host_fails(store, 'l', reply)) {
        status = store->failure;
    } else {
        const struct host_record *record = host_place(store, key);
        if (record->version != 0) {
            kinde_store_reply_record(reply, store->odd ? 0 : record->version, record->text);
        }
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static inline kinde_status host_save(void *userdata, const char *key, uint64_t expected, uint64_t version,
                                     const char *text, int64_t life_ms, kinde_store_reply *reply) {
    struct host_store *store = (struct host_store *)userdata;
    kinde_status status = KINDE_STATUS_OK;
    struct host_record *record;
    CHECK_NUMBER(expected + 1, version);
    CHECK(life_ms > 0);
    CHECK_HOLDS_NOT("ada@example.com", text);
    CHECK_HOLDS_NOT("eyJhbGciOi", text);
    pthread_mutex_lock(&store->mutex);
    store->saves++;
    record = host_place(store, key);
    if (host_fails(store, 's', reply)) {
        status = store->failure;
    } else if (record->version != expected) {
        store->conflicts++;
        status = KINDE_STATUS_CONFLICT;
    } else {
        free(record->text);
        record->text = browser_copy(text, strlen(text));
        record->version = version;
        record->ends_ms = host_now_ms() + life_ms;
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static inline kinde_status host_delete(void *userdata, const char *key, uint64_t expected, kinde_store_reply *reply) {
    struct host_store *store = (struct host_store *)userdata;
    kinde_status status = KINDE_STATUS_OK;
    struct host_record *record;
    pthread_mutex_lock(&store->mutex);
    store->deletes++;
    record = host_place(store, key);
    if (host_fails(store, 'd', reply)) {
        status = store->failure;
    } else if (record->version != 0 && expected != 0 && record->version != expected) {
        status = KINDE_STATUS_CONFLICT;
    } else {
        free(record->text);
        record->text = NULL;
        record->version = 0;
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static inline kinde_status host_lease(void *userdata, const char *key, uint64_t held, int64_t life_ms,
                                      kinde_store_reply *reply) {
    struct host_store *store = (struct host_store *)userdata;
    kinde_status status = KINDE_STATUS_OK;
    struct host_record *record;
    CHECK(life_ms > 0);
    pthread_mutex_lock(&store->mutex);
    store->leases++;
    record = host_place(store, key);
    if (record->lease != 0 && record->lease_ends_ms <= host_now_ms()) {
        record->lease = 0;
    }
    if (host_fails(store, 'e', reply)) {
        status = store->failure;
    } else if (record->lease != held) {
        status = KINDE_STATUS_CONFLICT;
    } else {
        record->lease = held == 0 ? ++store->leases_given : held;
        record->lease_ends_ms = host_now_ms() + life_ms;
        if (!store->odd) {
            kinde_store_reply_lease(reply, record->lease);
        }
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static inline kinde_status host_release(void *userdata, const char *key, uint64_t value, kinde_store_reply *reply) {
    struct host_store *store = (struct host_store *)userdata;
    kinde_status status = KINDE_STATUS_OK;
    struct host_record *record;
    pthread_mutex_lock(&store->mutex);
    store->releases++;
    record = host_place(store, key);
    if (host_fails(store, 'r', reply)) {
        status = store->failure;
    } else if (record->lease == value) {
        record->lease = 0;
    }
    pthread_mutex_unlock(&store->mutex);
    return status;
}

static inline void host_drop(void *userdata) {
    struct host_store *store = (struct host_store *)userdata;
    pthread_mutex_lock(&store->mutex);
    store->drops++;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
}

/* The last user of a store may be a thread of the library that is just done with a call. */
static inline void host_wait_for_drop(struct host_store *store) {
    pthread_mutex_lock(&store->mutex);
    while (store->drops == 0) {
        pthread_cond_wait(&store->changed, &store->mutex);
    }
    pthread_mutex_unlock(&store->mutex);
    CHECK_NUMBER(1, store->drops);
}

static inline int host_records(struct host_store *store) {
    int count = 0;
    size_t i;
    pthread_mutex_lock(&store->mutex);
    for (i = 0; i < HOST_RECORDS; i++) {
        count += store->records[i].version != 0;
    }
    pthread_mutex_unlock(&store->mutex);
    return count;
}

/* Settings of the emulator's web application, with this store. */
static inline kinde_config *new_config_with(const char *domain, struct host_store *store) {
    kinde_config *config = kinde_config_new();
    CHECK(config != NULL);
    EXPECT(KINDE_STATUS_OK, kinde_config_set(config, "domain", domain, &error));
    EXPECT(KINDE_STATUS_OK, kinde_config_load_json(config,
                                                   "{\"client_id\":\"emulator_web\","
                                                   "\"client_secret\":\"emulator-web-secret-0123456789abcdefghijkl\","
                                                   "\"redirect_uri\":\"" REDIRECT_URI "\","
                                                   "\"logout_redirect_uri\":\"http://localhost:3000/\","
                                                   "\"seal_keys\":[\"the-seal-key-of-this-test-0123456789abcdef\"]}",
                                                   &error));
    EXPECT(KINDE_STATUS_OK, kinde_config_set_store(config, host_load, host_save, host_delete, host_lease, host_release,
                                                   host_drop, store, &error));
    return config;
}

static inline kinde_client *new_client_of(const kinde_config *config) {
    kinde_client *client = (kinde_client *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_client_new(config, &client, &error));
    return client;
}

static inline kinde_client *new_client_with(const char *domain, struct host_store *store) {
    kinde_config *config = new_config_with(domain, store);
    kinde_client *client = new_client_of(config);
    kinde_config_free(config);
    return client;
}

#endif
