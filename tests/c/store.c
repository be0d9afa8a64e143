/* Sessions in a store of the program's own: what the callbacks are asked, what follows from their answers, and when the
 * store is given up. */
#include "host_store.h"

#define THREADS 8

static struct emulator emulator;

static void test_all_goes_through_the_callbacks(void) {
    struct host_store store;
    kinde_config *config;
    kinde_client *first, *second, *derived = NULL;
    kinde_session *session;
    char *id, *before, *after, *url = NULL;
    host_store_init(&store);
    config = new_config_with(emulator.url, &store);
    first = new_client_of(config);
    second = new_client_of(config);
    kinde_config_free(config);
    CHECK_NUMBER(0, store.loads + store.saves + store.deletes + store.leases + store.releases);

    session = new_signed_in_session(first);
    id = save(session);
    kinde_session_free(session);
    CHECK(store.saves > 0 && store.conflicts == 0 && store.leases == 0);
    CHECK_NUMBER(2, host_records(&store)); /* the session, and the list of its user's sessions */

    EXPECT(KINDE_STATUS_OK, kinde_client_derive(second, "{\"scope\":\"openid\"}", &derived, &error));
    session = load(derived, id);
    CHECK(is_authenticated(session));
    kinde_session_free(session);
    kinde_client_free(derived);

    session = load(second, id);
    before = refresh_token_of(session);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
    after = refresh_token_of(session);
    CHECK(strcmp(before, after) != 0);
    CHECK(store.leases >= 1);
    CHECK_NUMBER(1, store.releases);
    kinde_session_free(session);
    free(before);

    store.called = second; /* callbacks may use the library */
    session = load(first, id);
    store.called = NULL;
    before = refresh_token_of(session);
    CHECK_TEXT(after, before);
    EXPECT(KINDE_STATUS_OK, kinde_session_logout(session, "{}", &url, &error));
    kinde_session_free(session);
    CHECK(store.deletes > 0);
    CHECK_NUMBER(0, host_records(&store));
    expect_not_found(second, id);

    free(before);
    free(after);
    kinde_string_free(url);
    kinde_string_free(id);
    kinde_client_free(first);
    CHECK_NUMBER(0, store.drops);
    kinde_client_free(second);
    host_wait_for_drop(&store);
    host_store_free(&store);
}

static void test_when_the_store_is_given_up(void) {
    struct host_store stores[3];
    kinde_config *config;
    kinde_client *client;
    kinde_session *session;
    size_t i;
    for (i = 0; i < 3; i++) {
        host_store_init(&stores[i]);
    }
    config = new_config_with(emulator.url, &stores[0]);
    EXPECT_FIELD(KINDE_STATUS_NULL_ARGUMENT, "on_lease",
                 kinde_config_set_store(config, host_load, host_save, host_delete, NULL, host_release, host_drop, &stores[1],
                                        &error));
    CHECK_NUMBER(0, stores[0].drops + stores[1].drops);
    EXPECT(KINDE_STATUS_OK, kinde_config_set_store(config, host_load, host_save, host_delete, host_lease, host_release,
                                                   host_drop, &stores[1], &error));
    CHECK_NUMBER(1, stores[0].drops);

    /* A client keeps what it was made with. */
    client = new_client_of(config);
    EXPECT(KINDE_STATUS_OK, kinde_config_set_store(config, host_load, host_save, host_delete, host_lease, host_release, NULL,
                                                   &stores[2], &error));
    kinde_config_free(config);
    session = new_session(client);
    begin_sign_in(session);
    kinde_string_free(save(session));
    CHECK(stores[1].saves > 0);
    kinde_client_free(client);
    CHECK_NUMBER(0, stores[1].drops);
    kinde_session_free(session);
    host_wait_for_drop(&stores[1]);

    CHECK_NUMBER(1, stores[0].drops);
    CHECK_NUMBER(0, stores[2].drops + stores[2].saves);
    for (i = 0; i < 3; i++) {
        host_store_free(&stores[i]);
    }
}

