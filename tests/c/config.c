/* A configuration that cannot work is refused when the till starts, and the member at fault is named. */
#include "check.h"

#define CONFIG WXCOUPON_E_CONFIG
#define KEY WXCOUPON_E_KEY
#define FINE WXCOUPON_OK

#define SERIAL "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
#define KEY_ID "PUB_KEY_ID_0114232134912410000000000000"
#define SIXTEEN "0123456789abcdef"

#define MERCHANT { "mchid", "\"1900000001\"" }, { "merchant_serial_no", "\"" SERIAL "\"" }
#define PROOF \
    { "wechatpay_public_key_id", "\"" KEY_ID "\"" }, \
    { "wechatpay_public_key_path", "\"@/wechatpay_public.pem\"" }

/* '@' is the folder of the keys. */
static const member PLAIN[] = { MERCHANT, { "private_key_path", "\"@/merchant_key.pem\"" }, PROOF, { NULL, NULL } };
static const member ENCRYPTED[] = {
    MERCHANT, { "private_key_path", "\"@/merchant_key_encrypted.pem\"" }, PROOF, { NULL, NULL }
};
static const member KEYLESS[] = { MERCHANT, PROOF, { NULL, NULL } };
static const member PROOFLESS[] = {
    MERCHANT, { "private_key_path", "\"@/merchant_key.pem\"" }, { NULL, NULL }
};

/* The base with one member changed, what that gives, and which member is named. */
typedef struct {
    const char *name;
    const char *value;
    int32_t expected;
    const char *field;
} edit;

static const edit MEMBERS[] = {
    { NULL, NULL, FINE, "" },
    { "mchid", NULL, CONFIG, "/mchid" },
    { "mchid", "1900000001", CONFIG, "/mchid" },
    { "mchid", "\"19OOOOOOO1\"", CONFIG, "/mchid" },
    { "merchant_serial_no", NULL, CONFIG, "/merchant_serial_no" },
    { "private_key_path", NULL, CONFIG, "/private_key_path" },
    { "private_key_path", "\"\"", CONFIG, "/private_key_path" },
    { "private_key_pem", "\"x\"", CONFIG, "/private_key_pem" },
    { "wechatpay_public_key_id", NULL, CONFIG, "/wechatpay_public_key_id" },
    { "wechatpay_public_key_path", NULL, CONFIG, "/wechatpay_public_key_path" },
    { "private_key_pth", "\"x\"", CONFIG, "/private_key_pth" },
    { "mchId", "\"1900000001\"", CONFIG, "/mchId" },
    { "defaults", "{\"appid\":\"wx1\",\"brand_id\":\"1\",\"store_id\":\"1\"}", FINE, "" },
    { "defaults", "7", CONFIG, "/defaults" },
    { "defaults", "{\"app_id\":\"wx1\"}", CONFIG, "/defaults/app_id" },
    { "base_urls", "[\"https://127.0.0.1:1\",\"https://pay.example/\"]", FINE, "" },
    { "base_urls", "[\"http://127.0.0.1:1\"]", CONFIG, "/base_urls/0" },
    { "base_urls", "[\"https://pay.example\",\"pay.example\"]", CONFIG, "/base_urls/1" },
    { "base_urls", "[\"https://pay.example/v3\"]", CONFIG, "/base_urls/0" },
    { "base_urls", "[\"https://user@pay.example\"]", CONFIG, "/base_urls/0" },
    { "base_urls", "[]", CONFIG, "/base_urls" },
    { "base_urls", "\"https://pay.example\"", CONFIG, "/base_urls" },
    { "timeout_ms", "600000", FINE, "" },
    { "timeout_ms", "0", CONFIG, "/timeout_ms" },
    { "timeout_ms", "600001", CONFIG, "/timeout_ms" },
    { "timeout_ms", "99999999999999999999", WXCOUPON_E_JSON, "" },
    { "timeout_ms", "-1", CONFIG, "/timeout_ms" },
    { "timeout_ms", "1.5", CONFIG, "/timeout_ms" },
    { "timeout_ms", "\"1000\"", CONFIG, "/timeout_ms" },
    { "connect_timeout_ms", "0", CONFIG, "/connect_timeout_ms" },
    { "attempt_timeout_ms", "0", CONFIG, "/attempt_timeout_ms" },
    { "max_rate_per_s", "0", CONFIG, "/max_rate_per_s" },
    { "proxy", "\"http://127.0.0.1:3128\"", FINE, "" },
    { "proxy", "\"no proxy\"", CONFIG, "/proxy" },
    { "proxy", "7", CONFIG, "/proxy" },
    { "text_encoding", "\"utf-8\"", FINE, "" },
    { "text_encoding", "\"GB18030\"", FINE, "" },
    { "text_encoding", "\"latin1\"", CONFIG, "/text_encoding" },
    { "user_agent_suffix", "\"till/7\"", FINE, "" },
    { "user_agent_suffix", "\"till\\r\\nX-Evil: 1\"", CONFIG, "/user_agent_suffix" },
    { "ca_path", "\"@/merchant_cert.pem\"", FINE, "" },
    { "ca_path", "\"@/no_such_file.pem\"", CONFIG, "/ca_path" },
    { "ca_path", "\"@/merchant_key.pem\"", CONFIG, "/ca_path" }
};

