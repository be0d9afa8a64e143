/* One emulator for a test program, and its test control. */
#ifndef EMULATOR_H
#define EMULATOR_H

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "browser.h"
#include "check.h"

struct emulator {
    pid_t pid;
    int standard_input; /* it ends when this closes, so it cannot outlive a test that dies */
    char url[128];
};

/* The text member of this name, to be freed; the first one at any depth. Only for texts without escapes, such as
 * tokens, codes and URLs. */
static inline char *json_text(const char *json, const char *name) {
    char key[64];
    const char *at;
    CHECK(snprintf(key, sizeof key, "\"%s\":\"", name) < (int)sizeof key);
    CHECK_HOLDS(key, json);
    at = strstr(json, key) + strlen(key);
    return browser_copy(at, strcspn(at, "\""));
}

/* The integer member of this name. */
static inline long long json_integer(const char *json, const char *name) {
    char key[64];
    CHECK(snprintf(key, sizeof key, "\"%s\":", name) < (int)sizeof key);
    CHECK_HOLDS(key, json);
    return atoll(strstr(json, key) + strlen(key));
}

static inline void emulator_start(struct emulator *emulator) {
    const char *program = getenv("KINDE_EMULATOR");
    int input[2], output[2];
    char ready[16384];
    size_t length = 0;
    char *url;
    CHECK(program != NULL);
    CHECK(pipe(input) == 0 && pipe(output) == 0);
    emulator->pid = fork();
    CHECK(emulator->pid >= 0);
    if (emulator->pid == 0) {
        dup2(input[0], 0);
        dup2(output[1], 1);
        close(input[1]);
        close(output[0]);
        execl(program, program, "--port", "0", "--control", "--exit-with-stdin", "--auto-login", "ada@example.com",
              (char *)NULL);
        perror(program);
        _exit(127);
    }
    close(input[0]);
    close(output[1]);
    fcntl(input[1], F_SETFD, FD_CLOEXEC);
    emulator->standard_input = input[1];
    while (length < sizeof ready - 1 && (length == 0 || ready[length - 1] != '\n')) {
        ssize_t got = read(output[0], ready + length, sizeof ready - 1 - length);
        CHECK(got > 0);
        length += (size_t)got;
    }
    ready[length] = '\0';
    close(output[0]);
    url = json_text(ready, "url");
    CHECK(snprintf(emulator->url, sizeof emulator->url, "%s", url) < (int)sizeof emulator->url);
    free(url);
}

static inline void emulator_stop(struct emulator *emulator) {
    int status;
    close(emulator->standard_input);
    CHECK(waitpid(emulator->pid, &status, 0) == emulator->pid);
}

/* Ends it at once, so that nobody listens at its address any more. */
static inline void emulator_kill(struct emulator *emulator) {
    kill(emulator->pid, SIGKILL);
    emulator_stop(emulator);
}

/* A request to the test control; gives the answer's body, to be freed. */
static inline char *emulator_control(const struct emulator *emulator, const char *method, const char *path,
                                     const char *json) {
    struct browser_answer answer;
    char url[512];
    char *body;
    CHECK(snprintf(url, sizeof url, "%s/_control%s", emulator->url, path) < (int)sizeof url);
    CHECK(browser_request(method, url, "Content-Type: application/json\r\n", json, &answer));
    if (answer.status / 100 != 2) {
        fprintf(stderr, "%s %s\n%s\n%s\n", method, path, json == NULL ? "" : json, answer.text);
        CHECK(answer.status / 100 == 2);
    }
    body = browser_copy(answer.body, strlen(answer.body));
    browser_answer_free(&answer);
    return body;
}

static inline void emulator_fault(const struct emulator *emulator, const char *fault) {
    free(emulator_control(emulator, "POST", "/faults", fault));
}

static inline void emulator_reset(const struct emulator *emulator) {
    free(emulator_control(emulator, "POST", "/reset", "{}"));
}

/* Waits until so many requests to the path have arrived since the requests were last forgotten. */
static inline void emulator_wait(const struct emulator *emulator, const char *path, int count) {
    char wait[256];
    CHECK(snprintf(wait, sizeof wait, "/requests/wait?path=%s&count=%d&timeout_ms=60000", path, count) < (int)sizeof wait);
    free(emulator_control(emulator, "GET", wait, NULL));
}

/* A signed token; `request` is the body of POST /_control/mint. To be freed. */
static inline char *emulator_mint(const struct emulator *emulator, const char *request) {
    char *answer = emulator_control(emulator, "POST", "/mint", request);
    char *token = json_text(answer, "token");
    free(answer);
    return token;
}

#endif
