/* Asynchronous calls that are cancelled at random moments, outlive their client, or meet a shutdown: each completion
 * runs exactly once. */
#include "completion.h"

static struct emulator emulator;

/* A generator of our own, so that a failure can be repeated with the same seed. */
static unsigned long seed = 1;

static unsigned random_number(unsigned below) {
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(seed >> 33) % below;
}

/* Lets a random, short time pass: some cancels come before the call is sent, some while it waits, some afterwards. */
static void dawdle(void) {
    volatile unsigned spin = random_number(200000);
    while (spin > 0) {
        spin--;
    }
}

static void test_cancel_at_random_moments(kinde_client *client) {
    int calls = scaled("KINDE_TEST_CALLS", 400);
    int cancelled = 0, finished = 0, i;
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"delay_ms\":2}");
    for (i = 0; i < calls; i++) {
        struct outcome outcome;
        kinde_task *task = (kinde_task *)POISON;
        kinde_status status;
        outcome_init(&outcome);
        EXPECT(KINDE_STATUS_OK, kinde_refresh_tokens_async(client, "{\"refresh_token\":\"never.issued\"}", outcome_complete,
                                                           &outcome, &task, &error));
        CHECK(task != NULL);
        /* The first call runs to its end, so that with every seed some do. */
        if (i > 0 && random_number(10) > 0) {
            dawdle();
            kinde_task_cancel(task);
            kinde_task_cancel(task);
        }
        if (random_number(2) == 0) {
            kinde_task_free(task);
            task = NULL;
        }
        status = outcome_wait(&outcome);
        CHECK(status == KINDE_STATUS_CANCELLED || status == KINDE_STATUS_INVALID_GRANT);
        cancelled += status == KINDE_STATUS_CANCELLED;
        finished += status == KINDE_STATUS_INVALID_GRANT;
        kinde_task_cancel(task); /* too late: does nothing */
        kinde_task_free(task);
        outcome_free(&outcome);
    }
    CHECK(cancelled > 0);
    CHECK(finished > 0);
    free(emulator_control(&emulator, "DELETE", "/faults", NULL));
}

/* A call that hangs is ended by a cancel. */
static void test_cancel_while_it_waits(kinde_client *client) {
    struct outcome outcome;
    kinde_task *task = NULL;
    outcome_init(&outcome);
    free(emulator_control(&emulator, "DELETE", "/requests", NULL));
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"hang\":true}");
    EXPECT(KINDE_STATUS_OK, kinde_refresh_tokens_async(client, "{\"refresh_token\":\"never.issued\"}", outcome_complete,
                                                       &outcome, &task, &error));
    emulator_wait(&emulator, "/oauth2/token", 1);
    CHECK_NUMBER(0, outcome_runs(&outcome));
    kinde_task_cancel(task);
    CHECK_NUMBER(KINDE_STATUS_CANCELLED, outcome_wait(&outcome));
    kinde_task_free(task);
    outcome_free(&outcome);
    free(emulator_control(&emulator, "POST", "/release", "{}"));
}

static void test_client_and_session_freed_meanwhile(void) {
    kinde_client *client = new_client(emulator.url, NULL);
    kinde_session *session = new_signed_in_session(client);
    struct outcome outcome;
    outcome_init(&outcome);
    free(emulator_control(&emulator, "DELETE", "/requests", NULL));
    emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"hang\":true}");
    EXPECT(KINDE_STATUS_OK, kinde_session_refresh_async(session, outcome_complete, &outcome, NULL, &error));
    emulator_wait(&emulator, "/oauth2/token", 1);
    kinde_session_free(session);
    kinde_client_free(client);
    CHECK_NUMBER(0, outcome_runs(&outcome));
    free(emulator_control(&emulator, "POST", "/release", "{}"));
    CHECK_NUMBER(KINDE_STATUS_OK, outcome_wait(&outcome));
    CHECK(outcome.session != NULL && is_authenticated(outcome.session));
    outcome_free(&outcome);
}

