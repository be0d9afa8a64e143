/* Kinde's events, as a CGI program behind any web server: give its address to Kinde as the endpoint of a webhook.
 *
 * Settings come from the environment: KINDE_DOMAIN, KINDE_CLIENT_ID, and KINDE_STORE_URL. The store knows which events
 * were handled; without one each run of this program forgets them. Events go to standard error, where web servers keep
 * their log. */
#include <kinde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As long as the body of a webhook may be. */
#define LONGEST_BODY (64 * 1024)

static int answer(const char *status) {
    printf("Status: %s\r\nContent-Type: text/plain\r\n\r\n", status);
    return EXIT_SUCCESS;
}

/* Kinde sends everything again that is not answered with 200. */
static int refuse(kinde_status status, kinde_error *error) {
    const char *reason = kinde_error_message(error);
    fprintf(stderr, "webhook: %s: %s\n", kinde_status_name(status), reason == NULL ? "" : reason);
    kinde_error_free(error);
    switch (status) {
    case KINDE_STATUS_SIGNATURE:
    case KINDE_STATUS_ALGORITHM:
    case KINDE_STATUS_KEY_NOT_FOUND:
    case KINDE_STATUS_ISSUER:
    case KINDE_STATUS_TOKEN_MALFORMED:
    case KINDE_STATUS_TOKEN_EXPIRED:
    case KINDE_STATUS_TOKEN_NOT_YET_VALID:
    case KINDE_STATUS_TOKEN_KIND:
    case KINDE_STATUS_CLAIM_MISSING:
        return answer("400 Bad Request");
    default: /* the keys or the store are away for a moment */
        return answer("503 Service Unavailable");
    }
}

/* Handles an event; false if it is to come again. What is not known is passed over: Kinde adds types. */
static int handle(const char *event) {
    fprintf(stderr, "webhook: %s\n", event);
    return 1;
}

/* The value of a member of the event itself: the members of its data may have the same names. NULL if there is none. */
static const char *value_of(const char *json, const char *name) {
    const size_t length = strlen(name);
    const char *text;
    int depth = 0;
    for (; *json != '\0'; json++) {
        depth += (*json == '{' || *json == '[') - (*json == '}' || *json == ']');
        if (*json != '"') {
            continue;
        }
        for (text = ++json; *json != '"' && *json != '\0'; json++) {
            json += *json == '\\' && json[1] != '\0';
        }
        if (*json == '\0') {
            break;
        }
        if (depth == 1 && json[1] == ':' && (size_t)(json - text) == length && strncmp(text, name, length) == 0) {
            return json + 2;
        }
    }
    return NULL;
}

static int is_duplicate(const char *event) {
    const char *value = value_of(event, "duplicate");
    return value != NULL && strncmp(value, "true", 4) == 0;
}

/* Copies the event's id, which has no escapes in it; false if it does not fit. */
static int copy_id(const char *event, char *id, size_t size) {
    const char *value = value_of(event, "event_id");
    const size_t length = value == NULL || *value != '"' ? size : strcspn(value + 1, "\"");
    if (length >= size) {
        return 0;
    }
    memcpy(id, value + 1, length);
    id[length] = '\0';
    return 1;
}

static int receive(kinde_client *client, const char *body) {
    kinde_error *error = NULL;
    char *event = NULL, id[256];
    int is_handled;
    kinde_status status = kinde_webhook_decode(client, body, NULL, &event, &error);
    if (status != KINDE_STATUS_OK) {
        return refuse(status, error);
    }
    is_handled = is_duplicate(event) || handle(event);
    if (is_handled && copy_id(event, id, sizeof id)) {
        status = kinde_webhook_done(client, id, &error);
    }
    kinde_string_free(event);
    if (status != KINDE_STATUS_OK) {
        return refuse(status, error);
    }
    return answer(is_handled ? "200 OK" : "500 Internal Server Error");
}

int main(void) {
    const char *method = getenv("REQUEST_METHOD"), *announced = getenv("CONTENT_LENGTH");
    const long length = announced == NULL ? 0 : strtol(announced, NULL, 10);
    static char body[LONGEST_BODY + 1];
    kinde_config *config;
    kinde_client *client = NULL;
    kinde_error *error = NULL;
    kinde_status status;
    int result;
    if (method == NULL || strcmp(method, "POST") != 0) {
        return answer("405 Method Not Allowed");
    }
    if (length > LONGEST_BODY) {
        return answer("413 Content Too Large");
    }
    if (length < 1 || fread(body, 1, (size_t)length, stdin) != (size_t)length) {
        return answer("400 Bad Request");
    }
    config = kinde_config_new();
    status = kinde_config_load_env(config, &error);
    if (status == KINDE_STATUS_OK) {
        status = kinde_client_new(config, &client, &error);
    }
    kinde_config_free(config);
    result = status == KINDE_STATUS_OK ? receive(client, body) : refuse(status, error);
    kinde_client_free(client);
    kinde_shutdown(10000, NULL);
    return result;
}
