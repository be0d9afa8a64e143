/* Takes the outcome of asynchronous calls and lets a test wait for it. */
#ifndef COMPLETION_H
#define COMPLETION_H

#include <pthread.h>

#include "fixture.h"

struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int runs;
    kinde_status status;
    char *result;           /* a copy; NULL if there was none */
    kinde_session *session; /* a reference; NULL if there was none */
};

static inline void outcome_init(struct outcome *outcome) {
    memset(outcome, 0, sizeof *outcome);
    pthread_mutex_init(&outcome->mutex, NULL);
    pthread_cond_init(&outcome->changed, NULL);
}

static inline void outcome_complete(void *userdata, kinde_status status, const char *result_json, kinde_session *session,
                                    const kinde_error *error) {
    struct outcome *outcome = (struct outcome *)userdata;
    check_outcome(__FILE__, __LINE__, "a completion", status, status, error);
    pthread_mutex_lock(&outcome->mutex);
    outcome->runs++;
    outcome->status = status;
    outcome->result = result_json == NULL ? NULL : browser_copy(result_json, strlen(result_json));
    outcome->session = session == NULL ? NULL : kinde_session_ref(session);
    pthread_cond_broadcast(&outcome->changed);
    pthread_mutex_unlock(&outcome->mutex);
}

static inline kinde_status outcome_wait(struct outcome *outcome) {
    kinde_status status;
    pthread_mutex_lock(&outcome->mutex);
    while (outcome->runs == 0) {
        pthread_cond_wait(&outcome->changed, &outcome->mutex);
    }
    status = outcome->status;
    pthread_mutex_unlock(&outcome->mutex);
    return status;
}

static inline int outcome_runs(struct outcome *outcome) {
    int runs;
    pthread_mutex_lock(&outcome->mutex);
    runs = outcome->runs;
    pthread_mutex_unlock(&outcome->mutex);
    return runs;
}

static inline void outcome_free(struct outcome *outcome) {
    CHECK_NUMBER(1, outcome_runs(outcome));
    free(outcome->result);
    kinde_session_free(outcome->session);
    pthread_mutex_destroy(&outcome->mutex);
    pthread_cond_destroy(&outcome->changed);
}

#endif