/* What a store keeps is sealed, so there must be a key. */
static void test_keys_are_required(void) {
    struct host_store store;
    kinde_config *config;
    kinde_client *client = (kinde_client *)POISON;
    host_store_init(&store);
    config = new_config_with(emulator.url, &store);
    EXPECT(KINDE_STATUS_OK, kinde_config_load_json(config, "{\"seal_keys\":null}", &error));
    EXPECT_FIELD(KINDE_STATUS_CONFIG, "seal_keys", kinde_client_new(config, &client, &error));
    CHECK(client == NULL);
    kinde_config_free(config);
    CHECK_NUMBER(1, store.drops);
    host_store_free(&store);
}

/* The call fails with STORE, and its message holds the reason. */
#define EXPECT_STORE(reason, call)                                                                \
    do {                                                                                          \
        kinde_error *error = (kinde_error *)POISON;                                               \
        kinde_status expect_status = (call);                                                      \
        check_outcome(__FILE__, __LINE__, #call, KINDE_STATUS_STORE, expect_status, error);       \
        CHECK_HOLDS(reason, kinde_error_message(error));                                          \
        kinde_error_free(error);                                                                  \
    } while (0)

static void test_failures(void) {
    struct host_store store;
    kinde_client *client;
    kinde_session *session, *loaded = (kinde_session *)POISON;
    char *id, *other = (char *)POISON, *url = (char *)POISON;
    size_t i;
    host_store_init(&store);
    client = new_client_with(emulator.url, &store);
    session = new_signed_in_session(client);
    id = save(session);

    store.failing = 'l';
    store.failure = KINDE_STATUS_STORE;
    store.message = "the disk is on fire";
    EXPECT_STORE("load a record: the disk is on fire", kinde_session_load(client, id, &loaded, &error));
    CHECK(loaded == NULL);
    store.message = "\xff";
    EXPECT_STORE("not UTF-8", kinde_session_load(client, id, &loaded, &error));
    store.message = NULL;
    store.failure = KINDE_STATUS_CONFLICT; /* means nothing for a load */
    EXPECT_STORE("CONFLICT", kinde_session_load(client, id, &loaded, &error));
    store.failure = (kinde_status)4711;
    EXPECT_STORE("4711", kinde_session_load(client, id, &loaded, &error));
    EXPECT_STORE("4711", kinde_session_refresh(session, &error));
    CHECK(is_authenticated(session));

    store.failing = 's';
    store.failure = KINDE_STATUS_INTERNAL;
    begin_sign_in(session);
    EXPECT_STORE("save a record", kinde_session_save(session, &other, &error));
    CHECK(other == NULL);
    store.failing = 'e';
    EXPECT_STORE("lease a record", kinde_session_refresh(session, &error));
    store.failing = 'd';
    EXPECT_STORE("delete a record", kinde_session_delete(client, id, &error));

    store.failing = '\0';
    store.odd = true;
    EXPECT_STORE("load a record", kinde_session_load(client, id, &loaded, &error));
    EXPECT_STORE("lease a record", kinde_session_refresh(session, &error));
    store.odd = false;
    for (i = 0; i < HOST_RECORDS; i++) {
        store.records[i].lease = 0;
    }

    /* A lease that could not be given back ends by itself. */
    store.failing = 'r';
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));

    /* A record that the library did not write does not open. */
    store.failing = '\0';
    other = save(session);
    CHECK_TEXT(id, other);
    kinde_string_free(other);
    for (i = 0; i < HOST_RECORDS; i++) {
        if (store.records[i].text != NULL) {
            strcpy(store.records[i].text, "bm9pc2U");
        }
    }
    EXPECT(KINDE_STATUS_SESSION_INVALID, kinde_session_load(client, id, &loaded, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_delete(client, id, &error));
    expect_not_found(client, id);

    store.failing = 'd';
    EXPECT_STORE("delete a record", kinde_session_logout(session, "{}", &url, &error));
    CHECK(url == NULL);
    CHECK(!is_authenticated(session));
    store.failing = '\0';
    EXPECT(KINDE_STATUS_OK, kinde_session_logout(session, "{}", &url, &error));

    kinde_string_free(url);
    kinde_string_free(id);
    kinde_session_free(session);
    kinde_client_free(client);
    host_wait_for_drop(&store);
    host_store_free(&store);
}

