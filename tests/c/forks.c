/* A process that used the library forks: both sides go on using it, at once, and draw different random values. */
#include "host_store.h"

static struct emulator emulator;
static kinde_client *client;

/* A child ends without the parent's cleaning up. */
static pid_t in_child(void (*work)(void *), void *argument) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        work(argument);
        _exit(EXIT_SUCCESS);
    }
    return child;
}

static void expect_success(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK_NUMBER(EXIT_SUCCESS, WEXITSTATUS(status));
}

/* Everything that a worker of a forking server does, on handles that the parent made. */
static void use_all(void *argument) {
    kinde_session *inherited = (kinde_session *)argument;
    kinde_session *own;
    char *token = NULL, *claims = NULL;
    struct outcome outcome;
    CHECK(is_authenticated(inherited));
    EXPECT(KINDE_STATUS_OK, kinde_session_access_token(inherited, &token, &error));
    EXPECT(KINDE_STATUS_OK, kinde_verify_token(client, token, NULL, &claims, &error));
    kinde_string_free(token);
    kinde_string_free(claims);
    own = new_signed_in_session(client);
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh_async(own, outcome_complete, &outcome, NULL, &error));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    outcome_free(&outcome);
    kinde_session_free(own);
}

static void use_all_then_free(void *argument) {
    use_all(argument);
    kinde_session_free((kinde_session *)argument);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
}

static void use_in_a_grandchild(void *argument) {
    use_all(argument);
    expect_success(in_child(use_all_then_free, argument));
    use_all(argument);
}

static void test_both_sides_go_on(void) {
    kinde_session *session = new_signed_in_session(client);
    pid_t children[4];
    size_t i;
    for (i = 0; i < 4; i++) {
        children[i] = in_child(i == 0 ? use_in_a_grandchild : use_all_then_free, session);
        use_all(session);
    }
    for (i = 0; i < 4; i++) {
        expect_success(children[i]);
    }
    use_all(session);
    kinde_session_free(session);
}

static void complete_in_parent_only(void *userdata, kinde_status status, const char *result_json, kinde_session *session,
                                    const kinde_error *failure) {
    pid_t *where = (pid_t *)userdata;
    (void)status, (void)result_json, (void)session, (void)failure;
    CHECK_NUMBER(*where, getpid());
}

static void cancel_and_shut_down(void *task) {
    kinde_task_cancel((kinde_task *)task);
    kinde_task_free((kinde_task *)task);
    EXPECT(KINDE_STATUS_OK, kinde_client_prepare(client, &error));
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
}

/* A call under way belongs to the parent: it completes there, whatever the child does with its copy of the task. */
static void test_call_under_way(void) {
    struct outcome outcome;
    static pid_t parent;
    kinde_task *task = NULL;
    pid_t child;
    parent = getpid();
    outcome_init(&outcome);
    free(emulator_control(&emulator, "DELETE", "/requests", NULL));
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"hang\":true,\"times\":2}");
    EXPECT(KINDE_STATUS_OK, kinde_refresh_tokens_async(client, "{\"refresh_token\":\"never.issued\"}", outcome_complete,
                                                       &outcome, &task, &error));
    EXPECT(KINDE_STATUS_OK, kinde_refresh_tokens_async(client, "{\"refresh_token\":\"never.issued\"}",
                                                       complete_in_parent_only, &parent, NULL, &error));
    emulator_wait(&emulator, "/oauth2/token", 2);
    child = in_child(cancel_and_shut_down, task);
    expect_success(child);
    CHECK_NUMBER(0, outcome_runs(&outcome));
    free(emulator_control(&emulator, "POST", "/release", "{}"));
    CHECK_NUMBER(KINDE_STATUS_INVALID_GRANT, outcome_wait(&outcome));
    kinde_task_free(task);
    outcome_free(&outcome);
}

static void expect_last_page(void *argument) {
    char *page = NULL;
    EXPECT(KINDE_STATUS_OK, kinde_pages_next((kinde_pages *)argument, &page, &error));
    CHECK(page != NULL);
    CHECK_HOLDS("\"next_token\":null", page);
    kinde_string_free(page);
    EXPECT(KINDE_STATUS_OK, kinde_pages_next((kinde_pages *)argument, &page, &error));
    CHECK(page == NULL);
}

