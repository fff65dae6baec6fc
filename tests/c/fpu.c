/* The host's floating-point state is its own: it neither reaches into the library nor changes there. */
#define _GNU_SOURCE 1
#include "check.h"

#include <fenv.h>
#if defined(__i386__) || defined(__x86_64__)
#include <xmmintrin.h>
#ifndef _WIN32
#include <fpu_control.h>
#else
/* What glibc has and MinGW has not. */
typedef unsigned short fpu_control_t;
#define _FPU_GETCW(word) __asm__ __volatile__("fnstcw %0" : "=m"(word))
#define _FPU_SETCW(word) __asm__ __volatile__("fldcw %0" : : "m"(word))

static int fegetexcept(void)
{
    fpu_control_t word;

    _FPU_GETCW(word);
    return ~word & FE_ALL_EXCEPT;
}

static void feenableexcept(int traps)
{
    fpu_control_t word;

    _FPU_GETCW(word);
    word = (fpu_control_t)(word & ~traps);
    _FPU_SETCW(word);
    _mm_setcsr(_mm_getcsr() & ~((unsigned int)traps << 7));
}
#endif
#endif

#define TRAPS (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW | FE_UNDERFLOW | FE_INEXACT)

/* What a till could have set: traps as Delphi has them and all of them, roundings, precision, flags. */
static const struct {
    const char *name;
    int traps;
    int rounding;
    int flags;
    int unlike_default;
} HOSTS[] = {
    { "the default", 0, FE_TONEAREST, 0, 0 },
    { "Delphi's traps", FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW, FE_TONEAREST, FE_INEXACT, 1 },
    { "every trap, rounding up", TRAPS, FE_UPWARD, 0, 1 },
    { "every trap, rounding down", TRAPS, FE_DOWNWARD, 0, 0 },
    { "flags of the host", 0, FE_TOWARDZERO, FE_DIVBYZERO | FE_OVERFLOW | FE_INVALID, 1 }
};

/* All that a program can see of it. */
typedef struct {
    int traps;
    int rounding;
    int flags;
    unsigned int control;
    unsigned int sse;
} state;

static state seen(void)
{
    state now = { 0, 0, 0, 0, 0 };

    now.traps = fegetexcept();
    now.rounding = fegetround();
    now.flags = fetestexcept(FE_ALL_EXCEPT);
#if defined(__i386__) || defined(__x86_64__)
    {
        fpu_control_t word;

        _FPU_GETCW(word);
        now.control = word;
        now.sse = _mm_getcsr();
    }
#endif
    return now;
}

static int same(const state *a, const state *b)
{
    return a->traps == b->traps && a->rounding == b->rounding && a->flags == b->flags &&
           a->control == b->control && a->sse == b->sse;
}

static void become(size_t host)
{
    feraiseexcept(HOSTS[host].flags);
#if defined(__i386__) || defined(__x86_64__)
    if (HOSTS[host].unlike_default) {
        fpu_control_t word;

        /* 53 bits as Delphi and Visual C++ have it; denormals flushed, as audio and games do. */
        _FPU_GETCW(word);
        word = (fpu_control_t)((word & ~0x300) | 0x200);
        _FPU_SETCW(word);
        _mm_setcsr(_mm_getcsr() | 0x8040);
    }
#endif
    fesetround(HOSTS[host].rounding);
    feenableexcept(HOSTS[host].traps);
}

static wxcoupon_ctx *ctx;
static wxcoupon_buf *buf;
static const char *tag;
static size_t host;
static state before;
static state in_sink;
static int sink_calls;
static int sink_differs;

/* Prints nothing and checks nothing before the default is back: printf and a trap do not go together. */
#define MAX_CALLS 64
static struct {
    const char *what;
    int32_t found;
    int32_t expected;
    int unchanged;
} calls[MAX_CALLS];
static size_t call_count;

static void note(const char *what, int32_t found, int32_t expected)
{
    state after = seen();

    if (call_count < MAX_CALLS) {
        calls[call_count].what = what;
        calls[call_count].found = found;
        calls[call_count].expected = expected;
        calls[call_count].unchanged = same(&before, &after);
        call_count++;
    }
}

#define CALL(call, expected) note(#call, (call), (expected))

static void WXCOUPON_CALL sink(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    (void)user_data;
    (void)level;
    (void)message;
    (void)message_len;
    in_sink = seen();
    sink_calls++;
    sink_differs += !same(&before, &in_sink);
    wxcoupon_buf_free(wxcoupon_buf_new());
    in_sink = seen();
    sink_differs += !same(&before, &in_sink);
}

