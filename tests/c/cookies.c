/* A session in cookies: it comes back, what is stale is deleted, mixtures are refused. No network is used. */
#include "fixture.h"

static kinde_client *client;

/* A text that fills `parts` cookies, but for the last. */
static char *new_value(int parts, char letter) {
    const size_t length = (size_t)parts * 4000 - 3000;
    char *value = (char *)malloc(length + 1);
    CHECK(value != NULL);
    memset(value, letter, length);
    value[length] = '\0';
    return value;
}

/* The result of a function for an object whose fields are `fields` and a text `name`; to be freed. */
static char *answer(kinde_status (*call)(kinde_client *, const char *, char **, kinde_error **), const char *name,
                    const char *text, const char *fields) {
    const size_t size = strlen(name) + strlen(text) + strlen(fields) + 16;
    char *params = (char *)malloc(size);
    char *out = (char *)POISON;
    CHECK(params != NULL);
    snprintf(params, size, "{\"%s\":\"%s\"%s}", name, text, fields);
    EXPECT(KINDE_STATUS_OK, call(client, params, &out, &error));
    free(params);
    return out;
}

static char *split(const char *value, const char *fields) { return answer(kinde_cookie_split, "value", value, fields); }

/* Adds cookie number `number` of a result to a Cookie header, as a browser would keep it: without its attributes. */
static void keep(char *header, const char *cookies, int number) {
    const char *at = cookies;
    const char *end;
    int i;
    for (i = 0; i <= number; i++) {
        at = strstr(at, "\"set_cookie\":\"");
        CHECK(at != NULL);
        at += strlen("\"set_cookie\":\"");
    }
    end = strstr(at, "; HttpOnly; SameSite=Lax; Secure; Path=/");
    CHECK(end != NULL && strchr(at, '"') > end && strchr(at, '"') - at <= 4096);
    strcat(header, *header == '\0' ? "" : "; ");
    strncat(header, at, (size_t)(end - at));
}

static int count(const char *cookies, const char *what) {
    int found = 0;
    for (; (cookies = strstr(cookies, what)) != NULL; cookies++) {
        found++;
    }
    return found;
}

static void check_joined(const char *value, const char *header) {
    char *out = answer(kinde_cookie_join, "cookies", header, "");
    const char *at = strstr(out, "\"value\":\"");
    CHECK(at != NULL);
    at += strlen("\"value\":\"");
    CHECK(strncmp(at, value, strlen(value)) == 0);
    CHECK(at[strlen(value)] == '"');
    kinde_string_free(out);
}

static void check_refused(const char *header) {
    const size_t size = strlen(header) + 32;
    char *params = (char *)malloc(size);
    char *out = (char *)POISON;
    kinde_error *error = NULL;
    CHECK(params != NULL);
    snprintf(params, size, "{\"cookies\":\"%s\"}", header);
    CHECK_NUMBER(KINDE_STATUS_SESSION_INVALID, kinde_cookie_join(client, params, &out, &error));
    CHECK(out == NULL);
    CHECK(kinde_error_field(error) == NULL);
    CHECK_TEXT("the session in the cookies cannot be used; delete them and sign in again", kinde_error_message(error));
    kinde_error_free(error);
    free(params);
}

static void test_a_session_comes_back(void) {
    int parts;
    for (parts = 1; parts <= 4; parts++) {
        char header[20000] = "theme=dark";
        char *value = new_value(parts, 'v');
        char *cookies = split(value, "");
        int number;
        CHECK_NUMBER(parts, count(cookies, "\"set_cookie\":"));
        CHECK_NUMBER(parts, count(cookies, "\"delete\":false"));
        for (number = parts - 1; number >= 0; number--) {
            keep(header, cookies, number);
        }
        check_joined(value, header);
        kinde_string_free(cookies);
        free(value);
    }
}

static void test_attributes(void) {
    char *cookies = split("v", ",\"name\":\"__Secure-s\",\"path\":\"/app\",\"domain\":\"example.com\","
                               "\"same_site\":\"None\",\"max_age_seconds\":60");
    CHECK_HOLDS("; HttpOnly; SameSite=None; Secure; Path=/app; Domain=example.com; Max-Age=60\"", cookies);
    CHECK_HOLDS("\"http_only\":true", cookies);
    kinde_string_free(cookies);
}

