/* What the documentation fixes is checked before anything is sent, and the member at fault is named. */
#include "check.h"

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;

/* Passed the rules: the request was on its way, but nobody listens at the other end. */
#define PASSES WXCOUPON_E_CONNECT
#define REFUSED WXCOUPON_E_REQUEST

#define TEN "0123456789"
#define FORTY TEN TEN TEN TEN

static const member USE[] = {
    { "openid", "\"oUser-_0123456789abcdefghijk\"" },
    { "coupon_code", "\"Code_1\"" },
    { "product_coupon_id", "\"1000000013\"" },
    { "stock_id", "\"1000000013001\"" },
    { "appid", "\"wx0000000000000001\"" },
    { "brand_id", "\"120344\"" },
    { "out_request_no", "\"R-20250803_0001\"" },
    { "use_time", "\"2025-08-03T12:00:00+08:00\"" },
    { "associated_order_info", "{\"transaction_id\":\"4200000000000000000000000001\"}" },
    { NULL, NULL }
};

static const member QUERY[] = {
    { "openid", "\"oUser-_0123456789abcdefghijk\"" },
    { "coupon_code", "\"Code_1\"" },
    { "product_coupon_id", "\"1000000013\"" },
    { "stock_id", "\"1000000013001\"" },
    { "appid", "\"wx0000000000000001\"" },
    { "brand_id", "\"120344\"" },
    { NULL, NULL }
};

/* The base request with one member changed, what that gives, and which member is named. */
typedef struct {
    const char *name;
    const char *value;
    int32_t expected;
    const char *field;
} edit;

/* Rules that query and use have in common. */
static const edit COMMON[] = {
    { NULL, NULL, PASSES, "" },
    { "openid", NULL, REFUSED, "/openid" },
    { "openid", "\"\"", REFUSED, "/openid" },
    { "openid", "7", REFUSED, "/openid" },
    { "openid", "null", REFUSED, "/openid" },
    { "openid", "\"o\xF0\x9F\x98\x80\"", REFUSED, "/openid" },
    { "coupon_code", NULL, REFUSED, "/coupon_code" },
    { "coupon_code", "\"\"", REFUSED, "/coupon_code" },
    { "coupon_code", "\"" FORTY "\"", PASSES, "" },
    { "coupon_code", "\"" FORTY "1\"", REFUSED, "/coupon_code" },
    { "coupon_code", "[\"Code_1\"]", REFUSED, "/coupon_code" },
    { "coupon_code", "\"a/b?c d\"", PASSES, "" },
    { "coupon_code", "\"..\"", REFUSED, "/coupon_code" },
    { "product_coupon_id", NULL, REFUSED, "/product_coupon_id" },
    { "product_coupon_id", "1000000013", REFUSED, "/product_coupon_id" },
    { "stock_id", NULL, REFUSED, "/stock_id" },
    { "stock_id", "true", REFUSED, "/stock_id" },
    { "appid", NULL, REFUSED, "/appid" },
    { "brand_id", NULL, REFUSED, "/brand_id" },
    { "brand_id", "120344", REFUSED, "/brand_id" },
    { "_options", "{}", PASSES, "" },
    { "_options", "{\"timeout_ms\":2000}", PASSES, "" },
    { "_options", "{\"timeout_ms\":0}", REFUSED, "/_options/timeout_ms" },
    { "_options", "{\"timeout_ms\":\"2000\"}", REFUSED, "/_options/timeout_ms" },
    { "_options", "{\"timeout_sm\":2000}", REFUSED, "/_options/timeout_sm" },
    { "_options", "7", REFUSED, "/_options" },
    { "not_yet_documented", "{\"a\":[1,2,{\"b\":null}]}", PASSES, "" },
    { "not_yet_documented", "\"\xF0\x9F\x98\x80\"", REFUSED, "/not_yet_documented" }
};

static const edit OF_USE[] = {
    { "out_request_no", NULL, REFUSED, "/out_request_no" },
    { "out_request_no", "\"12345\"", REFUSED, "/out_request_no" },
    { "out_request_no", "\"123456\"", PASSES, "" },
    { "out_request_no", "\"" FORTY "\"", PASSES, "" },
    { "out_request_no", "\"" FORTY "1\"", REFUSED, "/out_request_no" },
    { "out_request_no", "\"R 20250803\"", REFUSED, "/out_request_no" },
    { "out_request_no", "\"R*20250803\"", REFUSED, "/out_request_no" },
    { "out_request_no", "\"R\xE5\x8D\x95" "20250803\"", REFUSED, "/out_request_no" },
    { "out_request_no", "20250803", REFUSED, "/out_request_no" },
    { "use_time", NULL, PASSES, "" },
    { "use_time", "\"2025-08-03T04:00:00Z\"", PASSES, "" },
    { "use_time", "\"2025-08-03T12:00:00.123+08:00\"", PASSES, "" },
    { "use_time", "\"2025-08-03T12:00:00\"", REFUSED, "/use_time" },
    { "use_time", "\"2025-08-03 12:00:00\"", REFUSED, "/use_time" },
    { "use_time", "\"2025-08-03T12:00+08:00\"", REFUSED, "/use_time" },
    { "use_time", "\"2025-13-03T12:00:00+08:00\"", REFUSED, "/use_time" },
    { "use_time", "\"2025-02-30T12:00:00+08:00\"", REFUSED, "/use_time" },
    { "use_time", "\"2025-08-03T25:00:00+08:00\"", REFUSED, "/use_time" },
    { "use_time", "\"20250803120000\"", REFUSED, "/use_time" },
    { "use_time", "1754193600", REFUSED, "/use_time" },
    { "store_id", "\"100000001\"", PASSES, "" },
    { "store_id", "100000001", REFUSED, "/store_id" },
    { "associated_order_info", NULL, REFUSED, "/associated_order_info" },
    { "associated_order_info", "{}", REFUSED, "/associated_order_info/transaction_id" },
    { "associated_order_info", "\"4200000000\"", REFUSED, "/associated_order_info" },
    { "associated_order_info", "{\"transaction_id\":42}", REFUSED, "/associated_order_info/transaction_id" },
    { "associated_order_info", "{\"out_trade_no\":\"T1\",\"mchid\":\"1900000109\"}", PASSES, "" },
    { "associated_order_info",
      "{\"out_trade_no\":\"T1\",\"mchid\":\"1900000109\",\"sub_mchid\":\"1900000110\"}", PASSES, "" },
    { "associated_order_info", "{\"out_trade_no\":\"T1\"}", REFUSED, "/associated_order_info/mchid" },
    { "associated_pay_score_order_info", "{\"order_id\":\"1\"}", REFUSED, "/associated_pay_score_order_info" }
};