/* Numbers whose reading overflows, underflows or is inexact. */
#define NUMBERS "\"later\":[0.1,1.7e10,5e-324,2.2250738585072011e-308,1e-400,1.7976931348623157e15]"
#define COUPON \
    "\"openid\":\"oSandboxUser0000000000000001\",\"product_coupon_id\":\"1000000013\"," \
    "\"stock_id\":\"1000000013001\",\"coupon_code\":\"AUTO_"
#define QUOTED \
    "{\"amount\":12800,\"now\":\"2025-08-03T12:00:00+08:00\",\"coupon\":{\"coupon_state\":\"EFFECTIVE\"," \
    "\"valid_begin_time\":\"2025-08-02T00:00Z\",\"valid_end_time\":\"2025-08-31T23:59Z\","
#define RULES \
    "\"product_coupon\":{\"scope\":\"ALL\",\"type\":\"NORMAL\",\"usage_mode\":\"SINGLE\"," \
    "\"single_usage_info\":{\"normal_coupon\":{\"threshold\":10000,\"discount_amount\":2000}}}," \
    "\"stock\":{\"store_scope\":\"NONE\",\"single_usage_rule\":{\"coupon_available_period\":{" \
    "\"available_begin_time\":\"2025-08-01T00:00Z\",\"available_end_time\":\"2025-08-31T23:59Z\"}}}}}"

/* The texts are written before the state is set. */
static char question[1024];
static char redemption[1024];
static char giving_back[1024];
static char quote[2048];
static char boundless[2048];
static char odd_options[1024];

static void write_texts(void)
{
    sprintf(question, "{" COUPON "%.20s_%d\"}", tag, (int)host);
    sprintf(redemption,
            "{" COUPON "%.20s_%d\",\"out_request_no\":\"F%.20s_%d\","
            "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}," NUMBERS "}",
            tag, (int)host, tag, (int)host);
    sprintf(giving_back, "{" COUPON "%.20s_%d\",\"out_request_no\":\"R%.20s_%d\"}", tag, (int)host, tag, (int)host);
    sprintf(quote, "%s%s,%s", QUOTED, NUMBERS, RULES);
    sprintf(boundless, "%s\"later\":1e400,%s", QUOTED, RULES);
    sprintf(odd_options, "{" COUPON "X\",\"_options\":{\"timeout_ms\":2.5e3}}");
}

