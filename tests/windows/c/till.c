/*
 * A till that is killed, and comes again. It reads its configuration as it is, in any encoding.
 *
 *   till CONFIG use NUMBER COUPON    redeems; prints the answer
 *   till CONFIG settle               settles all that is pending; prints the answer
 *
 * It ends with the class of the status.
 */
#include "check.h"

int main(int argc, char **argv)
{
    char json[1024];
    char *config;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    wxcoupon_ctx *ctx = NULL;
    int32_t status;

    if (argc < 3)
        return 100;
    config = file_text(argv[1], "");
    status = wxcoupon_ctx_new(config, &ctx, buf);
    free(config);
    if (status == WXCOUPON_OK && argc == 5) {
        sprintf(json,
                "{\"openid\":\"oSandboxUser0000000000000001\",\"product_coupon_id\":\"1000000013\","
                "\"stock_id\":\"1000000013001\",\"out_request_no\":\"%.40s\",\"coupon_code\":\"%.100s\","
                "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}}",
                argv[3], argv[4]);
        status = wxcoupon_use(ctx, json, buf);
    } else if (status == WXCOUPON_OK) {
        status = wxcoupon_settle(ctx, NULL, buf);
    }
    printf("%s\n", wxcoupon_buf_data(buf));
    fflush(stdout);
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return (int)wxcoupon_status_class(status);
}
