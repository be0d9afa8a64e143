/* Each flow without a session, blocking and with a completion, and token verification: success and failure. */
#include "completion.h"

static struct emulator emulator;
static kinde_client *client;

/* Starts a twin and gives its result, to be freed; checks that it completes with this status, on another thread. */
#define COMPLETES(expected, given, twin)                        \
    do {                                                        \
        struct outcome outcome;                                 \
        outcome_init(&outcome);                                 \
        EXPECT(KINDE_STATUS_OK, twin);                          \
        CHECK_NUMBER(expected, outcome_wait(&outcome));         \
        given = outcome.result;                                 \
        outcome.result = NULL;                                  \
        outcome_free(&outcome);                                 \
    } while (0)

/* Parameters for kinde_exchange_code after a sign-in, to be freed. */
static char *signed_in_parameters(const char *nonce_instead) {
    char *request = NULL, *url, *callback, *verifier, *nonce, *parameters;
    EXPECT(KINDE_STATUS_OK, kinde_authorization_url(client, "{}", &request, &error));
    url = json_text(request, "url");
    verifier = json_text(request, "code_verifier");
    nonce = json_text(request, "nonce");
    kinde_string_free(request);
    callback = browser_follow(url);
    CHECK(callback != NULL);
    CHECK_HOLDS("?code=", callback);
    parameters = (char *)malloc(strlen(callback) + strlen(verifier) + strlen(nonce) + 256);
    CHECK(parameters != NULL);
    {
        const char *code = strstr(callback, "?code=") + strlen("?code=");
        sprintf(parameters, "{\"code\":\"%.*s\",\"code_verifier\":\"%s\",\"nonce\":\"%s\"}", (int)strcspn(code, "&"), code,
                verifier, nonce_instead == NULL ? nonce : nonce_instead);
    }
    free(url);
    free(verifier);
    free(nonce);
    free(callback);
    return parameters;
}

static char *one_member(const char *name, const char *value) {
    char *json = (char *)malloc(strlen(name) + strlen(value) + 16);
    CHECK(json != NULL);
    sprintf(json, "{\"%s\":\"%s\"}", name, value);
    return json;
}

/* Gives the token set, to be freed with kinde_string_free. A code that comes twice revokes what it gave the first time,
 * so the tokens that are kept come from a code that came once. */
static char *test_exchange(void) {
    char *parameters = signed_in_parameters(NULL);
    char *tokens = NULL, *again = (char *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_exchange_code(client, parameters, &tokens, &error));
    kinde_string_free(tokens);
    EXPECT(KINDE_STATUS_INVALID_GRANT, kinde_exchange_code(client, parameters, &again, &error));
    CHECK(again == NULL);
    free(parameters);

    parameters = signed_in_parameters("another");
    EXPECT(KINDE_STATUS_NONCE, kinde_exchange_code(client, parameters, NULL, &error));
    free(parameters);

    parameters = signed_in_parameters(NULL);
    COMPLETES(KINDE_STATUS_OK, again, kinde_exchange_code_async(client, parameters, outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"access_token\":\"", again);
    free(again);
    COMPLETES(KINDE_STATUS_INVALID_GRANT, again,
              kinde_exchange_code_async(client, parameters, outcome_complete, &outcome, NULL, &error));
    CHECK(again == NULL);
    free(parameters);

    parameters = signed_in_parameters(NULL);
    EXPECT(KINDE_STATUS_OK, kinde_exchange_code(client, parameters, &tokens, &error));
    CHECK_HOLDS("\"id_token\":\"", tokens);
    free(parameters);
    return tokens;
}

/* What is done with the tokens of somebody who signed in. */
static void test_tokens(const char *tokens) {
    char *access = json_text(tokens, "access_token");
    char *identity = json_text(tokens, "id_token");
    char *refresh = json_text(tokens, "refresh_token");
    char *parameters = NULL, *out = NULL, *result;

    EXPECT(KINDE_STATUS_OK, kinde_verify_token(client, access, NULL, &out, &error));
    CHECK_HOLDS("\"permissions\":[", out);
    kinde_string_free(out);
    EXPECT(KINDE_STATUS_OK, kinde_verify_token(client, identity, "{\"type\":\"id\"}", &out, &error));
    CHECK_HOLDS("\"email\":\"ada@example.com\"", out);
    kinde_string_free(out);
    EXPECT(KINDE_STATUS_TOKEN_KIND, kinde_verify_token(client, identity, NULL, &out, &error));
    EXPECT(KINDE_STATUS_TOKEN_KIND, kinde_verify_token(client, access, "{\"type\":\"id\"}", &out, &error));
    EXPECT(KINDE_STATUS_TOKEN_MALFORMED, kinde_verify_token(client, refresh, NULL, &out, &error));
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_verify_token_async(client, access, NULL, outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"permissions\":[", result);
    free(result);
    COMPLETES(KINDE_STATUS_TOKEN_MALFORMED, result,
              kinde_verify_token_async(client, "a.b.c", NULL, outcome_complete, &outcome, NULL, &error));

    parameters = one_member("access_token", access);
    EXPECT(KINDE_STATUS_OK, kinde_user_profile(client, parameters, &out, &error));
    CHECK_HOLDS("\"email\":\"ada@example.com\"", out);
    kinde_string_free(out);
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_user_profile_async(client, parameters, outcome_complete, &outcome, NULL, &error));
    free(result);
    emulator_fault(&emulator, "{\"path\":\"/oauth2/v2/user_profile\",\"patch\":{\"sub\":\"kp_somebody_else\"}}");
    EXPECT(KINDE_STATUS_SUBJECT, kinde_user_profile(client, parameters, &out, &error));
    free(parameters);

    parameters = one_member("refresh_token", refresh);
    EXPECT(KINDE_STATUS_OK, kinde_refresh_tokens(client, parameters, &out, &error));
    CHECK_HOLDS("\"refresh_token\":\"", out);
    kinde_string_free(out);
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_refresh_tokens_async(client, parameters, outcome_complete, &outcome, NULL, &error));
    free(result);
    EXPECT(KINDE_STATUS_INVALID_GRANT, kinde_refresh_tokens(client, "{\"refresh_token\":\"never.issued\"}", &out, &error));
    free(parameters);
    free(access);
    free(identity);
    free(refresh);
}

