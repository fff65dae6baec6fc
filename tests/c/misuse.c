/* No value of a handle and no NULL can do harm: each gives a status of class 1 and an empty answer. */
#include "check.h"

#define ROUNDS 20000

static char *config;

/* Every function that takes a context, in one shape. */
static int32_t use(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_use(ctx, "{}", buf);
}

static int32_t query(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_query(ctx, "{}", buf);
}

static int32_t quote(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_quote(ctx, "{}", buf);
}

static int32_t scan(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_scan(ctx, "{}", buf);
}

static int32_t request(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_request(ctx, "GET", "/v3/certificates", NULL, buf);
}

static int32_t give_back(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_return(ctx, "{}", buf);
}

static int32_t settle(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_settle(ctx, NULL, buf);
}

static int32_t check(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_check(ctx, NULL, buf);
}

static int32_t stats(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_stats(ctx, NULL, buf);
}

static int32_t update(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_ctx_update(ctx, config, buf);
}

static int32_t notification(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_notification_open(ctx, "{}", "{}", 2, buf);
}

static int32_t list(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_list(ctx, "{}", buf);
}

static int32_t send_coupon(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_send(ctx, "{}", buf);
}

static int32_t confirm(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_confirm(ctx, "{}", buf);
}

static int32_t deactivate(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_deactivate(ctx, "{}", buf);
}

static int32_t call(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    return wxcoupon_call(ctx, "get_stock", "{}", buf);
}

typedef int32_t (*operation)(wxcoupon_ctx *, wxcoupon_buf *);
static const operation OPERATIONS[] = { use, query, quote, scan, request, give_back, settle, check, stats,
                                        wxcoupon_pending, update, list, send_coupon, confirm,
                                        deactivate, call, wxcoupon_warm, notification };
#define OPERATION_COUNT (sizeof OPERATIONS / sizeof OPERATIONS[0])

static void not_a_context(size_t word, wxcoupon_buf *buf)
{
    wxcoupon_ctx *ctx = (wxcoupon_ctx *)word;
    int32_t expected = word == 0 ? WXCOUPON_E_NULL : WXCOUPON_E_HANDLE;
    size_t i;

    for (i = 0; i < OPERATION_COUNT; i++) {
        CHECK_STATUS(OPERATIONS[i](ctx, buf), expected);
        CHECK_STATUS(wxcoupon_buf_status(buf), expected);
        CHECK_NUMBER(wxcoupon_buf_in_doubt(buf), 0);
        CHECK_STATUS(OPERATIONS[i](ctx, NULL), expected);
    }
    {
        wxcoupon_job *job = (wxcoupon_job *)buf;

        CHECK_STATUS(wxcoupon_start(ctx, "use", "{}", &job), expected);
        CHECK(job == NULL);
    }
    CHECK_STATUS(wxcoupon_ctx_free(ctx), expected);
}

static void not_a_job(size_t word, wxcoupon_buf *buf)
{
    wxcoupon_job *job = (wxcoupon_job *)word;
    int32_t expected = word == 0 ? WXCOUPON_E_NULL : WXCOUPON_E_HANDLE;

    CHECK_STATUS(wxcoupon_job_wait(job, 0, buf), expected);
    CHECK_STATUS(wxcoupon_buf_status(buf), expected);
    CHECK_STATUS(wxcoupon_job_wait(job, 0, NULL), expected);
    CHECK_STATUS(wxcoupon_job_cancel(job), expected);
    wxcoupon_job_free(job);
}

