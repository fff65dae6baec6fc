/*
 * Redeems one coupon and prints the answer:
 *     00_shortest CONFIG_JSON REQUEST_JSON
 * Both are JSON texts. `make header` puts this program into README.md and on the header's first page.
 */
#include <stdio.h>
#include "wxcoupon.h"

int main(int argc, char **argv)
{
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    int32_t status;

    if (argc != 3)
        return 2;
    status = wxcoupon_ctx_new(argv[1], &ctx, buf);
    if (status == WXCOUPON_OK)
        status = wxcoupon_use(ctx, argv[2], buf);
    puts(wxcoupon_status_text(status));
    puts(wxcoupon_buf_data(buf));
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return wxcoupon_status_class(status);
}
