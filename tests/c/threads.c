/* Any function, any thread, any handle, any time: calls, frees and reads side by side. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <time.h>

#define ROUNDS 12
#define READS 3000

static wxcoupon_ctx *shared_ctx;
static wxcoupon_buf *shared_buf;
static char *config;
static const char *tag;

/* What a thread does, and what came of it; read by the main thread after joining. */
typedef struct {
    int number;
    long done;
    long wrong;
    int32_t status;
} worker;

static void request_for(char *json, const char *code, const char *number)
{
    sprintf(json,
            "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"%.39s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\"",
            code);
    if (number)
        sprintf(json + strlen(json),
                ",\"out_request_no\":\"%.40s\",\"use_time\":\"2025-08-03T12:00:00+08:00\","
                "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}",
                number);
    strcat(json, "}");
}

static void pause_ms(long ms)
{
    struct timespec moment;

    moment.tv_sec = 0;
    moment.tv_nsec = ms * 1000000L;
    nanosleep(&moment, NULL);
}

/* Each round redeems a coupon of its own, answering into the buffer that all share. */
static void *redeems(void *argument)
{
    worker *me = (worker *)argument;
    char json[1024];
    char code[40];
    int round;

    for (round = 0; round < ROUNDS; round++) {
        sprintf(code, "AUTO_%.20s_%d_%d", tag, me->number, round);
        request_for(json, code, NULL);
        me->wrong += wxcoupon_query(shared_ctx, json, shared_buf) != WXCOUPON_OK;
        request_for(json, code, code);
        me->wrong += wxcoupon_use(shared_ctx, json, shared_buf) != WXCOUPON_OK;
        me->done++;
    }
    return NULL;
}

/* Makes and frees handles of both kinds, each freed twice. */
static void *makes_and_frees(void *argument)
{
    worker *me = (worker *)argument;
    int round;

    for (round = 0; round < ROUNDS; round++) {
        wxcoupon_buf *buf = wxcoupon_buf_new();
        wxcoupon_ctx *ctx = NULL;

        me->wrong += wxcoupon_ctx_new(config, &ctx, buf) != WXCOUPON_OK;
        me->wrong += wxcoupon_ctx_free(ctx) != WXCOUPON_OK;
        me->wrong += wxcoupon_ctx_free(ctx) != WXCOUPON_E_HANDLE;
        wxcoupon_buf_free(buf);
        wxcoupon_buf_free(buf);
        me->done++;
    }
    return NULL;
}

/* Copies the shared buffer while others fill it: each copy is one whole answer. */
static void *reads(void *argument)
{
    worker *me = (worker *)argument;
    char *copy = (char *)malloc(65536);
    int round;

    for (round = 0; round < READS; round++) {
        uint32_t length = wxcoupon_buf_copy(shared_buf, copy, 65536);

        if (length == 0)
            continue; /* nobody has filled it yet */
        me->wrong += length >= 65536 || strlen(copy) != length;
        me->wrong += copy[0] != '{' || copy[length - 1] != '}';
        me->done++;
        (void)wxcoupon_buf_status(shared_buf);
        (void)wxcoupon_handles_live();
    }
    free(copy);
    return NULL;
}

typedef void *(*thread_body)(void *);

static void run_together(const thread_body *bodies, worker *workers, int count)
{
    pthread_t threads[16];
    int i;

    for (i = 0; i < count; i++) {
        memset(&workers[i], 0, sizeof workers[i]);
        workers[i].number = i;
        CHECK_NUMBER(pthread_create(&threads[i], NULL, bodies[i], &workers[i]), 0);
    }
    for (i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void side_by_side(void)
{
    static const thread_body BODIES[8] = { redeems, redeems,         redeems,         redeems,
                                           reads,   makes_and_frees, makes_and_frees, reads };
    worker workers[8];
    int i;

    proves("eight threads share one context and one buffer");
    run_together(BODIES, workers, 8);
    for (i = 0; i < 8; i++) {
        CHECK_NUMBER(workers[i].wrong, 0);
        if (BODIES[i] != reads)
            CHECK_NUMBER(workers[i].done, ROUNDS);
    }
}

static void *redeems_the_one_coupon(void *argument)
{
    worker *me = (worker *)argument;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    char json[1024];
    char code[40];
    char number[41];

    sprintf(code, "AUTO_ONE_%.20s", tag);
    sprintf(number, "ONE_%.20s_%d", tag, me->number);
    request_for(json, code, number);
    me->status = wxcoupon_use(shared_ctx, json, buf);
    wxcoupon_buf_free(buf);
    return NULL;
}

static void one_coupon(void)
{
    thread_body bodies[8];
    worker workers[8];
    int redeemed = 0;
    int refused = 0;
    int i;

    proves("eight tills redeem one coupon under eight numbers, and one of them gets it");
    for (i = 0; i < 8; i++)
        bodies[i] = redeems_the_one_coupon;
    run_together(bodies, workers, 8);
    for (i = 0; i < 8; i++) {
        redeemed += workers[i].status == WXCOUPON_OK;
        refused += workers[i].status == WXCOUPON_E_COUPON_STATE || workers[i].status == WXCOUPON_E_LOCKED;
    }
    CHECK_NUMBER(redeemed, 1);
    CHECK_NUMBER(refused, 7);
}

typedef struct {
    wxcoupon_ctx *ctx;
    wxcoupon_buf *buf;
    int32_t status;
} slow_call;

/* The sandbox takes its time for codes that begin with AUTO_SLOW. */
static void *asks_slowly(void *argument)
{
    slow_call *call = (slow_call *)argument;
    char json[1024];

    request_for(json, "AUTO_SLOW", NULL);
    call->status = wxcoupon_query(call->ctx, json, call->buf);
    return NULL;
}

static void freed_while_running(void)
{
    slow_call call;
    pthread_t thread;
    int round;

    proves("a context and a buffer freed during a call are gone at once, and the call finishes");
    for (round = 0; round < 3; round++) {
        call.ctx = NULL;
        call.buf = wxcoupon_buf_new();
        call.status = -1;
        CHECK_STATUS(wxcoupon_ctx_new(config, &call.ctx, call.buf), WXCOUPON_OK);
        CHECK_NUMBER(pthread_create(&thread, NULL, asks_slowly, &call), 0);
        pause_ms(150);
        CHECK_STATUS(wxcoupon_ctx_free(call.ctx), WXCOUPON_OK);
        CHECK_STATUS(wxcoupon_query(call.ctx, "{}", NULL), WXCOUPON_E_HANDLE);
        wxcoupon_buf_free(call.buf);
        CHECK_NUMBER(wxcoupon_handles_live(), 2);
        CHECK_NUMBER(call.status, -1);
        pthread_join(thread, NULL);
        CHECK_STATUS(call.status, WXCOUPON_OK);
        CHECK_TEXT(wxcoupon_buf_data(call.buf), "");
    }
}

int main(int argc, char **argv)
{
    check_arguments(argc);
    tag = argv[TAG];
    config = file_text(argv[SANDBOX_CONFIG], "");
    shared_ctx = context_from(argv[SANDBOX_CONFIG], "");
    shared_buf = wxcoupon_buf_new();

    side_by_side();
    one_coupon();
    freed_while_running();

    wxcoupon_ctx_free(shared_ctx);
    wxcoupon_buf_free(shared_buf);
    free(config);
    return check_finish();
}