static void every_function(const char *config)
{
    wxcoupon_ctx *made = NULL;
    wxcoupon_buf *own;
    wxcoupon_job *job = NULL;
    char text[8];
    uint16_t wide[8];

    CALL(wxcoupon_abi_version(), WXCOUPON_ABI_VERSION);
    CALL(*wxcoupon_version() == '0', 1);
    CALL(*wxcoupon_status_name(1002) == 'W', 1);
    CALL(*wxcoupon_status_text(1002) != '\0', 1);
    CALL(wxcoupon_status_class(4001), WXCOUPON_CLASS_IN_DOUBT);
    own = wxcoupon_buf_new();
    note("wxcoupon_buf_new", own != NULL, 1);
    CALL(wxcoupon_ctx_new(config, &made, own), WXCOUPON_OK);
    CALL(wxcoupon_ctx_update(made, config, own), WXCOUPON_OK);
    CALL(wxcoupon_warm(made, own), WXCOUPON_OK);
    CALL(wxcoupon_scan(made, "{\"scan\":\"nobody's\"}", own), WXCOUPON_E_NOT_FOUND);
    CALL(wxcoupon_query(made, question, own), WXCOUPON_OK);
    CALL(wxcoupon_quote(made, quote, own), WXCOUPON_OK);
    CALL(strstr(wxcoupon_buf_data(own), "\"discount\":2000,\"saved_amount\":2000,\"payable\":10800") != NULL, 1);
    CALL(wxcoupon_quote(made, boundless, own), WXCOUPON_OK);
    CALL(wxcoupon_query(made, boundless, own), WXCOUPON_E_JSON);
    CALL(wxcoupon_query(made, odd_options, own), WXCOUPON_E_REQUEST);
    CALL(wxcoupon_use(made, redemption, own), WXCOUPON_OK);
    CALL(wxcoupon_use(made, redemption, own), WXCOUPON_OK);
    CALL(wxcoupon_return(made, giving_back, own), WXCOUPON_OK);
    CALL(wxcoupon_call(made, "query", question, own), WXCOUPON_OK);
    CALL(wxcoupon_list(made, "{}", own), WXCOUPON_E_REQUEST);
    CALL(wxcoupon_send(made, "{}", own), WXCOUPON_E_REQUEST);
    CALL(wxcoupon_confirm(made, "{}", own), WXCOUPON_E_REQUEST);
    CALL(wxcoupon_deactivate(made, "{}", own), WXCOUPON_E_REQUEST);
    CALL(wxcoupon_request(made, "GET", "/v3/nowhere", NULL, own), WXCOUPON_E_NOT_FOUND);
    CALL(wxcoupon_notification_open(made, "{}", "{\"n\":0.1}", 9, own), WXCOUPON_E_NOTIFICATION_UNTRUSTED);
    CALL(wxcoupon_check(made, "{\"online\":true}", own), WXCOUPON_OK);
    CALL(wxcoupon_stats(made, "{\"format\":\"prometheus\"}", own), WXCOUPON_OK);
    CALL(wxcoupon_pending(made, own), WXCOUPON_OK);
    CALL(wxcoupon_settle(made, NULL, own), WXCOUPON_OK);
    CALL(wxcoupon_start(made, "quote", quote, &job), WXCOUPON_E_OPERATION);
    CALL(wxcoupon_start(made, "use", redemption, &job), WXCOUPON_OK);
    /* It was returned above, and the journal knows. */
    CALL(wxcoupon_job_wait(job, 60000, own), WXCOUPON_E_COUPON_STATE);
    CALL(wxcoupon_job_cancel(job), WXCOUPON_OK);
    wxcoupon_job_free(job);
    note("wxcoupon_job_free", 0, 0);
    CALL(wxcoupon_buf_status(own), WXCOUPON_E_COUPON_STATE);
    CALL(wxcoupon_buf_in_doubt(own), 0);
    CALL(wxcoupon_buf_copy(own, text, sizeof text) == wxcoupon_buf_len(own), 1);
    CALL(wxcoupon_buf_copy_utf16(own, wide, 8) > 8, 1);
    CALL(wxcoupon_ctx_free(made), WXCOUPON_OK);
    wxcoupon_buf_free(own);
    note("wxcoupon_buf_free", 0, 0);
    CALL(wxcoupon_handles_live() == 2, 1);
}

static void as_host(const char *config)
{
    fenv_t normal;
    state first;
    size_t i;

    write_texts();
    call_count = 0;
    sink_calls = 0;
    sink_differs = 0;
    fegetenv(&normal);
    become(host);
    first = before = seen();
    every_function(config);
    fesetenv(&normal);

    CHECK_NUMBER(first.traps, HOSTS[host].traps);
    CHECK_NUMBER(first.rounding, HOSTS[host].rounding);
    CHECK_NUMBER(first.flags & HOSTS[host].flags, HOSTS[host].flags);
    for (i = 0; i < call_count; i++) {
        check_status(calls[i].found, calls[i].expected, calls[i].what, __FILE__, __LINE__);
        check_true(calls[i].unchanged, calls[i].what, __FILE__, __LINE__);
    }
    CHECK(sink_calls > 0);
    CHECK_NUMBER(sink_differs, 0);
}

/* A sink that changes the state is the host: it keeps what it set. */
static void WXCOUPON_CALL rounding_sink(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    (void)user_data;
    (void)level;
    (void)message;
    (void)message_len;
    fesetround(FE_DOWNWARD);
}

int main(int argc, char **argv)
{
    char *config;
    int rounding;

    check_arguments(argc);
    tag = argv[TAG];
    config = file_text(argv[FIXTURES], "sandbox_journal.json");
    buf = wxcoupon_buf_new();
    ctx = context_from(argv[FIXTURES], "sandbox.json");
    CHECK_STATUS(wxcoupon_log_set(sink, NULL, WXCOUPON_LOG_DEBUG), WXCOUPON_OK);
    for (host = 0; host < sizeof HOSTS / sizeof HOSTS[0]; host++) {
        proves(HOSTS[host].name);
        as_host(config);
    }

    proves("what the sink sets stays set");
    CHECK_STATUS(wxcoupon_log_set(rounding_sink, NULL, WXCOUPON_LOG_DEBUG), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_query(ctx, question, buf), WXCOUPON_OK);
    rounding = fegetround();
    fesetround(FE_TONEAREST);
    CHECK_NUMBER(rounding, FE_DOWNWARD);
    CHECK_STATUS(wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_OFF), WXCOUPON_OK);

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    free(config);
    return check_finish();
}
