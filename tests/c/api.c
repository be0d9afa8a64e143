/* Kinde's APIs: calls, pages, many calls at once, and their twins. */
#include "completion.h"

#define USERS "/api/v1/users"

static struct emulator emulator;

static char *call(kinde_client *client, const char *operation, const char *params) {
    char *out = (char *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_api_call(client, operation, params, &out, &error));
    CHECK_HOLDS("\"status\":200", out);
    return out;
}

static void check_call(kinde_client *client, const char *operation, const char *params, const char *part) {
    char *out = call(client, operation, params);
    CHECK_HOLDS(part, out);
    kinde_string_free(out);
}

static void test_calls(kinde_client *client) {
    char *details = NULL, *out = call(client, "create_organization", "{\"name\":\"New\"}");
    kinde_error *failure = NULL;
    kinde_string_free(out);
    check_call(client, "get_organizations", "{\"page_size\":50}", "\"name\":\"New\"");
    check_call(client, "request", "{\"path\":\"/api/v1/organization\",\"query\":{\"code\":\"org_acme\"}}", "\"name\":\"Acme\"");

    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "page_size", kinde_api_call(client, "get_users", "{\"page_size\":\"1\"}", &out, &error));
    CHECK(out == NULL);
    EXPECT(KINDE_STATUS_UNKNOWN_OPERATION, kinde_api_call(client, "get_userz", "{}", NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_API, kinde_api_call(client, "get_organization", "{\"code\":\"org_none\"}", NULL, &failure));
    CHECK_NUMBER(404, kinde_error_http_status(failure));
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_error_details(failure, &details));
    CHECK_HOLDS("ORGANIZATION_NOT_FOUND", details);
    kinde_string_free(details);
    kinde_error_free(failure);
}

static void test_sessions(kinde_client *client) {
    kinde_session *session = new_signed_in_session(client);
    kinde_pages *pages = NULL;
    struct outcome outcome;
    char *out;
    EXPECT(KINDE_STATUS_OK, kinde_session_api_call(session, "get_user_roles", "{}", &out, &error));
    CHECK_HOLDS("\"key\":\"admin\"", out);
    kinde_string_free(out);
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_api_call_async(session, "get_user_profile_v2", "{}", outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_HOLDS("ada@example.com", outcome.result);
    CHECK(outcome.session == session);
    outcome_free(&outcome);

    EXPECT(KINDE_STATUS_OK, kinde_session_pages_new(session, "get_user_roles", "{}", &pages, &error));
    kinde_session_free(session);
    EXPECT(KINDE_STATUS_OK, kinde_pages_next(pages, &out, &error));
    CHECK_HOLDS("\"key\":\"admin\"", out);
    kinde_string_free(out);
    kinde_pages_free(pages);
}

static void test_pages(kinde_client *client) {
    kinde_pages *pages = NULL;
    struct outcome outcome;
    char *out = NULL;
    int count = 0;
    EXPECT(KINDE_STATUS_OK, kinde_pages_new(client, "get_users", "{\"page_size\":3}", &pages, &error));
    for (;;) {
        EXPECT(KINDE_STATUS_OK, kinde_pages_next(pages, &out, &error));
        if (out == NULL) {
            break;
        }
        CHECK_HOLDS("\"items\":[{", out);
        kinde_string_free(out);
        count++;
    }
    CHECK_NUMBER(2, count);
    EXPECT(KINDE_STATUS_OK, kinde_pages_next(pages, NULL, &error));

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_pages_next_async(pages, outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK(outcome.result == NULL);
    outcome_free(&outcome);
    kinde_pages_free(pages);

    EXPECT(KINDE_STATUS_OK, kinde_pages_new(client, "get_users", "{}", &pages, &error));
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_pages_next_async(pages, outcome_complete, &outcome, NULL, &error));
    kinde_pages_free(pages);
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_HOLDS("grace@example.com", outcome.result);
    outcome_free(&outcome);

    pages = (kinde_pages *)POISON;
    EXPECT(KINDE_STATUS_INVALID_ARGUMENT, kinde_pages_new(client, "create_user", "{}", &pages, &error));
    CHECK(pages == NULL);
}

static void test_asynchronous(kinde_client *client) {
    struct outcome outcome;
    kinde_task *task = NULL;
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_api_call_async(client, "get_roles", "{}", outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_HOLDS("\"key\":\"editor\"", outcome.result);
    outcome_free(&outcome);

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_api_call_many_async(client, "[{\"operation\":\"get_roles\"},{\"operation\":\"nothing\"}]",
                                                      outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_HOLDS("\"index\":1", outcome.result);
    outcome_free(&outcome);

    free(emulator_control(&emulator, "DELETE", "/requests", NULL));
    emulator_fault(&emulator, "{\"path\":\"" USERS "\",\"hang\":true}");
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_api_call_async(client, "get_users", "{}", outcome_complete, &outcome, &task, &error));
    emulator_wait(&emulator, USERS, 1);
    kinde_task_cancel(task);
    kinde_task_free(task);
    CHECK_NUMBER(KINDE_STATUS_CANCELLED, outcome_wait(&outcome));
    outcome_free(&outcome);
    free(emulator_control(&emulator, "POST", "/release", "{}"));
}

static void test_many(kinde_client *client) {
    char *out;
    EXPECT(KINDE_STATUS_OK, kinde_api_call_many(client, "{\"calls\":[{\"operation\":\"get_roles\",\"params\":{\"page_size\":1}},"
                                                        "{\"operation\":\"get_organization\",\"params\":{\"code\":\"org_none\"}}],"
                                                        "\"concurrency\":2}", &out, &error));
    CHECK_HOLDS("\"failures\":[{", out);
    CHECK_HOLDS("\"index\":1", out);
    CHECK_HOLDS("ORGANIZATION_NOT_FOUND", out);
    kinde_string_free(out);
}

int main(void) {
    kinde_client *client;
    emulator_start(&emulator);
    client = new_client(emulator.url, "{\"management_client_id\":\"emulator_m2m\","
                                      "\"management_client_secret\":\"emulator-m2m-secret-0123456789abcdefghijkl\"}");
    test_calls(client);
    test_sessions(client);
    test_pages(client);
    test_asynchronous(client);
    test_many(client);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
