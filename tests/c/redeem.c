/* A coupon is redeemed once, whatever is repeated, and no unproven answer counts. */
#include "check.h"

static wxcoupon_buf *buf;
static const char *tag;
static char text[256];

static const char *says(const char *name)
{
    return answer_text(wxcoupon_buf_data(buf), name, text, sizeof text);
}

/* The members of query; `more` adds those of use. */
static const char *about(const char *code, const char *more)
{
    static char json[1024];

    sprintf(json,
            "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.40s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\"%.600s}",
            code, more);
    return json;
}

static const char *redemption(const char *code, const char *number, const char *use_time)
{
    char more[512];

    sprintf(more,
            ",\"out_request_no\":\"%.20s_%.10s\",\"use_time\":\"%.40s\","
            "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}",
            tag, number, use_time);
    return about(code, more);
}

#define NOON "2025-08-03T12:00:00+08:00"

static void expect(int32_t found, int32_t expected, int32_t in_doubt, const char *what)
{
    const char *answer = wxcoupon_buf_data(buf);

    check_status(found, expected, what, __FILE__, __LINE__);
    if (found != expected)
        printf("  %s\n", answer);
    CHECK_STATUS(wxcoupon_buf_status(buf), found);
    CHECK_NUMBER(wxcoupon_buf_in_doubt(buf), in_doubt);
    CHECK(strstr(answer, in_doubt ? "\"in_doubt\":true" : "\"in_doubt\":false") != NULL);
    CHECK((strstr(answer, "\"data\":{") != NULL) == (expected == WXCOUPON_OK));
    CHECK((*says("cashier") != '\0') == (expected != WXCOUPON_OK));
}

static void once(wxcoupon_ctx *ctx)
{
    char code[40];
    char number[64];
    char first[64];

    sprintf(code, "AUTO_%.20s", tag);
    sprintf(number, "%.20s_1", tag);

    proves("a coupon that can be used says so");
    expect(wxcoupon_query(ctx, about(code, ""), buf), WXCOUPON_OK, 0, "query before");
    CHECK_TEXT(says("coupon_state"), "EFFECTIVE");
    CHECK_TEXT(says("coupon_code"), code);
    CHECK_TEXT(says("operation"), "query");

    proves("it is redeemed, under the number that was asked for");
    expect(wxcoupon_use(ctx, redemption(code, "1", NOON), buf), WXCOUPON_OK, 0, "use");
    CHECK_TEXT(says("coupon_state"), "USED");
    CHECK_TEXT(says("use_request_no"), number);
    CHECK_TEXT(says("out_request_no"), number);
    strcpy(first, says("use_time"));

    proves("the same request again gives the same answer");
    expect(wxcoupon_use(ctx, redemption(code, "1", NOON), buf), WXCOUPON_OK, 0, "use again");
    CHECK_TEXT(says("use_request_no"), number);
    CHECK_TEXT(says("use_time"), first);

    proves("another number for the same coupon is refused");
    expect(wxcoupon_use(ctx, redemption(code, "2", NOON), buf), WXCOUPON_E_COUPON_STATE, 0, "another number");
    CHECK(*says("message") != '\0' && strstr(wxcoupon_buf_data(buf), "\"wechat\":{") != NULL);

    proves("the same number with other content is refused");
    expect(wxcoupon_use(ctx, redemption(code, "1", "2025-08-03T12:00:01+08:00"), buf),
           WXCOUPON_E_REQUEST_NO_REUSED, 0, "another time");

    proves("afterwards the coupon says by which number it was used");
    expect(wxcoupon_query(ctx, about(code, ""), buf), WXCOUPON_OK, 0, "query after");
    CHECK_TEXT(says("coupon_state"), "USED");
    CHECK_TEXT(says("use_request_no"), number);
}

static void unusable(wxcoupon_ctx *ctx)
{
    static const char *const CODES[] = { "SBX_USED", "SBX_EXPIRED", "SBX_DELETED", "SBX_DEACTIVATED",
                                         "SBX_CONFIRMING", "SBX_PENDING" };
    char number[16];
    size_t i;

    proves("a coupon in any other state is refused, and one that is not there not found");
    for (i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        sprintf(number, "s%d", (int)i);
        expect(wxcoupon_use(ctx, redemption(CODES[i], number, NOON), buf), WXCOUPON_E_COUPON_STATE, 0, CODES[i]);
    }
    expect(wxcoupon_use(ctx, redemption("SBX_NOWHERE", "n1", NOON), buf), WXCOUPON_E_NOT_FOUND, 0, "nowhere");
    expect(wxcoupon_query(ctx, about("SBX_NOWHERE", ""), buf), WXCOUPON_E_NOT_FOUND, 0, "query nowhere");
}

/* This context holds another public key under the right id: no answer can be proven. */
static void unproven(wxcoupon_ctx *ctx, wxcoupon_ctx *deceived)
{
    char code[40];

    proves("an answer whose signature does not fit is in doubt, never success");
    sprintf(code, "AUTO_U%.20s", tag);
    expect(wxcoupon_use(deceived, redemption(code, "u1", NOON), buf), WXCOUPON_E_ANSWER_UNTRUSTED, 1, "unproven");
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_buf_status(buf)), WXCOUPON_CLASS_IN_DOUBT);

    proves("a question whose answer is not proven is to be asked again, not in doubt");
    expect(wxcoupon_query(deceived, about(code, ""), buf), WXCOUPON_E_READ_FAILED, 0, "unproven query");

    proves("the same request repeated where proof is possible settles the doubt");
    expect(wxcoupon_use(ctx, redemption(code, "u1", NOON), buf), WXCOUPON_OK, 0, "settled");
    CHECK_TEXT(says("coupon_state"), "USED");
}

static void any_other_path(wxcoupon_ctx *ctx, const char *config_path)
{
    char *config = file_text(config_path, "");
    char appid[40];
    char brand_id[40];
    char path[512];

    proves("any other path is signed, sent and proven too");
    sprintf(path,
            "/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/SBX_USED"
            "?product_coupon_id=1000000013&stock_id=1000000013001&appid=%s&brand_id=%s",
            answer_text(config, "appid", appid, sizeof appid),
            answer_text(config, "brand_id", brand_id, sizeof brand_id));
    expect(wxcoupon_request(ctx, "GET", path, NULL, buf), WXCOUPON_OK, 0, "request");
    CHECK_TEXT(says("coupon_code"), "SBX_USED");
    expect(wxcoupon_request(ctx, "GET", "/v3/nowhere", NULL, buf), WXCOUPON_E_NOT_FOUND, 0, "request nowhere");
    free(config);
}

int main(int argc, char **argv)
{
    wxcoupon_ctx *ctx;
    wxcoupon_ctx *deceived;

    check_arguments(argc);
    tag = argv[TAG];
    buf = wxcoupon_buf_new();
    ctx = context_from(argv[SANDBOX_CONFIG], "");
    deceived = context_from(argv[FIXTURES], "deceived.json");

    once(ctx);
    unusable(ctx);
    unproven(ctx, deceived);
    any_other_path(ctx, argv[SANDBOX_CONFIG]);

    wxcoupon_ctx_free(deceived);
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return check_finish();
}