static void not_a_buffer(size_t word, wxcoupon_ctx *ctx)
{
    wxcoupon_buf *buf = (wxcoupon_buf *)word;
    char text[4] = "old";
    uint16_t wide[2] = { 'o', 0 };

    CHECK_TEXT(wxcoupon_buf_data(buf), "");
    CHECK_NUMBER(wxcoupon_buf_len(buf), 0);
    CHECK_NUMBER(wxcoupon_buf_copy(buf, text, sizeof text), 0);
    CHECK_TEXT(text, "");
    CHECK_NUMBER(wxcoupon_buf_copy_utf16(buf, wide, 2), 0);
    CHECK_NUMBER(wide[0], 0);
    CHECK_NUMBER(wxcoupon_buf_in_doubt(buf), 0);
    CHECK_STATUS(wxcoupon_buf_status(buf), word == 0 ? WXCOUPON_E_NULL : WXCOUPON_E_HANDLE);
    wxcoupon_buf_free(buf);

    if (word != 0) {
        wxcoupon_ctx *made = ctx;
        size_t i;

        for (i = 0; i < OPERATION_COUNT; i++)
            CHECK_STATUS(OPERATIONS[i](ctx, buf), WXCOUPON_E_HANDLE);
        CHECK_STATUS(wxcoupon_ctx_new(config, &made, buf), WXCOUPON_E_HANDLE);
        CHECK(made == NULL);
    }
}

static void not_a_handle(size_t word, wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    not_a_context(word, buf);
    not_a_buffer(word, ctx);
    not_a_job(word, buf);
}

static size_t random_word(void)
{
    static unsigned long state = 88172645UL;
    size_t word = 0;
    size_t i;

    for (i = 0; i < sizeof word; i++) {
        state = (state * 1103515245UL + 12345UL) & 0xFFFFFFFFUL;
        word = (word << 8) | ((state >> 16) & 0xFF);
    }
    return word;
}

static void every_kind_for_every_other(wxcoupon_ctx *ctx, wxcoupon_buf *buf, const char *folder)
{
    wxcoupon_ctx *ctx_gone = context_from(folder, "offline.json");
    wxcoupon_buf *buf_gone = wxcoupon_buf_new();
    wxcoupon_job *job = NULL;
    wxcoupon_job *job_gone = NULL;

    CHECK_STATUS(wxcoupon_start(ctx, "use", "{}", &job), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_start(ctx, "settle", NULL, &job_gone), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_job_wait(job, 5000, buf), WXCOUPON_E_REQUEST);
    CHECK_STATUS(wxcoupon_job_wait(job_gone, 5000, buf), WXCOUPON_OK);

    proves("a live handle of one kind is nothing to functions of another");
    not_a_context((size_t)buf, buf);
    not_a_context((size_t)job, buf);
    not_a_buffer((size_t)ctx, ctx);
    not_a_buffer((size_t)job, ctx);
    not_a_job((size_t)ctx, buf);
    not_a_job((size_t)buf, buf);
    CHECK_NUMBER(wxcoupon_handles_live(), 6);

    proves("a freed handle is nothing to any function, freeing it again included");
    CHECK_STATUS(wxcoupon_ctx_free(ctx_gone), WXCOUPON_OK);
    wxcoupon_buf_free(buf_gone);
    wxcoupon_job_free(job_gone);
    not_a_handle((size_t)ctx_gone, ctx, buf);
    not_a_handle((size_t)buf_gone, ctx, buf);
    not_a_handle((size_t)job_gone, ctx, buf);
    wxcoupon_job_free(job);
    not_a_handle((size_t)job, ctx, buf);
    CHECK_NUMBER(wxcoupon_handles_live(), 2);
}

