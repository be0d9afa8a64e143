/* Runs the example programs against the emulator, and asks the API guard what an API's callers would. */
#include "fixture.h"

static struct emulator emulator;

static char *path_of(const char *example) {
    const char *directory = getenv("KINDE_EXAMPLES");
    char *path;
    CHECK(directory != NULL);
    path = (char *)malloc(strlen(directory) + strlen(example) + 2);
    CHECK(path != NULL);
    sprintf(path, "%s/%s", directory, example);
    return path;
}

struct program {
    pid_t pid;
    int input, output;
    int unread; /* the end of its input that it reads from: a program may end before it was written to */
};

static struct program start(const char *example, const char *argument, const char *second) {
    struct program program;
    int input[2], output[2];
    char *path = path_of(example);
    CHECK(pipe(input) == 0 && pipe(output) == 0);
    program.pid = fork();
    CHECK(program.pid >= 0);
    if (program.pid == 0) {
        dup2(input[0], 0);
        dup2(output[1], 1);
        dup2(output[1], 2);
        close(input[1]);
        close(output[0]);
        execl(path, path, argument, second, (char *)NULL);
        _exit(127);
    }
    free(path);
    close(output[1]);
    program.unread = input[0];
    program.input = input[1];
    program.output = output[0];
    return program;
}

