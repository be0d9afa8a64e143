/* NULL, texts that are not UTF-8 and bad JSON for each parameter of each function: an error that names what is wrong,
 * nothing started, every out parameter emptied. `arguments --list` prints the functions that are tested here;
 * coverage_test.sh compares them with what the library exports. */
#include "completion.h"

/* One letter for each parameter, in order:
 *   g c s  kinde_config, kinde_client, kinde_session
 *   t T    text; T may be NULL
 *   j J    JSON object with known fields only; J may be NULL
 *   v      any JSON value; may be NULL
 *   S      JSON object of settings
 *   n      token type
 *   i      number, anything is accepted
 *   d      default value, may be NULL
 *   b l p  where a bool, an int64_t, a pointer goes
 *   o      where JSON goes; may be NULL */
struct value {
    const void *pointer;
    int64_t number;
};

struct function {
    const char *name;
    const char *kinds;
    const char *samples[3]; /* for the texts, in order */
    bool twin;
    kinde_status (*call)(const struct value *v, kinde_completion done, void *userdata, kinde_task **task,
                         kinde_error **error);
};

#define CONFIG(i) ((kinde_config *)(size_t)v[i].pointer)
#define CLIENT(i) ((kinde_client *)(size_t)v[i].pointer)
#define SESSION(i) ((kinde_session *)(size_t)v[i].pointer)
#define TEXT(i) ((const char *)v[i].pointer)
#define NUMBER(i) (v[i].number)
#define TYPE(i) ((int32_t)v[i].number)
#define AT(type, i) ((type *)(size_t)v[i].pointer)

#define CLIENT_JSON(X, name, sample) X(name, "cjo", sample, NULL, NULL, CLIENT(0), TEXT(1), AT(char *, 2))
#define CLIENT_JSON_TWIN(X, name, sample) X(name, "cj", sample, NULL, NULL, CLIENT(0), TEXT(1))
#define SESSION_URL(X, name) X(name, "sjp", "{}", NULL, NULL, SESSION(0), TEXT(1), AT(char *, 2))
#define SESSION_OUT(X, name) X(name, "so", NULL, NULL, NULL, SESSION(0), AT(char *, 1))
#define SESSION_TYPE_OUT(X, name) X(name, "sno", NULL, NULL, NULL, SESSION(0), TYPE(1), AT(char *, 2))
#define SESSION_NAME(X, name, kinds, sample, T) X(name, kinds, sample, NULL, NULL, SESSION(0), TEXT(1), TYPE(2), AT(T, 3))

