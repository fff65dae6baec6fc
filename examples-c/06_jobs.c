/*
 * One thread and a screen that must not freeze: start, poll, call off, settle:
 *     06_jobs CONFIG [COUPON_CODE [TICKS]]
 * CONFIG is a file with the configuration. After TICKS ticks the cashier presses "cancel".
 */
#define _POSIX_C_SOURCE 199309L /* nanosleep */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef _WIN32
#include <windows.h>
#endif
#include "wxcoupon.h"

#define TICK_MS 50

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;

/* One round of the program's own loop, where it draws its screen and reads its keys. */
static void tick(void)
{
#ifdef _WIN32
    Sleep(TICK_MS);
#else
    struct timespec pause;

    pause.tv_sec = 0;
    pause.tv_nsec = TICK_MS * 1000000L;
    nanosleep(&pause, NULL);
#endif
    putchar('.');
    fflush(stdout);
}

static int32_t until_done(wxcoupon_job *job, long cancel_at)
{
    long ticks;
    int32_t status;

    for (ticks = 1; (status = wxcoupon_job_wait(job, 0, buf)) == WXCOUPON_E_RUNNING; ticks++) {
        tick();
        if (ticks == cancel_at) {
            printf(" the cashier cancels ");
            wxcoupon_job_cancel(job);
        }
    }
    printf(" %s\n", wxcoupon_status_name(status));
    return status;
}

/* One operation, from start to end. cancel_at: the tick at which it is called off, 0 for never. */
static int32_t carry_out(const char *operation, const char *json, long cancel_at)
{
    wxcoupon_job *job = NULL;
    int32_t status = wxcoupon_start(ctx, operation, json, &job);

    printf("%s ", operation);
    if (status != WXCOUPON_OK) {
        printf("%s\n", wxcoupon_status_name(status));
        return status;
    }
    status = until_done(job, cancel_at);
    wxcoupon_job_free(job);
    return status;
}

int main(int argc, char **argv)
{
    const char *code = argc > 2 ? argv[2] : "SBX_EFFECTIVE_3";
    static char config[65536];
    char json[1024];
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int32_t status;

    if (!file) {
        fprintf(stderr, "usage: 06_jobs CONFIG [COUPON_CODE [TICKS]]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    buf = wxcoupon_buf_new();
    if (wxcoupon_ctx_new(config, &ctx, buf) != WXCOUPON_OK) {
        fprintf(stderr, "%s\n", wxcoupon_buf_data(buf));
        return 1;
    }
    sprintf(json, "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\","
            "\"out_request_no\":\"SALE_%.30s\","
            "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}}", code, code);
    status = carry_out("use", json, argc > 3 ? atol(argv[3]) : 0);

    /*
     * Called off after it was sent: it may have taken effect. The sale stays open until that is known.
     * While its last attempt is still on its way the request is WXCOUPON_E_LOCKED, class BUSY: ask again.
     */
    if (wxcoupon_status_class(status) == WXCOUPON_CLASS_IN_DOUBT) {
        sprintf(json, "{\"out_request_no\":\"SALE_%.30s\"}", code);
        for (;;) {
            status = carry_out("settle", json, 0);
            if (wxcoupon_status_class(status) != WXCOUPON_CLASS_BUSY)
                break;
            tick();
        }
    }
    printf("%s\n", wxcoupon_buf_data(buf));

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return status == WXCOUPON_OK ? 0 : 1;
}