/* Reads what it prints, until it ends or, if `line`, until the end of a line. To be freed. */
static char *output_of(const struct program *program, bool line) {
    size_t size = 65536, length = 0;
    char *text = (char *)malloc(size);
    CHECK(text != NULL);
    while (length < size - 1 && !(line && length > 0 && text[length - 1] == '\n')) {
        ssize_t got = read(program->output, text + length, line ? 1 : size - 1 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    text[length] = '\0';
    return text;
}

static int end_of(struct program *program) {
    int status;
    close(program->input);
    close(program->unread);
    close(program->output);
    CHECK(waitpid(program->pid, &status, 0) == program->pid);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static char *run(const char *example, const char *argument, int expected_status) {
    struct program program = start(example, argument, NULL);
    char *output = output_of(&program, false);
    CHECK_NUMBER(expected_status, end_of(&program));
    return output;
}

static void test_sign_ins(void) {
    char *output = run("login", "--follow", EXIT_SUCCESS);
    CHECK_HOLDS("/oauth2/auth?", output);
    CHECK_HOLDS("code_challenge_method=S256", output);
    CHECK_HOLDS("ada@example.com", output);
    CHECK_HOLDS("read:todos           yes", output);
    CHECK_HOLDS("delete:organization  no", output);
    CHECK_HOLDS("is_dark_mode         on", output);
    CHECK_HOLDS("competitions_limit   5", output);
    CHECK_HOLDS("theme                pink", output);
    CHECK_HOLDS("6. Refreshed.", output);
    CHECK_HOLDS("/logout?", output);
    free(output);

    output = run("event_loop", NULL, EXIT_SUCCESS);
    CHECK_HOLDS("signed_in", output);
    CHECK_HOLDS("ada@example.com", output);
    CHECK_HOLDS("Refreshing: done", output);
    CHECK_HOLDS("Signing out: done", output);
    free(output);

    output = run("login_cpp", NULL, EXIT_SUCCESS);
    CHECK_HOLDS("May read to-dos: true", output);
    CHECK_HOLDS("Theme: pink", output);
    CHECK_HOLDS("FLAG_NOT_FOUND", output);
    CHECK_HOLDS("Refreshed on a thread of the library: OK", output);
    free(output);
}

static char *run_store(const char *database, int expected_status) {
    struct program program = start("sqlite_store", database, "--follow");
    char *output = output_of(&program, false);
    CHECK_NUMBER(expected_status, end_of(&program));
    return output;
}

static void test_store(void) {
    char directory[] = "kinde-store-XXXXXX", database[64];
    static const char *const files[] = {"", "-wal", "-shm"};
    char *output;
    size_t i;
    CHECK(mkdtemp(directory) != NULL);
    snprintf(database, sizeof database, "%s/sessions.db", directory);
    output = run_store(database, EXIT_FAILURE);
    CHECK_HOLDS("seal_keys", output);
    free(output);

    setenv("KINDE_SEAL_KEYS", "the-seal-key-of-this-test-0123456789abcdef", 1);
    for (i = 0; i < 2; i++) { /* in a new database, and in one that is there */
        output = run_store(database, EXIT_SUCCESS);
        CHECK_HOLDS("new id: yes", output);
        CHECK_HOLDS("ada@example.com", output);
        CHECK_HOLDS("4. Refreshed", output);
        CHECK_HOLDS("/logout?", output);
        CHECK_HOLDS("SESSION_NOT_FOUND", output);
        free(output);
    }
    unsetenv("KINDE_SEAL_KEYS");
    for (i = 0; i < sizeof files / sizeof *files; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", database, files[i]);
        unlink(path);
    }
    CHECK(rmdir(directory) == 0);

    /* The directory is gone. */
    output = run_store(database, EXIT_FAILURE);
    CHECK_HOLDS("unable to open database file", output);
    free(output);
}

/* As with real Kinde: the user's browser, not the program, opens the address. */
static void test_sign_in_with_a_browser(void) {
    char redirect_uri[64], *callback;
    struct program program;
    struct browser_answer answer;
    int probe = browser_listen("0");
    snprintf(redirect_uri, sizeof redirect_uri, "http://127.0.0.1:%d/callback", browser_port(probe));
    close(probe);
    setenv("KINDE_REDIRECT_URL", redirect_uri, 1);
    program = start("login", NULL, NULL);
    setenv("KINDE_REDIRECT_URL", REDIRECT_URI, 1);

    char *heading = output_of(&program, true);
    char *url = output_of(&program, true);
    char *waiting = output_of(&program, true);
    CHECK_HOLDS("waiting at", waiting);
    url[strcspn(url, "\n")] = '\0';
    callback = browser_follow(url + strspn(url, " "));
    CHECK(callback != NULL);
    while (!browser_request("GET", callback, "", NULL, &answer)) {
        /* It says that it waits just before it listens. */
        CHECK(waitpid(program.pid, NULL, WNOHANG) == 0);
    }
    CHECK_NUMBER(200, answer.status);
    browser_answer_free(&answer);
    free(callback);
    free(heading);
    free(url);
    free(waiting);
    char *rest = output_of(&program, false);
    CHECK_HOLDS("ada@example.com", rest);
    free(rest);
    CHECK_NUMBER(EXIT_SUCCESS, end_of(&program));
}

static void test_sign_in_that_fails(void) {
    static const char *const programs[][2] = {{"login", "--follow"}, {"event_loop", NULL}, {"login_cpp", NULL}};
    size_t i;
    setenv("KINDE_CLIENT_SECRET", "wrong-secret-0123456789abcdefghijklmnopqrst", 1);
    for (i = 0; i < sizeof programs / sizeof *programs; i++) {
        char *output = run(programs[i][0], programs[i][1], EXIT_FAILURE);
        CHECK_HOLDS("OAUTH", output);
        CHECK_HOLDS("invalid_client", output);
        CHECK_HOLDS_NOT("wrong-secret", output);
        free(output);
    }
    setenv("KINDE_CLIENT_SECRET", "emulator-web-secret-0123456789abcdefghijkl", 1);

    unsetenv("KINDE_CLIENT_ID");
    for (i = 0; i < sizeof programs / sizeof *programs; i++) {
        char *output = run(programs[i][0], programs[i][1], EXIT_FAILURE);
        CHECK_HOLDS("client_id", output);
        free(output);
    }
    setenv("KINDE_CLIENT_ID", "emulator_web", 1);
}

/* What the guard answers to an Authorization header, or to none; the status, and a part of WWW-Authenticate. */
static void guard_says(const char *url, const char *path, const char *authorization, const char *token, int status,
                       const char *challenge) {
    struct browser_answer answer;
    char address[256];
    char *headers = (char *)malloc(4096 + (token == NULL ? 0 : strlen(token)));
    char *found;
    CHECK(headers != NULL);
    snprintf(address, sizeof address, "%s%s", url, path);
    *headers = '\0';
    if (authorization != NULL) {
        sprintf(headers, "Authorization: %s%s\r\n", authorization, token == NULL ? "" : token);
    }
    CHECK(browser_request("GET", address, headers, NULL, &answer));
    CHECK_NUMBER(status, answer.status);
    found = browser_header(&answer, "www-authenticate");
    if (challenge == NULL) {
        CHECK(found == NULL);
    } else {
        CHECK_HOLDS(challenge, found);
    }
    free(found);
    free(headers);
    browser_answer_free(&answer);
}

static void test_api_guard(void) {
    struct program guard = start("api_guard", NULL, NULL);
    char *url = output_of(&guard, true);
    char *good, *foreign, *expired, *poor, *identity;
    url[strcspn(url, "\n")] = '\0';

    good = emulator_mint(&emulator, "{\"template\":\"access\",\"client_id\":\"emulator_web\",\"email\":\"ada@example.com\","
                                    "\"org_code\":\"org_acme\"}");
    foreign = emulator_mint(&emulator, "{\"template\":\"access\",\"client_id\":\"emulator_web\","
                                       "\"email\":\"ada@example.com\",\"sign\":\"foreign\"}");
    expired = emulator_mint(&emulator, "{\"template\":\"access\",\"client_id\":\"emulator_web\","
                                       "\"email\":\"ada@example.com\",\"claims\":{\"exp\":1000000000}}");
    poor = emulator_mint(&emulator, "{\"template\":\"access\",\"client_id\":\"emulator_web\","
                                    "\"email\":\"ada@example.com\",\"claims\":{\"permissions\":[]}}");
    identity = emulator_mint(&emulator, "{\"template\":\"id\",\"client_id\":\"emulator_web\","
                                        "\"email\":\"ada@example.com\"}");

    guard_says(url, "/", "Bearer ", good, 200, NULL);
    guard_says(url, "/todos", "Bearer ", good, 200, NULL);
    guard_says(url, "/nowhere", "Bearer ", good, 404, NULL);
    guard_says(url, "/", NULL, NULL, 401, "Bearer realm=\"todos\"");
    guard_says(url, "/", "Basic YTpi", NULL, 400, "error=\"invalid_request\"");
    guard_says(url, "/", "Bearer \"}", NULL, 400, "error=\"invalid_request\"");
    guard_says(url, "/", "Bearer abc", NULL, 401, "error=\"invalid_token\"");
    guard_says(url, "/", "Bearer ", foreign, 401, "error=\"invalid_token\"");
    guard_says(url, "/", "Bearer ", expired, 401, "error=\"invalid_token\"");
    guard_says(url, "/todos", "Bearer ", expired, 401, "error=\"invalid_token\"");
    guard_says(url, "/", "Bearer ", identity, 401, "error=\"invalid_token\"");
    guard_says(url, "/todos", "Bearer ", poor, 403, "error=\"insufficient_scope\"");

    free(good);
    free(foreign);
    free(expired);
    free(poor);
    free(identity);
    free(url);
    CHECK_NUMBER(EXIT_SUCCESS, end_of(&guard));
}

static void test_management(void) {
    char *output = run("management", NULL, EXIT_FAILURE);
    CHECK_HOLDS("get_users: OAUTH: ", output);
    free(output);

    setenv("KINDE_MANAGEMENT_CLIENT_ID", "emulator_m2m", 1);
    setenv("KINDE_MANAGEMENT_CLIENT_SECRET", "emulator-m2m-secret-0123456789abcdefghijkl", 1);
    output = run("management", "New \"customer\"", EXIT_SUCCESS);
    CHECK_HOLDS("\"code\":\"org_", output);
    free(output);
    output = run("management", NULL, EXIT_SUCCESS);
    CHECK_HOLDS("\"items\":[{", output);
    CHECK_HOLDS("grace@example.com", output);
    free(output);
    unsetenv("KINDE_MANAGEMENT_CLIENT_ID");
    unsetenv("KINDE_MANAGEMENT_CLIENT_SECRET");
}

/* Hands a body to the program as a web server does that says it has some length; what it answers. To be freed. */
static char *post_webhook(const char *method, const char *body, size_t announced) {
    struct program program;
    char length[24], *output;
    sprintf(length, "%zu", announced);
    setenv("REQUEST_METHOD", method, 1);
    setenv("CONTENT_LENGTH", length, 1);
    program = start("webhook_endpoint", NULL, NULL);
    CHECK(write(program.input, body, strlen(body)) == (ssize_t)strlen(body));
    output = output_of(&program, false);
    CHECK_NUMBER(EXIT_SUCCESS, end_of(&program));
    return output;
}

static char *signed_event(const char *order) {
    char *answer = emulator_control(&emulator, "POST", "/webhooks", order), *token = json_text(answer, "token");
    free(answer);
    return token;
}

static void check_webhook(const char *method, const char *order, const char *expected) {
    char *body = signed_event(order), *output = post_webhook(method, body, strlen(body));
    CHECK_HOLDS(expected, output);
    free(output);
    free(body);
}

static void check_length(const char *body, size_t announced, const char *expected) {
    char *output = post_webhook("POST", body, announced);
    CHECK_HOLDS(expected, output);
    free(output);
}

static void test_webhook_endpoint(void) {
    check_webhook("POST", "{\"type\":\"user.created\",\"event_id\":\"event_1\"}", "Status: 200 ");
    check_webhook("POST", "{\"type\":\"user.created\",\"event_id\":\"event_1\"}", "\"type\":\"user.created\"");
    /* What an event is about does not say whether it is a new one. */
    check_webhook("POST", "{\"type\":\"user.updated\",\"data\":{\"a\":[\"\\\"{\"],\"duplicate\":true}}", "\"type\":\"user.updated\"");
    check_webhook("POST", "{\"sign\":\"foreign\"}", "Status: 400 ");
    check_webhook("GET", "{}", "Status: 405 ");
    check_length("", 0, "Status: 400 ");
    check_length("", 64 * 1024 + 1, "Status: 413 ");
    emulator_fault(&emulator, "{\"path\":\"/.well-known/*\",\"status\":503,\"times\":null}");
    check_webhook("POST", "{}", "Status: 503 ");
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    unsetenv("REQUEST_METHOD");
    unsetenv("CONTENT_LENGTH");
}

int main(void) {
    emulator_start(&emulator);
    setenv("KINDE_DOMAIN", emulator.url, 1);
    setenv("KINDE_CLIENT_ID", "emulator_web", 1);
    setenv("KINDE_CLIENT_SECRET", "emulator-web-secret-0123456789abcdefghijkl", 1);
    setenv("KINDE_REDIRECT_URL", REDIRECT_URI, 1);
    setenv("KINDE_POST_LOGOUT_REDIRECT_URL", "http://localhost:3000/", 1);
    test_sign_ins();
    test_sign_in_with_a_browser();
    test_sign_in_that_fails();
    test_store();
    test_api_guard();
    test_management();
    test_webhook_endpoint();
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
