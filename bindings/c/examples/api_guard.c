/* An API that lets in whoever brings a valid access token: a server with one thread per connection, and one client of
 * the library that all threads share.
 *
 *   GET /          any valid access token; answers with its claims
 *   GET /todos     the token must carry the permission read:todos
 *
 * The answers to bad requests are those of RFC 6750, section 3. Settings come from the environment: KINDE_DOMAIN,
 * KINDE_CLIENT_ID, KINDE_AUDIENCE (what the tokens must be meant for), PORT (default 0: a free one). It prints its
 * address, and ends when its standard input closes. */
#include <kinde.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "browser.h"

struct request {
    kinde_client *client;
    int connection;
};

static void answer(int connection, const char *status, const char *headers, const char *body) {
    char head[768];
    snprintf(head, sizeof head, "HTTP/1.0 %s\r\n%sContent-Type: application/json\r\nContent-Length: %lu\r\n\r\n", status,
             headers, (unsigned long)strlen(body));
    if (browser_send(connection, head)) {
        browser_send(connection, body);
    }
}

/* Refuses as RFC 6750 asks. The description comes from the library and holds nothing secret; a quoted string may hold
 * neither quotes nor backslashes, so they are left out. */
static void refuse(int connection, const char *status, const char *code, const char *description) {
    char clean[256], headers[512];
    size_t i = 0;
    for (; *description != '\0' && i < sizeof clean - 1; description++) {
        if (*description >= 0x20 && *description <= 0x7e && *description != '"' && *description != '\\') {
            clean[i++] = *description;
        }
    }
    clean[i] = '\0';
    snprintf(headers, sizeof headers, "WWW-Authenticate: Bearer realm=\"todos\", error=\"%s\", error_description=\"%s\"\r\n",
             code, clean);
    answer(connection, status, headers, "{}");
}

/* What to answer when the library says no: only some statuses are the caller's fault. */
static void refuse_for(int connection, const kinde_error *error) {
    kinde_status status = kinde_error_status(error);
    if (status >= 600 && status < 800 && status != KINDE_STATUS_KEYS_UNAVAILABLE) {
        refuse(connection, "401 Unauthorized", "invalid_token", kinde_error_message(error));
    } else if (status == KINDE_STATUS_INVALID_UTF8 || status == KINDE_STATUS_INVALID_ARGUMENT) {
        refuse(connection, "400 Bad Request", "invalid_request", kinde_error_message(error));
    } else {
        fprintf(stderr, "%s: %s\n", kinde_status_name(status), kinde_error_message(error));
        answer(connection, "503 Service Unavailable", "Retry-After: 5\r\n", "{}");
    }
}

/* The token of "Authorization: Bearer TOKEN", to be freed. Otherwise answers the request and gives NULL. Only the
 * characters of RFC 6750's b64token pass, so the token may be put between quotes. */
static char *bearer_token(int connection, const char *request) {
    static const char token_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    struct browser_answer head;
    char *header, *token = NULL;
    memset(&head, 0, sizeof head);
    head.text = (char *)request;
    head.body = request + strlen(request);
    header = browser_header(&head, "authorization");
    if (header == NULL) {
        answer(connection, "401 Unauthorized", "WWW-Authenticate: Bearer realm=\"todos\"\r\n", "{}");
    } else if (strncmp(header, "Bearer ", 7) != 0 || header[7] == '\0' ||
               header[7 + strspn(header + 7, token_characters)] != '\0') {
        refuse(connection, "400 Bad Request", "invalid_request", "The Authorization header is not: Bearer TOKEN");
    } else {
        token = browser_copy(header + 7, strlen(header + 7));
    }
    free(header);
    return token;
}

static void show_claims(kinde_client *client, int connection, const char *token) {
    kinde_error *error = NULL;
    char *claims;
    if (kinde_verify_token(client, token, NULL, &claims, &error) == KINDE_STATUS_OK) {
        answer(connection, "200 OK", "", claims);
        kinde_string_free(claims);
    } else {
        refuse_for(connection, error);
        kinde_error_free(error);
    }
}

