/*
 * Asks for a coupon and what it takes off a basket, before any money is taken:
 *     02_quote CONFIG FEN [COUPON_CODE]
 * CONFIG is a file with the configuration, FEN the basket's amount.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "wxcoupon.h"

static void give_up(const char *what, const wxcoupon_buf *buf)
{
    fprintf(stderr, "%s: %s\n%s\n", what, wxcoupon_status_text(wxcoupon_buf_status(buf)),
            wxcoupon_buf_data(buf));
    exit(1);
}

/* A new text: a question of the basket and the coupon as wxcoupon_query answered it, as it stands. */
static char *question(const char *fen, const char *queried)
{
    char *json = (char *)malloc(strlen(fen) + strlen(queried) + 64);

    if (json)
        sprintf(json, "{\"amount\":%s,\"coupon\":%s}", fen, queried);
    return json;
}

/* Prints one member of the quote. A real program hands the answer to its JSON reader instead. */
static void print_member(const char *answer, const char *name)
{
    char start[64];
    const char *value;

    sprintf(start, "\"%.40s\":", name);
    value = strstr(answer, start);
    if (value) {
        value += strlen(start);
        if (*value == '"')
            printf("   %-13s %.*s\n", name, (int)strcspn(value + 1, "\""), value + 1);
        else if (*value == '[')
            printf("   %-13s %.*s\n", name, (int)strcspn(value, "]") + 1, value);
        else
            printf("   %-13s %.*s\n", name, (int)strcspn(value, ",}"), value);
    }
}

int main(int argc, char **argv)
{
    static const char *const MEMBERS[] = { "usable",      "discount",     "payable",     "forbidden_by", "short_by",
                                           "usable_from", "usable_until", "valid_until", "unchecked",    "cashier" };
    static char config[65536];
    char request[256];
    char *json;
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    FILE *file = argc > 2 ? fopen(argv[1], "rb") : NULL;
    size_t i;

    if (!file) {
        fprintf(stderr, "usage: 02_quote CONFIG FEN [COUPON_CODE]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    if (wxcoupon_ctx_new(config, &ctx, buf) != WXCOUPON_OK)
        give_up("the configuration is refused", buf);

    sprintf(request, "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\"}",
            argc > 3 ? argv[3] : "SBX_EFFECTIVE_1");
    if (wxcoupon_query(ctx, request, buf) != WXCOUPON_OK)
        give_up("the coupon cannot be asked for", buf);

    json = question(argv[2], wxcoupon_buf_data(buf));
    if (!json)
        return 1;
    if (wxcoupon_quote(ctx, json, buf) != WXCOUPON_OK)
        give_up("the question is refused", buf);
    free(json);
    for (i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++)
        print_member(wxcoupon_buf_data(buf), MEMBERS[i]);

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return 0;
}
