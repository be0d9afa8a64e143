/* Sessions between requests: in the memory of the process under an id, and sealed as one text. */
#include "keep.h"

#define OLD_KEY "\"the-old-seal-key-of-this-test-0123456789\""
#define NEW_KEY "\"the-new-seal-key-of-this-test-0123456789\""

static struct emulator emulator;

static void test_each_request_loads_the_session(void) {
    kinde_client *first = new_client(emulator.url, "{\"store_url\":\"memory:\"}");
    kinde_client *second = new_client(emulator.url, "{\"store_url\":\"memory:\"}");
    kinde_session *session = new_session(first);
    char *callback = visit_sign_in_page(session);
    char *before = save(session), *after, *again, *kept, *renewed;
    uint64_t loaded;
    bool refreshed = true;
    kinde_session_free(session);

    session = load(second, before);
    CHECK(!is_authenticated(session));
    loaded = revision(session);
    EXPECT(KINDE_STATUS_OK, kinde_session_handle_callback(session, callback, NULL, &error));
    CHECK(revision(session) != loaded);
    after = save(session);
    CHECK(strcmp(before, after) != 0);
    expect_not_found(first, before);
    expect_not_found(second, before);
    kinde_session_free(session);

    /* The callback's state was used up in the store, not only in that copy. */
    session = load(first, after);
    CHECK(is_authenticated(session));
    loaded = revision(session);
    EXPECT(KINDE_STATUS_STATE_MISMATCH, kinde_session_handle_callback(session, callback, NULL, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_ensure_fresh(session, 0, &refreshed, &error));
    CHECK(!refreshed);
    CHECK(revision(session) == loaded);
    again = save(session);
    CHECK_TEXT(after, again);
    kinde_string_free(again);

    /* A refresh is in the store without being saved, and the id stays. */
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
    CHECK(revision(session) != loaded);
    renewed = refresh_token_of(session);
    kinde_session_free(session);
    session = load(second, after);
    kept = refresh_token_of(session);
    CHECK_TEXT(renewed, kept);
    kinde_session_free(session);

    free(kept);
    free(renewed);
    free(callback);
    kinde_string_free(before);
    kinde_string_free(after);
    kinde_client_free(first);
    kinde_client_free(second);
}

static void test_what_is_no_id_is_not_found(kinde_client *client) {
    static const char *const none[] = {"", "x", "../../etc/passwd", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                       "AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAA",
                                       "AAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAA",
                                       "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"};
    char *id = new_kept_session(client), *much = (char *)malloc(1 << 20);
    size_t i;
    for (i = 0; i < sizeof none / sizeof *none; i++) {
        expect_not_found(client, none[i]);
        EXPECT(KINDE_STATUS_OK, kinde_session_delete(client, none[i], &error));
    }
    CHECK(much != NULL);
    memset(much, 'A', (1 << 20) - 1);
    much[(1 << 20) - 1] = '\0';
    expect_not_found(client, much);
    free(much);
    id[7] = id[7] == 'x' ? 'y' : 'x';
    expect_not_found(client, id);
    kinde_string_free(id);
}

static void test_applications_do_not_meet(kinde_client *client) {
    kinde_client *other = new_machine_client(emulator.url);
    char *id = new_kept_session(client);
    expect_not_found(other, id);
    EXPECT(KINDE_STATUS_OK, kinde_session_delete(other, id, &error));
    kinde_session_free(load(client, id));
    kinde_string_free(id);
    kinde_client_free(other);
}

static void test_a_session_that_was_ended(kinde_client *client) {
    char *id = new_kept_session(client), *url = NULL;
    kinde_session *session = load(client, id), *elsewhere = load(client, id);
    EXPECT(KINDE_STATUS_OK, kinde_session_delete(client, id, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_delete(client, id, &error));
    expect_not_found(client, id);
    /* Another request had it at hand: it learns of the end when it wants to keep it. */
    CHECK(is_authenticated(elsewhere));
    begin_sign_in(elsewhere);
    EXPECT(KINDE_STATUS_SESSION_NOT_FOUND, kinde_session_save(elsewhere, &url, &error));
    CHECK(url == NULL);
    CHECK(!is_authenticated(elsewhere));
    EXPECT(KINDE_STATUS_SESSION_NOT_FOUND, kinde_session_refresh(session, &error));
    CHECK(!is_authenticated(session));
    kinde_session_free(session);
    kinde_session_free(elsewhere);
    kinde_string_free(id);

    id = new_kept_session(client);
    session = load(client, id);
    EXPECT(KINDE_STATUS_OK, kinde_session_logout(session, "{}", &url, &error));
    kinde_string_free(url);
    expect_not_found(client, id);
    kinde_session_free(session);
    kinde_string_free(id);
}

static void test_all_sessions_of_a_user(kinde_client *client) {
    char *ada[2], *grace, *sub;
    kinde_session *session = new_signed_in_session(client);
    sub = sub_of(session);
    ada[0] = save(session);
    kinde_session_free(session);
    ada[1] = new_kept_session(client);
    free(emulator_control(&emulator, "POST", "/login", "{\"email\":\"grace@example.com\"}"));
    grace = new_kept_session(client);
    free(emulator_control(&emulator, "POST", "/login", "{\"email\":\"ada@example.com\"}"));

    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "sub", kinde_sessions_revoke(client, "", &error));
    EXPECT(KINDE_STATUS_OK, kinde_sessions_revoke(client, "kp_nobody", &error));
    kinde_session_free(load(client, ada[0]));
    EXPECT(KINDE_STATUS_OK, kinde_sessions_revoke(client, sub, &error));
    expect_not_found(client, ada[0]);
    expect_not_found(client, ada[1]);
    kinde_session_free(load(client, grace));
    EXPECT(KINDE_STATUS_OK, kinde_sessions_revoke(client, sub, &error));

    free(sub);
    kinde_string_free(ada[0]);
    kinde_string_free(ada[1]);
    kinde_string_free(grace);
}

static char *seal(kinde_session *session, const char *params) {
    char *sealed = (char *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_session_seal(session, params, &sealed, &error));
    return sealed;
}

static kinde_session *open_sealed(kinde_client *client, const char *sealed) {
    kinde_session *session = (kinde_session *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_session_open(client, sealed, &session, &error));
    return session;
}

/* Whatever is wrong with a text, the error says the same. */
static void expect_invalid(kinde_client *client, const char *sealed) {
    static char message[512];
    kinde_session *session = (kinde_session *)POISON;
    kinde_error *error = NULL;
    kinde_status status = kinde_session_open(client, sealed, &session, &error);
    check_outcome(__FILE__, __LINE__, "kinde_session_open", KINDE_STATUS_SESSION_INVALID, status, error);
    CHECK(session == NULL);
    if (*message == '\0') {
        snprintf(message, sizeof message, "%s", kinde_error_message(error));
    }
    CHECK_TEXT(message, kinde_error_message(error));
    kinde_error_free(error);
}

static void test_sealed_sessions(void) {
    kinde_client *old = new_client(emulator.url, "{\"seal_keys\":[" OLD_KEY "]}");
    kinde_client *rotated = new_client(emulator.url, "{\"seal_keys\":[" NEW_KEY "," OLD_KEY "]}");
    kinde_client *next = new_client(emulator.url, "{\"seal_keys\":[" NEW_KEY "]}");
    kinde_session *session = new_session(old);
    char *callback = visit_sign_in_page(session);
    char *sealed = seal(session, "{}"), *url = NULL;
    uint64_t opened;
    kinde_session_free(session);

    session = open_sealed(rotated, sealed);
    expect_invalid(next, sealed);
    kinde_string_free(sealed);
    opened = revision(session);
    EXPECT(KINDE_STATUS_OK, kinde_session_handle_callback(session, callback, NULL, &error));
    CHECK(revision(session) != opened);
    sealed = seal(session, "{\"content\":\"all\"}");
    CHECK_NUMBER(strlen(sealed), strspn(sealed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));
    kinde_session_free(session);

    expect_invalid(old, sealed);
    session = open_sealed(next, sealed);
    kinde_string_free(sealed);
    CHECK(is_authenticated(session));
    opened = revision(session);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
    CHECK(revision(session) != opened);
    EXPECT(KINDE_STATUS_OK, kinde_session_logout(session, "{}", &url, &error));
    kinde_string_free(url);
    kinde_session_free(session);

    free(callback);
    kinde_client_free(old);
    kinde_client_free(rotated);
    kinde_client_free(next);
}

static void test_what_was_not_sealed_here(void) {
    kinde_client *client = new_client(emulator.url, "{\"seal_keys\":[" NEW_KEY "]}");
    kinde_client *other = new_client(emulator.url, "{\"seal_keys\":[" NEW_KEY "],\"client_id\":\"emulator_spa\","
                                                   "\"client_secret\":null}");
    kinde_session *session = new_signed_in_session(client);
    char *sealed = seal(session, "{}");
    char *noise;
    size_t length = strlen(sealed), i;
    expect_invalid(other, sealed);
    expect_invalid(client, "");
    expect_invalid(client, "noise");
    expect_invalid(client, "not base64url: =+/");
    for (i = 0; i < length; i += length / 40) {
        char kept = sealed[i];
        sealed[i] = kept == 'A' ? 'B' : 'A';
        expect_invalid(client, sealed);
        sealed[i] = '\0';
        expect_invalid(client, sealed);
        sealed[i] = kept;
    }
    noise = (char *)malloc(2 * length + 1);
    CHECK(noise != NULL);
    sprintf(noise, "%s%s", sealed, sealed);
    expect_invalid(client, noise);
    free(noise);
    kinde_session_free(open_sealed(client, sealed));

    kinde_string_free(sealed);
    kinde_session_free(session);
    kinde_client_free(client);
    kinde_client_free(other);
}

static void test_claims_alone(void) {
    kinde_client *client = new_client(emulator.url, "{\"seal_keys\":[" NEW_KEY "]}");
    kinde_session *session = new_signed_in_session(client);
    char *all = seal(session, "{}"), *claims = seal(session, "{\"content\":\"claims\"}"), *text = NULL;
    bool granted = false;
    CHECK(strlen(claims) < strlen(all));
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "content",
                 kinde_session_seal(session, "{\"content\":\"everything\"}", &text, &error));
    CHECK(text == NULL);
    kinde_session_free(session);

    session = open_sealed(client, claims);
    CHECK(is_authenticated(session));
    EXPECT(KINDE_STATUS_OK, kinde_session_has_permission(session, "read:todos", KINDE_TOKEN_TYPE_ACCESS, &granted, &error));
    CHECK(granted);
    EXPECT(KINDE_STATUS_OK, kinde_session_user(session, &text, &error));
    CHECK_HOLDS("\"email\":\"ada@example.com\"", text);
    kinde_string_free(text);
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "content", kinde_session_access_token(session, &text, &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_refresh(session, &error));
    CHECK(is_authenticated(session));

    kinde_session_free(session);
    kinde_string_free(all);
    kinde_string_free(claims);
    kinde_client_free(client);
}

