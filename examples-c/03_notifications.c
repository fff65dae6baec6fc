/*
 * Receives WeChat Pay's notifications, and confirms each coupon that was issued:
 *     03_notifications CONFIG PORT
 * CONFIG is a file with the configuration; it needs apiv3_key and should have journal_path. PORT is one of
 * 127.0.0.1 (0: any; it is printed). WeChat Pay speaks HTTPS with public addresses only: put a web server in
 * front that does, and that passes headers and body on unchanged.
 *
 * One request at a time, one connection a request. What was done is remembered in memory: a real program
 * keeps the keys in its database, in the same transaction as what it does about the event.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "http.h"
#include "wxcoupon.h"

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;

/* ---- JSON ---------------------------------------------------------------------------------------------
 * Enough for what the library wrote, which is well-formed and without blanks outside of texts, apart from
 * what it passes on. A real program has a JSON reader.
 */

static const char *skip_blanks(const char *json)
{
    return json + strspn(json, " \t\r\n");
}

/* The end of the value that begins here. */
static const char *skip_value(const char *json)
{
    int depth = 0;

    do {
        if (*json == '"') {
            for (json++; *json && *json != '"'; json++)
                if (*json == '\\' && json[1])
                    json++;
            if (*json)
                json++;
        } else if (*json == '{' || *json == '[') {
            depth++, json++;
        } else if (*json == '}' || *json == ']') {
            depth--, json++;
        } else {
            json += depth ? 1 : strcspn(json, ",}] \t\r\n");
        }
    } while (*json && depth > 0);
    return json;
}

/* The value of a member as it stands in the object, or NULL. Ends at skip_value. */
static const char *member(const char *object, const char *name)
{
    size_t length = strlen(name);

    if (!object || *object != '{')
        return NULL;
    for (object = skip_blanks(object + 1); *object == '"'; object = skip_blanks(object + 1)) {
        const char *end = skip_value(object);
        const char *value = skip_blanks(end);

        if (*value != ':')
            return NULL;
        value = skip_blanks(value + 1);
        if ((size_t)(end - object) == length + 2 && strncmp(object + 1, name, length) == 0)
            return value;
        object = skip_blanks(skip_value(value));
        if (*object != ',')
            return NULL;
    }
    return NULL;
}

/* A text without its quotes; what is not ASCII stays escaped. 0 when it is no text or has no room. */
static int text_of(const char *value, char *out, size_t cap)
{
    const char *end;
    size_t length = 0;

    if (!value || *value != '"')
        return 0;
    end = skip_value(value) - 1;
    for (value++; value < end && length + 1 < cap; value++) {
        if (*value == '\\' && strchr("\"\\/", value[1]))
            value++;
        out[length++] = *value;
    }
    out[length] = '\0';
    return value == end;
}

static int is_text(const char *value, const char *expected)
{
    char text[64];

    return text_of(value, text, sizeof text) && strcmp(text, expected) == 0;
}

/* ---- What was done already ---------------------------------------------------------------------------- */

static char done[4096][160];
static size_t done_count;

static int was_done(const char *key)
{
    size_t i;

    for (i = 0; i < sizeof done / sizeof done[0]; i++)
        if (*key && strcmp(done[i], key) == 0)
            return 1;
    return 0;
}

/* The oldest goes: by then WeChat Pay has long stopped repeating it. */
static void remember(const char *key)
{
    strcpy(done[done_count++ % (sizeof done / sizeof done[0])], key);
}

/* ---- Confirming --------------------------------------------------------------------------------------- */

static int has_journal;
static int in_doubt = 1; /* an earlier run may have left something */
static wxcoupon_job *settling;

/*
 * One confirmation has one number, also after this program was started anew: it comes from the coupon's code
 * (FNV-1a, for a code may be longer than a number). Redemptions have other numbers: one is never used twice.
 */
static void confirmation_number(const char *code, const char *end, char *out)
{
    uint64_t hash = 14695981039346656037ULL;

    for (; code < end; code++)
        hash = (hash ^ (unsigned char)*code) * 1099511628211ULL;
    sprintf(out, "CONFIRM_%08lX%08lX", (unsigned long)(hash >> 32), (unsigned long)(hash & 0xFFFFFFFFUL));
}

/*
 * Confirms, and tells whether the notification is taken.
 *
 * Confirm first, then reply: after a success WeChat Pay forgets the event, and if this program died between
 * the reply and the confirmation, the coupon would never become usable. The reply is due after 5 seconds, so
 * the confirmation gets 3. Without an answer the journal has it, and settling goes on by itself. Where it
 * did not even leave, or there is no journal, a failure makes WeChat Pay tell us again.
 */