static void test_what_is_stale_is_deleted(void) {
    char header[20000] = "";
    char *present = split("v", ",\"present\":\"kinde_session=1; kinde_session.1=2; kinde_session.2=3; kinde_session.x=4\"");
    CHECK_NUMBER(1, count(present, "\"delete\":false"));
    CHECK_NUMBER(2, count(present, "\"delete\":true"));
    CHECK_HOLDS("\"kinde_session.1=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT\"",
                present);
    CHECK_HOLDS("\"kinde_session.2=;", present);
    CHECK_HOLDS_NOT("kinde_session.x", present);
    /* A deletion that has not reached the browser does no harm. */
    keep(header, present, 0);
    strcat(header, "; kinde_session.1=2");
    check_joined("v", header);
    kinde_string_free(present);
}

static void test_sign_out(void) {
    char *out = (char *)POISON;
    EXPECT(KINDE_STATUS_OK,
           kinde_cookie_split(client, "{\"value\":null,\"present\":[\"kinde_session\",\"other\"]}", &out, &error));
    CHECK_NUMBER(1, count(out, "\"delete\":true"));
    CHECK_NUMBER(0, count(out, "\"delete\":false"));
    kinde_string_free(out);
    EXPECT(KINDE_STATUS_OK, kinde_cookie_split(client, "{}", &out, &error));
    CHECK_NUMBER(4, count(out, "\"delete\":true"));
    kinde_string_free(out);
}

static void test_mixtures(void) {
    char header[20000] = "";
    char *value = new_value(2, 'v');
    char *other_value = new_value(2, 'w');
    char *cookies = split(value, "");
    char *others = split(other_value, "");
    keep(header, cookies, 0);
    check_refused(header); /* a part is missing */
    keep(header, others, 1);
    check_refused(header); /* a part is another session's */
    *header = '\0';
    keep(header, cookies, 1);
    check_refused(header);
    keep(header, cookies, 0);
    check_joined(value, header);
    keep(header, others, 0);
    check_refused(header); /* a part is there twice */
    kinde_string_free(cookies);
    kinde_string_free(others);
    free(value);
    free(other_value);
}

static void test_no_session(void) {
    static const char *const none[] = {"{}", "{\"cookies\":null}", "{\"cookies\":\"theme=dark\"}", "{\"cookies\":{\"theme\":\"dark\"}}"};
    size_t i;
    for (i = 0; i < sizeof none / sizeof *none; i++) {
        char *out = (char *)POISON;
        EXPECT(KINDE_STATUS_OK, kinde_cookie_join(client, none[i], &out, &error));
        CHECK_TEXT("{\"value\":null,\"parts\":[]}", out);
        kinde_string_free(out);
    }
}

static void test_arguments(void) {
    char *out = (char *)POISON;
    char *value = new_value(5, 'v');
    char *params = (char *)malloc(20000);
    CHECK(params != NULL);
    snprintf(params, 20000, "{\"value\":\"%s\"}", value);
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "value", kinde_cookie_split(client, params, &out, &error));
    CHECK(out == NULL);
    free(params);
    free(value);
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "value", kinde_cookie_split(client, "{\"value\":\"a b\"}", &out, &error));
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "domain",
                 kinde_cookie_split(client, "{\"name\":\"__Host-s\",\"domain\":\"a.example\"}", &out, &error));
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "cookies", kinde_cookie_join(client, "{\"cookies\":[]}", &out, &error));
    EXPECT_FIELD(KINDE_STATUS_NULL_ARGUMENT, "client", kinde_cookie_split(NULL, "{}", &out, &error));
    CHECK(out == NULL);
    EXPECT_FIELD(KINDE_STATUS_NULL_ARGUMENT, "params_json", kinde_cookie_join(client, NULL, &out, &error));
    CHECK(out == NULL);
    EXPECT(KINDE_STATUS_OK, kinde_cookie_split(client, "{}", NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_SESSION_INVALID, kinde_cookie_join(client, "{\"cookies\":\"kinde_session=v\"}", NULL, NULL));
}

int main(void) {
    client = new_client("https://example.kinde.com", NULL);
    test_a_session_comes_back();
    test_attributes();
    test_what_is_stale_is_deleted();
    test_sign_out();
    test_mixtures();
    test_no_session();
    test_arguments();
    kinde_client_free(client);
    return EXIT_SUCCESS;
}
