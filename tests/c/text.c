/* Text in is read within bounds and strictly; text out arrives whole, in the encoding asked for. */
#include "check.h"

#include <time.h>

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;

static void says(const char *part)
{
    if (!strstr(wxcoupon_buf_data(buf), part))
        CHECK_TEXT(wxcoupon_buf_data(buf), part);
    else
        CHECK(1);
}

static void bad_encodings(void)
{
    static const struct {
        const char *text;
        const char *offset;
    } CASES[] = {
        { "{\"openid\":\"\xFF\"}", "at byte offset 11" },
        { "\x80{}", "at byte offset 0" },
        { "{\"a\":\"\xC3\x28\"}", "at byte offset 6" },      /* cut sequence */
        { "{\"a\":\"\xC0\xAF\"}", "at byte offset 6" },      /* overlong */
        { "{\"a\":\"\xED\xA0\x80\"}", "at byte offset 6" },  /* surrogate */
        { "{\"a\":\"\xF5\x80\x80\x80\"}", "at byte offset 6" }, /* beyond Unicode */
        { "{\"a\":\"\xE5\xBE", "at byte offset 6" }          /* cut by the end */
    };
    size_t i;

    proves("text that is not UTF-8 is refused, and the first bad byte named");
    for (i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        wxcoupon_ctx *made = ctx;

        CHECK_STATUS(wxcoupon_query(ctx, CASES[i].text, buf), WXCOUPON_E_ENCODING);
        says(CASES[i].offset);
        CHECK_STATUS(wxcoupon_use(ctx, CASES[i].text, buf), WXCOUPON_E_ENCODING);
        CHECK_STATUS(wxcoupon_request(ctx, "POST", "/v3/x", CASES[i].text, buf), WXCOUPON_E_ENCODING);
        CHECK_STATUS(wxcoupon_ctx_new(CASES[i].text, &made, buf), WXCOUPON_E_ENCODING);
        CHECK(made == NULL);
    }
    CHECK_STATUS(wxcoupon_request(ctx, "G\xFFT", "/v3/x", NULL, buf), WXCOUPON_E_ENCODING);
    CHECK_STATUS(wxcoupon_request(ctx, "GET", "/v3/\xFF", NULL, buf), WXCOUPON_E_ENCODING);
}

static void not_one_object(const char *text)
{
    CHECK_STATUS(wxcoupon_query(ctx, text, buf), WXCOUPON_E_JSON);
    CHECK_STATUS(wxcoupon_use(ctx, text, buf), WXCOUPON_E_JSON);
    CHECK_STATUS(wxcoupon_request(ctx, "POST", "/v3/x", text, buf), WXCOUPON_E_JSON);
}

/* levels of nested arrays inside one object */
static char *nested(size_t levels)
{
    char *text = (char *)malloc(levels * 2 + 16);
    char *end = text + sprintf(text, "{\"a\":");

    memset(end, '[', levels - 1);
    memset(end + levels - 1, ']', levels - 1);
    strcpy(end + 2 * (levels - 1), "}");
    return text;
}

