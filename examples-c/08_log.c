/*
 * Keeps a log file, one line a message, with the time and the level:
 *     08_log CONFIG LOG_FILE [COUPON_CODE]
 * CONFIG is a file with the configuration.
 */
#include <stdio.h>
#include <time.h>
#include "wxcoupon.h"

/*
 * The library calls this on the thread that is inside one of its functions, on several threads at once when
 * several are: one fprintf a line keeps lines whole. It may not jump out (longjmp, C++ exceptions), and it
 * should be quick: the call that logs waits for it.
 */
static void WXCOUPON_CALL write_line(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    static const char *const NAMES[] = { "off", "error", "warn", "info", "debug" };

    fprintf((FILE *)user_data, "%ld %-5s %.*s\n", (long)time(NULL),
            level >= 0 && level <= WXCOUPON_LOG_DEBUG ? NAMES[level] : "?", (int)message_len, message);
}

int main(int argc, char **argv)
{
    static char config[65536];
    char request[256];
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    FILE *file = argc > 2 ? fopen(argv[1], "rb") : NULL;
    FILE *log_file = argc > 2 ? fopen(argv[2], "a") : NULL;
    int32_t status;

    if (!file || !log_file) {
        fprintf(stderr, "usage: 08_log CONFIG LOG_FILE [COUPON_CODE]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);

    /* Before the first context, so that nothing is missed. INFO: one line for every call over the network. */
    wxcoupon_log_set(write_line, log_file, WXCOUPON_LOG_INFO);
    status = wxcoupon_ctx_new(config, &ctx, buf);
    if (status == WXCOUPON_OK) {
        sprintf(request, "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
                "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\"}",
                argc > 3 ? argv[3] : "SBX_EFFECTIVE_1");
        wxcoupon_query(ctx, request, buf);
        /* For a while, to find out what goes on inside a call. */
        wxcoupon_log_set(write_line, log_file, WXCOUPON_LOG_DEBUG);
        status = wxcoupon_query(ctx, request, buf);
    }
    printf("%s\n", wxcoupon_status_name(status));
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);

    /* Once this returns, no line is being written and none will be: the file may be closed. */
    wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_OFF);
    fclose(log_file);
    return status == WXCOUPON_OK ? 0 : 1;
}