static const edit SERIALS[] = {
    { "merchant_serial_no", "\"5157f09efdc096de15ebe81a47057a7232f1b8e1\"", FINE, "" },
    { "merchant_serial_no", "\"51:57:F0:9E:FD:C0:96:DE:15:EB:E8:1A:47:05:7A:72:32:F1:B8:E1\"", FINE, "" },
    { "merchant_serial_no", "\"464393711711371205064391155372187391091434043617\"", KEY,
      "/merchant_serial_no" },
    { "merchant_serial_no", "\"5157F09E\"", KEY, "/merchant_serial_no" },
    { "merchant_serial_no", "\"" KEY_ID "\"", KEY, "/merchant_serial_no" }
};

static const edit PRIVATE_KEYS[] = {
    { "private_key_path", "\"@/merchant_key_pkcs1.pem\"", FINE, "" },
    { "private_key_path", "\"@/merchant_key_base64.txt\"", FINE, "" },
    { "private_key_path", "\"@/merchant_key.der\"", FINE, "" },
    { "private_key_path", "\"@/merchant_key_bom.pem\"", FINE, "" },
    { "private_key_path", "\"@/merchant_key_crlf.pem\"", FINE, "" },
    { "private_key_path", "\"relative/merchant_key.pem\"", CONFIG, "/private_key_path" },
    { "private_key_path", "\"@\"", CONFIG, "/private_key_path" },
    { "private_key_path", "\"@/merchant.p12\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/merchant_cert.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/wechatpay_public.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/merchant_key_damaged.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/merchant_key_utf16.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/empty.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/short_key.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/ec_key.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/merchant_key_encrypted.pem\"", KEY, "/private_key_path" },
    { "private_key_path", "\"@/merchant_key_old_encryption.pem\"", KEY, "/private_key_path" }
};

static const edit PASSPHRASES[] = {
    { "private_key_passphrase", "\"open sesame\"", FINE, "" },
    { "private_key_passphrase", "\"open sesame \"", KEY, "/private_key_path" },
    { NULL, NULL, KEY, "/private_key_path" }
};

static const edit PROOFS[] = {
    { "wechatpay_public_key_path", "\"@/wechatpay_public_pkcs1.pem\"", FINE, "" },
    { "wechatpay_public_key_path", "\"@/wechatpay_key.pem\"", KEY, "/wechatpay_public_key_path" },
    { "wechatpay_public_key_path", "\"@/platform_cert.pem\"", KEY, "/wechatpay_public_key_path" },
    { "wechatpay_public_key_path", "\"@/merchant_public.pem\"", KEY, "/wechatpay_public_key_path" },
    { "wechatpay_public_key_id", "\"0114232134912410000000000000\"", KEY, "/wechatpay_public_key_id" },
    { "wechatpay_public_key_id", "\"" SERIAL "\"", KEY, "/wechatpay_public_key_id" },
    { "platform_certificates", "[\"@/platform_cert.pem\"]", FINE, "" },
    { "platform_certificates", "[\"@/platform_cert.pem\",\"@/merchant_cert.pem\"]", KEY,
      "/platform_certificates/1" },
    { "platform_certificates", "[\"@/wechatpay_public.pem\"]", KEY, "/platform_certificates/0" },
    { "platform_certificates", "\"@/platform_cert.pem\"", CONFIG, "/platform_certificates" },
    { "apiv3_key", "\"" SIXTEEN SIXTEEN "\"", FINE, "" },
    { "apiv3_key", "\"" SIXTEEN "0123456789abcde\"", KEY, "/apiv3_key" },
    { "apiv3_key", "\"" SIXTEEN SIXTEEN "x\"", KEY, "/apiv3_key" }
};

