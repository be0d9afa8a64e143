/* 32 threads on one client and one session. Each answer is checked: a wrong one, not only a crash, fails the test. */
#include "completion.h"

#define THREADS 32

static struct emulator emulator;
static kinde_client *client;
static kinde_session *shared;
static char *ada_token, *grace_token, *foreign_token;
static int rounds;

static void ask_shared_session(void) {
    const int64_t none = -1;
    bool answer = false;
    int64_t number = 0;
    char *text = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_session_is_authenticated(shared, &answer, &error));
    CHECK(answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_has_permission(shared, "create:todos", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_has_permission(shared, "create:todo", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(!answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_flag_integer(shared, "competitions_limit", &none, &number, &error));
    CHECK_NUMBER(5, number);
    EXPECT(KINDE_STATUS_OK, kinde_session_flag_string(shared, "theme", NULL, &text, &error));
    CHECK_TEXT("pink", text);
    kinde_string_free(text);
    EXPECT(KINDE_STATUS_OK, kinde_session_user(shared, &text, &error));
    CHECK_HOLDS("\"email\":\"ada@example.com\"", text);
    kinde_string_free(text);
}

static void verify_tokens(void) {
    char *claims = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_verify_token(client, ada_token, NULL, &claims, &error));
    CHECK_HOLDS("\"create:todos\"", claims);
    kinde_string_free(claims);
    EXPECT(KINDE_STATUS_OK, kinde_verify_token(client, grace_token, NULL, &claims, &error));
    CHECK_HOLDS_NOT("\"create:todos\"", claims);
    kinde_string_free(claims);
    EXPECT(KINDE_STATUS_SIGNATURE, kinde_verify_token(client, foreign_token, NULL, &claims, &error));
    CHECK(claims == NULL);
}

static void use_own_session(void) {
    kinde_session *own = new_signed_in_session(client);
    char *url = NULL, *user = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_session_user(own, &user, &error));
    CHECK_HOLDS("\"email\":\"ada@example.com\"", user);
    kinde_string_free(user);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(own, &error));
    CHECK(is_authenticated(own));
    EXPECT(KINDE_STATUS_OK, kinde_session_logout_url(own, "{}", &url, &error));
    kinde_string_free(url);
    CHECK(!is_authenticated(own));
    kinde_session_free(own);
}

/* A sign-in in the shared session, as another tab would make it, and a refresh. Whichever ends last, ada is signed in. */
static void change_shared_session(void) {
    sign_in(shared);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(shared, &error));
}

/* Two URLs of one session differ in everything random. */
static void make_urls(void) {
    char *first = NULL, *second = NULL, *state, *other_state;
    EXPECT(KINDE_STATUS_OK, kinde_authorization_url(client, "{}", &first, &error));
    EXPECT(KINDE_STATUS_OK, kinde_authorization_url(client, "{}", &second, &error));
    state = json_text(first, "state");
    other_state = json_text(second, "state");
    CHECK(strcmp(state, other_state) != 0);
    free(state);
    free(other_state);
    kinde_string_free(first);
    kinde_string_free(second);
}

static void *work(void *number) {
    kinde_client *own_client = kinde_client_ref(client);
    kinde_session *own_session = kinde_session_ref(shared);
    int i;
    for (i = 0; i < rounds; i++) {
        ask_shared_session();
        verify_tokens();
        make_urls();
        if ((i + (int)(size_t)number) % 8 == 0) {
            use_own_session();
        }
        /* A session keeps few sign-ins that are under way, so not all threads begin one in the same session. */
        if ((size_t)number % 8 == 0) {
            change_shared_session();
        }
    }
    kinde_session_free(own_session);
    kinde_client_free(own_client);
    return NULL;
}

static char *mint(const char *email, const char *sign) {
    char request[256];
    snprintf(request, sizeof request,
             "{\"template\":\"access\",\"client_id\":\"emulator_web\",\"email\":\"%s\",\"org_code\":\"org_acme\",\"sign\":\"%s\"}",
             email, sign);
    return emulator_mint(&emulator, request);
}

int main(void) {
    pthread_t threads[THREADS];
    size_t i;
    rounds = scaled("KINDE_TEST_ROUNDS", 40);
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    ada_token = mint("ada@example.com", "current");
    grace_token = mint("grace@example.com", "current");
    foreign_token = mint("ada@example.com", "foreign");
    shared = new_signed_in_session(client);
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    }
    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK(is_authenticated(shared));
    kinde_session_free(shared);
    kinde_client_free(client);
    free(ada_token);
    free(grace_token);
    free(foreign_token);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