#define BLOCKING(X)                                                                                                      \
    X(kinde_config_set, "gtt", "pkce", "true", NULL, CONFIG(0), TEXT(1), TEXT(2))                                        \
    X(kinde_config_load_json, "gS", "{}", NULL, NULL, CONFIG(0), TEXT(1))                                                \
    X(kinde_config_load_env, "g", NULL, NULL, NULL, CONFIG(0))                                                           \
    X(kinde_config_set_store, "g", NULL, NULL, NULL, CONFIG(0), never_load, never_save, never_delete, never_lease,       \
      never_release, never_drop, NULL)                                                                                   \
    X(kinde_client_new, "gp", NULL, NULL, NULL, CONFIG(0), AT(kinde_client *, 1))                                        \
    X(kinde_client_derive, "cSp", "{}", NULL, NULL, CLIENT(0), TEXT(1), AT(kinde_client *, 2))                           \
    X(kinde_client_prepare, "c", NULL, NULL, NULL, CLIENT(0))                                                            \
    X(kinde_client_stats, "co", NULL, NULL, NULL, CLIENT(0), AT(char *, 1))                                              \
    CLIENT_JSON(X, kinde_authorization_url, "{}")                                                                        \
    CLIENT_JSON(X, kinde_exchange_code, "{\"code\":\"c\",\"code_verifier\":\"v\"}")                                      \
    CLIENT_JSON(X, kinde_refresh_tokens, "{\"refresh_token\":\"r\"}")                                                    \
    CLIENT_JSON(X, kinde_client_credentials, "{}")                                                                       \
    CLIENT_JSON(X, kinde_logout_url, "{}")                                                                               \
    CLIENT_JSON(X, kinde_revoke_token, "{\"token\":\"t\"}")                                                              \
    CLIENT_JSON(X, kinde_introspect_token, "{\"token\":\"t\"}")                                                          \
    CLIENT_JSON(X, kinde_user_profile, "{\"access_token\":\"a\"}")                                                       \
    CLIENT_JSON(X, kinde_device_start, "{}")                                                                             \
    CLIENT_JSON(X, kinde_device_poll, "{\"device_code\":\"d\"}")                                                         \
    CLIENT_JSON(X, kinde_cookie_split, "{\"value\":\"v\"}")                                                              \
    CLIENT_JSON(X, kinde_cookie_join, "{}")                                                                              \
    X(kinde_verify_token, "ctJo", "t", "{}", NULL, CLIENT(0), TEXT(1), TEXT(2), AT(char *, 3))                           \
    X(kinde_session_new, "cp", NULL, NULL, NULL, CLIENT(0), AT(kinde_session *, 1))                                      \
    X(kinde_session_from_tokens, "cjp", "{\"access_token\":\"a\"}", NULL, NULL, CLIENT(0), TEXT(1), AT(kinde_session *, 2)) \
    SESSION_URL(X, kinde_session_login_url)                                                                              \
    SESSION_URL(X, kinde_session_register_url)                                                                           \
    SESSION_URL(X, kinde_session_create_org_url)                                                                         \
    SESSION_URL(X, kinde_session_logout_url)                                                                             \
    X(kinde_session_logout, "sjp", "{}", NULL, NULL, SESSION(0), TEXT(1), AT(char *, 2))                                 \
    X(kinde_session_handle_callback, "sto", "code=c&state=s", NULL, NULL, SESSION(0), TEXT(1), AT(char *, 2))            \
    X(kinde_session_client_credentials, "sj", "{}", NULL, NULL, SESSION(0), TEXT(1))                                     \
    X(kinde_session_refresh, "s", NULL, NULL, NULL, SESSION(0))                                                          \
    X(kinde_session_ensure_fresh, "sib", NULL, NULL, NULL, SESSION(0), NUMBER(1), AT(bool, 2))                           \
    X(kinde_session_save, "sp", NULL, NULL, NULL, SESSION(0), AT(char *, 1))                                             \
    X(kinde_session_load, "ctp", "id", NULL, NULL, CLIENT(0), TEXT(1), AT(kinde_session *, 2))                           \
    X(kinde_session_delete, "ct", "id", NULL, NULL, CLIENT(0), TEXT(1))                                                  \
    X(kinde_sessions_revoke, "ct", "kp_nobody", NULL, NULL, CLIENT(0), TEXT(1))                                          \
    X(kinde_session_revision, "sl", NULL, NULL, NULL, SESSION(0), AT(uint64_t, 1))                                       \
    X(kinde_session_seal, "sjp", "{}", NULL, NULL, SESSION(0), TEXT(1), AT(char *, 2))                                   \
    X(kinde_session_open, "ctp", "sealed", NULL, NULL, CLIENT(0), TEXT(1), AT(kinde_session *, 2))                       \
    X(kinde_session_is_authenticated, "sb", NULL, NULL, NULL, SESSION(0), AT(bool, 1))                                   \
    X(kinde_session_expires_at, "sl", NULL, NULL, NULL, SESSION(0), AT(int64_t, 1))                                      \
    X(kinde_session_access_token, "sp", NULL, NULL, NULL, SESSION(0), AT(char *, 1))                                     \
    SESSION_OUT(X, kinde_session_tokens)                                                                                 \
    SESSION_TYPE_OUT(X, kinde_session_claims)                                                                            \
    SESSION_NAME(X, kinde_session_claim, "stno", "sub", char *)                                                          \
    SESSION_NAME(X, kinde_session_claim_string, "stnp", "sub", char *)                                                   \
    SESSION_NAME(X, kinde_session_claim_integer, "stnl", "exp", int64_t)                                                 \
    SESSION_NAME(X, kinde_session_claim_boolean, "stnb", "email_verified", bool)                                         \
    SESSION_TYPE_OUT(X, kinde_session_permissions)                                                                       \
    SESSION_NAME(X, kinde_session_has_permission, "stnb", "read:todos", bool)                                            \
    SESSION_TYPE_OUT(X, kinde_session_roles)                                                                             \
    SESSION_NAME(X, kinde_session_has_role, "stnb", "admin", bool)                                                       \
    X(kinde_session_has, "sjb", "{}", NULL, NULL, SESSION(0), TEXT(1), AT(bool, 2))                                      \
    SESSION_TYPE_OUT(X, kinde_session_flags)                                                                             \
    X(kinde_session_flag, "stvTo", "theme", "\"plain\"", "string", SESSION(0), TEXT(1), TEXT(2), TEXT(3), AT(char *, 4)) \
    X(kinde_session_flag_boolean, "stdb", "is_dark_mode", NULL, NULL, SESSION(0), TEXT(1), AT(bool, 2), AT(bool, 3))     \
    X(kinde_session_flag_integer, "stdl", "competitions_limit", NULL, NULL, SESSION(0), TEXT(1), AT(int64_t, 2),         \
      AT(int64_t, 3))                                                                                                    \
    X(kinde_session_flag_string, "stTp", "theme", "plain", NULL, SESSION(0), TEXT(1), TEXT(2), AT(char *, 3))            \
    SESSION_OUT(X, kinde_session_organization)                                                                           \
    SESSION_OUT(X, kinde_session_organizations)                                                                          \
    SESSION_OUT(X, kinde_session_user)                                                                                   \
    X(kinde_session_fetch, "stjo", "roles", "{}", NULL, SESSION(0), TEXT(1), TEXT(2), AT(char *, 3))                     \
    X(kinde_session_fetch_has, "sjb", "{}", NULL, NULL, SESSION(0), TEXT(1), AT(bool, 2))                                \
    X(kinde_api_call, "ctjo", "get_users", "{}", NULL, CLIENT(0), TEXT(1), TEXT(2), AT(char *, 3))                       \
    X(kinde_session_api_call, "stjo", "get_users", "{}", NULL, SESSION(0), TEXT(1), TEXT(2), AT(char *, 3))              \
    X(kinde_api_call_many, "cvo", "[]", NULL, NULL, CLIENT(0), TEXT(1), AT(char *, 2))                                   \
    X(kinde_session_pages_new, "stjp", "get_users", "{}", NULL, SESSION(0), TEXT(1), TEXT(2), AT(kinde_pages *, 3))     \
    X(kinde_pages_new, "ctjp", "get_users", "{}", NULL, CLIENT(0), TEXT(1), TEXT(2), AT(kinde_pages *, 3))               \
    X(kinde_webhook_decode, "ctJo", "t", "{}", NULL, CLIENT(0), TEXT(1), TEXT(2), AT(char *, 3))                         \
    X(kinde_webhook_done, "ct", "event_1", NULL, NULL, CLIENT(0), TEXT(1))

