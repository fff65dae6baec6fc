/* The log goes to the host's sink, filtered by level, and to a replaced sink never again. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>

#define THREADS 4
#define CALLS 40
#define SWAPS 60

static const char QUESTION[] =
    "{\"openid\":\"oVerySecretOpenid00000000001\",\"coupon_code\":\"Code_1\","
    "\"product_coupon_id\":\"1\",\"stock_id\":\"1\",\"appid\":\"wx1\",\"brand_id\":\"1\","
    "\"_options\":{\"timeout_ms\":100}}"; /* refused at once; no time for a second round, under valgrind not even for one */

static wxcoupon_ctx *ctx;

typedef struct {
    pthread_mutex_t lock;
    int lines;
    int most_detailed;
    int wrong_length;
    int tells_openid;
    int names_call;
    /* Set once log_set has returned that put another sink in place; lines after that are late. */
    int replaced;
    int late;
} notebook;

static void open_notebook(notebook *book)
{
    memset(book, 0, sizeof *book);
    pthread_mutex_init(&book->lock, NULL);
}

static void WXCOUPON_CALL note(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    notebook *book = (notebook *)user_data;

    pthread_mutex_lock(&book->lock);
    book->lines++;
    book->late += book->replaced;
    if (level > book->most_detailed)
        book->most_detailed = (int)level;
    book->wrong_length += strlen(message) != message_len;
    book->tells_openid += strstr(message, "oVerySecretOpenid") != NULL;
    book->names_call += strstr(message, "query") != NULL;
    pthread_mutex_unlock(&book->lock);
}

static int lines_at(int32_t level)
{
    notebook book;

    open_notebook(&book);
    CHECK_STATUS(wxcoupon_log_set(note, &book, level), WXCOUPON_OK);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_query(ctx, QUESTION, NULL)), WXCOUPON_CLASS_NOT_SENT);
    CHECK_STATUS(wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_OFF), WXCOUPON_OK);
    CHECK(book.lines == 0 || book.most_detailed <= level);
    CHECK_NUMBER(book.wrong_length, 0);
    CHECK_NUMBER(book.tells_openid, 0);
    if (level >= WXCOUPON_LOG_INFO)
        CHECK(book.names_call > 0);
    return book.lines;
}

static void levels(void)
{
    proves("one line a call at INFO, none when the log is off or the level leaves it out");
    CHECK_NUMBER(lines_at(WXCOUPON_LOG_OFF), 0);
    CHECK_NUMBER(lines_at(-1), 0);
    CHECK_NUMBER(lines_at(WXCOUPON_LOG_ERROR), 0);
    CHECK_NUMBER(lines_at(WXCOUPON_LOG_INFO), 1);
    CHECK(lines_at(WXCOUPON_LOG_DEBUG) >= 1);
    CHECK(lines_at(2147483647) >= 1);
}

static struct {
    int32_t log_set;
    int32_t query;
    int32_t status_in_buffer;
    int version_is_there;
    int depth;
    int deepest;
} inside;

static void WXCOUPON_CALL calls_back(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    wxcoupon_buf *buf = wxcoupon_buf_new();

    (void)level;
    (void)message;
    (void)message_len;
    inside.depth++;
    if (inside.depth > inside.deepest)
        inside.deepest = inside.depth;
    inside.log_set = wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_OFF);
    inside.query = wxcoupon_query((wxcoupon_ctx *)user_data, QUESTION, buf);
    inside.status_in_buffer = wxcoupon_buf_status(buf);
    inside.version_is_there = wxcoupon_version()[0] != '\0';
    wxcoupon_buf_free(buf);
    inside.depth--;
}

static void inside_the_sink(void)
{
    proves("inside the sink log_set is refused and everything else works, without logging itself");
    CHECK_STATUS(wxcoupon_log_set(calls_back, ctx, WXCOUPON_LOG_INFO), WXCOUPON_OK);
    CHECK_NUMBER(wxcoupon_status_class(wxcoupon_query(ctx, QUESTION, NULL)), WXCOUPON_CLASS_NOT_SENT);
    CHECK_STATUS(inside.log_set, WXCOUPON_E_REENTRANT);
    CHECK_NUMBER(wxcoupon_status_class(inside.query), WXCOUPON_CLASS_NOT_SENT);
    CHECK_STATUS(inside.status_in_buffer, inside.query);
    CHECK_NUMBER(inside.version_is_there, 1);
    CHECK_NUMBER(inside.deepest, 1);
    CHECK_STATUS(wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_OFF), WXCOUPON_OK);
}

static void *keep_asking(void *unused)
{
    long wrong = 0;
    int i;

    (void)unused;
    for (i = 0; i < CALLS; i++)
        wrong += wxcoupon_status_class(wxcoupon_query(ctx, QUESTION, NULL)) != WXCOUPON_CLASS_NOT_SENT;
    return (void *)(size_t)wrong;
}

static int lines_in(notebook *book)
{
    int lines;

    pthread_mutex_lock(&book->lock);
    lines = book->lines;
    pthread_mutex_unlock(&book->lock);
    return lines;
}

static void pause_shortly(void)
{
    struct timespec moment;

    moment.tv_sec = 0;
    moment.tv_nsec = 500000;
    nanosleep(&moment, NULL);
}

static void replacement(void)
{
    static notebook books[SWAPS];
    pthread_t threads[THREADS];
    int lines = 0;
    int late = 0;
    int i;

    proves("once log_set has returned, the sink before is never called again");
    for (i = 0; i < SWAPS; i++)
        open_notebook(&books[i]);
    CHECK_STATUS(wxcoupon_log_set(note, &books[0], WXCOUPON_LOG_INFO), WXCOUPON_OK);
    for (i = 0; i < THREADS; i++)
        CHECK_NUMBER(pthread_create(&threads[i], NULL, keep_asking, NULL), 0);
    while (lines_in(&books[0]) == 0)
        pause_shortly();
    for (i = 1; i <= SWAPS; i++) {
        pause_shortly();
        if (i < SWAPS)
            wxcoupon_log_set(note, &books[i], WXCOUPON_LOG_INFO);
        else
            wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_OFF);
        pthread_mutex_lock(&books[i - 1].lock);
        books[i - 1].replaced = 1;
        pthread_mutex_unlock(&books[i - 1].lock);
    }
    for (i = 0; i < THREADS; i++) {
        void *wrong = NULL;

        pthread_join(threads[i], &wrong);
        CHECK(wrong == NULL);
    }
    for (i = 0; i < SWAPS; i++) {
        lines += books[i].lines;
        late += books[i].late;
    }
    CHECK(lines > 0);
    CHECK_NUMBER(late, 0);
}

int main(int argc, char **argv)
{
    check_arguments(argc);
    ctx = context_from(argv[FIXTURES], "offline.json");
    levels();
    inside_the_sink();
    replacement();
    wxcoupon_ctx_free(ctx);
    return check_finish();
}
