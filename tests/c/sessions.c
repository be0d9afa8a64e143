/* Each function of configuration, client and session: what it gives when all is well, and how it fails. */
#include "fixture.h"

static struct emulator emulator;

static void test_configuration(void) {
    kinde_config *config = kinde_config_new();
    kinde_client *client = (kinde_client *)POISON;
    kinde_client *other = (kinde_client *)POISON;
    char *out = NULL;

    EXPECT(KINDE_STATUS_CONFIG, kinde_config_set(config, "no_such_setting", "1", &error));
    EXPECT_FIELD(KINDE_STATUS_CONFIG, "no_such_setting", kinde_config_load_json(config, "{\"no_such_setting\":1}", &error));
    EXPECT(KINDE_STATUS_CONFIG, kinde_client_new(config, &client, &error)); /* what is required is missing */
    CHECK(client == NULL);

    setenv("KINDE_DOMAIN", emulator.url, 1);
    setenv("KINDE_CLIENT_ID", "emulator_web", 1);
    setenv("KINDE_CLIENT_SECRET", "emulator-web-secret-0123456789abcdefghijkl", 1);
    setenv("KINDE_REDIRECT_URL", REDIRECT_URI, 1);
    EXPECT(KINDE_STATUS_OK, kinde_config_load_env(config, &error));
    EXPECT(KINDE_STATUS_OK, kinde_client_new(config, &client, &error));
    kinde_config_free(config); /* the client has a copy */

    EXPECT(KINDE_STATUS_OK, kinde_client_derive(client, "{\"scope\":\"openid email\"}", &other, &error));
    EXPECT(KINDE_STATUS_OK, kinde_authorization_url(other, "{}", &out, &error));
    CHECK_HOLDS("scope=openid", out);
    CHECK_HOLDS_NOT("offline", out);
    kinde_string_free(out);
    kinde_client_free(other);
    EXPECT(KINDE_STATUS_CONFIG, kinde_client_derive(client, "{\"scope\":\"openid offline_access\"}", &other, &error));
    CHECK(other == NULL);

    EXPECT(KINDE_STATUS_OK, kinde_client_prepare(client, &error));
    EXPECT(KINDE_STATUS_OK, kinde_client_stats(client, &out, &error));
    CHECK(out[0] == '{');
    kinde_string_free(out);

    other = kinde_client_ref(client);
    CHECK(other == client);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_client_prepare(other, &error));
    kinde_client_free(other);
}

/* Everything wrong is reported at once. */
static void test_all_wrong_settings_are_named(void) {
    kinde_config *config = kinde_config_new();
    kinde_client *client = NULL;
    kinde_error *error = NULL;
    char *details = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_config_set(config, "domain", "http://kinde.example", &error));
    EXPECT(KINDE_STATUS_OK, kinde_config_set(config, "redirect_uri", "not a URL", &error));
    EXPECT(KINDE_STATUS_OK, kinde_config_set(config, "timeout_ms", "soon", &error));
    CHECK_NUMBER(KINDE_STATUS_CONFIG, kinde_client_new(config, &client, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_error_details(error, &details));
    CHECK_HOLDS("\"name\":\"CONFIG\"", details);
    CHECK_HOLDS("\"field\":\"domain\"", details);
    CHECK_HOLDS("\"field\":\"redirect_uri\"", details);
    CHECK_HOLDS("\"field\":\"timeout_ms\"", details);
    CHECK_HOLDS("\"field\":\"client_id\"", details);
    kinde_string_free(details);
    kinde_error_free(error);
    kinde_config_free(config);
}

static void test_urls(kinde_client *client) {
    kinde_session *session = new_session(client);
    char *url = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_session_login_url(session, "{\"org_code\":\"org_acme\",\"lang\":\"en\"}", &url, &error));
    CHECK_HOLDS("/oauth2/auth?", url);
    CHECK_HOLDS("org_code=org_acme", url);
    CHECK_HOLDS("code_challenge=", url);
    CHECK_HOLDS_NOT("code_verifier", url);
    CHECK_HOLDS_NOT("secret", url);
    kinde_string_free(url);
    EXPECT(KINDE_STATUS_OK, kinde_session_register_url(session, "{}", &url, &error));
    CHECK_HOLDS("prompt=create", url);
    kinde_string_free(url);
    EXPECT(KINDE_STATUS_OK, kinde_session_create_org_url(session, "{\"org_name\":\"New\"}", &url, &error));
    CHECK_HOLDS("is_create_org=true", url);
    CHECK_HOLDS("org_name=New", url);
    kinde_string_free(url);
    EXPECT(KINDE_STATUS_OK, kinde_session_logout_url(session, "{\"redirect\":\"http://localhost:3000/logged-out\"}", &url, &error));
    CHECK_HOLDS("/logout?", url);
    kinde_string_free(url);
    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "prompt", kinde_session_login_url(session, "{\"prompt\":1}", &url, &error));
    CHECK(url == NULL);
    kinde_session_free(session);
}

