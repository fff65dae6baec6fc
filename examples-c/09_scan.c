/*
 * From what the scanner gave to a redeemed coupon: look up, choose, charge, redeem, all with one scan.
 *     09_scan CONFIG FEN SCANNED
 * CONFIG is a file with the configuration, FEN the amount of the basket, SCANNED a coupon's code or the customer's
 * payment code. After the look-up a payment code can be charged by this merchant alone, until it refreshes.
 */
#include <stdio.h>
#include <string.h>
#include "wxcoupon.h"

/* The object or array that begins at `start`: its length. A real program has a JSON reader. */
static int span(const char *start)
{
    int depth = 0, quoted = 0;
    const char *at = start;

    for (; *at; at++) {
        if (quoted) {
            if (*at == '\\' && at[1])
                at++;
            else if (*at == '"')
                quoted = 0;
        } else if (*at == '"') {
            quoted = 1;
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if ((*at == '}' || *at == ']') && --depth == 0) {
            return (int)(at - start) + 1;
        }
    }
    return 0;
}

/* What stands behind a member, within `length` characters. */
static const char *behind(const char *json, int length, const char *name)
{
    char start[48];
    const char *found;

    sprintf(start, "\"%.40s\":", name);
    found = strstr(json, start);
    return found && found < json + length ? found + strlen(start) : NULL;
}

/* A text without its quotes. */
static void print_text(const char *label, const char *value)
{
    if (value && *value == '"')
        printf("%-13s %.*s\n", label, (int)strcspn(value + 1, "\""), value + 1);
}

static int fail(const char *step, const wxcoupon_buf *buf)
{
    printf("%s\n%s\n", step, wxcoupon_buf_data(buf));
    return 1;
}

int main(int argc, char **argv)
{
    static char config[65536], json[65536];
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    FILE *file = argc > 3 ? fopen(argv[1], "rb") : NULL;
    const char *answer, *coupons, *quote, *use;
    int length, size;
    long payable = 0;

    if (!file) {
        fprintf(stderr, "usage: 09_scan CONFIG FEN SCANNED\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    if (wxcoupon_ctx_new(config, &ctx, buf) != WXCOUPON_OK)
        return fail("The configuration is refused.", buf);

    /* 1. Look up, and quote everything for this basket. Nothing is redeemed. */
    sprintf(json, "{\"scan\":\"%.120s\",\"amount\":%.12s}", argv[3], argv[2]);
    if (wxcoupon_scan(ctx, json, buf) != WXCOUPON_OK)
        return fail("The scan leads nowhere.", buf);
    answer = wxcoupon_buf_data(buf);
    coupons = behind(answer, (int)strlen(answer), "coupons");
    length = coupons ? span(coupons) : 0;
    print_text("scanned", behind(answer, (int)strlen(answer), "kind"));
    print_text("cashier", behind(answer, (int)strlen(answer), "cashier"));

    /* 2. Choose: the first is the best for the customer. Where there are several, the customer decides. */
    quote = length ? behind(coupons, length, "quote") : NULL;
    use = length ? behind(coupons, length, "use") : NULL;
    if (!quote || !use || *quote != '{') {
        printf("no coupon is redeemed\n");
        return 1;
    }
    size = span(quote);
    if (!behind(quote, size, "payable") || sscanf(behind(quote, size, "payable"), "%ld", &payable) != 1) {
        printf("what is to be paid is not known: ask the cashier\n");
        return 1;
    }
    printf("%-13s %ld\n", "payable", payable);
    print_text("tell", behind(quote, size, "cashier"));
    if (payable == 0) {
        printf("nothing is left to pay, and an order of 0 does not exist: choose another coupon\n");
        return 1;
    }

    /* 3. Charge what is to be paid, with the same payment code. Its answer names the transaction. */
    /* 4. Redeem: the prepared request, a number of our own, and the order. Keep it with the sale before calling. */
    size = span(use);
    sprintf(json, "%.*s,\"out_request_no\":\"SCANNED_%.12s\",\"associated_order_info\":{\"transaction_id\":"
            "\"4200002812202508031234567890\"}}", size - 1, use, argv[2]);
    if (wxcoupon_use(ctx, json, buf) != WXCOUPON_OK)
        return fail("The coupon is not redeemed (class 4: keep the sale open and repeat unchanged).", buf);
    printf("redeemed\n");

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return 0;
}
