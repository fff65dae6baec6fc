/* redeem CONFIG_FILE COUPON_CODE: redeems one coupon; ends with the class of the status. */
#include <stdio.h>
#include <wxcoupon.h>

int main(int argc, char **argv)
{
    static char config[65536], request[1024];
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    int32_t status;

    if (!file || wxcoupon_abi_version() != WXCOUPON_ABI_VERSION)
        return 100;
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    sprintf(request, "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\","
            "\"out_request_no\":\"SALE_%.40s\",\"use_time\":\"2025-08-03T12:00:00+08:00\","
            "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}}",
            argv[2], argv[2]);
    status = wxcoupon_ctx_new(config, &ctx, buf);
    if (status == WXCOUPON_OK)
        status = wxcoupon_use(ctx, request, buf);
    printf("%s\n%s\n", wxcoupon_version(), wxcoupon_buf_data(buf));
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return wxcoupon_status_class(status);
}