static void words_that_are_no_handles(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    static int in_data;
    int on_stack = 0;
    void *on_heap = malloc(64);
    operation code = use;
    size_t word = 0;
    size_t bit;
    long round;
    long taken = 0;

    proves("real addresses are no handles, and nothing is read through them");
    not_a_handle((size_t)&in_data, ctx, buf);
    not_a_handle((size_t)&on_stack, ctx, buf);
    not_a_handle((size_t)on_heap, ctx, buf);
    memcpy(&word, &code, sizeof word);
    not_a_handle(word, ctx, buf);
    free(on_heap);
    not_a_handle((size_t)config, ctx, buf);

    proves("NULL, small numbers and all ones are no handles");
    for (word = 0; word < 64; word++)
        not_a_handle(word, ctx, buf);
    not_a_handle(~(size_t)0, ctx, buf);

    proves("a handle with one bit wrong is no handle");
    for (bit = 0; bit < sizeof word * 8; bit++) {
        not_a_handle((size_t)ctx ^ ((size_t)1 << bit), ctx, buf);
        not_a_handle((size_t)buf ^ ((size_t)1 << bit), ctx, buf);
    }

    if (sizeof(void *) > 4) {
        proves("a handle cut to 32 bits, with or without its sign, is no handle");
        not_a_handle((size_t)ctx & 0xFFFFFFFFUL, ctx, buf);
        not_a_handle((size_t)buf & 0xFFFFFFFFUL, ctx, buf);
        not_a_handle((size_t)(long)(int32_t)(uint32_t)(size_t)ctx, ctx, buf);
        not_a_handle((size_t)(long)(int32_t)(uint32_t)(size_t)buf, ctx, buf);
    }

    proves("random words are no handles");
    for (round = 0; round < ROUNDS / 100; round++)
        not_a_handle(random_word(), ctx, buf);
    for (round = 0; round < ROUNDS; round++)
        if (wxcoupon_ctx_free((wxcoupon_ctx *)random_word()) != WXCOUPON_E_HANDLE)
            taken++;
    CHECK_NUMBER(taken, 0);
    CHECK_NUMBER(wxcoupon_handles_live(), 2);
}