static const edit WITHOUT_PROOF[] = {
    { NULL, NULL, CONFIG, "/wechatpay_public_key_id" },
    { "platform_certificates", "[\"@/platform_cert.pem\"]", FINE, "" },
    { "platform_certificates", "[\"@/merchant_cert.pem\"]", KEY, "/platform_certificates/0" }
};

static wxcoupon_buf *buf;
static const char *folder;

/* What must never stand in an answer: the passphrase, the APIv3 key, the start of a PKCS#8 key's body. */
static void keeps_secrets(const char *answer)
{
    CHECK(!strstr(answer, "sesame"));
    CHECK(!strstr(answer, SIXTEEN));
    CHECK(!strstr(answer, "MIIEv"));
}

static void check_edit(const member *base, const edit *test)
{
    wxcoupon_ctx *before = (wxcoupon_ctx *)(size_t)0x1234;
    wxcoupon_ctx *ctx = before;
    int32_t found = wxcoupon_ctx_new(object_with(base, test->name, test->value, folder), &ctx, buf);
    const char *answer = wxcoupon_buf_data(buf);
    char field[128];
    char what[256];

    sprintf(what, "ctx_new with %s = %.100s", test->name ? test->name : "everything right",
            test->value ? test->value : "left out");
    check_status(found, test->expected, what, __FILE__, __LINE__);
    check_text(answer_text(answer, "field", field, sizeof field), test->field, what, __FILE__, __LINE__);
    if (found != test->expected)
        printf("  %s\n", answer);
    CHECK_STATUS(wxcoupon_buf_status(buf), found);
    keeps_secrets(answer);
    if (found == WXCOUPON_OK) {
        CHECK(ctx != before && ctx != NULL);
        CHECK_STATUS(wxcoupon_ctx_free(ctx), WXCOUPON_OK);
    } else {
        CHECK(ctx == NULL);
    }
}

#define CHECK_EDITS(base, edits) check_edits((base), (edits), sizeof(edits) / sizeof(edits)[0])

static void check_edits(const member *base, const edit *edits, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        check_edit(base, &edits[i]);
}

/* The file's text as a JSON string. */
static char *json_string(const char *name)
{
    char *text = file_text(folder, name);
    char *json = (char *)malloc(2 * strlen(text) + 3);
    char *end = json;
    const char *from;

    *end++ = '"';
    for (from = text; *from; from++) {
        if (*from == '\n') {
            *end++ = '\\';
            *end++ = 'n';
        } else {
            *end++ = *from;
        }
    }
    *end++ = '"';
    *end = '\0';
    free(text);
    return json;
}

static void key_as_text(const char *name)
{
    edit test;
    char *json = json_string(name);

    test.name = "private_key_pem";
    test.value = json;
    test.expected = FINE;
    test.field = "";
    check_edit(KEYLESS, &test);
    free(json);
}

int main(int argc, char **argv)
{
    check_arguments(argc);
    folder = argv[FIXTURES];
    buf = wxcoupon_buf_new();

    proves("each member is checked, and one that nobody knows is refused");
    CHECK_EDITS(PLAIN, MEMBERS);
    proves("serial numbers in other spellings are understood or explained");
    CHECK_EDITS(PLAIN, SERIALS);
    proves("private keys in every usual form are read, other files recognised");
    CHECK_EDITS(PLAIN, PRIVATE_KEYS);
    proves("a passphrase opens an encrypted key, a wrong one is told");
    CHECK_EDITS(ENCRYPTED, PASSPHRASES);
    proves("a key may stand in the configuration itself");
    key_as_text("merchant_key.pem");
    key_as_text("merchant_key_base64.txt");
    proves("WeChat Pay's keys are told from the merchant's own");
    CHECK_EDITS(PLAIN, PROOFS);
    proves("without a way to prove answers there is no context");
    CHECK_EDITS(PROOFLESS, WITHOUT_PROOF);

    wxcoupon_buf_free(buf);
    return check_finish();
}