/* A list goes on in the child where it was in the parent, also while the parent waits for a page of it. */
static void test_list_under_way(void) {
    struct outcome outcome;
    kinde_client *machine = new_client(emulator.url, "{\"management_client_id\":\"emulator_m2m\","
                                                     "\"management_client_secret\":\"emulator-m2m-secret-0123456789abcdefghijkl\"}");
    kinde_pages *pages = NULL;
    char *page = NULL;
    outcome_init(&outcome);
    EXPECT(KINDE_STATUS_OK, kinde_pages_new(machine, "get_users", "{\"page_size\":3}", &pages, &error));
    EXPECT(KINDE_STATUS_OK, kinde_pages_next(pages, &page, &error));
    kinde_string_free(page);
    free(emulator_control(&emulator, "DELETE", "/requests", NULL));
    emulator_fault(&emulator, "{\"path\":\"/api/v1/users\",\"hang\":true}");
    EXPECT(KINDE_STATUS_OK, kinde_pages_next_async(pages, outcome_complete, &outcome, NULL, &error));
    emulator_wait(&emulator, "/api/v1/users", 1);
    expect_success(in_child(expect_last_page, pages));
    CHECK_NUMBER(0, outcome_runs(&outcome));
    free(emulator_control(&emulator, "POST", "/release", "{}"));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK_HOLDS("\"next_token\":null", outcome.result);
    outcome_free(&outcome);
    kinde_pages_free(pages);
    kinde_client_free(machine);
}

static char *next_message(int64_t wait_ms) {
    char *message = (char *)POISON;
    EXPECT(KINDE_STATUS_OK, kinde_log_next(wait_ms, &message, &error));
    return message;
}

static void hear_only_itself(void *argument) {
    CHECK(next_message(0) == NULL);
    use_all(argument);
    CHECK(next_message(30000) != NULL);
}

/* Each process has its own queue of log messages: the child finds none of its parent's, and takes none away. */
static void test_log_queue(void) {
    kinde_session *session = new_signed_in_session(client);
    char *message;
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_DEBUG, NULL, NULL));
    use_all(session);
    expect_success(in_child(hear_only_itself, session));
    message = next_message(0);
    CHECK(message != NULL);
    kinde_string_free(message);
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_OFF, NULL, NULL));
    kinde_session_free(session);
}

#define DRAWS 1000

struct draws {
    int pipe[2];
};

/* Writes a line "state nonce code_verifier" for each draw. */
static void draw(void *argument) {
    struct draws *draws = (struct draws *)argument;
    FILE *out = fdopen(draws->pipe[1], "w");
    int i;
    CHECK(out != NULL);
    for (i = 0; i < DRAWS; i++) {
        char *request = NULL, *state, *nonce, *verifier;
        EXPECT(KINDE_STATUS_OK, kinde_authorization_url(client, "{}", &request, &error));
        state = json_text(request, "state");
        nonce = json_text(request, "nonce");
        verifier = json_text(request, "code_verifier");
        fprintf(out, "%s\n%s\n%s\n", state, nonce, verifier);
        free(state);
        free(nonce);
        free(verifier);
        kinde_string_free(request);
    }
    CHECK(fclose(out) == 0);
}

static int compare(const void *left, const void *right) {
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Two children of one process: no state, nonce or verifier occurs twice among all of them. */
static void test_random_values_differ(void) {
    static char *values[2 * 3 * DRAWS];
    struct draws draws[2];
    pid_t children[2];
    char line[512];
    size_t count = 0, i;
    for (i = 0; i < 2; i++) {
        CHECK(pipe(draws[i].pipe) == 0);
        children[i] = in_child(draw, &draws[i]);
        close(draws[i].pipe[1]);
    }
    for (i = 0; i < 2; i++) {
        FILE *in = fdopen(draws[i].pipe[0], "r");
        CHECK(in != NULL);
        while (count < 2 * 3 * DRAWS && fgets(line, sizeof line, in) != NULL) {
            CHECK(strlen(line) > 40); /* 256 bits in base64url, and the end of the line */
            values[count++] = browser_copy(line, strlen(line));
        }
        fclose(in);
        expect_success(children[i]);
    }
    CHECK_NUMBER(2 * 3 * DRAWS, count);
    qsort(values, count, sizeof *values, compare);
    for (i = 0; i < count; i++) {
        CHECK(i == 0 || strcmp(values[i - 1], values[i]) != 0);
    }
    for (i = 0; i < count; i++) {
        free(values[i]);
    }
}

struct kept {
    struct host_store store;
    kinde_client *client;
    kinde_session *session;
    char *id, *id_in_memory;
};

/* A worker that keeps sessions in its own memory is told, once, that its siblings do not see them. */
static void expect_one_warning_of_fork(void) {
    int warnings = 0;
    char *message;
    while ((message = next_message(warnings == 0 ? 30000 : 0)) != NULL) {
        warnings += strstr(message, "forked process") != NULL;
        kinde_string_free(message);
    }
    CHECK_NUMBER(1, warnings);
}

static void keep_with_an_own_client(void *argument) {
    kinde_client *own = new_client(emulator.url, NULL);
    (void)argument;
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_WARN, NULL, NULL));
    kinde_string_free(new_kept_session(own));
    expect_one_warning_of_fork();
    kinde_client_free(own);
}

