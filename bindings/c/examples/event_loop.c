/* Signs a user in from a program that owns an event loop: nothing here waits but epoll.
 *
 * Completions run on a thread of the library. The one here only copies what it was given and writes a pointer into a
 * pipe; everything else happens on the loop's own thread. Settings come from the environment as in login.c; it needs the
 * emulator with --auto-login, because it follows the authorization URL itself. */
#include <kinde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "browser.h"

struct loop {
    int epoll;
    int completed[2]; /* pointers to struct event: read on the loop's thread, written by completions */
};

/* A call under way, and later what came of it. */
struct event {
    struct loop *loop;
    void (*next)(struct loop *loop, kinde_session *session);
    const char *step;
    kinde_session *session;
    kinde_status status;
    char *result;  /* NULL if the call has none */
    char *message; /* NULL if it went well */
};

static void on_completion(void *userdata, kinde_status status, const char *result_json, kinde_session *session,
                          const kinde_error *error) {
    struct event *event = (struct event *)userdata;
    (void)session; /* only set by calls that make one */
    event->status = status;
    event->result = result_json == NULL ? NULL : browser_copy(result_json, strlen(result_json));
    if (error != NULL) {
        event->message = browser_copy(kinde_error_message(error), strlen(kinde_error_message(error)));
    }
    /* A write of a pointer is smaller than PIPE_BUF, so it is never torn. */
    while (write(event->loop->completed[1], &event, sizeof event) < 0 && errno == EINTR) {
    }
}

static void stop(const char *step, kinde_status status, const char *message) {
    fprintf(stderr, "%s failed: %s\n  %s\n", step, kinde_status_name(status), message == NULL ? "" : message);
    exit(EXIT_FAILURE);
}

static void check(kinde_status status, kinde_error **error, const char *step) {
    if (status != KINDE_STATUS_OK) {
        stop(step, status, kinde_error_message(*error));
    }
}

static struct event *begin(struct loop *loop, const char *step, kinde_session *session,
                           void (*next)(struct loop *, kinde_session *)) {
    struct event *event = (struct event *)calloc(1, sizeof *event);
    if (event == NULL) {
        stop(step, KINDE_STATUS_INTERNAL, "out of memory");
    }
    event->loop = loop;
    event->step = step;
    event->session = session;
    event->next = next;
    return event;
}

static void signed_out(struct loop *loop, kinde_session *session) {
    kinde_session_free(session);
    close(loop->epoll);
    loop->epoll = -1;
}

static void refreshed(struct loop *loop, kinde_session *session) {
    kinde_error *error = NULL;
    struct event *event = begin(loop, "Signing out", session, signed_out);
    check(kinde_session_logout_async(session, "{}", on_completion, event, NULL, &error), &error, event->step);
}

static void signed_in(struct loop *loop, kinde_session *session) {
    kinde_error *error = NULL;
    char *user;
    struct event *event = begin(loop, "Refreshing", session, refreshed);
    check(kinde_session_user(session, &user, &error), &error, "Asking who signed in");
    printf("Signed in: %s\n", user);
    kinde_string_free(user);
    check(kinde_session_refresh_async(session, on_completion, event, NULL, &error), &error, event->step);
}

static void sign_in(struct loop *loop, kinde_client *client) {
    kinde_error *error = NULL;
    kinde_session *session;
    char *url, *callback;
    struct event *event;
    check(kinde_session_new(client, &session, &error), &error, "Making a session");
    check(kinde_session_login_url(session, "{}", &url, &error), &error, "Making the authorization URL");
    /* In a server this is the user's browser, and the callback comes in as a request. */
    callback = browser_follow(url);
    kinde_string_free(url);
    if (callback == NULL) {
        stop("Following the authorization URL", KINDE_STATUS_NETWORK, "The emulator must run with --auto-login.");
    }
    event = begin(loop, "Signing in", session, signed_in);
    check(kinde_session_handle_callback_async(session, callback, on_completion, event, NULL, &error), &error, event->step);
    free(callback);
}

static void finish(struct loop *loop, struct event *event) {
    if (event->status != KINDE_STATUS_OK) {
        stop(event->step, event->status, event->message);
    }
    printf("%s: %s%s\n", event->step, event->result == NULL ? "done" : "done: ",
           event->result == NULL ? "" : event->result);
    event->next(loop, event->session);
    free(event->result);
    free(event->message);
    free(event);
}

int main(void) {
    kinde_error *error = NULL;
    kinde_client *client;
    kinde_config *config = kinde_config_new();
    struct epoll_event interest;
    struct loop loop;

    check(kinde_config_load_env(config, &error), &error, "Reading the settings");
    check(kinde_client_new(config, &client, &error), &error, "Reading the settings");
    kinde_config_free(config);

    memset(&interest, 0, sizeof interest);
    interest.events = EPOLLIN;
    loop.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop.epoll < 0 || pipe(loop.completed) != 0 ||
        epoll_ctl(loop.epoll, EPOLL_CTL_ADD, loop.completed[0], &interest) != 0) {
        perror("epoll");
        return EXIT_FAILURE;
    }

    sign_in(&loop, client);
    while (loop.epoll >= 0) {
        struct epoll_event ready;
        struct event *event;
        if (epoll_wait(loop.epoll, &ready, 1, -1) == 1 &&
            read(loop.completed[0], &event, sizeof event) == (ssize_t)sizeof event) {
            finish(&loop, event);
        }
    }

    close(loop.completed[0]);
    kinde_client_free(client);
    kinde_shutdown(5000, NULL);
    close(loop.completed[1]);
    return EXIT_SUCCESS;
}