static void test_introspection_and_revocation(const char *tokens) {
    kinde_client *machine = new_machine_client(emulator.url);
    char *refresh = json_text(tokens, "refresh_token");
    char *parameters = one_member("token", refresh);
    char *out = NULL, *result;
    EXPECT(KINDE_STATUS_OK, kinde_introspect_token(machine, parameters, &out, &error));
    CHECK_HOLDS("\"active\":", out);
    kinde_string_free(out);
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_introspect_token_async(machine, parameters, outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"active\":", result);
    free(result);
    EXPECT(KINDE_STATUS_OK, kinde_revoke_token(client, parameters, NULL, &error));
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_revoke_token_async(client, parameters, outcome_complete, &outcome, NULL, &error));
    free(result);
    emulator_fault(&emulator, "{\"path\":\"/oauth2/revoke\",\"times\":null,\"status\":401,"
                              "\"body\":{\"error\":\"invalid_client\"}}");
    EXPECT(KINDE_STATUS_OAUTH, kinde_revoke_token(client, parameters, NULL, &error));
    emulator_fault(&emulator, "{\"path\":\"/oauth2/introspect\",\"times\":null,\"status\":401,"
                              "\"body\":{\"error\":\"invalid_client\"}}");
    EXPECT(KINDE_STATUS_OAUTH, kinde_introspect_token(machine, parameters, &out, &error));
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    free(parameters);
    free(refresh);
    kinde_client_free(machine);
}

static void test_client_credentials(void) {
    kinde_client *machine = new_machine_client(emulator.url);
    char *out = NULL, *result;
    free(emulator_control(&emulator, "DELETE", "/requests", NULL));
    EXPECT(KINDE_STATUS_OK, kinde_client_credentials(machine, "{}", &out, &error));
    kinde_string_free(out);
    EXPECT(KINDE_STATUS_OK, kinde_client_credentials(machine, "{}", &out, &error));
    kinde_string_free(out);
    out = emulator_control(&emulator, "GET", "/counts", NULL);
    CHECK_NUMBER(1, json_integer(out, "/oauth2/token")); /* the second one came from the cache */
    free(out);
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_client_credentials_async(machine, "{\"scope\":\"read:orders\"}", outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"access_token\":\"", result);
    free(result);
    EXPECT(KINDE_STATUS_OAUTH, kinde_client_credentials(machine, "{\"audience\":\"https://no.example\"}", &out, &error));
    kinde_client_free(machine);
}

