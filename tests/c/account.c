/* What Kinde says about a user, asked with kinde_session_fetch and kinde_session_fetch_has. */
#include "completion.h"

#define ROLES "/account_api/v1/roles"

static struct emulator emulator;

static char *fetch(kinde_session *session, const char *what, const char *params) {
    char *out = (char *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_session_fetch(session, what, params, &out, &error));
    CHECK(out != NULL);
    return out;
}

static void check_fetch(kinde_session *session, const char *what, const char *params, const char *part) {
    char *out = fetch(session, what, params);
    CHECK_HOLDS(part, out);
    kinde_string_free(out);
}

static void test_every_kind_of_question(kinde_session *session) {
    char *out, *next, params[256];
    check_fetch(session, "permissions", "{}", "\"permissions\":[\"create:todos\",\"read:todos\"");
    check_fetch(session, "permissions", "{}", "\"org_code\":\"org_acme\"");
    check_fetch(session, "roles", "{}", "\"key\":\"admin\"");
    check_fetch(session, "flags", "{}", "{\"key\":\"theme\",\"type\":\"string\",\"value\":\"pink\"}");
    check_fetch(session, "properties", "{}", "\"value\":\"London\"");
    check_fetch(session, "entitlements", "{}", "\"price_name\":\"Pro seats\"");
    check_fetch(session, "entitlement", "{\"key\":\"reports\"}", "\"fixed_charge\":500");
    check_fetch(session, "entitlement", "{\"key\":\"no_such_feature\"}", "\"entitlement\":null");
    check_fetch(session, "portal_url", "{\"page\":\"profile\",\"return_url\":\"https://app.example.com/\"}", "/portal_redirect?key=");
    check_fetch(session, "user_profile", "{}", "\"email\":\"ada@example.com\"");
    EXPECT(KINDE_STATUS_OK, kinde_session_fetch(session, "roles", "{}", NULL, &error));

    out = fetch(session, "permissions", "{\"page_size\":2}");
    CHECK_HOLDS("\"has_more\":true", out);
    CHECK_HOLDS("\"name\":\"Create to-dos\"", out);
    next = json_text(out, "next_page_starting_after");
    kinde_string_free(out);
    CHECK(snprintf(params, sizeof params, "{\"page_size\":3,\"starting_after\":\"%s\"}", next) < (int)sizeof params);
    free(next);
    out = fetch(session, "permissions", params);
    CHECK_HOLDS("\"has_more\":false", out);
    CHECK_HOLDS_NOT("create:todos", out);
    CHECK_HOLDS("manage:members", out);
    kinde_string_free(out);
}

static void test_conditions(kinde_session *session) {
    bool answer = false;
#define HAS(expected, conditions)                                                                    \
    EXPECT(KINDE_STATUS_OK, kinde_session_fetch_has(session, conditions, &answer, &error)); \
    CHECK_NUMBER(expected, answer)
    HAS(true, "{}");
    HAS(true, "{\"permissions\":[\"read:todos\"],\"roles\":[\"admin\"],\"feature_flags\":[{\"flag\":\"theme\",\"value\":\"pink\"}],"
              "\"billing_entitlements\":[\"Pro seats\"],\"entitlements\":[\"reports\"]}");
    HAS(false, "{\"billing_entitlements\":[\"seats\"]}");
    HAS(false, "{\"roles\":[\"viewer\"]}");
#undef HAS
    emulator_fault(&emulator, "{\"path\":\"" ROLES "\",\"status\":403}");
    answer = true;
    EXPECT(KINDE_STATUS_API, kinde_session_fetch_has(session, "{\"roles\":[\"admin\"]}", &answer, &error));
    CHECK(!answer);
}