static void test_no_seal_keys(kinde_client *client) {
    kinde_session *session = new_session(client), *opened = (kinde_session *)POISON;
    char *sealed = (char *)POISON;
    EXPECT(KINDE_STATUS_CONFIG, kinde_session_seal(session, "{}", &sealed, &error));
    CHECK(sealed == NULL);
    EXPECT(KINDE_STATUS_CONFIG, kinde_session_open(client, "noise", &opened, &error));
    CHECK(opened == NULL);
    kinde_session_free(session);
}

static void test_twins(kinde_client *client) {
    kinde_session *session = new_signed_in_session(client);
    struct outcome outcome;
    char *id, *sub = sub_of(session);

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_save_async(session, outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK(outcome.session == session);
    id = json_text(outcome.result, "id");
    CHECK_NUMBER(43, strlen(id));
    outcome_free(&outcome);
    kinde_session_free(session);

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_load_async(client, id, outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK(outcome.result == NULL);
    CHECK(is_authenticated(outcome.session));
    outcome_free(&outcome);

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_sessions_revoke_async(client, sub, outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK(outcome.result == NULL && outcome.session == NULL);
    outcome_free(&outcome);

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_load_async(client, id, outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_SESSION_NOT_FOUND, outcome_wait(&outcome));
    CHECK(outcome.session == NULL);
    outcome_free(&outcome);
    free(id);
    free(sub);

    id = new_kept_session(client);
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_delete_async(client, id, outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK(outcome.result == NULL && outcome.session == NULL);
    outcome_free(&outcome);
    expect_not_found(client, id);
    kinde_string_free(id);
}

int main(void) {
    kinde_client *client;
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    test_each_request_loads_the_session();
    test_what_is_no_id_is_not_found(client);
    test_applications_do_not_meet(client);
    test_a_session_that_was_ended(client);
    test_all_sessions_of_a_user(client);
    test_sealed_sessions();
    test_what_was_not_sealed_here();
    test_claims_alone();
    test_no_seal_keys(client);
    test_twins(client);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
