/* Loading the library starts no thread, opens no file or socket and leaves signals alone. After dlclose, its threads
 * still run, because it stays mapped. */
#include <dirent.h>
#include <dlfcn.h>

#include "fixture.h"

static int entries(const char *directory) {
    DIR *listing = opendir(directory);
    int count = 0;
    CHECK(listing != NULL);
    while (readdir(listing) != NULL) {
        count++;
    }
    closedir(listing);
    return count;
}

/* dlsym gives a void pointer, which ISO C does not turn into a function's. */
#define LOOK_UP(library, name, pointer)               \
    do {                                                \
        void *symbol = dlsym(library, name);            \
        CHECK(symbol != NULL);                          \
        memcpy(&(pointer), &symbol, sizeof(pointer));   \
    } while (0)

int main(void) {
    const char *path = getenv("KINDE_LIBRARY");
    int threads = entries("/proc/self/task");
    int files = entries("/proc/self/fd");
    struct sigaction action;
    const char *(*version)(void);
    kinde_client *(*make_no_client)(kinde_client *);
    kinde_status (*shut_down)(int64_t, kinde_error **);
    void *library;

    CHECK(path != NULL);
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
    }
    CHECK(library != NULL);
    LOOK_UP(library, "kinde_version", version);
    LOOK_UP(library, "kinde_client_ref", make_no_client);
    LOOK_UP(library, "kinde_shutdown", shut_down);

    CHECK(strlen(version()) >= 5);
    CHECK(make_no_client(NULL) == NULL);
    CHECK_NUMBER(threads, entries("/proc/self/task"));
    CHECK_NUMBER(files, entries("/proc/self/fd"));
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0);
    CHECK(action.sa_handler == SIG_DFL);

    CHECK_NUMBER(KINDE_STATUS_OK, shut_down(0, NULL));
    CHECK(dlclose(library) == 0);
    CHECK(strlen(version()) >= 5); /* -z nodelete: the code is still there */
    return EXIT_SUCCESS;
}
