/* What belongs to the host stays the host's: signals, environment, streams. */
#define _GNU_SOURCE 1
#include "check.h"

#include <signal.h>
#include <unistd.h>
#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#include <windows.h>
#define pipe(ends) _pipe((ends), 4096, _O_BINARY)
#endif

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;

static const char QUESTION[] =
    "{\"openid\":\"o1\",\"coupon_code\":\"Code_1\",\"product_coupon_id\":\"1\",\"stock_id\":\"1\","
    "\"appid\":\"wx1\",\"brand_id\":\"1\",\"later\":1.7e10,\"tiny\":1e-320}";

static void every_function(const char *config)
{
    wxcoupon_ctx *made = NULL;
    char text[8];
    uint16_t wide[8];

    CHECK_STATUS(wxcoupon_ctx_new(config, &made, buf), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_query(ctx, "{\"n\":1e999}", buf), WXCOUPON_E_JSON);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_query(ctx, QUESTION, buf)), WXCOUPON_CLASS_NOT_SENT);
    CHECK_STATUS(wxcoupon_use(ctx, "{}", buf), WXCOUPON_E_REQUEST);
    CHECK_STATUS(wxcoupon_request(ctx, "GET", "/v3/x", NULL, buf), WXCOUPON_E_CONNECT);
    wxcoupon_buf_copy(buf, text, sizeof text);
    wxcoupon_buf_copy_utf16(buf, wide, 8);
    CHECK_STATUS(wxcoupon_ctx_free(made), WXCOUPON_OK);
}

typedef void (*handler)(int);

static void own_handler(int number)
{
    (void)number;
}

/* There is no way to look at it that Windows has too. */
static handler handler_of(int number)
{
    handler found = signal(number, SIG_DFL);

    signal(number, found);
    return found;
}

#ifdef _WIN32
static const int NUMBERS[] = { SIGINT, SIGTERM, SIGSEGV, SIGABRT, SIGFPE };

/* What the process does about crashes and missing disks. */
typedef struct {
    LPTOP_LEVEL_EXCEPTION_FILTER filter;
    UINT error_mode;
} manner;

static void look_at(manner *found)
{
    found->filter = SetUnhandledExceptionFilter(NULL);
    SetUnhandledExceptionFilter(found->filter);
    found->error_mode = GetErrorMode();
}

static int same_manner(const manner *a, const manner *b)
{
    return a->filter == b->filter && a->error_mode == b->error_mode;
}
#else
static const int NUMBERS[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGSEGV, SIGABRT, SIGFPE, SIGCHLD };

typedef sigset_t manner;

static void look_at(manner *found)
{
    sigprocmask(SIG_SETMASK, NULL, found);
}

static int same_manner(const manner *a, const manner *b)
{
    int number;

    for (number = 1; number < 32; number++)
        if (sigismember(a, number) != sigismember(b, number))
            return 0;
    return 1;
}
#endif

static void signals(const char *config)
{
    handler before[sizeof NUMBERS / sizeof NUMBERS[0]];
    manner manner_before;
    manner now;
    size_t i;

    proves("signal handlers, and the signal mask or what Windows has instead, are as they were");
    signal(SIGTERM, own_handler);
    for (i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        before[i] = handler_of(NUMBERS[i]);
    look_at(&manner_before);
    every_function(config);
    look_at(&now);
    CHECK(same_manner(&now, &manner_before));
    for (i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        CHECK(handler_of(NUMBERS[i]) == before[i]);
}

static size_t environment_size(void)
{
    size_t size = 0;
#ifdef _WIN32
    char *all = GetEnvironmentStringsA();

    while (all[size])
        size += strlen(all + size) + 1;
    FreeEnvironmentStringsA(all);
#else
    extern char **environ;
    char **entry;

    for (entry = environ; *entry; entry++)
        size += strlen(*entry) + 1;
#endif
    return size;
}

static void environment(const char *config)
{
    char folder_before[1024];
    char folder[1024];
    size_t size = environment_size();

    proves("environment and current folder are as they were");
    CHECK(getcwd(folder_before, sizeof folder_before) != NULL);
    every_function(config);
    CHECK(getcwd(folder, sizeof folder) != NULL);
    CHECK_TEXT(folder, folder_before);
    CHECK(environment_size() == size);
}

static void streams(const char *config)
{
    int out = dup(1);
    int err = dup(2);
    int ends[2];
    char byte;
    long written;

    proves("nothing is written to standard output or error");
    fflush(stdout);
    if (pipe(ends) != 0)
        exit(2);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    close(ends[1]);
    every_function(config);
    dup2(out, 1);
    dup2(err, 2);
    close(out);
    close(err);
    written = (long)read(ends[0], &byte, 1);
    close(ends[0]);
    CHECK_NUMBER(written, 0);
}

int main(int argc, char **argv)
{
    char *config;

    check_arguments(argc);
    config = file_text(argv[FIXTURES], "offline.json");
    ctx = context_from(argv[FIXTURES], "offline.json");
    buf = wxcoupon_buf_new();
    every_function(config);
    signals(config);
    environment(config);
    streams(config);
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    free(config);
    return check_finish();
}