#define TWINS(X)                                                                                                         \
    X(kinde_client_prepare_async, "c", NULL, NULL, NULL, CLIENT(0))                                                      \
    CLIENT_JSON_TWIN(X, kinde_exchange_code_async, "{\"code\":\"c\",\"code_verifier\":\"v\"}")                           \
    CLIENT_JSON_TWIN(X, kinde_refresh_tokens_async, "{\"refresh_token\":\"r\"}")                                         \
    CLIENT_JSON_TWIN(X, kinde_client_credentials_async, "{}")                                                            \
    CLIENT_JSON_TWIN(X, kinde_revoke_token_async, "{\"token\":\"t\"}")                                                   \
    CLIENT_JSON_TWIN(X, kinde_introspect_token_async, "{\"token\":\"t\"}")                                               \
    CLIENT_JSON_TWIN(X, kinde_user_profile_async, "{\"access_token\":\"a\"}")                                            \
    CLIENT_JSON_TWIN(X, kinde_device_start_async, "{}")                                                                  \
    CLIENT_JSON_TWIN(X, kinde_device_poll_async, "{\"device_code\":\"d\"}")                                              \
    X(kinde_verify_token_async, "ctJ", "t", "{}", NULL, CLIENT(0), TEXT(1), TEXT(2))                                     \
    CLIENT_JSON_TWIN(X, kinde_session_from_tokens_async, "{\"access_token\":\"a\"}")                                     \
    X(kinde_session_logout_async, "sj", "{}", NULL, NULL, SESSION(0), TEXT(1))                                           \
    X(kinde_session_handle_callback_async, "st", "code=c&state=s", NULL, NULL, SESSION(0), TEXT(1))                      \
    X(kinde_session_client_credentials_async, "sj", "{}", NULL, NULL, SESSION(0), TEXT(1))                               \
    X(kinde_session_refresh_async, "s", NULL, NULL, NULL, SESSION(0))                                                    \
    X(kinde_session_ensure_fresh_async, "si", NULL, NULL, NULL, SESSION(0), NUMBER(1))                                   \
    X(kinde_session_save_async, "s", NULL, NULL, NULL, SESSION(0))                                                       \
    X(kinde_session_load_async, "ct", "id", NULL, NULL, CLIENT(0), TEXT(1))                                              \
    X(kinde_session_delete_async, "ct", "id", NULL, NULL, CLIENT(0), TEXT(1))                                            \
    X(kinde_sessions_revoke_async, "ct", "kp_nobody", NULL, NULL, CLIENT(0), TEXT(1))                                    \
    X(kinde_session_fetch_async, "stj", "roles", "{}", NULL, SESSION(0), TEXT(1), TEXT(2))                               \
    X(kinde_session_fetch_has_async, "sj", "{}", NULL, NULL, SESSION(0), TEXT(1))                                        \
    X(kinde_api_call_async, "ctj", "get_users", "{}", NULL, CLIENT(0), TEXT(1), TEXT(2))                                 \
    X(kinde_session_api_call_async, "stj", "get_users", "{}", NULL, SESSION(0), TEXT(1), TEXT(2))                        \
    X(kinde_api_call_many_async, "cv", "[]", NULL, NULL, CLIENT(0), TEXT(1))                                             \
    X(kinde_webhook_decode_async, "ctJ", "t", "{}", NULL, CLIENT(0), TEXT(1), TEXT(2))                                   \
    X(kinde_webhook_done_async, "ct", "event_1", NULL, NULL, CLIENT(0), TEXT(1))