/* What each thread does to a session that all of them loaded. */
struct worker {
    pthread_t thread;
    kinde_client *client;
    const char *id;
    char *state; /* of the sign-in that it began */
    char *refresh_token;
};

static void *change(void *argument) {
    struct worker *worker = (struct worker *)argument;
    kinde_session *session = load(worker->client, worker->id);
    char *url = NULL, *id;
    const char *state;
    EXPECT(KINDE_STATUS_OK, kinde_session_login_url(session, "{}", &url, &error));
    state = strstr(url, "state=");
    CHECK(state != NULL);
    worker->state = browser_copy(state, strcspn(state, "&"));
    id = save(session);
    CHECK_TEXT(worker->id, id);
    kinde_string_free(id);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
    worker->refresh_token = refresh_token_of(session);
    kinde_string_free(url);
    kinde_session_free(session);
    return NULL;
}

static void test_nothing_is_lost(void) {
    struct host_store store;
    struct worker workers[THREADS];
    kinde_client *clients[2];
    kinde_session *session;
    char *id, *kept, callback[256];
    bool known = false;
    size_t i;
    host_store_init(&store);
    clients[0] = new_client_with(emulator.url, &store);
    clients[1] = new_client_with(emulator.url, &store);
    id = new_kept_session(clients[0]);
    for (i = 0; i < THREADS; i++) {
        workers[i].client = clients[i % 2];
        workers[i].id = id;
        CHECK(pthread_create(&workers[i].thread, NULL, change, &workers[i]) == 0);
    }
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(workers[i].thread, NULL) == 0);
    }

    session = load(clients[0], id);
    CHECK(is_authenticated(session));
    kept = refresh_token_of(session);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error)); /* the token is the one that counts */
    kinde_session_free(session);
    for (i = 0; i < THREADS; i++) {
        /* Each sign-in under way is known, once: it is the code that is refused. */
        snprintf(callback, sizeof callback, "code=none&%s", workers[i].state);
        session = load(clients[1], id);
        EXPECT(KINDE_STATUS_INVALID_GRANT, kinde_session_handle_callback(session, callback, NULL, &error));
        kinde_session_free(session);
        session = load(clients[0], id);
        EXPECT(KINDE_STATUS_STATE_MISMATCH, kinde_session_handle_callback(session, callback, NULL, &error));
        kinde_session_free(session);
        known = known || strcmp(kept, workers[i].refresh_token) == 0;
        free(workers[i].state);
        free(workers[i].refresh_token);
    }
    CHECK(known);
    free(kept);
    kinde_string_free(id);
    kinde_client_free(clients[0]);
    kinde_client_free(clients[1]);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    CHECK_NUMBER(2, store.drops); /* once for each time that it was set */
    host_store_free(&store);
}

/* A call that is given up leaves its callback running, and with it the store. */
static void test_a_callback_outlives_its_call(void) {
    struct host_store store;
    struct outcome outcome;
    kinde_client *client;
    kinde_task *task = NULL;
    char *id;
    host_store_init(&store);
    client = new_client_with(emulator.url, &store);
    id = new_kept_session(client);

    store.blocked = true;
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_load_async(client, id, outcome_complete, &outcome, &task, &error));
    pthread_mutex_lock(&store.mutex);
    while (store.waiting == 0) {
        pthread_cond_wait(&store.changed, &store.mutex);
    }
    pthread_mutex_unlock(&store.mutex);
    kinde_task_cancel(task);
    CHECK_NUMBER(KINDE_STATUS_CANCELLED, outcome_wait(&outcome));
    CHECK(outcome.session == NULL);
    kinde_task_free(task);
    outcome_free(&outcome);
    kinde_client_free(client);

    pthread_mutex_lock(&store.mutex);
    CHECK_NUMBER(0, store.drops);
    store.blocked = false;
    pthread_cond_broadcast(&store.changed);
    pthread_mutex_unlock(&store.mutex);
    host_wait_for_drop(&store);
    kinde_string_free(id);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    host_store_free(&store);
}

int main(void) {
    emulator_start(&emulator);
    test_all_goes_through_the_callbacks();
    test_when_the_store_is_given_up();
    test_keys_are_required();
    test_failures();
    test_nothing_is_lost();
    test_a_callback_outlives_its_call();
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
