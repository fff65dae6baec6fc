/* Every function through its stdcall door, found by name: the stack pointer is where it was after each call. */
#include "check.h"

#include <windows.h>

#ifdef __i386__
#define STACK_POINTER "mov %%esp, %0"
#else
#define STACK_POINTER "mov %%rsp, %0"
#endif

static HMODULE library;

static FARPROC door(const char *name)
{
    FARPROC found = GetProcAddress(library, name);

    check_true(found != NULL, name, __FILE__, __LINE__);
    if (!found)
        exit(1);
    return found;
}

/* Runs a statement with `call`, the door as a function of that type. */
#define THROUGH(name, type, parameters, statement) \
    do { \
        type(__stdcall * call) parameters; \
        FARPROC found = door(#name "_std"); \
        size_t before; \
        size_t after; \
        memcpy(&call, &found, sizeof call); \
        __asm__ __volatile__(STACK_POINTER : "=r"(before)); \
        statement; \
        __asm__ __volatile__(STACK_POINTER : "=r"(after)); \
        check_number((long)(after - before), 0, "drift of " #name, __FILE__, __LINE__); \
    } while (0)

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;
static int32_t status;

#define STATUS(name, parameters, arguments, expected) \
    do { \
        THROUGH(name, int32_t, parameters, status = call arguments); \
        check_status(status, (expected), #name, __FILE__, __LINE__); \
    } while (0)

#define COUPON "\"openid\":\"o1\",\"coupon_code\":\"C1\",\"product_coupon_id\":\"1\",\"stock_id\":\"1\"," \
               "\"appid\":\"wx1\",\"brand_id\":\"1\""

static void without_context(void)
{
    const char *text = NULL;
    int32_t number = 0;

    proves("the library and its statuses");
    THROUGH(wxcoupon_version, const char *, (void), text = call());
    CHECK_TEXT(text, wxcoupon_version());
    THROUGH(wxcoupon_abi_version, int32_t, (void), number = call());
    CHECK_NUMBER(number, WXCOUPON_ABI_VERSION);
    THROUGH(wxcoupon_status_name, const char *, (int32_t), text = call(WXCOUPON_E_HANDLE));
    CHECK_TEXT(text, "WXCOUPON_E_HANDLE");
    THROUGH(wxcoupon_status_text, const char *, (int32_t), text = call(WXCOUPON_E_HANDLE));
    CHECK_TEXT(text, wxcoupon_status_text(WXCOUPON_E_HANDLE));
    THROUGH(wxcoupon_status_class, int32_t, (int32_t), number = call(WXCOUPON_E_HANDLE));
    CHECK_NUMBER(number, WXCOUPON_CLASS_MISUSE);
}

static void buffers(void)
{
    const char *data = NULL;
    char copy[4096];
    uint16_t wide[4096];
    uint32_t length = 0;
    uint32_t copied = 0;
    int32_t number = -1;

    proves("the answer, as bytes and as UTF-16");
    STATUS(wxcoupon_query, (wxcoupon_ctx *, const char *, wxcoupon_buf *), (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    THROUGH(wxcoupon_buf_data, const char *, (const wxcoupon_buf *), data = call(buf));
    CHECK_TEXT(data, wxcoupon_buf_data(buf));
    THROUGH(wxcoupon_buf_len, uint32_t, (const wxcoupon_buf *), length = call(buf));
    CHECK_NUMBER(length, strlen(data));
    THROUGH(wxcoupon_buf_copy, uint32_t, (const wxcoupon_buf *, char *, uint32_t), copied = call(buf, copy, 4096));
    CHECK_NUMBER(copied, length);
    CHECK_TEXT(copy, data);
    THROUGH(wxcoupon_buf_copy_utf16, uint32_t, (const wxcoupon_buf *, uint16_t *, uint32_t),
            copied = call(buf, wide, 4096));
    CHECK(copied > 0 && copied < length && wide[0] == '{');
    STATUS(wxcoupon_buf_status, (const wxcoupon_buf *), (buf), WXCOUPON_E_REQUEST);
    THROUGH(wxcoupon_buf_in_doubt, int32_t, (const wxcoupon_buf *), number = call(buf));
    CHECK_NUMBER(number, 0);
}

#define WITH_JSON (wxcoupon_ctx *, const char *, wxcoupon_buf *)

static void calls(const char *config)
{
    proves("what the till asks and reports");
    STATUS(wxcoupon_ctx_update, WITH_JSON, (ctx, config, buf), WXCOUPON_OK);
    STATUS(wxcoupon_use, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_return, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_list, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_send, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_confirm, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_deactivate, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_quote, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_scan, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_check, WITH_JSON, (ctx, NULL, buf), WXCOUPON_OK);
    STATUS(wxcoupon_stats, WITH_JSON, (ctx, NULL, buf), WXCOUPON_OK);
    STATUS(wxcoupon_settle, WITH_JSON, (ctx, NULL, buf), WXCOUPON_OK);
    STATUS(wxcoupon_pending, (wxcoupon_ctx *, wxcoupon_buf *), (ctx, buf), WXCOUPON_OK);
    STATUS(wxcoupon_warm, (wxcoupon_ctx *, wxcoupon_buf *), (ctx, buf), WXCOUPON_E_CONNECT);
    STATUS(wxcoupon_call, (wxcoupon_ctx *, const char *, const char *, wxcoupon_buf *), (ctx, "query", "{}", buf),
           WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_request, (wxcoupon_ctx *, const char *, const char *, const char *, wxcoupon_buf *),
           (ctx, "GET", "/v3/x", NULL, buf), WXCOUPON_E_CONNECT);
    STATUS(wxcoupon_notification_open, (wxcoupon_ctx *, const char *, const void *, uint32_t, wxcoupon_buf *),
           (ctx, "{}", "{}", 2, buf), WXCOUPON_E_CONFIG);
}

static void jobs(void)
{
    wxcoupon_job *job = NULL;

    proves("jobs");
    STATUS(wxcoupon_start, (wxcoupon_ctx *, const char *, const char *, wxcoupon_job **),
           (ctx, "query", "{" COUPON "}", &job), WXCOUPON_OK);
    STATUS(wxcoupon_job_wait, (wxcoupon_job *, uint32_t, wxcoupon_buf *), (job, 60000, buf), WXCOUPON_E_CONNECT);
    STATUS(wxcoupon_job_cancel, (wxcoupon_job *), (job), WXCOUPON_OK);
    THROUGH(wxcoupon_job_free, void, (wxcoupon_job *), call(job));
}

static int lines;
static int odd_lines;

static void __stdcall sink(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    lines++;
    odd_lines += user_data != &lines || level != WXCOUPON_LOG_WARN || strlen(message) != message_len;
}

typedef void(__stdcall *sink_std)(void *, int32_t, const char *, uint32_t);

static void logging(void)
{
    proves("a log sink that is stdcall itself");
    STATUS(wxcoupon_log_set, (sink_std, void *, int32_t), (sink, &lines, WXCOUPON_LOG_INFO), WXCOUPON_OK);
    STATUS(wxcoupon_query, WITH_JSON, (ctx, "{}", buf), WXCOUPON_E_REQUEST);
    STATUS(wxcoupon_query, WITH_JSON, (ctx, "{" COUPON "}", buf), WXCOUPON_E_CONNECT);
    CHECK_NUMBER(lines, 1);
    CHECK_NUMBER(odd_lines, 0);
    STATUS(wxcoupon_log_set, (sink_std, void *, int32_t), (NULL, NULL, WXCOUPON_LOG_OFF), WXCOUPON_OK);
}

int main(int argc, char **argv)
{
    char *config;
    uint32_t live = 0;

    check_arguments(argc);
    config = file_text(argv[FIXTURES], "offline.json");
    library = GetModuleHandleA("wxcoupon.dll");
    without_context();
    THROUGH(wxcoupon_buf_new, wxcoupon_buf *, (void), buf = call());
    STATUS(wxcoupon_ctx_new, (const char *, wxcoupon_ctx **, wxcoupon_buf *), (config, &ctx, buf), WXCOUPON_OK);
    THROUGH(wxcoupon_handles_live, uint32_t, (void), live = call());
    CHECK_NUMBER(live, 2);
    buffers();
    calls(config);
    jobs();
    logging();
    STATUS(wxcoupon_ctx_free, (wxcoupon_ctx *), (ctx), WXCOUPON_OK);
    THROUGH(wxcoupon_buf_free, void, (wxcoupon_buf *), call(buf));
    free(config);
    return check_finish();
}