struct chain {
    struct outcome outcome;
    kinde_client *client;
    int left;
};

/* A completion may block, start the next call, and free what it was called for. */
static void next_link(void *userdata, kinde_status status, const char *result_json, kinde_session *session,
                      const kinde_error *failure) {
    struct chain *chain = (struct chain *)userdata;
    CHECK_NUMBER(KINDE_STATUS_OK, status);
    CHECK(failure == NULL && session == NULL && result_json == NULL);
    if (--chain->left > 0) {
        kinde_session *other = new_signed_in_session(chain->client);
        EXPECT(KINDE_STATUS_OK, kinde_session_refresh(other, &error));
        kinde_session_free(other);
        EXPECT(KINDE_STATUS_OK, kinde_client_prepare_async(chain->client, next_link, chain, NULL, &error));
        return;
    }
    kinde_client_free(chain->client);
    outcome_complete(&chain->outcome, status, NULL, NULL, NULL);
}

static void test_completion_calls_the_library(void) {
    struct chain chain;
    outcome_init(&chain.outcome);
    chain.client = new_client(emulator.url, NULL);
    chain.left = 5;
    EXPECT(KINDE_STATUS_OK, kinde_client_prepare_async(chain.client, next_link, &chain, NULL, &error));
    outcome_wait(&chain.outcome);
    outcome_free(&chain.outcome);
}

#define IN_FLIGHT 16

static void *blocking_refresh(void *argument) {
    kinde_client *client = (kinde_client *)argument;
    EXPECT(KINDE_STATUS_CANCELLED, kinde_refresh_tokens(client, "{\"refresh_token\":\"never.issued\"}", NULL, &error));
    return NULL;
}

/* A shutdown ends all calls as cancelled, also blocking ones of other threads; the next call starts anew. */
static void test_shutdown(kinde_client *client) {
    int repeat;
    for (repeat = 0; repeat < 3; repeat++) {
        struct outcome outcomes[IN_FLIGHT];
        pthread_t blocked;
        kinde_session *session;
        int i;
        free(emulator_control(&emulator, "DELETE", "/requests", NULL));
        emulator_fault(&emulator, "{\"path\":\"/oauth2/token\",\"times\":null,\"hang\":true}");
        CHECK(pthread_create(&blocked, NULL, blocking_refresh, client) == 0);
        for (i = 0; i < IN_FLIGHT; i++) {
            outcome_init(&outcomes[i]);
            EXPECT(KINDE_STATUS_OK, kinde_refresh_tokens_async(client, "{\"refresh_token\":\"never.issued\"}", outcome_complete,
                                                               &outcomes[i], NULL, &error));
        }
        emulator_wait(&emulator, "/oauth2/token", IN_FLIGHT + 1);
        EXPECT(KINDE_STATUS_OK, kinde_shutdown(30000, &error));
        for (i = 0; i < IN_FLIGHT; i++) {
            CHECK_NUMBER(1, outcome_runs(&outcomes[i])); /* already now: the shutdown waited for them */
            CHECK_NUMBER(KINDE_STATUS_CANCELLED, outcomes[i].status);
            outcome_free(&outcomes[i]);
        }
        CHECK(pthread_join(blocked, NULL) == 0);
        EXPECT(KINDE_STATUS_OK, kinde_shutdown(30000, &error));
        free(emulator_control(&emulator, "DELETE", "/faults", NULL));
        session = new_signed_in_session(client);
        CHECK(is_authenticated(session));
        kinde_session_free(session);
    }
}

int main(void) {
    kinde_client *client;
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    seed = (unsigned long)scaled("KINDE_TEST_SEED", (int)getpid());
    printf("KINDE_TEST_SEED=%lu\n", seed);
    test_cancel_at_random_moments(client);
    test_cancel_while_it_waits(client);
    test_client_and_session_freed_meanwhile();
    test_completion_calls_the_library();
    test_shutdown(client);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
