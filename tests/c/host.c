/* What belongs to the host stays the host's: signals, environment, streams. */
#define _GNU_SOURCE 1
#include "check.h"

#include <signal.h>
#include <unistd.h>

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

static void own_handler(int number)
{
    (void)number;
}

static void signals(const char *config)
{
    static const int NUMBERS[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGSEGV, SIGABRT, SIGFPE, SIGCHLD };
    struct sigaction before[sizeof NUMBERS / sizeof NUMBERS[0]];
    sigset_t mask_before;
    sigset_t mask;
    size_t i;
    int number;

    proves("signal handlers and the signal mask are as they were");
    signal(SIGTERM, own_handler);
    for (i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        sigaction(NUMBERS[i], NULL, &before[i]);
    sigprocmask(SIG_SETMASK, NULL, &mask_before);
    every_function(config);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    for (i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++) {
        struct sigaction now;

        sigaction(NUMBERS[i], NULL, &now);
        CHECK(now.sa_handler == before[i].sa_handler);
    }
    for (number = 1; number < 32; number++)
        CHECK_NUMBER(sigismember(&mask, number), sigismember(&mask_before, number));
}

extern char **environ;

static size_t environment_size(void)
{
    size_t size = 0;
    char **entry;

    for (entry = environ; *entry; entry++)
        size += strlen(*entry) + 1;
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
