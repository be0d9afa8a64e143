/* Webhooks: a body becomes an event, an event is handled once. */
#include "completion.h"

static struct emulator emulator;

/* A signed event; `request` is the body of POST /_control/webhooks. To be freed. */
static char *event(const char *request) {
    char *answer = emulator_control(&emulator, "POST", "/webhooks", request);
    char *token = json_text(answer, "token");
    free(answer);
    return token;
}

static void check_decode(kinde_client *client, const char *body, const char *part) {
    char *out = (char *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_webhook_decode(client, body, NULL, &out, &error));
    CHECK_HOLDS(part, out);
    kinde_string_free(out);
}

static void check_refused(kinde_client *client, kinde_status expected, const char *request) {
    char *body = event(request), *out = (char *)POISON;
    EXPECT(expected, kinde_webhook_decode(client, body, "{}", &out, &error));
    CHECK(out == NULL);
    free(body);
}

static void test_blocking(kinde_client *client) {
    char *body = event("{\"type\":\"role.created\",\"event_id\":\"event_1\",\"source\":\"api\",\"data\":{\"key\":\"admin\"}}");
    check_decode(client, body, "\"type\":\"role.created\"");
    check_decode(client, body, "\"event_id\":\"event_1\"");
    check_decode(client, body, "\"timestamp\":\"20");
    check_decode(client, body, "\"source\":\"api\"");
    check_decode(client, body, "\"data\":{\"key\":\"admin\"}");
    check_decode(client, body, "\"duplicate\":false");
    EXPECT(KINDE_STATUS_OK, kinde_webhook_done(client, "event_1", &error));
    check_decode(client, body, "\"duplicate\":true");
    free(body);
}

static void test_asynchronous(kinde_client *client) {
    char *body = event("{\"event_id\":\"event_2\"}");
    struct outcome outcome;
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_webhook_done_async(client, "event_2", outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK(outcome.result == NULL);
    outcome_free(&outcome);

    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_webhook_decode_async(client, body, "{\"wait\":true}", outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_HOLDS("\"duplicate\":true", outcome.result);
    outcome_free(&outcome);
    free(body);
}

static void test_refused(kinde_client *client) {
    char *token = emulator_mint(&emulator, "{\"template\":\"access\",\"client_id\":\"emulator_web\",\"email\":\"ada@example.com\"}");
    check_refused(client, KINDE_STATUS_SIGNATURE, "{\"sign\":\"foreign\"}");
    check_refused(client, KINDE_STATUS_TOKEN_EXPIRED, "{\"timestamp\":\"2024-11-21T08:01:50+11:00\"}");
    check_refused(client, KINDE_STATUS_TOKEN_NOT_YET_VALID, "{\"timestamp\":\"9999-11-21T08:01:50+11:00\"}");
    EXPECT(KINDE_STATUS_TOKEN_KIND, kinde_webhook_decode(client, token, NULL, NULL, &error));
    EXPECT(KINDE_STATUS_TOKEN_MALFORMED, kinde_webhook_decode(client, "", NULL, NULL, &error));
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "waits", kinde_webhook_decode(client, token, "{\"waits\":true}", NULL, &error));
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "event_id", kinde_webhook_done(client, "", &error));
    free(token);
}

static void test_without_waiting(kinde_client *client) {
    char *body = event("{}");
    EXPECT(KINDE_STATUS_WOULD_BLOCK, kinde_webhook_decode(client, body, "{\"wait\":false}", NULL, &error));
    EXPECT(KINDE_STATUS_OK, kinde_client_prepare(client, &error));
    EXPECT(KINDE_STATUS_OK, kinde_webhook_decode(client, body, "{\"wait\":false}", NULL, &error));
    free(body);
}

int main(void) {
    kinde_client *client;
    emulator_start(&emulator);
    client = new_client(emulator.url, "{}");
    test_without_waiting(client);
    test_blocking(client);
    test_asynchronous(client);
    test_refused(client);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
