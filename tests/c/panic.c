/* A defect of the library ends one call, not the host, and tells nobody what the call was about. */
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

/* Exported only by builds with the feature test-hooks; not in the header. */
#ifdef __cplusplus
extern "C"
#endif
int32_t wxcoupon_test_panic(wxcoupon_buf *buf);

static char logged[4096];

static void WXCOUPON_CALL sink(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    (void)user_data;
    (void)message_len;
    if (strlen(logged) + strlen(message) + 8 < sizeof logged)
        sprintf(logged + strlen(logged), "%d %s\n", (int)level, message);
}

/* Sends what one stream is given to a file; answers the stream as it was. */
static int divert(int stream, const char *path)
{
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    int before = dup(stream);

    dup2(file, stream);
    close(file);
    return before;
}

static void restore(int stream, int before)
{
    dup2(before, stream);
    close(before);
}

static void quietly(wxcoupon_buf *buf, const char *folder)
{
    char out[1024];
    char err[1024];
    char *written;
    int stdout_before;
    int stderr_before;
    int round;

    sprintf(out, "%.900s/panic.stdout", folder);
    sprintf(err, "%.900s/panic.stderr", folder);
    fflush(stdout);
    stdout_before = divert(1, out);
    stderr_before = divert(2, err);
    for (round = 0; round < 100; round++)
        wxcoupon_test_panic(round % 2 ? buf : NULL);
    restore(2, stderr_before);
    restore(1, stdout_before);

    proves("a hundred panics write nothing to standard output or error");
    written = file_text(out, "");
    CHECK_TEXT(written, "");
    free(written);
    written = file_text(err, "");
    CHECK_TEXT(written, "");
    free(written);
}

int main(int argc, char **argv)
{
    wxcoupon_buf *buf;
    wxcoupon_ctx *ctx;

    check_arguments(argc);
    buf = wxcoupon_buf_new();

    proves("a panic is a status and an answer");
    CHECK_STATUS(wxcoupon_log_set(sink, NULL, WXCOUPON_LOG_ERROR), WXCOUPON_OK);
    CHECK_STATUS(wxcoupon_test_panic(buf), WXCOUPON_E_PANIC);
    CHECK_STATUS(wxcoupon_buf_status(buf), WXCOUPON_E_PANIC);
    CHECK(strstr(wxcoupon_buf_data(buf), "\"class\":9") != NULL);
    CHECK_STATUS(wxcoupon_test_panic(NULL), WXCOUPON_E_PANIC);

    proves("the log tells where it was, and neither log nor answer what was in it");
    CHECK(strstr(logged, "1 panic at ") == logged && strstr(logged, "test_hooks.rs:") != NULL);
    CHECK(!strstr(logged, "secret") && !strstr(logged, "42"));
    CHECK(!strstr(wxcoupon_buf_data(buf), "secret"));
    CHECK_STATUS(wxcoupon_log_set(NULL, NULL, WXCOUPON_LOG_OFF), WXCOUPON_OK);

    quietly(buf, argv[FIXTURES]);

    proves("the library goes on working");
    ctx = context_from(argv[FIXTURES], "offline.json");
    CHECK_STATUS(wxcoupon_query(ctx, "{}", buf), WXCOUPON_E_REQUEST);
    CHECK_STATUS(wxcoupon_buf_status(buf), WXCOUPON_E_REQUEST);
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return check_finish();
}