static void null_everywhere(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    wxcoupon_ctx *made = ctx;
    wxcoupon_job *job = (wxcoupon_job *)buf;

    proves("NULL is refused in every position that needs something, and named");
    CHECK_STATUS(wxcoupon_ctx_new(NULL, &made, buf), WXCOUPON_E_NULL);
    CHECK(made == NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "config_json is NULL") != NULL);
    CHECK_STATUS(wxcoupon_ctx_new(config, NULL, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "out_ctx is NULL") != NULL);
    CHECK_STATUS(wxcoupon_ctx_new(NULL, NULL, NULL), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_use(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "json_in is NULL") != NULL);
    CHECK_STATUS(wxcoupon_query(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_query(ctx, NULL, NULL), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_quote(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "json_in is NULL") != NULL);
    CHECK_STATUS(wxcoupon_scan(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "json_in is NULL") != NULL);
    CHECK_STATUS(wxcoupon_ctx_update(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_return(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_list(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_send(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_confirm(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_deactivate(ctx, NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_call(ctx, NULL, "{}", buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "operation is NULL") != NULL);
    CHECK_STATUS(wxcoupon_call(ctx, "get_stock", NULL, buf), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_call(ctx, "brew", "{}", buf), WXCOUPON_E_OPERATION);
    CHECK(strstr(wxcoupon_buf_data(buf), "upload_coupon_codes") != NULL);
    CHECK_STATUS(wxcoupon_start(ctx, NULL, "{}", &job), WXCOUPON_E_NULL);
    CHECK(job == NULL);
    CHECK_STATUS(wxcoupon_start(ctx, "use", NULL, &job), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_start(ctx, "use", "{}", NULL), WXCOUPON_E_NULL);
    CHECK_STATUS(wxcoupon_start(ctx, "brew", "{}", &job), WXCOUPON_E_OPERATION);
    CHECK_STATUS(wxcoupon_request(ctx, NULL, "/v3/certificates", NULL, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "method is NULL") != NULL);
    CHECK_STATUS(wxcoupon_request(ctx, "GET", NULL, NULL, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "path_and_query is NULL") != NULL);

    CHECK_STATUS(wxcoupon_notification_open(ctx, NULL, "{}", 2, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "headers_json is NULL") != NULL);
    CHECK_STATUS(wxcoupon_notification_open(ctx, "{}", NULL, 1, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "body is NULL") != NULL);
    CHECK_STATUS(wxcoupon_notification_open(ctx, "{}", NULL, 0xFFFFFFFFUL, buf), WXCOUPON_E_NULL);

    proves("a notification that cannot be judged is still answered: with 500");
    CHECK_STATUS(wxcoupon_notification_open(ctx, "{}", NULL, 0, buf), WXCOUPON_E_CONFIG);
    CHECK(strstr(wxcoupon_buf_data(buf), "\"reply\":{\"status\":500,") != NULL);
    CHECK_STATUS(wxcoupon_notification_open(NULL, "{}", "{}", 2, buf), WXCOUPON_E_NULL);
    CHECK(strstr(wxcoupon_buf_data(buf), "\"reply\":{\"status\":500,") != NULL);
    CHECK_STATUS(wxcoupon_notification_open(ctx, "{", "{}", 2, buf), WXCOUPON_E_JSON);
    CHECK(strstr(wxcoupon_buf_data(buf), "\"reply\":{\"status\":500,") != NULL);

    proves("where NULL is allowed it works");
    CHECK_STATUS(wxcoupon_notification_open(ctx, "{}", NULL, 0, NULL), WXCOUPON_E_CONFIG);
    CHECK_STATUS(wxcoupon_use(ctx, "{}", NULL), WXCOUPON_E_REQUEST);
    CHECK_STATUS(wxcoupon_quote(ctx, "{}", NULL), WXCOUPON_E_REQUEST);
    CHECK_STATUS(wxcoupon_scan(ctx, "{}", NULL), WXCOUPON_E_REQUEST);
    CHECK_STATUS(wxcoupon_settle(ctx, NULL, NULL), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_pending(ctx, NULL), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_check(ctx, NULL, buf), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_check(ctx, "{\"online\": 1}", NULL), WXCOUPON_E_REQUEST);
    CHECK_STATUS(wxcoupon_check(ctx, "{\"onlin\": true}", NULL), WXCOUPON_E_REQUEST);
    CHECK_NUMBER(wxcoupon_buf_copy(buf, NULL, 100), wxcoupon_buf_len(buf));
    CHECK(wxcoupon_buf_copy_utf16(buf, NULL, 100) > 0);
    CHECK_STATUS(wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_DEBUG), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_ctx_new(config, &made, NULL), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_ctx_free(made), WXCOUPON_OK);
}

static void unknown_numbers(void)
{
    static const int32_t NUMBERS[] = { -1, 1, 999, 1000, 7777, 123456789, 2147483647, -2147483647 - 1 };
    size_t i;

    proves("a status that nobody knows has a name, a text and a class");
    for (i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++) {
        CHECK_TEXT(wxcoupon_status_name(NUMBERS[i]), "WXCOUPON_E_UNKNOWN");
        CHECK(strlen(wxcoupon_status_text(NUMBERS[i])) > 10);
        CHECK_NUMBER(wxcoupon_status_class(NUMBERS[i]), NUMBERS[i] / 1000);
    }
}

int main(int argc, char **argv)
{
    wxcoupon_ctx *ctx;
    wxcoupon_buf *buf;

    check_arguments(argc);
    config = file_text(argv[FIXTURES], "offline.json");
    ctx = context_from(argv[FIXTURES], "offline.json");
    buf = wxcoupon_buf_new();

    proves("a buffer that nothing filled does not say that all is well");
    CHECK_TEXT(wxcoupon_buf_data(buf), "");
    CHECK_STATUS(wxcoupon_buf_status(buf), WXCOUPON_E_HANDLE);

    every_kind_for_every_other(ctx, buf, argv[FIXTURES]);
    words_that_are_no_handles(ctx, buf);
    null_everywhere(ctx, buf);
    unknown_numbers();
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    free(config);
    return check_finish();
}
