/* The Management API: lists all users, page by page, and creates an organization.
 *
 *   management                 lists the users
 *   management "New customer"  creates an organization of this name
 *
 * Settings come from the environment: KINDE_DOMAIN, KINDE_CLIENT_ID, and of a machine-to-machine application with the
 * scopes read:users and create:organizations KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET. It prints
 * what Kinde answers, one line of JSON for each page. */
#include <kinde.h>
#include <stdio.h>
#include <stdlib.h>

/* Says what went wrong and, of a refusal by Kinde, all that is known about it. */
static int failed(const char *what, kinde_status status, kinde_error *error) {
    char *details = NULL;
    fprintf(stderr, "%s: %s: %s\n", what, kinde_status_name(status), kinde_error_message(error));
    if (status == KINDE_STATUS_API && kinde_error_details(error, &details) == KINDE_STATUS_OK) {
        fprintf(stderr, "%s\n", details);
        kinde_string_free(details);
    }
    kinde_error_free(error);
    return EXIT_FAILURE;
}

static int list_users(kinde_client *client) {
    kinde_error *error = NULL;
    kinde_pages *pages = NULL;
    char *page = NULL;
    kinde_status status = kinde_pages_new(client, "get_users", "{\"expand\":\"organizations\"}", &pages, &error);
    while (status == KINDE_STATUS_OK) {
        status = kinde_pages_next(pages, &page, &error);
        if (page == NULL) {
            break; /* the end of the list, or a failure */
        }
        puts(page);
        kinde_string_free(page);
    }
    kinde_pages_free(pages);
    return status == KINDE_STATUS_OK ? EXIT_SUCCESS : failed("get_users", status, error);
}

/* Copies a text into JSON; false if it does not fit. */
static int quote(const char *text, char *json, size_t size) {
    size_t length = 0;
    for (; *text != '\0'; text++) {
        const unsigned char letter = (unsigned char)*text;
        const int written = letter < 0x20 || letter == '"' || letter == '\\'
                                ? snprintf(json + length, size - length, "\\u%04x", letter)
                                : snprintf(json + length, size - length, "%c", letter);
        length += (size_t)written;
        if (length >= size) {
            return 0;
        }
    }
    json[length] = '\0';
    return 1;
}

static int create_organization(kinde_client *client, const char *name) {
    kinde_error *error = NULL;
    char *answer = NULL, quoted[512], params[640];
    kinde_status status;
    if (!quote(name, quoted, sizeof quoted)) {
        fprintf(stderr, "the name is too long\n");
        return EXIT_FAILURE;
    }
    snprintf(params, sizeof params, "{\"name\":\"%s\"}", quoted);
    status = kinde_api_call(client, "create_organization", params, &answer, &error);
    if (status != KINDE_STATUS_OK) {
        return failed("create_organization", status, error);
    }
    puts(answer);
    kinde_string_free(answer);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    kinde_config *config = kinde_config_new();
    kinde_client *client = NULL;
    kinde_error *error = NULL;
    int result;
    kinde_status status = kinde_config_load_env(config, &error);
    if (status == KINDE_STATUS_OK) {
        status = kinde_client_new(config, &client, &error);
    }
    kinde_config_free(config);
    if (status != KINDE_STATUS_OK) {
        return failed("settings", status, error);
    }
    result = argc > 1 ? create_organization(client, argv[1]) : list_users(client);
    kinde_client_free(client);
    kinde_shutdown(10000, NULL);
    return result;
}
