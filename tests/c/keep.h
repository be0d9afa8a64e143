/* What the tests of kept sessions have in common. */
#ifndef KEEP_H
#define KEEP_H

#include "completion.h"

/* Keeps the session; gives its id, to be freed with kinde_string_free. */
static inline char *save(kinde_session *session) {
    char *id = (char *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_session_save(session, &id, &error));
    CHECK_NUMBER(43, strlen(id));
    return id;
}

static inline kinde_session *load(kinde_client *client, const char *id) {
    kinde_session *session = (kinde_session *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_session_load(client, id, &session, &error));
    return session;
}

static inline void expect_not_found(kinde_client *client, const char *id) {
    kinde_session *session = (kinde_session *)POISON;
    EXPECT(KINDE_STATUS_SESSION_NOT_FOUND, kinde_session_load(client, id, &session, &error));
    CHECK(session == NULL);
}

/* A session in which somebody is signed in, kept; gives its id, to be freed with kinde_string_free. */
static inline char *new_kept_session(kinde_client *client) {
    kinde_session *session = new_signed_in_session(client);
    char *id = save(session);
    kinde_session_free(session);
    return id;
}

static inline uint64_t revision(kinde_session *session) {
    uint64_t number = 0;
    EXPECT(KINDE_STATUS_OK, kinde_session_revision(session, &number, &error));
    return number;
}

/* To be freed. */
static inline char *refresh_token_of(kinde_session *session) {
    char *tokens = NULL, *token;
    EXPECT(KINDE_STATUS_OK, kinde_session_tokens(session, &tokens, &error));
    token = json_text(tokens, "refresh_token");
    kinde_string_free(tokens);
    return token;
}

/* The `sub` of the user who is signed in, to be freed. */
static inline char *sub_of(kinde_session *session) {
    char *user = NULL, *sub;
    EXPECT(KINDE_STATUS_OK, kinde_session_user(session, &user, &error));
    sub = json_text(user, "id");
    kinde_string_free(user);
    return sub;
}

/* Begins a sign-in, so that there is something to keep. */
static inline void begin_sign_in(kinde_session *session) {
    char *url = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_session_login_url(session, "{}", &url, &error));
    kinde_string_free(url);
}

#endif