static void shapes(void)
{
    static const char *const CASES[] = {
        "", " ", "null", "[]", "\"text\"", "1", "true", "{", "{\"a\":1", "{\"a\":1}}", "{} {}", "{}x",
        "{'a':1}", "{a:1}", "{\"a\":01}", "{\"a\":1,}", "{\"a\":NaN}", "{\"a\":1e999}",
        "{\"a\":\"\\ud800\"}", "{\"a\":\"line\nbreak\"}", "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}", "{\"a\":1,\"\\u0061\":1}", "\xEF\xBB\xBF", "{}\xEF\xBB\xBF"
    };
    char *deep;
    size_t i;

    proves("what is not exactly one JSON object is refused, duplicate names at any depth included");
    for (i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        not_one_object(CASES[i]);
    CHECK_STATUS(wxcoupon_query(ctx, "{\"a\":1,\"a\":2}", buf), WXCOUPON_E_JSON);
    says("duplicate");
    proves("a byte order mark before the object is skipped");
    CHECK_STATUS(wxcoupon_query(ctx, "\xEF\xBB\xBF{}", buf), WXCOUPON_E_REQUEST);

    proves("32 levels are read, 33 and 200 are not");
    deep = nested(32);
    CHECK_STATUS(wxcoupon_query(ctx, deep, buf), WXCOUPON_E_REQUEST);
    free(deep);
    deep = nested(33);
    not_one_object(deep);
    free(deep);
    deep = nested(200);
    not_one_object(deep);
    free(deep);
}

static void sizes(void)
{
    const size_t limit = 64UL * 1024;
    const size_t huge = 10UL * 1024 * 1024;
    char *text = (char *)malloc(huge + 1);
    clock_t start;
    double seconds;

    proves("10 MB of text are refused at once");
    memset(text, ' ', huge);
    text[huge] = '\0';
    start = clock();
    not_one_object(text);
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    CHECK(seconds < 1.0);
    says("65536");
    free(text);

    proves("64 KiB are read, one byte more is not");
    text = (char *)malloc(limit + 2);
    memset(text, ' ', limit + 1);
    memcpy(text, "{}", 2);
    text[limit] = '\0';
    CHECK_STATUS(wxcoupon_query(ctx, text, buf), WXCOUPON_E_REQUEST);
    text[limit] = ' ';
    text[limit + 1] = '\0';
    not_one_object(text);
    free(text);

    proves("text without NUL is read up to the limit and no further");
    text = (char *)malloc(limit + 1); /* one byte more, and the sanitizers would speak */
    memset(text, ' ', limit + 1);
    not_one_object(text);
    free(text);
}

static void copies(void)
{
    char text[2048];
    char *exact;
    uint32_t length;

    CHECK_STATUS(wxcoupon_query(ctx, "[]", buf), WXCOUPON_E_JSON);
    length = wxcoupon_buf_len(buf);

    proves("buf_copy tells the whole length, writes what fits and always ends with NUL");
    CHECK_NUMBER(strlen(wxcoupon_buf_data(buf)), length);
    CHECK(length > 100 && length + 1 < sizeof text);
    memset(text, 'x', sizeof text);
    CHECK_NUMBER(wxcoupon_buf_copy(buf, text, 0), length);
    CHECK_NUMBER(text[0], 'x');
    CHECK_NUMBER(wxcoupon_buf_copy(buf, text, 1), length);
    CHECK_TEXT(text, "");
    CHECK_NUMBER(text[1], 'x');
    CHECK_NUMBER(wxcoupon_buf_copy(buf, text, 9), length);
    CHECK_TEXT(text, "{\"ok\":fa");
    CHECK_NUMBER(text[9], 'x');
    CHECK_NUMBER(wxcoupon_buf_copy(buf, text, length), length);
    CHECK_NUMBER(strlen(text), length - 1);
    exact = (char *)malloc(length + 1);
    CHECK_NUMBER(wxcoupon_buf_copy(buf, exact, length + 1), length);
    CHECK_TEXT(exact, wxcoupon_buf_data(buf));
    free(exact);
}

static void utf16(void)
{
    /* The cashier's text of this failure begins so. */
    static const uint16_t CASHIER[] = { 0x6536, 0x94F6 };
    uint16_t wide[2048];
    uint32_t length;
    uint32_t i;

    CHECK_STATUS(wxcoupon_query(ctx, "[]", buf), WXCOUPON_E_JSON);
    proves("buf_copy_utf16 counts and writes UTF-16, from any encoding");
    length = wxcoupon_buf_copy_utf16(buf, NULL, 0);
    CHECK(length > 100 && length < wxcoupon_buf_len(buf) && length < 2048);
    memset(wide, 0x11, sizeof wide);
    CHECK_NUMBER(wxcoupon_buf_copy_utf16(buf, wide, 1), length);
    CHECK_NUMBER(wide[0], 0);
    CHECK_NUMBER(wide[1], 0x1111);
    CHECK_NUMBER(wxcoupon_buf_copy_utf16(buf, wide, 4), length);
    CHECK_NUMBER(wide[2], 'o');
    CHECK_NUMBER(wide[3], 0);
    CHECK_NUMBER(wxcoupon_buf_copy_utf16(buf, wide, 2048), length);
    CHECK_NUMBER(wide[length], 0);
    CHECK_NUMBER(wide[length - 1], '}');
    for (i = 0; i + 1 < length && !(wide[i] == CASHIER[0] && wide[i + 1] == CASHIER[1]); i++)
        ;
    CHECK(i + 1 < length);
}

static void chinese(const char *folder)
{
    /* An unknown option is named in "field", so text goes in and comes out again. Two characters. */
    static const char GBK[] = "{\"_options\":{\"\xCE\xA2\xD0\xC5\":1}}";
    static const char UTF8[] = "{\"_options\":{\"\xE5\xBE\xAE\xE4\xBF\xA1\":1}}";
    /* One character beyond the basic plane: four bytes in GB18030, none in GBK. */
    static const char GB18030[] = "{\"_options\":{\"\x94\x39\xFC\x36\":1}}";
    wxcoupon_ctx *utf8_ctx = ctx;
    char field[64];

    proves("a UTF-8 context takes and gives Chinese");
    CHECK_STATUS(wxcoupon_query(ctx, UTF8, buf), WXCOUPON_E_REQUEST);
    CHECK_TEXT(answer_text(wxcoupon_buf_data(buf), "field", field, sizeof field),
               "/_options/\xE5\xBE\xAE\xE4\xBF\xA1");
    CHECK_STATUS(wxcoupon_query(ctx, GBK, buf), WXCOUPON_E_ENCODING);

    proves("a GBK context takes and gives GBK, the cashier's text included");
    ctx = context_from(folder, "offline_gbk.json");
    CHECK_STATUS(wxcoupon_query(ctx, GBK, buf), WXCOUPON_E_REQUEST);
    CHECK_TEXT(answer_text(wxcoupon_buf_data(buf), "field", field, sizeof field), "/_options/\xCE\xA2\xD0\xC5");
    CHECK_STATUS(wxcoupon_query(ctx, "[]", buf), WXCOUPON_E_JSON);
    says("\xCA\xD5\xD2\xF8"); /* what utf16() looks for, in GBK */
    CHECK_STATUS(wxcoupon_query(ctx, "{\"a\":\"\xFF\"}", buf), WXCOUPON_E_ENCODING);
    says("GBK at byte offset 6");
    utf16();
    CHECK_STATUS(wxcoupon_ctx_free(ctx), WXCOUPON_OK);

    proves("a GB18030 context takes and gives every character");
    ctx = context_from(folder, "offline_gb18030.json");
    CHECK_STATUS(wxcoupon_query(ctx, GB18030, buf), WXCOUPON_E_REQUEST);
    CHECK_TEXT(answer_text(wxcoupon_buf_data(buf), "field", field, sizeof field),
               "/_options/\x94\x39\xFC\x36");
    CHECK_STATUS(wxcoupon_ctx_free(ctx), WXCOUPON_OK);
    ctx = utf8_ctx;
}

int main(int argc, char **argv)
{
    check_arguments(argc);
    ctx = context_from(argv[FIXTURES], "offline.json");
    buf = wxcoupon_buf_new();
    bad_encodings();
    shapes();
    sizes();
    copies();
    utf16();
    chinese(argv[FIXTURES]);
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return check_finish();
}
