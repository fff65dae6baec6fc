/*
 * Redeems coupons through the library, as a till does, and says how long it took:
 *     wxcoupon CONFIG THREADS WARMUP CALLS FIRST COUNT [HOW]
 * CONFIG is a file with the library's configuration; bench/README.md explains the numbers and the line that is
 * printed. HOW is a word more:
 *     warm      wxcoupon_warm first, outside of what is measured
 *     doubt     every call must end in doubt
 *     settle    no calls: settles what is open, and measures that
 *     memory    no times: the memory after a thousand calls, and after all
 *     paced     calls without end, of which those of CALLS seconds after WARMUP seconds are counted; WeChat Pay may
 *               say "too often"
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "wxcoupon.h"

static wxcoupon_ctx *ctx;
static long threads, warmup, calls, first, count;
static int doubt;
static atomic_long next_call;
static pthread_barrier_t warm, start_line;
static int64_t *latencies;

static int64_t now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* getrusage would count the program that started this one, too. */
static long rss_kib(const char *which)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;

    while (status && fgets(line, sizeof line, status))
        if (!strncmp(line, which, strlen(which)))
            kib = atol(line + strlen(which));
    if (status)
        fclose(status);
    return kib;
}

static void give_up(const char *what, const wxcoupon_buf *buf)
{
    fprintf(stderr, "%s: %s\n", what, wxcoupon_buf_data(buf));
    exit(1);
}

/* Redeems the next coupon. */
static int32_t use_next(wxcoupon_buf *buf, int64_t *took)
{
    long coupon = first + atomic_fetch_add(&next_call, 1) % count;
    char request[512];
    int64_t start;
    int32_t status;

    snprintf(request, sizeof request,
             "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"AUTO_BENCH_%08ld\","
             "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\","
             "\"appid\":\"wx233544546545989\",\"brand_id\":\"120344\","
             "\"out_request_no\":\"SALE_AUTO_BENCH_%08ld\",\"use_time\":\"2025-08-03T12:00:00+08:00\","
             "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}}",
             coupon, coupon);
    start = now(CLOCK_MONOTONIC);
    status = wxcoupon_use(ctx, request, buf);
    *took = now(CLOCK_MONOTONIC) - start;
    return status;
}

/* One redemption; its time in nanoseconds. */
static int64_t redeem(wxcoupon_buf *buf)
{
    int64_t took;
    int32_t status = use_next(buf, &took);

    /* On a busy machine the time may be up before anything was sent: that is no doubt, another is tried. */
    if (doubt && wxcoupon_status_class(status) == WXCOUPON_CLASS_NOT_SENT)
        return redeem(buf);
    if (wxcoupon_status_class(status) != (doubt ? WXCOUPON_CLASS_IN_DOUBT : WXCOUPON_CLASS_OK))
        give_up("not as expected", buf);
    return took;
}

static void *work(void *argument)
{
    long thread = (long)argument, i;
    wxcoupon_buf *buf = wxcoupon_buf_new();

    for (i = 0; i < warmup; i++)
        redeem(buf);
    pthread_barrier_wait(&warm);
    pthread_barrier_wait(&start_line);
    for (i = thread; i < calls; i += threads) {
        int64_t latency = redeem(buf);

        if (latencies)
            latencies[i] = latency;
    }
    wxcoupon_buf_free(buf);
    return NULL;
}

/* All calls, on all threads. */
static void run(int64_t *wall, int64_t *cpu)
{
    pthread_t *workers = calloc((size_t)threads, sizeof *workers);
    long i;

    pthread_barrier_init(&warm, NULL, (unsigned)threads + 1);
    pthread_barrier_init(&start_line, NULL, (unsigned)threads + 1);
    for (i = 0; i < threads; i++)
        pthread_create(&workers[i], NULL, work, (void *)i);
    pthread_barrier_wait(&warm);
    /* Before any of them goes on: among many threads this one may have to wait for its turn. */
    *wall = now(CLOCK_MONOTONIC);
    *cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    pthread_barrier_wait(&start_line);
    for (i = 0; i < threads; i++)
        pthread_join(workers[i], NULL);
    *cpu = now(CLOCK_PROCESS_CPUTIME_ID) - *cpu;
    *wall = now(CLOCK_MONOTONIC) - *wall;
    pthread_barrier_destroy(&warm);
    pthread_barrier_destroy(&start_line);
    free(workers);
}

