/* Signs a user in, asks the library about them, refreshes, signs them out.
 *
 *   login            prints the address to open in a browser, and waits at the redirect URI for the user to come back
 *   login --follow   opens the address itself; for the emulator with --auto-login
 *
 * The settings come from the environment: KINDE_DOMAIN, KINDE_CLIENT_ID, KINDE_CLIENT_SECRET, KINDE_REDIRECT_URL,
 * KINDE_POST_LOGOUT_REDIRECT_URL. */
#include <kinde.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "browser.h"

static const char *advice(kinde_status status) {
    switch (status) {
    case KINDE_STATUS_CONFIG:
        return "Set KINDE_DOMAIN, KINDE_CLIENT_ID, KINDE_CLIENT_SECRET and KINDE_REDIRECT_URL as your application's page at "
               "Kinde shows them.";
    case KINDE_STATUS_NETWORK:
    case KINDE_STATUS_TLS:
    case KINDE_STATUS_TIMEOUT:
    case KINDE_STATUS_KEYS_UNAVAILABLE:
    case KINDE_STATUS_RATE_LIMITED:
        return "Try again in a moment; check that KINDE_DOMAIN can be reached from here.";
    case KINDE_STATUS_OAUTH:
        return "Kinde refused this application: compare its id, secret and callback URLs with the settings.";
    case KINDE_STATUS_INVALID_GRANT:
    case KINDE_STATUS_STATE_MISMATCH:
    case KINDE_STATUS_LOGIN_REQUIRED:
    case KINDE_STATUS_ACCESS_DENIED:
        return "Start again and sign in once more.";
    default:
        return "See the section on errors in the README for what this status asks you to do.";
    }
}

/* Prints what failed, and ends the program. */
static void check(kinde_status status, kinde_error **error, const char *step) {
    const char *code = kinde_error_oauth_code(*error);
    const char *description = kinde_error_oauth_description(*error);
    if (status == KINDE_STATUS_OK) {
        return;
    }
    fprintf(stderr, "\n%s failed: %s\n  %s\n", step, kinde_status_name(status), kinde_error_message(*error));
    if (code != NULL) {
        fprintf(stderr, "  Kinde says: %s%s%s\n", code, description == NULL ? "" : ": ", description == NULL ? "" : description);
    }
    fprintf(stderr, "  %s\n", advice(status));
    kinde_error_free(*error);
    exit(EXIT_FAILURE);
}

static void print_expiry(kinde_session *session) {
    kinde_error *error = NULL;
    int64_t seconds;
    time_t expires_at;
    char text[64];
    check(kinde_session_expires_at(session, &seconds, &error), &error, "Asking when the session ends");
    expires_at = (time_t)seconds;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", gmtime(&expires_at));
    printf("   The access token is good until %s.\n", text);
}

static void print_user(kinde_session *session) {
    kinde_error *error = NULL;
    char *user, *organization, *claims;
    check(kinde_session_user(session, &user, &error), &error, "Asking who signed in");
    check(kinde_session_organization(session, &organization, &error), &error, "Asking for the organization");
    check(kinde_session_claims(session, KINDE_TOKEN_TYPE_ACCESS, &claims, &error), &error, "Asking for the claims");
    printf("3. Signed in, both tokens verified:\n   %s\n   in the organization %s\n   Claims of the access token:\n   %s\n",
           user, organization, claims);
    kinde_string_free(user);
    kinde_string_free(organization);
    kinde_string_free(claims);
    print_expiry(session);
}

static void print_permissions(kinde_session *session) {
    static const char *const permissions[] = {"read:todos", "create:todos", "delete:organization"};
    size_t i;
    printf("4. What the user may do:\n");
    for (i = 0; i < sizeof permissions / sizeof *permissions; i++) {
        kinde_error *error = NULL;
        bool granted;
        check(kinde_session_has_permission(session, permissions[i], KINDE_TOKEN_TYPE_ACCESS, &granted, &error), &error,
              "Asking for a permission");
        printf("   %-20s %s\n", permissions[i], granted ? "yes" : "no");
    }
}

static void print_flags(kinde_session *session) {
    kinde_error *error = NULL;
    const bool dark_by_default = false;
    const int64_t seats_by_default = 1;
    bool dark_mode;
    int64_t seats;
    char *theme;
    check(kinde_session_flag_boolean(session, "is_dark_mode", &dark_by_default, &dark_mode, &error), &error,
          "Asking for the flag is_dark_mode");
    check(kinde_session_flag_integer(session, "competitions_limit", &seats_by_default, &seats, &error), &error,
          "Asking for the flag competitions_limit");
    check(kinde_session_flag_string(session, "theme", "plain", &theme, &error), &error, "Asking for the flag theme");
    printf("5. Feature flags:\n   is_dark_mode         %s\n   competitions_limit   %ld\n   theme                %s\n",
           dark_mode ? "on" : "off", (long)seats, theme);
    kinde_string_free(theme);
}

/* Gives the address at which the browser arrives after the sign-in page, to be freed. */
static char *go_through_sign_in_page(const char *url, bool follow) {
    const char *redirect_uri = getenv("KINDE_REDIRECT_URL");
    char *callback;
    if (follow) {
        printf("2. Following it, as a browser would.\n");
        callback = browser_follow(url);
    } else {
        printf("2. Open it in your browser and sign in; waiting at %s\n", redirect_uri == NULL ? "(unset)" : redirect_uri);
        fflush(stdout);
        callback = redirect_uri == NULL ? NULL : browser_wait(redirect_uri);
    }
    if (callback == NULL) {
        fprintf(stderr, "\nThe sign-in page did not lead back.\n  %s\n",
                follow ? "--follow needs the emulator, started with --auto-login."
                       : "KINDE_REDIRECT_URL must be a free port of this machine, such as http://localhost:3000/callback.");
        exit(EXIT_FAILURE);
    }
    return callback;
}

int main(int argc, char **argv) {
    bool follow = argc > 1 && strcmp(argv[1], "--follow") == 0;
    kinde_error *error = NULL;
    kinde_client *client;
    kinde_session *session;
    char *url, *callback;

    kinde_config *config = kinde_config_new();
    check(kinde_config_load_env(config, &error), &error, "Reading the settings");
    check(kinde_client_new(config, &client, &error), &error, "Reading the settings");
    kinde_config_free(config);

    check(kinde_session_new(client, &session, &error), &error, "Making a session");
    check(kinde_session_login_url(session, "{}", &url, &error), &error, "Making the authorization URL");
    printf("1. The authorization URL, with PKCE, state and nonce:\n   %s\n", url);
    callback = go_through_sign_in_page(url, follow);
    kinde_string_free(url);

    check(kinde_session_handle_callback(session, callback, NULL, &error), &error, "Signing in");
    free(callback);
    print_user(session);
    print_permissions(session);
    print_flags(session);

    check(kinde_session_refresh(session, &error), &error, "Refreshing");
    printf("6. Refreshed.\n");
    print_expiry(session);

    check(kinde_session_logout(session, "{}", &url, &error), &error, "Signing out");
    printf("7. Signed out here. Send the browser to this address to sign out at Kinde too:\n   %s\n", url);
    kinde_string_free(url);

    kinde_session_free(session);
    kinde_client_free(client);
    check(kinde_shutdown(5000, &error), &error, "Shutting down");
    return EXIT_SUCCESS;
}