static void test_nobody_is_signed_in(kinde_client *client) {
    kinde_session *session = new_session(client);
    bool answer = true;
    int64_t number = 1;
    char *text = (char *)POISON;
    CHECK(!is_authenticated(session));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_expires_at(session, &number, &error));
    CHECK_NUMBER(0, number);
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_access_token(session, &text, &error));
    CHECK(text == NULL);
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_tokens(session, &text, &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_claims(session, KINDE_TOKEN_TYPE_ID, &text, &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_claim(session, "sub", KINDE_TOKEN_TYPE_ACCESS, &text, &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED,
           kinde_session_has_permission(session, "read:todos", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(!answer);
    CHECK_NUMBER(-KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_test_permission(session, "read:todos"));
    CHECK_NUMBER(-KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_test_role(session, "admin"));
    CHECK_NUMBER(-KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_test_flag(session, "is_dark_mode"));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_user(session, &text, &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_flags(session, KINDE_TOKEN_TYPE_ACCESS, &text, &error));
    EXPECT(KINDE_STATUS_NOT_AUTHENTICATED, kinde_session_refresh(session, &error));
    kinde_session_free(session);
}

static void test_callback(kinde_client *client) {
    kinde_session *session = new_session(client);
    char *callback = visit_sign_in_page(session);
    char *out = (char *)POISON;
    EXPECT(KINDE_STATUS_STATE_MISMATCH, kinde_session_handle_callback(session, "code=x&state=unknown", &out, &error));
    CHECK(out == NULL);
    EXPECT(KINDE_STATUS_REPEATED_PARAMETER, kinde_session_handle_callback(session, "code=x&code=y&state=z", &out, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_handle_callback(session, callback, &out, &error));
    CHECK_HOLDS("\"outcome\":\"signed_in\"", out);
    kinde_string_free(out);
    CHECK(is_authenticated(session));
    EXPECT(KINDE_STATUS_STATE_MISMATCH, kinde_session_handle_callback(session, callback, &out, &error));
    CHECK(is_authenticated(session));
    free(callback);

    free(emulator_control(&emulator, "POST", "/login", "{\"error\":\"access_denied\",\"error_description\":\"no\",\"times\":1}"));
    callback = visit_sign_in_page(session);
    {
        kinde_error *error = NULL;
        CHECK_NUMBER(KINDE_STATUS_ACCESS_DENIED, kinde_session_handle_callback(session, callback, &out, &error));
        CHECK_TEXT("access_denied", kinde_error_oauth_code(error));
        CHECK_TEXT("no", kinde_error_oauth_description(error));
        kinde_error_free(error);
    }
    free(callback);
    kinde_session_free(session);
}

static void test_scalar_questions(kinde_session *session) {
    const bool yes = true;
    const int64_t seven = 7;
    bool answer = false;
    int64_t number = 0;
    char *text = NULL;

    EXPECT(KINDE_STATUS_OK, kinde_session_expires_at(session, &number, &error));
    CHECK(number > 1700000000);
    EXPECT(KINDE_STATUS_OK, kinde_session_has_permission(session, "read:todos", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_has_permission(session, "read:todo", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(!answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_has_role(session, "admin", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_has_role(session, "viewer", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    CHECK(!answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_has(session, "{\"permissions\":[\"read:todos\"],\"roles\":[\"admin\"]}", &answer, &error));
    CHECK(answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_has(session, "{\"permissions\":[\"read:todos\",\"no\"]}", &answer, &error));
    CHECK(!answer);

    EXPECT(KINDE_STATUS_OK, kinde_session_claim_string(session, "org_code", KINDE_TOKEN_TYPE_ACCESS, &text, &error));
    CHECK_TEXT("org_acme", text);
    kinde_string_free(text);
    EXPECT(KINDE_STATUS_OK, kinde_session_claim_integer(session, "exp", KINDE_TOKEN_TYPE_ACCESS, &number, &error));
    CHECK(number > 1700000000);
    EXPECT(KINDE_STATUS_OK, kinde_session_claim_boolean(session, "email_verified", KINDE_TOKEN_TYPE_ID, &answer, &error));
    EXPECT(KINDE_STATUS_CLAIM_MISSING, kinde_session_claim_string(session, "no_such_claim", KINDE_TOKEN_TYPE_ID, &text, &error));
    EXPECT(KINDE_STATUS_CLAIM_MISSING, kinde_session_claim_integer(session, "sub", KINDE_TOKEN_TYPE_ID, &number, &error));
    EXPECT(KINDE_STATUS_CLAIM_MISSING, kinde_session_claim_boolean(session, "sub", KINDE_TOKEN_TYPE_ID, &answer, &error));

    EXPECT(KINDE_STATUS_OK, kinde_session_flag_boolean(session, "is_dark_mode", NULL, &answer, &error));
    CHECK(answer);
    EXPECT(KINDE_STATUS_OK, kinde_session_flag_boolean(session, "no_such_flag", &yes, &answer, &error));
    CHECK(answer);
    EXPECT(KINDE_STATUS_FLAG_NOT_FOUND, kinde_session_flag_boolean(session, "no_such_flag", NULL, &answer, &error));
    EXPECT(KINDE_STATUS_FLAG_TYPE, kinde_session_flag_boolean(session, "theme", &yes, &answer, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_flag_integer(session, "competitions_limit", NULL, &number, &error));
    CHECK_NUMBER(5, number);
    EXPECT(KINDE_STATUS_OK, kinde_session_flag_integer(session, "no_such_flag", &seven, &number, &error));
    CHECK_NUMBER(7, number);
    EXPECT(KINDE_STATUS_FLAG_TYPE, kinde_session_flag_integer(session, "theme", &seven, &number, &error));
    EXPECT(KINDE_STATUS_FLAG_NOT_FOUND, kinde_session_flag_integer(session, "no_such_flag", NULL, &number, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_flag_string(session, "theme", NULL, &text, &error));
    CHECK_TEXT("pink", text);
    kinde_string_free(text);
    EXPECT(KINDE_STATUS_OK, kinde_session_flag_string(session, "no_such_flag", "plain", &text, &error));
    CHECK_TEXT("plain", text);
    kinde_string_free(text);
    EXPECT(KINDE_STATUS_FLAG_NOT_FOUND, kinde_session_flag_string(session, "no_such_flag", NULL, &text, &error));
    EXPECT(KINDE_STATUS_FLAG_TYPE, kinde_session_flag_string(session, "is_dark_mode", NULL, &text, &error));
}

static void test_answers_in_results(kinde_session *session) {
    CHECK_NUMBER(1, kinde_session_test_permission(session, "read:todos"));
    CHECK_NUMBER(0, kinde_session_test_permission(session, "read:todo"));
    CHECK_NUMBER(1, kinde_session_test_role(session, "admin"));
    CHECK_NUMBER(0, kinde_session_test_role(session, "viewer"));
    CHECK_NUMBER(1, kinde_session_test_flag(session, "is_dark_mode"));
    CHECK_NUMBER(-KINDE_STATUS_FLAG_NOT_FOUND, kinde_session_test_flag(session, "no_such_flag"));
    CHECK_NUMBER(-KINDE_STATUS_FLAG_TYPE, kinde_session_test_flag(session, "theme"));
}

/* An answer in JSON, and a part of it. */
#define CHECK_JSON(part, call)             \
    do {                                   \
        char *out = (char *)POISON;        \
        EXPECT(KINDE_STATUS_OK, call);     \
        CHECK_HOLDS(part, out);            \
        kinde_string_free(out);            \
    } while (0)

static void test_json_questions(kinde_session *session) {
    char *text = NULL;
    CHECK_JSON("\"scp\":[", kinde_session_claims(session, KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    CHECK_JSON("\"at_hash\":", kinde_session_claims(session, KINDE_TOKEN_TYPE_ID, &out, &error));
    CHECK_JSON("\"name\":\"org_code\"", kinde_session_claim(session, "org_code", KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    CHECK_JSON("\"value\":\"org_acme\"", kinde_session_claim(session, "org_code", KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    CHECK_JSON("\"read:todos\"", kinde_session_permissions(session, KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    CHECK_JSON("\"org_code\":\"org_acme\"", kinde_session_permissions(session, KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    CHECK_JSON("\"key\":\"admin\"", kinde_session_roles(session, KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    CHECK_JSON("\"theme\"", kinde_session_flags(session, KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    CHECK_JSON("\"value\":\"pink\"", kinde_session_flag(session, "theme", NULL, "string", &out, &error));
    CHECK_JSON("\"is_default\":true", kinde_session_flag(session, "no_such_flag", "[1]", NULL, &out, &error));
    CHECK_JSON("\"currency\":\"EUR\"", kinde_session_flag(session, "checkout", NULL, NULL, &out, &error));
    EXPECT(KINDE_STATUS_FLAG_TYPE, kinde_session_flag(session, "theme", NULL, "integer", &text, &error));
    EXPECT(KINDE_STATUS_FLAG_NOT_FOUND, kinde_session_flag(session, "no_such_flag", NULL, NULL, &text, &error));
    CHECK_JSON("\"org_code\":\"org_acme\"", kinde_session_organization(session, &out, &error));
    CHECK_JSON("\"org_globex\"", kinde_session_organizations(session, &out, &error));
    CHECK_JSON("\"email\":\"ada@example.com\"", kinde_session_user(session, &out, &error));
    CHECK_JSON("\"given_name\":\"Ada\"", kinde_session_user(session, &out, &error));
}

static void test_tokens_and_refresh(kinde_client *client, kinde_session *session) {
    kinde_session *copy = (kinde_session *)POISON;
    char *before = NULL, *after = NULL, *access = NULL, *url = NULL, *old_refresh, *new_refresh;
    bool refreshed = true;

    EXPECT(KINDE_STATUS_OK, kinde_session_tokens(session, &before, &error));
    CHECK_HOLDS("\"refresh_token\":", before);
    EXPECT(KINDE_STATUS_OK, kinde_session_access_token(session, &access, &error));
    CHECK_HOLDS(access, before);
    kinde_string_free(access);

    EXPECT(KINDE_STATUS_OK, kinde_session_ensure_fresh(session, 0, &refreshed, &error));
    CHECK(!refreshed);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_tokens(session, &after, &error));
    old_refresh = json_text(before, "refresh_token");
    new_refresh = json_text(after, "refresh_token");
    CHECK(strcmp(old_refresh, new_refresh) != 0);
    free(old_refresh);
    free(new_refresh);
    kinde_string_free(before);

    EXPECT(KINDE_STATUS_OK, kinde_session_from_tokens(client, after, &copy, &error));
    CHECK(is_authenticated(copy));
    kinde_string_free(after);
    EXPECT(KINDE_STATUS_TOKEN_MALFORMED, kinde_session_from_tokens(client, "{\"access_token\":\"x\"}", &session, &error));
    CHECK(session == NULL);

    session = kinde_session_ref(copy);
    CHECK(session == copy);
    kinde_session_free(copy);
    EXPECT(KINDE_STATUS_OK, kinde_session_logout(session, "{}", &url, &error));
    CHECK_HOLDS("/logout?redirect=", url);
    CHECK(!is_authenticated(session));
    kinde_string_free(url);
    kinde_session_free(session);
}

static void test_machine(void) {
    kinde_client *client = new_machine_client(emulator.url);
    kinde_session *session = new_session(client);
    EXPECT(KINDE_STATUS_OK, kinde_session_client_credentials(session, "{}", &error));
    CHECK(is_authenticated(session));
    CHECK_JSON("client_credentials", kinde_session_claims(session, KINDE_TOKEN_TYPE_ACCESS, &out, &error));
    kinde_session_free(session);
    kinde_client_free(client);
}

int main(void) {
    kinde_client *client;
    kinde_session *session;
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    test_configuration();
    test_all_wrong_settings_are_named();
    test_urls(client);
    test_nobody_is_signed_in(client);
    test_callback(client);
    session = new_signed_in_session(client);
    test_scalar_questions(session);
    test_answers_in_results(session);
    test_json_questions(session);
    test_tokens_and_refresh(client, session);
    kinde_session_free(session);
    test_machine();
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
