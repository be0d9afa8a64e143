/* Questions whose answer is a scalar allocate nothing. This program's own malloc counts: the library calls it, because
 * the program's symbols come first. */
#ifndef _GNU_SOURCE /* C++ has it */
#define _GNU_SOURCE /* RTLD_NEXT */
#endif
#include <dlfcn.h>

#include "fixture.h"

static __thread long allocations;
static __thread bool inside;

/* dlsym may allocate before the real functions are known. */
static char early[16384];
static size_t early_used;

static void *early_allocation(size_t size) {
    void *place = early + early_used;
    early_used += (size + 15) / 16 * 16;
    if (early_used > sizeof early) {
        abort();
    }
    return place;
}

static bool is_early(void *place) { return (char *)place >= early && (char *)place < early + sizeof early; }

static void *real(const char *name) {
    void *symbol;
    inside = true;
    symbol = dlsym(RTLD_NEXT, name);
    inside = false;
    if (symbol == NULL) {
        abort();
    }
    return symbol;
}

#define REAL(type, name)                                 \
    static type next;                                    \
    if (next == NULL) {                                  \
        void *symbol;                                    \
        if (inside) {                                    \
            return EARLY;                                \
        }                                                \
        symbol = real(name);                             \
        memcpy(&next, &symbol, sizeof next);             \
    }                                                    \
    allocations++

#ifdef __cplusplus
extern "C" {
#endif

typedef void *(*malloc_function)(size_t);
typedef void *(*calloc_function)(size_t, size_t);
typedef void *(*realloc_function)(void *, size_t);
typedef void *(*memalign_function)(size_t, size_t);
typedef int (*posix_memalign_function)(void **, size_t, size_t);
typedef void (*free_function)(void *);

#ifdef __cplusplus
#define NOTHROW noexcept
#else
#define NOTHROW
#endif

void *malloc(size_t size) NOTHROW {
#define EARLY early_allocation(size)
    REAL(malloc_function, "malloc");
#undef EARLY
    return next(size);
}

void *calloc(size_t count, size_t size) NOTHROW {
#define EARLY early_allocation(count *size)
    REAL(calloc_function, "calloc");
#undef EARLY
    return next(count, size);
}

void *realloc(void *place, size_t size) NOTHROW {
#define EARLY early_allocation(size)
    REAL(realloc_function, "realloc");
#undef EARLY
    return next(place, size);
}

void *aligned_alloc(size_t alignment, size_t size) NOTHROW {
#define EARLY NULL
    REAL(memalign_function, "aligned_alloc");
    return next(alignment, size);
#undef EARLY
}

int posix_memalign(void **place, size_t alignment, size_t size) NOTHROW {
#define EARLY 12 /* ENOMEM */
    REAL(posix_memalign_function, "posix_memalign");
#undef EARLY
    return next(place, alignment, size);
}

void free(void *place) NOTHROW {
    static free_function next;
    if (is_early(place)) {
        return;
    }
    if (next == NULL) {
        void *symbol = real("free");
        memcpy(&next, &symbol, sizeof next);
    }
    next(place);
}

#ifdef __cplusplus
}
#endif

#define ALLOCATES_NOTHING(call)                                  \
    do {                                                         \
        kinde_error *error = NULL;                               \
        long before = allocations;                               \
        kinde_status asked = (call);                             \
        long after = allocations;                                \
        CHECK_NUMBER(KINDE_STATUS_OK, asked);                    \
        check_number(__FILE__, __LINE__, #call, before, after);  \
    } while (0)

static void ask(kinde_session *session) {
    const bool yes = true;
    const int64_t seven = 7;
    bool answer;
    int64_t number;
    int32_t granted;
    long before;
    int round;
    /* The first question makes the index. */
    EXPECT(KINDE_STATUS_OK, kinde_session_has_permission(session, "read:todos", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
    EXPECT(KINDE_STATUS_OK, kinde_session_claim_boolean(session, "email_verified", KINDE_TOKEN_TYPE_ID, &answer, &error));
    for (round = 0; round < 3; round++) {
        ALLOCATES_NOTHING(kinde_session_is_authenticated(session, &answer, &error));
        ALLOCATES_NOTHING(kinde_session_expires_at(session, &number, &error));
        ALLOCATES_NOTHING(kinde_session_has_permission(session, "read:todos", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
        ALLOCATES_NOTHING(kinde_session_has_permission(session, "no", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
        ALLOCATES_NOTHING(kinde_session_has_role(session, "admin", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
        ALLOCATES_NOTHING(kinde_session_has_role(session, "no", KINDE_TOKEN_TYPE_ACCESS, &answer, &error));
        ALLOCATES_NOTHING(kinde_session_claim_integer(session, "exp", KINDE_TOKEN_TYPE_ACCESS, &number, &error));
        ALLOCATES_NOTHING(kinde_session_claim_boolean(session, "email_verified", KINDE_TOKEN_TYPE_ID, &answer, &error));
        ALLOCATES_NOTHING(kinde_session_flag_boolean(session, "is_dark_mode", NULL, &answer, &error));
        ALLOCATES_NOTHING(kinde_session_flag_boolean(session, "no", &yes, &answer, &error));
        before = allocations;
        granted = kinde_session_test_permission(session, "read:todos");
        CHECK_NUMBER(before, allocations);
        CHECK_NUMBER(1, granted);
        ALLOCATES_NOTHING(kinde_session_flag_integer(session, "competitions_limit", NULL, &number, &error));
        ALLOCATES_NOTHING(kinde_session_flag_integer(session, "no", &seven, &number, &error));
    }
}

int main(void) {
    struct emulator emulator;
    kinde_client *client;
    kinde_session *session;
    char *token = NULL;
    long before;
    emulator_start(&emulator);
    client = new_client(emulator.url, NULL);
    session = new_signed_in_session(client);

    before = allocations;
    EXPECT(KINDE_STATUS_OK, kinde_session_access_token(session, &token, &error));
    kinde_string_free(token);
    CHECK(allocations > before); /* the library's allocations are counted */

    ask(session);
    kinde_session_free(session);
    kinde_client_free(client);
    EXPECT(KINDE_STATUS_OK, kinde_shutdown(SHUTDOWN_MS, &error));
    emulator_stop(&emulator);
    return EXIT_SUCCESS;
}
