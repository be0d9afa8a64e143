/* What calls cost without the library: for bench/ruby.rb. */
#define _POSIX_C_SOURCE 200809L
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool bare_boolean(const char *text)
{
    return text[0] == 'r';
}

char *bare_text(const char *text)
{
    return strdup(text);
}

void bare_free(char *text)
{
    free(text);
}

typedef int32_t (*verify)(void *client, const char *token, const char *options, char **out, void **error);

/* Nanoseconds for one call, when each of the tokens is verified so many times; -1 if one is refused. */
double bare_verify(verify verify, void *client, const char **tokens, int64_t count, int64_t times)
{
    struct timespec begin, end;
    void *error = NULL;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int64_t round = 0; round < times; round++)
        for (int64_t i = 0; i < count; i++)
            if (verify(client, tokens[i], NULL, NULL, &error) != 0)
                return -1;
    clock_gettime(CLOCK_MONOTONIC, &end);
    return ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / (double)(count * times);
}
