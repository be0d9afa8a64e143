/* Kinde is down, slow, lies, sends garbage or too much, or drops connections: a status that says so, in time, and the
 * next call works again. SIGPIPE stays at its default throughout. */
#include "completion.h"

static struct emulator emulator;
static kinde_client *client;

#define REFRESH "{\"refresh_token\":\"never.issued\"}"

static void refresh_fails(kinde_status expected, const char *fault) {
    emulator_fault(&emulator, fault);
    EXPECT(expected, kinde_refresh_tokens(client, REFRESH, NULL, &error));
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    EXPECT(KINDE_STATUS_INVALID_GRANT, kinde_refresh_tokens(client, REFRESH, NULL, &error));
}

static void test_bad_answers(void) {
    refresh_fails(KINDE_STATUS_MALFORMED_RESPONSE, "{\"path\":\"/oauth2/token\",\"times\":null,\"garbage\":4000}");
    refresh_fails(KINDE_STATUS_RESPONSE_TOO_LARGE, "{\"path\":\"/oauth2/token\",\"times\":null,\"oversize\":20000000}");
    refresh_fails(KINDE_STATUS_NETWORK, "{\"path\":\"/oauth2/token\",\"times\":null,\"drop\":true}");
    refresh_fails(KINDE_STATUS_NETWORK,
                  "{\"path\":\"/oauth2/token\",\"times\":null,\"truncate\":10,\"status\":200,\"body\":{\"access_token\":\"abcdefghijkl\"}}");
    refresh_fails(KINDE_STATUS_HTTP, "{\"path\":\"/oauth2/token\",\"times\":null,\"redirect\":\"http://127.0.0.1:1/\"}");
    refresh_fails(KINDE_STATUS_MALFORMED_RESPONSE,
                  "{\"path\":\"/oauth2/token\",\"times\":null,\"status\":200,\"body\":\"[]\"}");
    refresh_fails(KINDE_STATUS_MALFORMED_RESPONSE,
                  "{\"path\":\"/oauth2/token\",\"times\":null,\"status\":200,\"body\":{\"access_token\":7}}");
    refresh_fails(KINDE_STATUS_HTTP, "{\"path\":\"/oauth2/token\",\"times\":null,\"status\":503,\"body\":\"down\"}");
}

static void test_rate_limit(void) {
    kinde_error *error = NULL;
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"status\":429,\"headers\":{\"Retry-After\":\"7\"},"
                              "\"body\":{\"error\":\"rate_limited\"}}");
    CHECK_NUMBER(KINDE_STATUS_RATE_LIMITED, kinde_refresh_tokens(client, REFRESH, NULL, &error));
    CHECK_NUMBER(429, kinde_error_http_status(error));
    CHECK_NUMBER(7, kinde_error_retry_after_seconds(error));
    kinde_error_free(error);
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
}

/* Lies in tokens: nobody gets signed in. */
static void test_lies(void) {
    static const struct {
        kinde_status status;
        const char *lie;
    } lies[] = {
        {KINDE_STATUS_NONCE, "{\"token\":\"id\",\"claims\":{\"nonce\":\"wrong\"}}"},
        {KINDE_STATUS_SIGNATURE, "{\"token\":\"id\",\"sign\":\"foreign\"}"},
        {KINDE_STATUS_ALGORITHM, "{\"token\":\"id\",\"sign\":\"none\"}"},
        {KINDE_STATUS_ALGORITHM, "{\"token\":\"access\",\"sign\":\"hs256\"}"},
        {KINDE_STATUS_ISSUER, "{\"token\":\"id\",\"claims\":{\"iss\":\"https://elsewhere.example\"}}"},
        {KINDE_STATUS_AUDIENCE, "{\"token\":\"id\",\"claims\":{\"aud\":[\"another\"]}}"},
        {KINDE_STATUS_AUTHORIZED_PARTY, "{\"token\":\"access\",\"claims\":{\"azp\":\"another\"}}"},
        {KINDE_STATUS_TOKEN_EXPIRED, "{\"token\":\"id\",\"claims\":{\"exp\":1000000000}}"},
        {KINDE_STATUS_AT_HASH, "{\"token\":\"id\",\"claims\":{\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}"},
        {KINDE_STATUS_SUBJECT, "{\"token\":\"access\",\"claims\":{\"sub\":\"kp_somebody_else\"}}"},
    };
    size_t i;
    for (i = 0; i < sizeof lies / sizeof *lies; i++) {
        kinde_session *session = new_session(client);
        char *callback;
        free(emulator_control(&emulator, "POST", "/lies", lies[i].lie));
        callback = visit_sign_in_page(session);
        EXPECT(lies[i].status, kinde_session_handle_callback(session, callback, NULL, &error));
        CHECK(!is_authenticated(session));
        free(callback);
        kinde_session_free(session);
        free(emulator_control(&emulator, "DELETE", "/lies", NULL));
    }
}