static void time_calls(void)
{
    int64_t wall, cpu;
    long i;

    latencies = calloc((size_t)calls, sizeof *latencies);
    run(&wall, &cpu);
    printf("{\"cpu_ns\":%lld,\"wall_ns\":%lld,\"peak_rss_kib\":%ld,\"latencies_ns\":[", (long long)cpu,
           (long long)wall, rss_kib("VmHWM:"));
    for (i = 0; i < calls; i++)
        printf("%s%lld", i ? "," : "", (long long)latencies[i]);
    puts("]}");
}

static void weigh_calls(void)
{
    long all = calls, done;
    int64_t wall, cpu;

    printf("{\"weighed\":[");
    for (done = 0; done < all; done += calls) {
        calls = done ? all - done : 1000;
        run(&wall, &cpu);
        /* Debian's malloc keeps large pieces apart, as hblkhd. */
        printf("%s{\"calls\":%ld,\"heap_bytes\":%zu,\"rss_kib\":%ld}", done ? "," : "", done + calls,
               mallinfo2().uordblks + mallinfo2().hblkhd, rss_kib("VmRSS:"));
    }
    puts("]}");
}

static int64_t count_from, count_to;
static atomic_long done, too_often;

static void *work_on(void *argument)
{
    wxcoupon_buf *buf = wxcoupon_buf_new();
    int64_t took;

    (void)argument;
    for (;;) {
        int32_t status = use_next(buf, &took);
        int64_t at = now(CLOCK_MONOTONIC);

        if (status != WXCOUPON_OK && status != WXCOUPON_E_RATE_LIMITED)
            give_up("not as expected", buf);
        if (at >= count_to)
            break;
        if (at >= count_from)
            atomic_fetch_add(status == WXCOUPON_OK ? &done : &too_often, 1);
    }
    wxcoupon_buf_free(buf);
    return NULL;
}

static void count_calls(void)
{
    pthread_t *workers = calloc((size_t)threads, sizeof *workers);
    long i;

    count_from = now(CLOCK_MONOTONIC) + warmup * INT64_C(1000000000);
    count_to = count_from + calls * INT64_C(1000000000);
    for (i = 0; i < threads; i++)
        pthread_create(&workers[i], NULL, work_on, NULL);
    for (i = 0; i < threads; i++)
        pthread_join(workers[i], NULL);
    free(workers);
    printf("{\"done\":%ld,\"too_often\":%ld}\n", atomic_load(&done), atomic_load(&too_often));
}

static void settle(wxcoupon_buf *buf)
{
    int64_t wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);

    if (wxcoupon_settle(ctx, NULL, buf) != WXCOUPON_OK)
        give_up("not settled", buf);
    printf("{\"cpu_ns\":%lld,\"wall_ns\":%lld,\"answer\":%s}\n",
           (long long)(now(CLOCK_PROCESS_CPUTIME_ID) - cpu), (long long)(now(CLOCK_MONOTONIC) - wall),
           wxcoupon_buf_data(buf));
}

int main(int argc, char **argv)
{
    static char config[65536];
    wxcoupon_buf *buf = wxcoupon_buf_new();
    FILE *file = argc > 6 ? fopen(argv[1], "rb") : NULL;
    const char *how = argc > 7 ? argv[7] : "";

    if (!file) {
        fprintf(stderr, "usage: wxcoupon CONFIG THREADS WARMUP CALLS FIRST COUNT [warm|doubt|settle|memory|paced]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    threads = atol(argv[2]);
    warmup = atol(argv[3]);
    calls = atol(argv[4]);
    first = atol(argv[5]);
    count = atol(argv[6]);
    if (wxcoupon_ctx_new(config, &ctx, buf) != WXCOUPON_OK)
        give_up("the configuration is refused", buf);
    if (!strcmp(how, "warm") && wxcoupon_warm(ctx, buf) != WXCOUPON_OK)
        give_up("cannot warm up", buf);
    doubt = !strcmp(how, "doubt");
    if (!strcmp(how, "settle"))
        settle(buf);
    else if (!strcmp(how, "memory"))
        weigh_calls();
    else if (!strcmp(how, "paced"))
        count_calls();
    else
        time_calls();
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return 0;
}
