/* A coupon is quoted without the network, from what a query answered, in every encoding of a context. */
#include "check.h"

/* Short enough, with WHOLE around it, for C89, which promises 509 characters of a text. */
#define COUPON \
    "{\"coupon_state\":\"EFFECTIVE\"," \
    "\"valid_begin_time\":\"2025-08-02T00:00Z\",\"valid_end_time\":\"2025-08-31T23:59Z\"," \
    "\"product_coupon\":{\"scope\":\"ALL\",\"type\":\"NORMAL\",\"usage_mode\":\"SINGLE\"," \
    "\"single_usage_info\":{\"normal_coupon\":{\"threshold\":10000,\"discount_amount\":2000}}}," \
    "\"stock\":{\"store_scope\":\"NONE\",\"single_usage_rule\":{\"coupon_available_period\":{" \
    "\"available_begin_time\":\"2025-08-01T00:00Z\",\"available_end_time\":\"2025-08-31T23:59Z\"}}}}"
#define WHOLE "{\"ok\":true,\"status\":0,\"operation\":\"query\",\"data\":" COUPON "}"

static wxcoupon_buf *buf;

static const member QUESTION[] = {
    { "coupon", COUPON }, { "amount", "12800" }, { "now", "\"2025-08-03T12:00:00+08:00\"" }, { NULL, NULL }
};

/* The question with one member changed, what that gives, the member named, and a part of the answer. */
static const struct {
    const char *name;
    const char *value;
    int32_t expected;
    const char *field;
    const char *part;
} EDITS[] = {
    { NULL, NULL, WXCOUPON_OK, "", "\"usable\":true" },
    { NULL, NULL, WXCOUPON_OK, "", "\"discount\":2000,\"saved_amount\":2000,\"payable\":10800" },
    { NULL, NULL, WXCOUPON_OK, "", "\"operation\":\"quote\"" },
    { "coupon", WHOLE, WXCOUPON_OK, "", "\"discount\":2000,\"saved_amount\":2000,\"payable\":10800" },
    { "amount", "9999", WXCOUPON_OK, "", "\"forbidden_by\":\"threshold\"" },
    { "now", "\"2025-09-01T12:00:00+08:00\"", WXCOUPON_OK, "", "\"forbidden_by\":\"validity\"" },
    { "now", NULL, WXCOUPON_OK, "", "\"forbidden_by\":\"validity\"" },
    { "_options", "{\"timeout_ms\":2000}", WXCOUPON_OK, "", "\"usable\":true" },
    { "coupon", NULL, WXCOUPON_E_REQUEST, "/coupon", "" },
    { "coupon", "{\"ok\":false}", WXCOUPON_E_REQUEST, "/coupon/coupon_state", "wxcoupon_query" },
    { "amount", NULL, WXCOUPON_E_REQUEST, "/amount", "" },
    { "amount", "\"12800\"", WXCOUPON_E_REQUEST, "/amount", "without quotes" },
    { "amount", "128.00", WXCOUPON_E_REQUEST, "/amount", "" },
    { "ammount", "12800", WXCOUPON_E_REQUEST, "/ammount", "known are: coupon, amount" },
    { "rounding", "\"sideways\"", WXCOUPON_E_REQUEST, "/rounding", "down, half_up, up" }
};

static void edits(wxcoupon_ctx *ctx)
{
    char field[128];
    size_t i;

    for (i = 0; i < sizeof EDITS / sizeof EDITS[0]; i++) {
        const char *json = object_with(QUESTION, EDITS[i].name, EDITS[i].value, "");

        CHECK_STATUS(wxcoupon_quote(ctx, json, buf), EDITS[i].expected);
        CHECK_TEXT(answer_text(wxcoupon_buf_data(buf), "field", field, sizeof field), EDITS[i].field);
        CHECK(strstr(wxcoupon_buf_data(buf), EDITS[i].part) != NULL);
        CHECK_NUMBER(wxcoupon_buf_in_doubt(buf), 0);
        CHECK_STATUS(wxcoupon_quote(ctx, json, NULL), EDITS[i].expected);
    }
}

int main(int argc, char **argv)
{
    wxcoupon_ctx *ctx;

    check_arguments(argc);
    buf = wxcoupon_buf_new();
    ctx = context_from(argv[FIXTURES], "offline.json");
    proves("a quote needs no network, and names the member that is wrong");
    edits(ctx);
    CHECK_STATUS(wxcoupon_quote(ctx, object_with(QUESTION, NULL, NULL, ""), buf), WXCOUPON_OK);
    /* "off 20.00 yuan, to pay 108.00 yuan" */
    CHECK(strstr(wxcoupon_buf_data(buf), "\xE4\xBC\x98\xE6\x83\xA0" "20.00") != NULL);
    wxcoupon_ctx_free(ctx);

    proves("in a GBK context the cashier's text is GBK");
    ctx = context_from(argv[FIXTURES], "offline_gbk.json");
    edits(ctx);
    CHECK_STATUS(wxcoupon_quote(ctx, object_with(QUESTION, NULL, NULL, ""), buf), WXCOUPON_OK);
    CHECK(strstr(wxcoupon_buf_data(buf), "\xD3\xC5\xBB\xDD" "20.00") != NULL);
    wxcoupon_ctx_free(ctx);

    wxcoupon_buf_free(buf);
    return check_finish();
}
