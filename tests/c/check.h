/* Assertions. A failed one says where and what, and ends the process at once: from any thread, and from a forked child. */
#ifndef CHECK_H
#define CHECK_H

#include <kinde.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void check_failed(const char *file, int line, const char *what) {
    fflush(stdout);
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    _exit(EXIT_FAILURE);
}

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

static inline void check_number(const char *file, int line, const char *what, long long expected, long long actual) {
    if (expected != actual) {
        fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, actual, expected);
        _exit(EXIT_FAILURE);
    }
}

#define CHECK_NUMBER(expected, actual) check_number(__FILE__, __LINE__, #actual, (long long)(expected), (long long)(actual))

static inline void check_text(const char *file, int line, const char *what, const char *expected, const char *actual) {
    if (actual == NULL || strcmp(expected, actual) != 0) {
        fprintf(stderr, "%s:%d: %s is\n  %s\nnot\n  %s\n", file, line, what, actual == NULL ? "NULL" : actual, expected);
        _exit(EXIT_FAILURE);
    }
}

#define CHECK_TEXT(expected, actual) check_text(__FILE__, __LINE__, #actual, expected, actual)

static inline void check_holds(const char *file, int line, const char *what, const char *part, const char *whole,
                               bool wanted) {
    if (whole == NULL || (strstr(whole, part) != NULL) != wanted) {
        fprintf(stderr, "%s:%d: %s is\n  %s\nwhich should%s hold\n  %s\n", file, line, what,
                whole == NULL ? "NULL" : whole, wanted ? "" : " not", part);
        _exit(EXIT_FAILURE);
    }
}

#define CHECK_HOLDS(part, whole) check_holds(__FILE__, __LINE__, #whole, part, whole, true)
#define CHECK_HOLDS_NOT(part, whole) check_holds(__FILE__, __LINE__, #whole, part, whole, false)

/* Out parameters are never read, and always written: they hold this before a call. */
#define POISON ((void *)(size_t)0x5a5a5a50)

/* How long the library's threads may take to end: under valgrind on a busy machine they wait long for their turn. */
#define SHUTDOWN_MS 60000

/* The status of a call, and the rules that every error obeys. Leaves the error to the caller. */
static inline void check_outcome(const char *file, int line, const char *call, kinde_status expected, kinde_status actual,
                                 const kinde_error *error) {
    if (expected != actual) {
        fprintf(stderr, "%s:%d: %s\n  gives %s, not %s\n  %s\n", file, line, call, kinde_status_name(actual),
                kinde_status_name(expected),
                error == NULL || error == (const kinde_error *)POISON ? "" : kinde_error_message(error));
        _exit(EXIT_FAILURE);
    }
    if (actual == KINDE_STATUS_OK) {
        if (error != NULL) {
            check_failed(file, line, "the error is NULL on success");
        }
        return;
    }
    if (error == NULL || error == (const kinde_error *)POISON) {
        check_failed(file, line, "the error is written on failure");
    }
    if (kinde_error_status(error) != actual || kinde_error_message(error) == NULL || *kinde_error_message(error) == '\0') {
        check_failed(file, line, "the error has the status that was returned, and a message");
    }
}

/* A call that ends with `error` as its last argument: EXPECT(KINDE_STATUS_OK, kinde_client_prepare(client, &error)). */
#define EXPECT(expected, call)                                                     \
    do {                                                                           \
        kinde_error *error = (kinde_error *)POISON;                                \
        kinde_status expect_status = (call);                                       \
        check_outcome(__FILE__, __LINE__, #call, expected, expect_status, error); \
        kinde_error_free(error);                                                   \
    } while (0)

/* The same, and the field that the error names. */
#define EXPECT_FIELD(expected, name, call)                                         \
    do {                                                                           \
        kinde_error *error = (kinde_error *)POISON;                                \
        kinde_status expect_status = (call);                                       \
        check_outcome(__FILE__, __LINE__, #call, expected, expect_status, error); \
        CHECK_TEXT(name, kinde_error_field(error));                                \
        kinde_error_free(error);                                                   \
    } while (0)

#endif