/* A store that nobody may use. */
static kinde_status never_load(void *userdata, const char *key, kinde_store_reply *reply) {
    (void)userdata, (void)key, (void)reply;
    check_failed(__FILE__, __LINE__, "nothing is loaded");
    return KINDE_STATUS_STORE;
}

static kinde_status never_save(void *userdata, const char *key, uint64_t expected, uint64_t version, const char *record,
                               int64_t life_ms, kinde_store_reply *reply) {
    (void)expected, (void)version, (void)record, (void)life_ms;
    return never_load(userdata, key, reply);
}

static kinde_status never_delete(void *userdata, const char *key, uint64_t expected, kinde_store_reply *reply) {
    (void)expected;
    return never_load(userdata, key, reply);
}

static kinde_status never_lease(void *userdata, const char *key, uint64_t held, int64_t life_ms, kinde_store_reply *reply) {
    (void)held, (void)life_ms;
    return never_load(userdata, key, reply);
}

static kinde_status never_release(void *userdata, const char *key, uint64_t value, kinde_store_reply *reply) {
    (void)value;
    return never_load(userdata, key, reply);
}

static void never_drop(void *userdata) {
    (void)userdata;
    check_failed(__FILE__, __LINE__, "a store that was not set is not dropped");
}

#define DEFINE_BLOCKING(name, kinds, s1, s2, s3, ...)                                                                 \
    static kinde_status call_##name(const struct value *v, kinde_completion done, void *userdata, kinde_task **task, \
                                    kinde_error **error) {                                                           \
        (void)done, (void)userdata, (void)task;                                                                      \
        return name(__VA_ARGS__, error);                                                                             \
    }
#define DEFINE_TWIN(name, kinds, s1, s2, s3, ...)                                                                     \
    static kinde_status call_##name(const struct value *v, kinde_completion done, void *userdata, kinde_task **task, \
                                    kinde_error **error) {                                                           \
        return name(__VA_ARGS__, done, userdata, task, error);                                                       \
    }
#define ENTRY_BLOCKING(name, kinds, s1, s2, s3, ...) {#name, kinds, {s1, s2, s3}, false, call_##name},
#define ENTRY_TWIN(name, kinds, s1, s2, s3, ...) {#name, kinds, {s1, s2, s3}, true, call_##name},

