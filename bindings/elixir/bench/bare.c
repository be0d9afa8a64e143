/* What calls cost without the library, and what a verification costs from C: for bench/elixir.exs. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <erl_nif.h>

static ERL_NIF_TERM atom_ok, atom_true, atom_false;

static int load(ErlNifEnv *env, void **data, ERL_NIF_TERM info)
{
    (void)data;
    (void)info;
    atom_ok = enif_make_atom(env, "ok");
    atom_true = enif_make_atom(env, "true");
    atom_false = enif_make_atom(env, "false");
    return 0;
}

static ERL_NIF_TERM boolean(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    ErlNifBinary text;
    (void)argc;
    if (!enif_inspect_binary(env, argv[0], &text) || text.size == 0)
        return enif_make_badarg(env);
    return text.data[0] == 'r' ? atom_true : atom_false;
}

static ERL_NIF_TERM ok_text(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    ErlNifBinary text;
    ERL_NIF_TERM built;
    (void)argc;
    if (!enif_inspect_binary(env, argv[0], &text))
        return enif_make_badarg(env);
    memcpy(enif_make_new_binary(env, text.size, &built), text.data, text.size);
    return enif_make_tuple2(env, atom_ok, built);
}

typedef int32_t (*load_json)(void *config, const char *json, void **error);
typedef int32_t (*client_new)(const void *config, void **client, void **error);
typedef int32_t (*prepare)(void *client, void **error);
typedef int32_t (*verify_token)(void *client, const char *token, const char *options, char **out, void **error);

static verify_token verify;
static void *client;

static char *c_text(ErlNifEnv *env, ERL_NIF_TERM term)
{
    ErlNifBinary binary;
    if (!enif_inspect_binary(env, term, &binary))
        return NULL;
    char *text = malloc(binary.size + 1);
    memcpy(text, binary.data, binary.size);
    text[binary.size] = '\0';
    return text;
}

static void *function(void *library, const char *name)
{
    return library ? dlsym(library, name) : NULL;
}

/* Makes the client that `verification` uses, from the path of libkinde and the settings as JSON. */
static ERL_NIF_TERM open_library(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    (void)argc;
    char *path = c_text(env, argv[0]), *settings = c_text(env, argv[1]);
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL, *config = NULL, *error = NULL;
    void *(*config_new)(void) = (void *(*)(void))function(library, "kinde_config_new");
    load_json read_settings = (load_json)function(library, "kinde_config_load_json");
    client_new new_client = (client_new)function(library, "kinde_client_new");
    prepare prepare_client = (prepare)function(library, "kinde_client_prepare");
    verify = (verify_token)function(library, "kinde_verify_token");
    bool opened = settings && config_new && load && new_client && prepare_client && verify && (config = config_new())
        && read_settings(config, settings, &error) == 0 && new_client(config, &client, &error) == 0 && prepare_client(client, &error) == 0;
    free(path);
    free(settings);
    return opened ? atom_ok : atom_false;
}

/* Nanoseconds for one call from C, when each of the tokens is verified so many times. */
static ERL_NIF_TERM verification(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
    unsigned count, read = 0;
    ErlNifSInt64 times;
    ERL_NIF_TERM list = argv[0], head;
    struct timespec begin, end;
    void *error = NULL;
    bool refused = false;
    (void)argc;
    if (!enif_get_list_length(env, list, &count) || count == 0 || !enif_get_int64(env, argv[1], &times) || times <= 0)
        return enif_make_badarg(env);
    char **tokens = calloc(count, sizeof *tokens);
    while (enif_get_list_cell(env, list, &head, &list))
        refused = (tokens[read++] = c_text(env, head)) == NULL || refused;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (ErlNifSInt64 round = 0; round < times && !refused; round++)
        for (unsigned i = 0; i < count; i++)
            refused = verify(client, tokens[i], NULL, NULL, &error) != 0 || refused;
    clock_gettime(CLOCK_MONOTONIC, &end);
    for (unsigned i = 0; i < count; i++)
        free(tokens[i]);
    free(tokens);
    if (refused)
        return enif_make_badarg(env);
    double spent = (end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec);
    return enif_make_double(env, spent / ((double)count * times));
}

static ErlNifFunc functions[] = {
    {"boolean", 1, boolean, 0},
    {"ok_text", 1, ok_text, 0},
    {"open_library", 2, open_library, ERL_NIF_DIRTY_JOB_IO_BOUND},
    {"verification", 2, verification, 0},
};

ERL_NIF_INIT(Elixir.Kinde.Bench.Bare, functions, load, NULL, NULL, NULL)
