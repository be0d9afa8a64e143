/* Clients and sessions for the tests. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "emulator.h"

#define REDIRECT_URI "http://localhost:3000/callback"

/* A client of the emulator's web application; `settings` is a JSON object of further ones, or NULL. */
static inline kinde_client *new_client(const char *domain, const char *settings) {
    kinde_client *client = (kinde_client *)POISON;
    kinde_config *config = kinde_config_new();
    CHECK(config != NULL);
    EXPECT(KINDE_STATUS_OK, kinde_config_set(config, "domain", domain, &error));
    EXPECT(KINDE_STATUS_OK, kinde_config_load_json(config,
                                                   "{\"client_id\":\"emulator_web\","
                                                   "\"client_secret\":\"emulator-web-secret-0123456789abcdefghijkl\","
                                                   "\"redirect_uri\":\"" REDIRECT_URI "\","
                                                   "\"logout_redirect_uri\":\"http://localhost:3000/\"}",
                                                   &error));
    if (settings != NULL) {
        EXPECT(KINDE_STATUS_OK, kinde_config_load_json(config, settings, &error));
    }
    EXPECT(KINDE_STATUS_OK, kinde_client_new(config, &client, &error));
    kinde_config_free(config);
    return client;
}

/* A client of the emulator's machine-to-machine application. */
static inline kinde_client *new_machine_client(const char *domain) {
    return new_client(domain, "{\"client_id\":\"emulator_m2m\","
                              "\"client_secret\":\"emulator-m2m-secret-0123456789abcdefghijkl\","
                              "\"audience\":\"https://api.example.com\"}");
}

static inline kinde_session *new_session(kinde_client *client) {
    kinde_session *session = (kinde_session *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_session_new(client, &session, &error));
    return session;
}

/* Goes through the sign-in page; gives the callback's URL, to be freed. */
static inline char *visit_sign_in_page(kinde_session *session) {
    char *url = (char *)POISON;
    char *callback;
    EXPECT(KINDE_STATUS_OK, kinde_session_login_url(session, "{}", &url, &error));
    callback = browser_follow(url);
    CHECK(callback != NULL);
    kinde_string_free(url);
    return callback;
}

static inline void sign_in(kinde_session *session) {
    char *callback = visit_sign_in_page(session);
    EXPECT(KINDE_STATUS_OK, kinde_session_handle_callback(session, callback, NULL, &error));
    free(callback);
}

static inline kinde_session *new_signed_in_session(kinde_client *client) {
    kinde_session *session = new_session(client);
    sign_in(session);
    return session;
}

static inline bool is_authenticated(kinde_session *session) {
    bool answer = false;
    EXPECT(KINDE_STATUS_OK, kinde_session_is_authenticated(session, &answer, &error));
    return answer;
}

/* A number that a slow machine, or valgrind, may make smaller: an environment variable, or `usual`. */
static inline int scaled(const char *variable, int usual) {
    const char *value = getenv(variable);
    return value == NULL ? usual : atoi(value);
}

#endif