BLOCKING(DEFINE_BLOCKING)
TWINS(DEFINE_TWIN)

static const struct function functions[] = {BLOCKING(ENTRY_BLOCKING) TWINS(ENTRY_TWIN)};

/* Functions of other shapes, tested one by one below. */
static const char *const by_hand[] = {
    "kinde_version",        "kinde_abi_version",      "kinde_string_free",
    "kinde_status_name",    "kinde_set_log_callback", "kinde_log_next",
    "kinde_shutdown",       "kinde_error_status",     "kinde_error_message",
    "kinde_error_field",    "kinde_error_oauth_code", "kinde_error_oauth_description",
    "kinde_error_details",  "kinde_error_free",       "kinde_error_http_status",
    "kinde_config_new",     "kinde_config_free",      "kinde_error_retry_after_seconds",
    "kinde_client_ref",     "kinde_client_free",      "kinde_session_ref",
    "kinde_session_free",   "kinde_task_cancel",      "kinde_task_free",
    "kinde_store_reply_record", "kinde_store_reply_lease", "kinde_store_reply_message",
    "kinde_session_test_permission", "kinde_session_test_role", "kinde_session_test_flag",
    "kinde_api_catalogue",  "kinde_pages_next",       "kinde_pages_next_async",
    "kinde_pages_free",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct outcome never; /* no completion may ever run */
static kinde_config *config;
static kinde_client *client;
static kinde_session *session;

/* Good arguments; `outs` is where out parameters go, filled with what must not stay there. */
static void fill(const struct function *function, struct value *v, int64_t *outs) {
    static const bool default_bool = true;
    static const int64_t default_number = 7;
    size_t i, text = 0;
    for (i = 0; function->kinds[i] != '\0'; i++) {
        v[i].pointer = NULL;
        v[i].number = 0;
        outs[i] = 0x5a5a5a5a5a5a5a5a;
        switch (function->kinds[i]) {
        case 'g':
            v[i].pointer = config;
            break;
        case 'c':
            v[i].pointer = client;
            break;
        case 's':
            v[i].pointer = session;
            break;
        case 'd':
            v[i].pointer = strstr(function->name, "boolean") != NULL ? (const void *)&default_bool : &default_number;
            break;
        case 'b':
        case 'l':
        case 'p':
        case 'o':
            v[i].pointer = &outs[i];
            break;
        case 'n':
        case 'i':
            break;
        default:
            v[i].pointer = function->samples[text++];
        }
    }
}

static void check_outs_empty(const struct function *function, const struct value *v) {
    size_t i;
    for (i = 0; function->kinds[i] != '\0'; i++) {
        if (v[i].pointer != NULL && strchr("lpo", function->kinds[i]) != NULL) {
            CHECK_NUMBER(0, *(const int64_t *)v[i].pointer);
        }
        if (v[i].pointer != NULL && function->kinds[i] == 'b') {
            CHECK_NUMBER(0, *(const bool *)v[i].pointer);
        }
    }
}

static void refused(const struct function *function, const struct value *v, size_t i, kinde_completion done,
                    kinde_status expected, const char *field) {
    kinde_error *error = (kinde_error *)POISON;
    kinde_task *task = (kinde_task *)POISON;
    char what[192];
    kinde_status status = function->call(v, done, &never, &task, &error);
    snprintf(what, sizeof what, "%s, with parameter %lu of kinds %s being %.40s", function->name, (unsigned long)i,
             function->kinds, strchr("tTjJvS", function->kinds[i]) == NULL || v[i].pointer == NULL ? "NULL or a number" : (const char *)v[i].pointer);
    check_outcome(__FILE__, __LINE__, what, expected, status, error);
    CHECK(kinde_error_field(error) != NULL);
    if (field != NULL) {
        /* Other fields may be wrong as well: all are named. */
        char *details = NULL, wanted[64];
        snprintf(wanted, sizeof wanted, "\"field\":\"%s\"", field);
        CHECK_NUMBER(KINDE_STATUS_OK, kinde_error_details(error, &details));
        CHECK_HOLDS(wanted, details);
        kinde_string_free(details);
    }
    kinde_error_free(error);
    check_outs_empty(function, v);
    if (function->twin) {
        CHECK(task == NULL);
    }
    CHECK_NUMBER(expected, function->call(v, done, &never, NULL, NULL));
}

static void test_parameter(const struct function *function, size_t i) {
    static const char *const malformed[] = {"{", "{}x", "{\"a\":}", "\x01"};
    static const char *const no_objects[] = {"[]", "1", "\"text\"", "null", "true"};
    struct value v[8];
    int64_t outs[8];
    char nested[4096];
    size_t j;
    const char kind = function->kinds[i];
    const bool json = strchr("jJvS", kind) != NULL;
    const kinde_status wrong_json = kind == 'S' ? KINDE_STATUS_CONFIG : KINDE_STATUS_INVALID_ARGUMENT;
#define WITH(member, replacement)          \
    fill(function, v, outs);               \
    v[i].member = (replacement)

    if (strchr("gcstjSblp", kind) != NULL) {
        WITH(pointer, NULL);
        refused(function, v, i, outcome_complete, KINDE_STATUS_NULL_ARGUMENT, NULL);
    }
    if (strchr("tTjJvS", kind) != NULL) {
        WITH(pointer, "\xff\xfe");
        refused(function, v, i, outcome_complete, KINDE_STATUS_INVALID_UTF8, NULL);
        WITH(pointer, "{\"a\":\"\xc3\x28\"}");
        refused(function, v, i, outcome_complete, KINDE_STATUS_INVALID_UTF8, NULL);
    }
    for (j = 0; json && j < COUNT(malformed); j++) {
        WITH(pointer, malformed[j]);
        refused(function, v, i, outcome_complete, wrong_json, NULL);
    }
    for (j = 0; json && kind != 'v' && j < COUNT(no_objects); j++) {
        WITH(pointer, no_objects[j]);
        refused(function, v, i, outcome_complete, wrong_json, NULL);
    }
    if (json) {
        memset(nested, '[', sizeof nested - 1);
        nested[sizeof nested - 1] = '\0';
        WITH(pointer, nested);
        refused(function, v, i, outcome_complete, wrong_json, NULL);
    }
    if (json && kind != 'v') {
        WITH(pointer, "{\"no_such_field\":1}");
        refused(function, v, i, outcome_complete, wrong_json, "no_such_field");
    }
    if (kind == 'n') {
        static const int64_t no_types[] = {-1, 2, 2147483647};
        for (j = 0; j < COUNT(no_types); j++) {
            WITH(number, no_types[j]);
            refused(function, v, i, outcome_complete, KINDE_STATUS_INVALID_ARGUMENT, "token_type");
        }
    }
#undef WITH
}

static void test_function(const struct function *function) {
    size_t i;
    for (i = 0; function->kinds[i] != '\0'; i++) {
        test_parameter(function, i);
    }
    if (function->twin) {
        struct value v[8];
        int64_t outs[8];
        fill(function, v, outs);
        refused(function, v, 0, NULL, KINDE_STATUS_NULL_ARGUMENT, "done");
    }
}

static void test_store_by_hand(void) {
#define REFUSES(field, ...) \
    EXPECT_FIELD(KINDE_STATUS_NULL_ARGUMENT, field, kinde_config_set_store(config, __VA_ARGS__, never_drop, NULL, &error))
    REFUSES("on_load", NULL, never_save, never_delete, never_lease, never_release);
    REFUSES("on_save", never_load, NULL, never_delete, never_lease, never_release);
    REFUSES("on_delete", never_load, never_save, NULL, never_lease, never_release);
    REFUSES("on_lease", never_load, never_save, never_delete, NULL, never_release);
    REFUSES("on_release", never_load, never_save, never_delete, never_lease, NULL);
#undef REFUSES
    kinde_store_reply_record(NULL, 1, "text");
    kinde_store_reply_lease(NULL, 1);
    kinde_store_reply_message(NULL, "text");
}

static void test_answers_by_hand(void) {
    int32_t (*const questions[])(kinde_session *, const char *) = {
        kinde_session_test_permission, kinde_session_test_role, kinde_session_test_flag};
    size_t i;
    for (i = 0; i < COUNT(questions); i++) {
        CHECK_NUMBER(-KINDE_STATUS_NULL_ARGUMENT, questions[i](NULL, "text"));
        CHECK_NUMBER(-KINDE_STATUS_NULL_ARGUMENT, questions[i](session, NULL));
        CHECK_NUMBER(-KINDE_STATUS_INVALID_UTF8, questions[i](session, "\xff"));
    }
}

static void test_null_by_hand(void) {
    char *text = (char *)POISON;
    kinde_error *error = NULL;

    kinde_string_free(NULL);
    kinde_error_free(NULL);
    kinde_config_free(NULL);
    kinde_client_free(NULL);
    kinde_session_free(NULL);
    kinde_task_free(NULL);
    kinde_task_cancel(NULL);
    kinde_pages_free(NULL);
    EXPECT_FIELD(KINDE_STATUS_NULL_ARGUMENT, "pages", kinde_pages_next(NULL, &text, &error));
    CHECK(text == NULL);
    EXPECT_FIELD(KINDE_STATUS_NULL_ARGUMENT, "pages",
                 kinde_pages_next_async(NULL, outcome_complete, &never, NULL, &error));
    CHECK(kinde_client_ref(NULL) == NULL);
    CHECK(kinde_session_ref(NULL) == NULL);

    CHECK_NUMBER(KINDE_STATUS_OK, kinde_error_status(NULL));
    CHECK(kinde_error_message(NULL) == NULL);
    CHECK(kinde_error_oauth_code(NULL) == NULL);
    CHECK(kinde_error_oauth_description(NULL) == NULL);
    CHECK(kinde_error_field(NULL) == NULL);
    CHECK_NUMBER(0, kinde_error_http_status(NULL));
    CHECK_NUMBER(-1, kinde_error_retry_after_seconds(NULL));
    CHECK_NUMBER(KINDE_STATUS_NULL_ARGUMENT, kinde_error_details(NULL, &text));
    CHECK(text == NULL);

    CHECK_NUMBER(KINDE_STATUS_NULL_ARGUMENT, kinde_client_prepare(NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_error_details(error, NULL));
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_error_details(error, &text));
    CHECK_HOLDS("NULL_ARGUMENT", text);
    kinde_string_free(text);
    kinde_error_free(error);

    EXPECT_FIELD(KINDE_STATUS_INVALID_ARGUMENT, "wait_ms", kinde_log_next(-1, &text, &error));
    CHECK(text == NULL);
    EXPECT(KINDE_STATUS_OK, kinde_log_next(0, NULL, &error));
    EXPECT(KINDE_STATUS_OK, kinde_api_catalogue(NULL, &error));
    EXPECT(KINDE_STATUS_OK, kinde_api_catalogue(&text, &error));
    CHECK_HOLDS("\"name\":\"create_user\"", text);
    kinde_string_free(text);
    CHECK_NUMBER(KINDE_STATUS_INVALID_ARGUMENT, kinde_set_log_callback(5, NULL, NULL));
    CHECK_NUMBER(KINDE_STATUS_INVALID_ARGUMENT, kinde_set_log_callback(-1, NULL, NULL));
    CHECK(kinde_status_name((kinde_status)12345) != NULL);
    CHECK_TEXT("OK", kinde_status_name(KINDE_STATUS_OK));
    CHECK_TEXT("INTERNAL", kinde_status_name(KINDE_STATUS_INTERNAL));
    CHECK_NUMBER(0, kinde_abi_version() >> 16);
    CHECK(strlen(kinde_version()) >= 5);
}

static void list(void) {
    size_t i;
    for (i = 0; i < COUNT(functions); i++) {
        puts(functions[i].name);
    }
    for (i = 0; i < COUNT(by_hand); i++) {
        puts(by_hand[i]);
    }
}

int main(int argc, char **argv) {
    struct emulator emulator;
    size_t i;
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        list();
        return EXIT_SUCCESS;
    }
    outcome_init(&never);
    emulator_start(&emulator);
    config = kinde_config_new();
    client = new_client(emulator.url, NULL);
    session = new_signed_in_session(client);

    test_null_by_hand();
    test_answers_by_hand();
    test_store_by_hand();
    for (i = 0; i < COUNT(functions); i++) {
        test_function(&functions[i]);
    }
    CHECK(is_authenticated(session));

    kinde_session_free(session);
    kinde_client_free(client);
    kinde_config_free(config);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    CHECK_NUMBER(0, outcome_runs(&never));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
