/*
 * A sale is undone: its coupon goes back to the customer, who uses it for another sale:
 *     04_return CONFIG [COUPON_CODE]
 * CONFIG is a file with the configuration.
 */
#include <stdio.h>
#include <string.h>
#include "wxcoupon.h"

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;

/* Prints one text member of the answer. A real program hands the answer to its JSON reader instead. */
static void print_member(const char *answer, const char *name)
{
    char start[64];
    const char *value;

    sprintf(start, "\"%.40s\":\"", name);
    value = strstr(answer, start);
    if (value) {
        value += strlen(start);
        printf("   %-17s %.*s\n", name, (int)strcspn(value, "\""), value);
    }
}

static void show(const char *step, int32_t status)
{
    const char *answer = wxcoupon_buf_data(buf);

    printf("\n%s\n   %-17s %s\n", step, "status", wxcoupon_status_name(status));
    print_member(answer, "coupon_state");
    print_member(answer, "use_request_no");
    print_member(answer, "return_request_no");
    print_member(answer, "message");
    print_member(answer, "cashier");
}

/*
 * The members of a request. Redeeming and returning have a number each, made once and kept with the sale:
 * a repeat under the same number is the same request, whatever was lost in between.
 */
static const char *request(const char *coupon_code, const char *number, int redeems)
{
    static char json[1024];

    sprintf(json, "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\","
            "\"out_request_no\":\"%.8s_%.30s\"", coupon_code, number, coupon_code);
    if (redeems)
        strcat(json, ",\"use_time\":\"2025-08-03T12:00:00+08:00\","
               "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}");
    return strcat(json, "}");
}

int main(int argc, char **argv)
{
    const char *code = argc > 2 ? argv[2] : "SBX_EFFECTIVE_2";
    static char config[65536];
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int32_t status;

    if (!file) {
        fprintf(stderr, "usage: 04_return CONFIG [COUPON_CODE]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    buf = wxcoupon_buf_new();
    status = wxcoupon_ctx_new(config, &ctx, buf);
    if (status != WXCOUPON_OK) {
        show("The configuration is refused.", status);
        return 1;
    }
    status = wxcoupon_use(ctx, request(code, "SALE1", 1), buf);
    show("1. A sale is paid: redeem the coupon. (wxcoupon_use)", status);
    status = wxcoupon_return(ctx, request(code, "BACK1", 0), buf);
    show("2. The customer brings everything back: the coupon too. (wxcoupon_return)", status);
    status = wxcoupon_return(ctx, request(code, "BACK1", 0), buf);
    show("3. Was the answer lost? The same request again, the same answer.", status);
    status = wxcoupon_return(ctx, request(code, "BACK2", 0), buf);
    show("4. Another number is another request: there is nothing left to return.", status);
    status = wxcoupon_use(ctx, request(code, "SALE2", 1), buf);
    show("5. The next sale may have the coupon.", status);

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return status == WXCOUPON_OK ? 0 : 1;
}
