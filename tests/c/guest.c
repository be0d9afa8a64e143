/* The manners of a guest: no thread before the first network call, few afterwards, all signals blocked in them, the
 * host's handlers untouched, and none left after a shutdown. */
#include <dirent.h>
#include <sched.h>

#include "fixture.h"

static int threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int count = 0;
    CHECK(tasks != NULL);
    while ((task = readdir(tasks)) != NULL) {
        count += task->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

/* A thread that was joined stays listed for a moment longer. One that stays for good runs into the test's time limit. */
static void wait_for_threads_to_vanish(int left) {
    while (threads() != left) {
        sched_yield();
    }
}

/* The signals that a thread blocks, as /proc shows them; all of them if it has ended. */
static unsigned long long blocked_signals(const char *task) {
    char path[300], line[256];
    unsigned long long blocked = ~0ULL;
    FILE *status;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task);
    status = fopen(path, "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "SigBlk:", 7) == 0) {
            blocked = strtoull(line + 7, NULL, 16);
        }
    }
    if (status != NULL) {
        fclose(status);
    }
    return blocked;
}

static void check_library_threads_block_signals(void) {
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGCHLD};
    char own[32];
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    size_t i;
    CHECK(tasks != NULL);
    snprintf(own, sizeof own, "%ld", (long)getpid());
    while ((task = readdir(tasks)) != NULL) {
        unsigned long long blocked;
        if (task->d_name[0] == '.' || strcmp(task->d_name, own) == 0) {
            continue;
        }
        blocked = blocked_signals(task->d_name);
        for (i = 0; i < sizeof signals / sizeof *signals; i++) {
            CHECK((blocked >> (signals[i] - 1) & 1) == 1);
        }
    }
    closedir(tasks);
    CHECK_NUMBER(0, blocked_signals(own));
}

static void check_handlers_are_default(void) {
    int number;
    for (number = 1; number < 32; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0) {
            CHECK(action.sa_handler == SIG_DFL);
        }
    }
}

int main(void) {
    struct emulator emulator;
    kinde_client *client;
    kinde_session *session;
    char *url = NULL;
    int before, repeat;
    /* A sanitizer may have threads and handlers of its own: they are there before. */
    emulator_start(&emulator);
    before = threads();

    client = new_client(emulator.url, NULL);
    session = new_session(client);
    EXPECT(KINDE_STATUS_OK, kinde_session_login_url(session, "{}", &url, &error));
    kinde_string_free(url);
    CHECK_NUMBER(before, threads()); /* nothing of this needed the network */

    for (repeat = 0; repeat < 2; repeat++) {
        sign_in(session);
        CHECK(threads() > before);
        check_library_threads_block_signals();
        check_handlers_are_default();
        EXPECT(KINDE_STATUS_OK, kinde_shutdown(30000, &error));
        wait_for_threads_to_vanish(before);
        CHECK(is_authenticated(session)); /* questions need no thread */
        CHECK_NUMBER(before, threads());
    }
    kinde_session_free(session);
    kinde_client_free(client);
    CHECK_NUMBER(before, threads());
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
