/*
 * The power goes out while a coupon is being redeemed. What the till does when it starts again:
 *     05_settle CONFIG                  what a till does at start-up: make known what is open
 *     05_settle CONFIG use COUPON_CODE  redeem a coupon; end this program meanwhile, and start it again
 *     05_settle CONFIG void NUMBER      the sale with that number was called off: undo its redemption
 * CONFIG is a file with the configuration; it must have journal_path, for memory does not survive.
 */
#include <stdio.h>
#include <string.h>
#include "wxcoupon.h"

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;

static int say(const char *what, int32_t status)
{
    printf("%s: %s\n%s\n", what, wxcoupon_status_name(status), wxcoupon_buf_data(buf));
    return status == WXCOUPON_OK ? 0 : 1;
}

/* A real sale stores its number and its whole request before it calls. */
static int redeem(const char *coupon_code)
{
    char json[1024];
    int32_t status;

    sprintf(json, "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\","
            "\"out_request_no\":\"SALE_%.30s\",\"use_time\":\"2025-08-03T12:00:00+08:00\","
            "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}}",
            coupon_code, coupon_code);
    printf("redeeming SALE_%s\n", coupon_code);
    fflush(stdout);
    status = wxcoupon_use(ctx, json, buf);
    return say("redeemed", status);
}

static int call_off(const char *number)
{
    char json[128];
    int32_t status;

    sprintf(json, "{\"out_request_no\":\"%.40s\",\"aim\":\"void\"}", number);
    status = wxcoupon_settle(ctx, json, buf);
    return say("called off", status);
}

/* Before the first customer, and before the till closes. */
static int start_up(void)
{
    int32_t status = wxcoupon_pending(ctx, buf);

    if (status != WXCOUPON_OK)
        return say("the journal cannot be read", status);
    if (strstr(wxcoupon_buf_data(buf), "\"pending\":0")) {
        printf("nothing is open\n");
        return 0;
    }
    say("open", status);
    /* NULL: everything. The recorded requests go out again, byte by byte; nothing is redeemed twice. */
    status = wxcoupon_settle(ctx, NULL, buf);
    say(status == WXCOUPON_OK ? "all is known now" : "still open: settle again later", status);
    return status == WXCOUPON_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    static char config[65536];
    FILE *file = argc == 2 || argc == 4 ? fopen(argv[1], "rb") : NULL;
    int failed;

    if (!file) {
        fprintf(stderr, "usage: 05_settle CONFIG [use COUPON_CODE | void NUMBER]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    buf = wxcoupon_buf_new();
    if (wxcoupon_ctx_new(config, &ctx, buf) != WXCOUPON_OK)
        failed = say("the configuration is refused", wxcoupon_buf_status(buf));
    else if (argc == 2)
        failed = start_up();
    else if (strcmp(argv[2], "use") == 0)
        failed = redeem(argv[3]);
    else
        failed = call_off(argv[3]);

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return failed;
}