/* The same without associated_order_info, for the other kind of order. */
static const edit OF_PAY_SCORE[] = {
    { "associated_pay_score_order_info", "{\"order_id\":\"15646546545165651651\"}", PASSES, "" },
    { "associated_pay_score_order_info", "{\"out_order_no\":\"P1\",\"mchid\":\"1900000109\"}", PASSES, "" },
    { "associated_pay_score_order_info", "{\"out_order_no\":\"P1\"}", REFUSED,
      "/associated_pay_score_order_info/mchid" },
    { "associated_pay_score_order_info", "{}", REFUSED, "/associated_pay_score_order_info/order_id" },
    { "associated_pay_score_order_info", NULL, REFUSED, "/associated_order_info" },
    { "associated_pay_score_order_info", "[]", REFUSED, "/associated_pay_score_order_info" }
};

typedef int32_t(WXCOUPON_CALL *operation)(wxcoupon_ctx *, const char *, wxcoupon_buf *);

static void check_edit(operation call, const char *call_name, const member *base, const edit *test)
{
    const char *json = object_with(base, test->name, test->value, "");
    int32_t found = call(ctx, json, buf);
    const char *answer = wxcoupon_buf_data(buf);
    char field[128];
    char what[128];

    sprintf(what, "%s with %s = %.60s", call_name, test->name ? test->name : "everything right",
            test->value ? test->value : "left out");
    check_status(found, test->expected, what, __FILE__, __LINE__);
    check_text(answer_text(answer, "field", field, sizeof field), test->field, what, __FILE__, __LINE__);
    if (found != test->expected)
        printf("  %s\n", answer);
    CHECK_STATUS(wxcoupon_buf_status(buf), found);
    CHECK_NUMBER(wxcoupon_buf_in_doubt(buf), 0);
}

#define CHECK_EDITS(call, base, edits) \
    check_edits((call), #call, (base), (edits), sizeof(edits) / sizeof(edits)[0])

static void check_edits(operation call, const char *name, const member *base, const edit *edits, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        check_edit(call, name, base, &edits[i]);
}

static void of_request(void)
{
    proves("request checks its form only");
    CHECK_STATUS(wxcoupon_request(ctx, "GET", "/v3/certificates", NULL, buf), PASSES);
    CHECK_STATUS(wxcoupon_request(ctx, "POST", "/v3/x?y=%E5", "{\"a\":1}", buf), PASSES);
    CHECK_STATUS(wxcoupon_request(ctx, "BREW", "/v3/x", NULL, buf), WXCOUPON_E_OPERATION);
    CHECK_STATUS(wxcoupon_request(ctx, "", "/v3/x", NULL, buf), WXCOUPON_E_OPERATION);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_request(ctx, "GET", "v3/x", NULL, buf)), 1);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_request(ctx, "GET", "", NULL, buf)), 1);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_request(ctx, "GET", "/v3/a b", NULL, buf)), 1);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_request(ctx, "GET", "/v3/a\r\nX: y", NULL, buf)), 1);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_request(ctx, "GET", "@evil.example/", NULL, buf)), 1);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_request(ctx, "GET", "/v3/x", "{\"a\":1}", buf)), 1);
}

int main(int argc, char **argv)
{
    const size_t last = sizeof USE / sizeof USE[0] - 2;
    member without_order[sizeof USE / sizeof USE[0]];

    check_arguments(argc);
    ctx = context_from(argv[FIXTURES], "offline.json");
    buf = wxcoupon_buf_new();

    proves("query names the member that breaks a rule, and lets everything right pass");
    CHECK_EDITS(wxcoupon_query, QUERY, COMMON);
    proves("use does the same");
    CHECK_EDITS(wxcoupon_use, USE, COMMON);
    proves("use knows the rules of its own members");
    CHECK_EDITS(wxcoupon_use, USE, OF_USE);
    proves("the order may be one of Pay Score");
    memcpy(without_order, USE, sizeof USE);
    without_order[last] = USE[last + 1];
    CHECK_EDITS(wxcoupon_use, without_order, OF_PAY_SCORE);
    of_request();

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return check_finish();
}
