/* A process that ends while calls are under way ends cleanly: with its own status, and without waiting for them. */
#include "completion.h"

static struct emulator emulator;

/* Completions of calls in flight may run until the very end; they must find what they use. */
static void ignore(void *userdata, kinde_status status, const char *result_json, kinde_session *session,
                   const kinde_error *failure) {
    (void)userdata, (void)status, (void)result_json, (void)session, (void)failure;
}

static void *block(void *client) {
    kinde_client_credentials((kinde_client *)client, "{\"audience\":\"https://api.example.com\"}", NULL, NULL);
    return NULL;
}

static void end_in_the_middle(kinde_client *client, bool by_return) {
    kinde_client *machine = new_machine_client(emulator.url);
    pthread_t thread;
    int i;
    for (i = 0; i < 8; i++) {
        EXPECT(KINDE_STATUS_OK, kinde_refresh_tokens_async(client, "{\"refresh_token\":\"never.issued\"}", ignore, NULL, NULL, &error));
    }
    CHECK(pthread_create(&thread, NULL, block, machine) == 0);
    emulator_wait(&emulator, "/oauth2/token", 9);
    if (by_return) {
        exit(42);
    }
    _exit(42);
}

int main(void) {
    int i;
    emulator_start(&emulator);
    for (i = 0; i < 4; i++) {
        int status;
        pid_t child;
        free(emulator_control(&emulator, "DELETE", "/requests", NULL));
        emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"hang\":true}");
        child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            /* The client is made here, so that the parent stays without threads of the library. */
            end_in_the_middle(new_client(emulator.url, NULL), i % 2 == 0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status));
        CHECK_NUMBER(42, WEXITSTATUS(status));
        free(emulator_control(&emulator, "DELETE", "/faults", NULL));
    }
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