/* So is one that makes its client after the fork, as the workers of most servers do. */
static void test_memory_of_a_client_made_in_the_worker(void) {
    expect_success(in_child(keep_with_an_own_client, NULL));
}

static void use_kept_sessions(void *argument) {
    struct kept *kept = (struct kept *)argument;
    kinde_session *session;
    char *id;
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_WARN, NULL, NULL));
    session = load(kept->client, kept->id);
    CHECK(is_authenticated(session));
    begin_sign_in(session);
    id = save(session);
    CHECK_TEXT(kept->id, id);
    kinde_string_free(id);
    kinde_session_free(session);
    expect_not_found(client, kept->id_in_memory);
    kinde_string_free(new_kept_session(client));
    expect_one_warning_of_fork();
    /* What the parent opened is the parent's to close. */
    kinde_session_free(kept->session);
    kinde_client_free(kept->client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    CHECK_NUMBER(0, kept->store.drops);
}

/* Memory is each process's own; the callbacks of a store are called in the child as well. */
static void test_kept_sessions(void) {
    static struct kept kept;
    host_store_init(&kept.store);
    kept.client = new_client_with(emulator.url, &kept.store);
    kept.session = new_signed_in_session(kept.client);
    kept.id = save(kept.session);
    kept.id_in_memory = new_kept_session(client);
    expect_success(in_child(use_kept_sessions, &kept));
    kinde_session_free(load(kept.client, kept.id));
    kinde_session_free(load(client, kept.id_in_memory));
    CHECK_NUMBER(0, kept.store.drops);
    kinde_session_free(kept.session);
    kinde_client_free(kept.client);
    host_wait_for_drop(&kept.store);
    kinde_string_free(kept.id);
    kinde_string_free(kept.id_in_memory);
    host_store_free(&kept.store);
}

#define WORKERS 8

static bool working;
static pthread_mutex_t working_mutex = PTHREAD_MUTEX_INITIALIZER;

static bool still_working(void) {
    bool answer;
    pthread_mutex_lock(&working_mutex);
    answer = working;
    pthread_mutex_unlock(&working_mutex);
    return answer;
}

static void *work(void *argument) {
    kinde_session *session = (kinde_session *)argument;
    while (still_working()) {
        kinde_session *own = new_signed_in_session(client);
        char *token = NULL;
        EXPECT(KINDE_STATUS_OK, kinde_session_access_token(own, &token, &error));
        EXPECT(KINDE_STATUS_OK, kinde_verify_token(client, token, NULL, NULL, &error));
        kinde_string_free(token);
        kinde_session_free(own);
        EXPECT(KINDE_STATUS_OK, kinde_session_refresh(session, &error));
        CHECK(is_authenticated(session));
    }
    return NULL;
}

/* A worker that hangs is killed, so that the test ends and names it. */
static void sign_in_once(void *argument) {
    kinde_session *own;
    alarm(60);
    own = new_signed_in_session(client);
    CHECK(is_authenticated(own));
    CHECK(is_authenticated((kinde_session *)argument));
    kinde_session_free(own);
}

/* Whatever the threads hold at the moment of the fork, the child signs in. */
static void test_forks_while_threads_work(void) {
    int forks = scaled("KINDE_TEST_FORKS", 1000);
    kinde_session *session = new_signed_in_session(client);
    pthread_t threads[WORKERS];
    int i;
    /* Logging takes locks as well. */
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_DEBUG, NULL, NULL));
    working = true;
    for (i = 0; i < WORKERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, work, session) == 0);
    }
    for (i = 0; i < forks; i++) {
        expect_success(in_child(sign_in_once, session));
    }
    pthread_mutex_lock(&working_mutex);
    working = false;
    pthread_mutex_unlock(&working_mutex);
    for (i = 0; i < WORKERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    CHECK_NUMBER(KINDE_STATUS_OK, kinde_set_log_callback(KINDE_LOG_LEVEL_OFF, NULL, NULL));
    kinde_session_free(session);
}

int main(void) {
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    test_both_sides_go_on();
    test_call_under_way();
    test_list_under_way();
    test_log_queue();
    test_random_values_differ();
    test_kept_sessions();
    test_memory_of_a_client_made_in_the_worker();
    test_forks_while_threads_work();
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