static void test_device(void) {
    kinde_client *device = new_client(emulator.url, "{\"client_id\":\"emulator_device\",\"client_secret\":null}");
    char *started = NULL, *code, *user_code, *parameters, *approve, *out = NULL, *result;
    EXPECT(KINDE_STATUS_OK, kinde_device_start(device, "{}", &started, &error));
    CHECK_HOLDS("\"verification_uri\":\"", started);
    code = json_text(started, "device_code");
    user_code = json_text(started, "user_code");
    kinde_string_free(started);
    parameters = one_member("device_code", code);

    EXPECT(KINDE_STATUS_AUTHORIZATION_PENDING, kinde_device_poll(device, parameters, &out, &error));
    CHECK(out == NULL);
    free(emulator_control(&emulator, "POST", "/clock", "{\"shift_seconds\":6}"));
    approve = (char *)malloc(strlen(user_code) + 128);
    CHECK(approve != NULL);
    sprintf(approve, "{\"user_code\":\"%s\",\"action\":\"approve\",\"email\":\"ada@example.com\"}", user_code);
    free(emulator_control(&emulator, "POST", "/device", approve));
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_device_poll_async(device, parameters, outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"access_token\":\"", result);
    free(result);
    COMPLETES(KINDE_STATUS_OK, result, kinde_device_start_async(device, "{}", outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"device_code\":\"", result);
    free(result);
    free(approve);
    free(parameters);
    free(code);
    free(user_code);
    free(emulator_control(&emulator, "POST", "/clock", "{\"reset\":true}"));
    kinde_client_free(device);
}

/* The twins of functions on a client or session whose blocking form another program tests. */
static void test_session_twins(void) {
    kinde_session *session = new_session(client);
    char *callback = visit_sign_in_page(session);
    char *tokens = NULL, *result;
    struct outcome made;

    COMPLETES(KINDE_STATUS_OK, result, kinde_client_prepare_async(client, outcome_complete, &outcome, NULL, &error));
    CHECK(result == NULL);
    COMPLETES(KINDE_STATUS_OK, result,
              kinde_session_handle_callback_async(session, callback, outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"outcome\":\"signed_in\"", result);
    free(result);
    COMPLETES(KINDE_STATUS_STATE_MISMATCH, result,
              kinde_session_handle_callback_async(session, callback, outcome_complete, &outcome, NULL, &error));
    free(callback);
    COMPLETES(KINDE_STATUS_OK, result, kinde_session_refresh_async(session, outcome_complete, &outcome, NULL, &error));
    COMPLETES(KINDE_STATUS_OK, result, kinde_session_ensure_fresh_async(session, 0, outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("\"refreshed\":false", result);
    free(result);

    EXPECT(KINDE_STATUS_OK, kinde_session_tokens(session, &tokens, &error));
    outcome_init(&made);
    EXPECT(KINDE_STATUS_OK, kinde_session_from_tokens_async(client, tokens, outcome_complete, &made, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&made));
    CHECK(made.session != NULL && made.session != session);
    CHECK(is_authenticated(made.session));
    outcome_free(&made);
    kinde_string_free(tokens);

    COMPLETES(KINDE_STATUS_OK, result, kinde_session_logout_async(session, "{}", outcome_complete, &outcome, NULL, &error));
    CHECK_HOLDS("/logout?", result);
    free(result);
    CHECK(!is_authenticated(session));
    kinde_session_free(session);

    {
        kinde_client *machine = new_machine_client(emulator.url);
        session = new_session(machine);
        COMPLETES(KINDE_STATUS_OK, result,
                  kinde_session_client_credentials_async(session, "{}", outcome_complete, &outcome, NULL, &error));
        CHECK(is_authenticated(session));
        kinde_session_free(session);
        kinde_client_free(machine);
    }
}

static void test_logout_url(void) {
    char *out = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_logout_url(client, "{\"redirect\":\"http://localhost:3000/logged-out\"}", &out, &error));
    CHECK_HOLDS("logged-out", out);
    kinde_string_free(out);
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "redirect", kinde_logout_url(client, "{\"redirect\":7}", &out, &error));
}

/* Without the keys at hand, `wait: false` does not fetch them. */
static void test_would_block(const char *tokens) {
    char *access = json_text(tokens, "access_token");
    struct emulator fresh;
    kinde_client *unprepared;
    emulator_start(&fresh);
    unprepared = new_client(fresh.url, NULL);
    free(access);
    access = emulator_mint(&fresh, "{\"template\":\"access\",\"client_id\":\"emulator_web\",\"email\":\"ada@example.com\"}");
    EXPECT(KINDE_STATUS_WOULD_BLOCK, kinde_verify_token(unprepared, access, "{\"wait\":false}", NULL, &error));
    EXPECT(KINDE_STATUS_OK, kinde_client_prepare(unprepared, &error));
    EXPECT(KINDE_STATUS_OK, kinde_verify_token(unprepared, access, "{\"wait\":false}", NULL, &error));
    free(access);
    kinde_client_free(unprepared);
    emulator_stop(&fresh);
}

int main(void) {
    char *tokens;
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    tokens = test_exchange();
    test_tokens(tokens);
    test_introspection_and_revocation(tokens);
    test_would_block(tokens);
    kinde_string_free(tokens);
    test_client_credentials();
    test_device();
    test_session_twins();
    test_logout_url();
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
