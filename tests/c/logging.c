/* Log messages: they reach the callback or the queue, at the chosen level, hold no secret, and stop when they should. */
#include "completion.h"

static struct emulator emulator;

struct listener {
    pthread_mutex_t mutex;
    pthread_cond_t heard_one;
    kinde_client *client; /* if set, the callback uses the library */
    int heard;
    int32_t max_level;
    bool gone;
    char all[200000]; /* what it heard; more is left out */
};

static struct listener *new_listener(int32_t max_level) {
    struct listener *listener = (struct listener *)calloc(1, sizeof *listener);
    CHECK(listener != NULL);
    pthread_mutex_init(&listener->mutex, NULL);
    pthread_cond_init(&listener->heard_one, NULL);
    listener->max_level = max_level;
    return listener;
}

static void listen_to(void *userdata, int32_t level, const char *module, const char *message) {
    struct listener *listener = (struct listener *)userdata;
    size_t length;
    CHECK(module != NULL && *module != '\0');
    CHECK(message != NULL && *message != '\0');
    pthread_mutex_lock(&listener->mutex);
    CHECK(!listener->gone);
    CHECK(level >= KINDE_LOG_LEVEL_ERROR && level <= listener->max_level);
    listener->heard++;
    length = strlen(listener->all);
    if (length + strlen(message) + 2 < sizeof listener->all) {
        strcat(strcpy(listener->all + length, message), "\n");
    }
    pthread_cond_broadcast(&listener->heard_one);
    pthread_mutex_unlock(&listener->mutex);
    if (listener->client != NULL) {
        char *stats = NULL;
        EXPECT(KINDE_STATUS_OK, kinde_client_stats(listener->client, &stats, &error));
        kinde_string_free(stats);
        EXPECT(KINDE_STATUS_OK, kinde_client_prepare(listener->client, &error));
    }
}

static void wait_until_heard(struct listener *listener) {
    pthread_mutex_lock(&listener->mutex);
    while (listener->heard == 0) {
        pthread_cond_wait(&listener->heard_one, &listener->mutex);
    }
    pthread_mutex_unlock(&listener->mutex);
}

/* From here on, a message to it fails the test. */
static void dismiss(struct listener *listener) {
    pthread_mutex_lock(&listener->mutex);
    listener->gone = true;
    pthread_mutex_unlock(&listener->mutex);
}

static void free_listener(struct listener *listener) {
    pthread_mutex_destroy(&listener->mutex);
    pthread_cond_destroy(&listener->heard_one);
    free(listener);
}

/* A sign-in and a refused one, and the secrets that were in play. */
static void make_noise(kinde_client *client, char **tokens) {
    kinde_session *session = new_signed_in_session(client);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_tokens(session, tokens, &error));
    EXPECT(KINDE_STATUS_INVALID_GRANT, kinde_refresh_tokens(client, "{\"refresh_token\":\"spent.secret\"}", NULL, &error));
    EXPECT(KINDE_STATUS_TOKEN_MALFORMED, kinde_verify_token(client, "head.secret.tail", NULL, NULL, &error));
    kinde_session_free(session);
}

static void test_callback(void) {
    kinde_client *client = new_client(emulator.url, NULL);
    struct listener *listener = new_listener(KINDE_LOG_LEVEL_DEBUG);
    struct listener *second = new_listener(KINDE_LOG_LEVEL_DEBUG);
    char *tokens = NULL, *access, *refresh;
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_DEBUG, listen_to, listener));
    make_noise(client, &tokens);
    wait_until_heard(listener);

    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_DEBUG, listen_to, second));
    access = json_text(tokens, "access_token");
    refresh = json_text(tokens, "refresh_token");
    CHECK_HOLDS_NOT(access, listener->all);
    CHECK_HOLDS_NOT(refresh, listener->all);
    CHECK_HOLDS_NOT("spent.secret", listener->all);
    CHECK_HOLDS_NOT("secret.tail", listener->all);
    CHECK_HOLDS_NOT("emulator-web-secret", listener->all);
    free(access);
    free(refresh);
    kinde_string_free(tokens);
    free_listener(listener); /* the former callback runs no more */

    make_noise(client, &tokens);
    kinde_string_free(tokens);
    wait_until_heard(second);
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_OFF, NULL, NULL));
    dismiss(second);
    make_noise(client, &tokens);
    kinde_string_free(tokens);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    free_listener(second);
    kinde_client_free(client);
}

static void test_callback_uses_the_library(void) {
    kinde_client *client = new_client(emulator.url, NULL);
    struct listener *listener = new_listener(KINDE_LOG_LEVEL_DEBUG);
    char *tokens = NULL;
    listener->client = new_client(emulator.url, NULL);
    EXPECT(KINDE_STATUS_OK, kinde_client_prepare(listener->client, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_DEBUG, listen_to, listener));
    make_noise(client, &tokens);
    kinde_string_free(tokens);
    wait_until_heard(listener);
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_OFF, NULL, NULL));
    kinde_client_free(listener->client);
    free_listener(listener);
    kinde_client_free(client);
}

static void test_level(void) {
    kinde_client *client = new_client(emulator.url, NULL);
    struct listener *listener = new_listener(KINDE_LOG_LEVEL_ERROR);
    char *tokens = NULL;
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_ERROR, listen_to, listener));
    make_noise(client, &tokens);
    kinde_string_free(tokens);
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_OFF, NULL, NULL));
    free_listener(listener);
    CHECK_NUMBER(KINDE_STATUS_INVALID_ARGUMENT, kinde_set_log_callback(5, NULL, NULL));
    CHECK_NUMBER(KINDE_STATUS_INVALID_ARGUMENT, kinde_set_log_callback(-1, NULL, NULL));
    kinde_client_free(client);
}

static void drain_queue(void) {
    char *message = NULL;
    for (;;) {
        EXPECT(KINDE_STATUS_OK, kinde_log_next(0, &message, &error));
        if (message == NULL) {
            return;
        }
        CHECK_HOLDS("\"module\":\"", message);
        CHECK_HOLDS("\"message\":\"", message);
        CHECK_HOLDS_NOT("emulator-web-secret", message);
        kinde_string_free(message);
    }
}

static void test_queue(void) {
    kinde_client *client = new_client(emulator.url, NULL);
    char *tokens = NULL, *message = NULL;
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_DEBUG, NULL, NULL));
    make_noise(client, &tokens);
    kinde_string_free(tokens);
    EXPECT(KINDE_STATUS_OK, kinde_log_next(30000, &message, &error));
    CHECK_HOLDS("\"level\":", message);
    kinde_string_free(message);
    drain_queue();
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "wait_ms", kinde_log_next(-1, &message, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_OFF, NULL, NULL));
    kinde_client_free(client);
}

int main(void) {
    emulator_start(&emulator);
    test_callback();
    test_callback_uses_the_library();
    test_level();
    test_queue();
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
