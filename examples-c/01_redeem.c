/*
 * Asks for a coupon, redeems it, repeats that after a "lost" answer, and is refused a second redemption:
 *     01_redeem CONFIG [COUPON_CODE]
 * CONFIG is a file with the configuration. `make demo` runs this against a WeChat Pay on this machine.
 */
#include <stdio.h>
#include <string.h>
#include "wxcoupon.h"

/* What a till does with a status: the class decides, whatever the number. */
static const char *what_the_till_does(int32_t status)
{
    switch (wxcoupon_status_class(status)) {
    case WXCOUPON_CLASS_OK:       return "go on: done and proven";
    case WXCOUPON_CLASS_MISUSE:   return "have this program fixed; nothing was sent";
    case WXCOUPON_CLASS_LOCAL:    return "have this machine fixed; nothing was sent";
    case WXCOUPON_CLASS_NOT_SENT: return "try again with the same number";
    case WXCOUPON_CLASS_IN_DOUBT: return "keep the sale open, repeat the same request unchanged";
    case WXCOUPON_CLASS_REFUSED:  return "tell the customer";
    case WXCOUPON_CLASS_BUSY:     return "wait retry_after_ms, then again with the same number";
    default:                      return "look at in_doubt, repeat unchanged, report the defect";
    }
}

/* Prints one text member of the answer. A real program hands the answer to its JSON reader instead. */
static void print_member(const char *answer, const char *name)
{
    char start[64];
    const char *value;

    sprintf(start, "\"%.40s\":\"", name);
    value = strstr(answer, start);
    if (value) {
        value += strlen(start);
        printf("   %-15s %.*s\n", name, (int)strcspn(value, "\""), value);
    }
}

static void show(const char *step, int32_t status, const wxcoupon_buf *buf)
{
    const char *answer = wxcoupon_buf_data(buf);

    printf("\n%s\n   %-15s %s\n", step, "status", wxcoupon_status_name(status));
    print_member(answer, "coupon_state");
    print_member(answer, "use_request_no");
    print_member(answer, "message");
    print_member(answer, "cashier");
    printf("   %-15s %s\n", "the till", what_the_till_does(status));
}

/* The members of a question; for a sale those of its redemption, under a number of our own. */
static const char *request(const char *coupon_code, int sale)
{
    static char json[1024];

    sprintf(json, "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\"", coupon_code);
    if (sale)
        sprintf(json + strlen(json),
                ",\"out_request_no\":\"SALE%d_%.30s\",\"use_time\":\"2025-08-03T12:00:00+08:00\","
                "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}",
                sale, coupon_code);
    return strcat(json, "}");
}

int main(int argc, char **argv)
{
    const char *code = argc > 2 ? argv[2] : "SBX_EFFECTIVE_1";
    static char config[65536];
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int32_t status;

    if (!file) {
        fprintf(stderr, "usage: 01_redeem CONFIG [COUPON_CODE]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    status = wxcoupon_ctx_new(config, &ctx, buf);
    if (status != WXCOUPON_OK) {
        show("The configuration is refused.", status, buf);
        return 1;
    }
    printf("wxcoupon %s, coupon %s\n", wxcoupon_version(), code);
    status = wxcoupon_query(ctx, request(code, 0), buf);
    show("1. A customer shows a coupon. Can it be used? (wxcoupon_query)", status, buf);
    status = wxcoupon_use(ctx, request(code, 1), buf);
    show("2. The sale is paid: redeem the coupon. (wxcoupon_use)", status, buf);
    status = wxcoupon_use(ctx, request(code, 1), buf);
    show("3. Was the answer lost? The same request again, the same answer.", status, buf);
    status = wxcoupon_use(ctx, request(code, 2), buf);
    show("4. Another sale wants the same coupon, and is refused.", status, buf);

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return status == WXCOUPON_E_COUPON_STATE ? 0 : 1;
}
