/* A till that is killed when WeChat Pay has redeemed, and nobody knows it yet: its journal does. */
#define _GNU_SOURCE 1
#include "check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char number[64];
static char request[768];

/* Every attempt is logged when its answer is there, before the journal has it. */
static void WXCOUPON_CALL dies(void *user_data, int32_t level, const char *message, uint32_t message_len)
{
    (void)user_data;
    (void)level;
    (void)message_len;
    if (strstr(message, "use attempt 1 ") != NULL)
        kill(getpid(), SIGKILL);
}

static void redeem_and_die(const char *folder, wxcoupon_buf *buf)
{
    wxcoupon_ctx *ctx = context_from(folder, "sandbox_journal.json");

    wxcoupon_log_set(dies, NULL, WXCOUPON_LOG_DEBUG);
    wxcoupon_use(ctx, request, buf);
    _exit(1);
}

static int is_pending(wxcoupon_ctx *ctx, wxcoupon_buf *buf)
{
    CHECK_STATUS(wxcoupon_pending(ctx, buf), WXCOUPON_OK);
    return strstr(wxcoupon_buf_data(buf), number) != NULL;
}

int main(int argc, char **argv)
{
    char text[128];
    wxcoupon_ctx *ctx;
    wxcoupon_buf *buf;
    int ended = 0;
    pid_t till;

    check_arguments(argc);
    sprintf(number, "KILLED_%.20s", argv[TAG]);
    sprintf(request,
            "{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"AUTO_J%.20s\","
            "\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\",\"out_request_no\":\"%s\","
            "\"associated_order_info\":{\"transaction_id\":\"4200002812202508031234567890\"}}",
            argv[TAG], number);

    proves("a till dies when its redemption was answered");
    till = fork();
    buf = wxcoupon_buf_new();
    if (till == 0)
        redeem_and_die(argv[FIXTURES], buf);
    waitpid(till, &ended, 0);
    CHECK(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);

    proves("the next one finds the redemption in the journal, open");
    ctx = context_from(argv[FIXTURES], "sandbox_journal.json");
    CHECK(is_pending(ctx, buf));

    proves("settling makes it known");
    sprintf(text, "{\"out_request_no\":\"%s\"}", number);
    CHECK_STATUS(wxcoupon_settle(ctx, text, buf), WXCOUPON_OK);
    CHECK_TEXT(answer_text(wxcoupon_buf_data(buf), "coupon_state", text, sizeof text), "USED");
    CHECK_TEXT(answer_text(wxcoupon_buf_data(buf), "use_request_no", text, sizeof text), number);
    CHECK(!is_pending(ctx, buf));

    proves("from then on the journal answers");
    CHECK_STATUS(wxcoupon_use(ctx, request, buf), WXCOUPON_OK);
    CHECK(strstr(wxcoupon_buf_data(buf), "\"recorded\":true") != NULL);
    CHECK_STATUS(wxcoupon_ctx_free(ctx), WXCOUPON_OK);
    wxcoupon_buf_free(buf);
    return check_finish();
}
