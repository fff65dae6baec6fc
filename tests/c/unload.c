/* A host may load and unload the library as often as it likes. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#ifdef _WIN32
#include <windows.h>

static void *open_library(const char *path)
{
    return (void *)LoadLibraryA(path);
}

static int close_library(void *library)
{
    return FreeLibrary((HMODULE)library) ? 0 : -1;
}

static int is_open(const char *path)
{
    return GetModuleHandleA(path) != NULL;
}
#else
#include <dlfcn.h>

static void *open_library(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static int close_library(void *library)
{
    return dlclose(library);
}

static int is_open(const char *path)
{
    return dlopen(path, RTLD_NOW | RTLD_NOLOAD) != NULL;
}

#endif

typedef wxcoupon_buf *(WXCOUPON_CALL *buf_new_fn)(void);
typedef void(WXCOUPON_CALL *buf_free_fn)(wxcoupon_buf *);
typedef int32_t(WXCOUPON_CALL *ctx_new_fn)(const char *, wxcoupon_ctx **, wxcoupon_buf *);
typedef int32_t(WXCOUPON_CALL *ctx_free_fn)(wxcoupon_ctx *);
typedef int32_t(WXCOUPON_CALL *query_fn)(wxcoupon_ctx *, const char *, wxcoupon_buf *);
typedef uint32_t(WXCOUPON_CALL *live_fn)(void);

typedef const char *(WXCOUPON_CALL *version_fn)(void);

static char *config;

/* C has no cast from object to function pointers, but they have one size where libraries can be opened. */
static void find(void *library, const char *name, void *function)
{
#ifdef _WIN32
    FARPROC found = GetProcAddress((HMODULE)library, name);
#else
    void *found = dlsym(library, name);
#endif

    CHECK(found != NULL);
    memcpy(function, &found, sizeof found);
}

/* Nothing was done with it that would keep it. */
static void load_unload(const char *path)
{
    void *library = open_library(path);
    version_fn version;

    CHECK(library != NULL);
    if (!library)
        return;
    find(library, "wxcoupon_version", &version);
    CHECK(version()[0] != 0);
    CHECK_NUMBER(close_library(library), 0);
}

static void load_call_unload(const char *path)
{
    void *library = open_library(path);
    buf_new_fn buf_new;
    buf_free_fn buf_free;
    ctx_new_fn ctx_new;
    ctx_free_fn ctx_free;
    query_fn query;
    live_fn live;
    wxcoupon_buf *buf;
    wxcoupon_ctx *ctx = NULL;

    CHECK(library != NULL);
    if (!library)
        return;
    find(library, "wxcoupon_buf_new", &buf_new);
    find(library, "wxcoupon_buf_free", &buf_free);
    find(library, "wxcoupon_ctx_new", &ctx_new);
    find(library, "wxcoupon_ctx_free", &ctx_free);
    find(library, "wxcoupon_query", &query);
    find(library, "wxcoupon_handles_live", &live);
    buf = buf_new();
    CHECK_NUMBER(ctx_new(config, &ctx, buf), WXCOUPON_OK);
    CHECK_NUMBER(query(ctx, "{}", buf), WXCOUPON_E_REQUEST);
    CHECK_NUMBER(ctx_free(ctx), WXCOUPON_OK);
    buf_free(buf);
    CHECK_NUMBER(live(), 0);
    CHECK_NUMBER(close_library(library), 0);
}

/* The library's thread-locals of this thread are destroyed after the library was closed. */
static void *in_a_thread(void *path)
{
    load_call_unload((const char *)path);
    return NULL;
}

int main(int argc, char **argv)
{
    int round;

    check_arguments(argc);
    config = file_text(argv[FIXTURES], "offline.json");
    proves("a library of which nothing was asked goes when it is unloaded, a hundred times");
    for (round = 0; round < 100; round++)
        load_unload(argv[LIBRARY]);
#ifdef _WIN32
    CHECK(!is_open(argv[LIBRARY]));
#endif

    proves("loading, calling and unloading a hundred times does no harm");
    for (round = 0; round < 100; round++)
        load_call_unload(argv[LIBRARY]);

    proves("a thread may unload it and end");
    for (round = 0; round < 10; round++) {
        pthread_t thread;

        CHECK_NUMBER(pthread_create(&thread, NULL, in_a_thread, argv[LIBRARY]), 0);
        pthread_join(thread, NULL);
    }

    proves("it stays mapped, so nothing of it can be called that is gone");
    CHECK(is_open(argv[LIBRARY]));
    free(config);
    return check_finish();
}