static void test_refusals(kinde_session *session) {
    char *out = (char *)POISON;
    kinde_error *error = NULL;
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "what", kinde_session_fetch(session, "role", "{}", &out, &error));
    CHECK(out == NULL);
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "key", kinde_session_fetch(session, "entitlement", "{}", &out, &error));

    emulator_fault(&emulator,
                   "{\"path\":\"" ROLES "\",\"status\":403,\"headers\":{\"X-Request-Id\":\"r-1\"},"
                   "\"body\":{\"errors\":[{\"code\":\"NO\",\"message\":\"needs the scope read:roles\"}]}}");
    out = (char *)POISON;
    CHECK_NUMBER(KINDE_STATUS_API, kinde_session_fetch(session, "roles", "{}", &out, &error));
    CHECK(out == NULL);
    CHECK_NUMBER(403, kinde_error_http_status(error));
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_error_details(error, &out));
    CHECK_HOLDS("\"codes\":[\"NO\"]", out);
    CHECK_HOLDS("\"missing_scope\":\"read:roles\"", out);
    CHECK_HOLDS("\"request_id\":\"r-1\"", out);
    CHECK_HOLDS("needs the scope", out);
    kinde_string_free(out);
    kinde_error_free(error);

    emulator_fault(&emulator, "{\"path\":\"" ROLES "\",\"status\":429,\"headers\":{\"RateLimit-Reset\":\"3600\"}}");
    CHECK_NUMBER(KINDE_STATUS_RATE_LIMITED, kinde_session_fetch(session, "roles", "{}", &out, &error));
    CHECK_NUMBER(3600, kinde_error_retry_after_seconds(error));
    kinde_error_free(error);
}

static void test_nobody_and_machines(kinde_client *client) {
    kinde_session *nobody = new_session(client);
    kinde_client *machines = new_machine_client(emulator.url);
    kinde_session *machine = new_session(machines);
    bool answer = true;
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_fetch(nobody, "roles", "{}", NULL, &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_fetch_has(nobody, "{}", &answer, &error));
    CHECK(!answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_client_credentials(machine, "{}", &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_fetch(machine, "roles", "{}", NULL, &error));
    kinde_session_free(machine);
    kinde_client_free(machines);
    kinde_session_free(nobody);
}

static void test_asynchronous(kinde_session *session) {
    struct outcome outcome;
    kinde_task *task = NULL;
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_fetch_async(session, "roles", "{}", outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_HOLDS("\"key\":\"admin\"", outcome.result);
    CHECK(outcome.session == session);
    outcome_free(&outcome);

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_fetch_has_async(session, "{\"roles\":[\"viewer\"]}", outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_TEXT("{\"answer\":false}", outcome.result);
    outcome_free(&outcome);

    free(emulator_control(&emulator, "DELETE", "/requests", NULL));
    emulator_fault(&emulator, "{\"path\":\"" ROLES "\",\"hang\":true}");
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_fetch_async(session, "roles", "{}", outcome_complete, &outcome, &task, &error));
    emulator_wait(&emulator, ROLES, 1);
    kinde_task_cancel(task);
    kinde_task_free(task);
    CHECK_NUMBER(KINDE_STATUS_CANCELLED, outcome_wait(&outcome));
    outcome_free(&outcome);
    free(emulator_control(&emulator, "POST", "/release", "{}"));
}

/* A changed role is in the tokens after one call. */
static void test_refreshed_claims(void) {
    kinde_client *client = new_client(emulator.url, "{\"management_client_id\":\"emulator_m2m\","
                                                    "\"management_client_secret\":\"emulator-m2m-secret-0123456789abcdefghijkl\"}");
    kinde_session *session = new_signed_in_session(client);
    bool answer = true;
    free(emulator_control(&emulator, "PATCH", "/users?email=ada@example.com",
                          "{\"organizations\":[{\"code\":\"org_acme\",\"roles\":[\"viewer\"]}]}"));
    check_fetch(session, "refresh_claims", "{}", "{\"refreshed\":true}");
    EXPECT(KINDE_STATUS_OK, kinde_session_has_permission(session, "create:todos", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(!answer);
    kinde_session_free(session);
    kinde_client_free(client);
}

int main(void) {
    kinde_client *client;
    kinde_session *session;
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    session = new_signed_in_session(client);
    test_every_kind_of_question(session);
    test_conditions(session);
    test_refusals(session);
    test_nobody_and_machines(client);
    test_asynchronous(session);
    test_refreshed_claims();
    kinde_session_free(session);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