/* A session made from the bearer token answers questions about it; the cache of verifications makes this as cheap as
 * the claims alone. An expired token is refused by the question. */
static void show_todos(kinde_client *client, int connection, const char *token) {
    kinde_error *error = NULL;
    kinde_session *session = NULL;
    bool granted = false;
    char *token_set = (char *)malloc(strlen(token) + 32);
    kinde_status status;
    if (token_set == NULL) {
        answer(connection, "503 Service Unavailable", "", "{}");
        return;
    }
    sprintf(token_set, "{\"access_token\":\"%s\"}", token);
    status = kinde_session_from_tokens(client, token_set, &session, &error);
    free(token_set);
    if (status == KINDE_STATUS_OK) {
        status = kinde_session_has_permission(session, "read:todos", KINDE_TOKEN_TYPE_ACCESS, &granted, &error);
    }
    if (status != KINDE_STATUS_OK) {
        refuse_for(connection, error);
        kinde_error_free(error);
    } else if (!granted) {
        refuse(connection, "403 Forbidden", "insufficient_scope", "The permission read:todos is needed");
    } else {
        answer(connection, "200 OK", "", "[\"write a guard\"]");
    }
    kinde_session_free(session);
}

static void *serve(void *argument) {
    struct request *request = (struct request *)argument;
    char *text = browser_receive(request->connection, true);
    char *token = text == NULL ? NULL : bearer_token(request->connection, text);
    if (token != NULL) {
        if (strncmp(text, "GET / ", 6) == 0) {
            show_claims(request->client, request->connection, token);
        } else if (strncmp(text, "GET /todos ", 11) == 0) {
            show_todos(request->client, request->connection, token);
        } else {
            answer(request->connection, "404 Not Found", "", "{}");
        }
    }
    free(token);
    free(text);
    close(request->connection);
    kinde_client_free(request->client);
    free(request);
    return NULL;
}

static void *accept_all(void *argument) {
    struct request *listening = (struct request *)argument;
    for (;;) {
        struct timeval patience;
        struct request *request = (struct request *)malloc(sizeof *request);
        pthread_t thread;
        int connection = accept(listening->connection, NULL, NULL);
        if (connection < 0 || request == NULL) {
            free(request);
            if (connection >= 0) {
                close(connection);
            }
            if (errno == EINVAL || errno == EBADF) {
                return NULL;
            }
            continue;
        }
        patience.tv_sec = 10;
        patience.tv_usec = 0;
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        request->connection = connection;
        request->client = kinde_client_ref(listening->client);
        if (pthread_create(&thread, NULL, serve, request) == 0) {
            pthread_detach(thread);
        } else {
            close(connection);
            kinde_client_free(request->client);
            free(request);
        }
    }
}

int main(void) {
    kinde_error *error = NULL;
    struct request listening;
    pthread_t thread;
    kinde_config *config = kinde_config_new();
    const char *port = getenv("PORT");

    if (kinde_config_load_env(config, &error) != KINDE_STATUS_OK ||
        kinde_client_new(config, &listening.client, &error) != KINDE_STATUS_OK) {
        fprintf(stderr, "%s\n", kinde_error_message(error));
        kinde_error_free(error);
        kinde_config_free(config);
        return EXIT_FAILURE;
    }
    kinde_config_free(config);

    /* Fetching the keys ahead of time spares the first caller the wait. It is no reason to stop if it fails. */
    if (kinde_client_prepare(listening.client, &error) != KINDE_STATUS_OK) {
        fprintf(stderr, "Keys not fetched yet: %s\n", kinde_error_message(error));
        kinde_error_free(error);
    }

    listening.connection = browser_listen(port == NULL ? "0" : port);
    if (listening.connection < 0 || pthread_create(&thread, NULL, accept_all, &listening) != 0) {
        perror("listen");
        return EXIT_FAILURE;
    }
    printf("http://127.0.0.1:%d\n", browser_port(listening.connection));
    fflush(stdout);

    while (getchar() != EOF) {
    }
    shutdown(listening.connection, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listening.connection);
    kinde_client_free(listening.client);
    kinde_shutdown(5000, NULL);
    return EXIT_SUCCESS;
}