static void test_slow(void) {
    kinde_client *hasty = new_client(emulator.url, "{\"timeout_ms\":300}");
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"hang\":true}");
    EXPECT(KINDE_STATUS_TIMEOUT, kinde_refresh_tokens(hasty, REFRESH, NULL, &error));
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"stall\":10,\"status\":200,"
                              "\"body\":{\"access_token\":\"abcdefghijkl\"}}");
    EXPECT(KINDE_STATUS_TIMEOUT, kinde_refresh_tokens(hasty, REFRESH, NULL, &error));
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    kinde_client_free(hasty);
}

/* Trouble on the way signs nobody out; only Kinde's own word does. */
static void test_trouble_signs_nobody_out(void) {
    kinde_session *session = new_signed_in_session(client);
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"drop\":true}");
    EXPECT(KINDE_STATUS_NETWORK, kinde_session_refresh(session, &error));
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"status\":503}");
    EXPECT(KINDE_STATUS_HTTP, kinde_session_refresh(session, &error));
    CHECK(is_authenticated(session));
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
    kinde_session_free(session);
}

/* A server that reads a little of what is sent to it and then resets the connection, so that the rest of the write
 * meets a broken one. */
struct resetting_server {
    int listener;
    int connections;
};

static void *reset_connections(void *argument) {
    struct resetting_server *server = (struct resetting_server *)argument;
    for (;;) {
        struct linger at_once;
        char byte;
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0) {
            return NULL;
        }
        at_once.l_onoff = 1;
        at_once.l_linger = 0;
        if (recv(connection, &byte, 1, 0) == 1) {
            server->connections++;
        }
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(connection);
    }
}

static void test_connections_lost_while_writing(void) {
    struct resetting_server server;
    struct sigaction action;
    pthread_t thread;
    char domain[64];
    size_t size = 4000000;
    char *parameters = (char *)malloc(size + 64);
    kinde_client *unlucky;
    int i;
    CHECK(parameters != NULL);
    sprintf(parameters, "{\"refresh_token\":\"");
    memset(parameters + strlen("{\"refresh_token\":\""), 'x', size);
    strcpy(parameters + strlen("{\"refresh_token\":\"") + size, "\"}");

    server.connections = 0;
    server.listener = browser_listen("0");
    CHECK(server.listener >= 0);
    CHECK(pthread_create(&thread, NULL, reset_connections, &server) == 0);
    snprintf(domain, sizeof domain, "http://127.0.0.1:%d", browser_port(server.listener));
    /* Long enough for valgrind on a slow machine to write all that is sent. */
    unlucky = new_client(domain, "{\"timeout_ms\":60000}");
    for (i = 0; i < scaled("KINDE_TEST_DROPS", 20); i++) {
        EXPECT(KINDE_STATUS_NETWORK, kinde_refresh_tokens(unlucky, parameters, NULL, &error));
    }
    kinde_client_free(unlucky);
    free(parameters);
    shutdown(server.listener, SHUT_RDWR);
    CHECK(pthread_join(thread, NULL) == 0);
    close(server.listener);
    CHECK(server.connections > 0);
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);
}

static void test_down(void) {
    struct emulator other;
    kinde_client *lonely;
    kinde_session *session;
    char *token;
    emulator_start(&other);
    lonely = new_client(other.url, NULL);
    session = new_signed_in_session(lonely);
    token = emulator_mint(&other, "{\"template\":\"access\",\"client_id\":\"emulator_web\",\"email\":\"grace@example.com\"}");
    emulator_kill(&other);

    EXPECT(KINDE_STATUS_NETWORK, kinde_refresh_tokens(lonely, REFRESH, NULL, &error));
    EXPECT(KINDE_STATUS_NETWORK, kinde_session_refresh(session, &error));
    CHECK(is_authenticated(session));
    /* The keys are known already: tokens are still judged. */
    EXPECT(KINDE_STATUS_OK, kinde_verify_token(lonely, token, NULL, NULL, &error));
    kinde_session_free(session);
    kinde_client_free(lonely);

    lonely = new_client("http://127.0.0.1:1", "{\"jwks_cooldown_seconds\":0}");
    EXPECT(KINDE_STATUS_KEYS_UNAVAILABLE, kinde_client_prepare(lonely, &error));
    kinde_client_free(lonely);
    free(token);
}

int main(void) {
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    test_bad_answers();
    test_rate_limit();
    test_lies();
    test_slow();
    test_trouble_signs_nobody_out();
    test_connections_lost_while_writing();
    test_down();
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