static int confirm(const char *resource)
{
    static const char *const MEMBERS[] = { "openid", "coupon_code", "product_coupon_id", "stock_id", "appid",
                                           "brand_id" };
    const char *code = member(resource, "coupon_code");
    char json[2048] = "{";
    char number[40];
    size_t length = 1;
    size_t i;
    int32_t status;

    if (!code)
        return 0;
    confirmation_number(code, skip_value(code), number);
    /* Copied as they stand, quotes and escapes included: unchanged is what WeChat Pay asks for. */
    for (i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++) {
        const char *value = member(resource, MEMBERS[i]);

        if (value && skip_value(value) - value < 256)
            length += (size_t)sprintf(json + length, "\"%s\":%.*s,", MEMBERS[i],
                                      (int)(skip_value(value) - value), value);
    }
    sprintf(json + length, "\"out_request_no\":\"%s\",\"_options\":{\"timeout_ms\":3000}}", number);
    status = wxcoupon_confirm(ctx, json, buf);
    printf("confirm %s: %s\n", number, wxcoupon_status_name(status));
    switch (wxcoupon_status_class(status)) {
    case WXCOUPON_CLASS_OK:
        return 1;
    case WXCOUPON_CLASS_IN_DOUBT:
        in_doubt = 1;
        return has_journal;
    case WXCOUPON_CLASS_REFUSED:
        /* Asking again would not help: confirmed long ago, deleted, gone. Anything else is to be mended here. */
        return status == WXCOUPON_E_COUPON_STATE || status == WXCOUPON_E_NOT_FOUND;
    default:
        return 0;
    }
}

/* In quiet moments: makes known what confirmations left open. Never waits; tries again after ten seconds. */
static void settle(void)
{
    static time_t started;
    int32_t status;

    if (!settling && in_doubt && time(NULL) - started >= 10) {
        started = time(NULL);
        if (wxcoupon_start(ctx, "settle", NULL, &settling) != WXCOUPON_OK)
            return;
    }
    if (!settling)
        return;
    status = wxcoupon_job_wait(settling, 0, buf);
    if (status == WXCOUPON_E_RUNNING)
        return;
    in_doubt = status != WXCOUPON_OK;
    wxcoupon_job_free(settling);
    settling = NULL;
}

/* ---- Replying ----------------------------------------------------------------------------------------- */

static void fail(http_reply *reply)
{
    reply->status = 500;
    strcpy(reply->headers, "Content-Type: application/json\r\n");
    strcpy(reply->body, "{\"code\":\"FAIL\",\"message\":\"not processed\"}");
}

/* The library says what to reply; this only hands it on. */
static void reply_as_told(http_reply *reply, const char *told)
{
    const char *at = member(told, "headers");
    const char *status = member(told, "status");

    if (!at || !status || !text_of(member(told, "body"), reply->body, sizeof reply->body)) {
        fail(reply);
        return;
    }
    reply->status = strtol(status, NULL, 10);
    reply->headers[0] = '\0';
    for (at++; *at == '"'; at += *at == ',') {
        const char *value = skip_value(at) + 1;
        char name[64];
        char text[128];

        if (text_of(at, name, sizeof name) && text_of(value, text, sizeof text)
            && strlen(reply->headers) + strlen(name) + strlen(text) + 5 < sizeof reply->headers)
            sprintf(reply->headers + strlen(reply->headers), "%s: %s\r\n", name, text);
        at = skip_value(value);
    }
}

/* Never prints what is about a person: openid, unionid and phone_number are in the resource. */
static void handle(const http_request *request, http_reply *reply)
{
    int32_t status = wxcoupon_notification_open(ctx, request->headers_json, request->body, request->body_len, buf);
    char key[sizeof done[0]] = "";
    const char *opened;
    char *answer;

    /* Confirming fills the buffer anew; this answer is needed until the end. */
    answer = (char *)malloc(wxcoupon_buf_len(buf) + 1U);
    if (!answer) {
        fail(reply);
        return;
    }
    strcpy(answer, wxcoupon_buf_data(buf));
    reply_as_told(reply, member(answer, "reply"));
    if (status != WXCOUPON_OK) {
        /* The reason is for us, never for the peer. */
        text_of(member(answer, "verification"), key, sizeof key);
        printf("refused: %s %s\n", wxcoupon_status_name(status), key);
        free(answer);
        return;
    }
    opened = member(answer, "data");
    if (!text_of(member(opened, "dedup_key"), key, sizeof key))
        key[0] = '\0'; /* too long to remember: a repeat is confirmed again, under the same number */
    printf("event %s%s\n", key, was_done(key) ? ", done before" : "");
    if (!was_done(key)) {
        /* Only an issued coupon asks for something. Events that nobody knows yet are answered with success. */
        if (!is_text(member(opened, "event"), "SEND") || confirm(member(opened, "resource")))
            remember(key);
        else
            fail(reply);
    }
    free(answer);
}

int main(int argc, char **argv)
{
    static char config[65536];
    FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
    const char *journal;
    int32_t status;

    if (!file) {
        fprintf(stderr, "usage: 03_notifications CONFIG PORT\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    buf = wxcoupon_buf_new();
    status = wxcoupon_ctx_new(config, &ctx, buf);
    if (status != WXCOUPON_OK) {
        fprintf(stderr, "%s\n", wxcoupon_buf_data(buf));
        return 1;
    }
    journal = member(member(wxcoupon_buf_data(buf), "data"), "journal");
    has_journal = journal && *journal == '"';
    if (!has_journal)
        fprintf(stderr, "no journal_path: what is in doubt is forgotten with this program\n");
    http_serve((uint16_t)strtoul(argv[2], NULL, 10), handle, settle);
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return 1;
}
