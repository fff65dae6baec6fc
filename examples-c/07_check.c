/*
 * What support asks a shop to run when redeeming does not work:
 *     07_check CONFIG [online]
 * CONFIG is a file with the configuration. Without "online" it uses no network; with it, it also looks up
 * each host, connects, and sends a signed question that changes nothing. Ends with 0 when all is in order.
 */
#include <stdio.h>
#include <string.h>
#include "wxcoupon.h"

/* The text of a member within one line of the answer; "" where it has none. */
static const char *member(const char *line, const char *end, const char *name, int *length)
{
    char start[32];
    const char *value;

    *length = 0;
    sprintf(start, "\"%.20s\":\"", name);
    value = strstr(line, start);
    if (!value || value >= end)
        return "";
    value += strlen(start);
    *length = (int)strcspn(value, "\"");
    return value;
}

/* One line a check: a mark, its name, what was found, and what to do. A real program has a JSON reader. */
static void print_lines(const char *answer)
{
    const char *line = strstr(answer, "\"lines\":[");

    while (line && (line = strstr(line, "{\"name\":")) != NULL) {
        const char *next = strstr(line + 1, "{\"name\":");
        const char *end = next ? next : line + strlen(line);
        const char *in_order = strstr(line, "\"ok\":true");
        const char *name, *found, *advice;
        int name_length, found_length, advice_length;

        name = member(line, end, "name", &name_length);
        found = member(line, end, "found", &found_length);
        advice = member(line, end, "advice", &advice_length);
        printf("%s %-22.*s %.*s\n", in_order && in_order < end ? "ok   " : "WRONG", name_length, name,
               found_length, found);
        if (advice_length)
            printf("      %.*s\n", advice_length, advice);
        line = next;
    }
}

int main(int argc, char **argv)
{
    static char config[65536];
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    int in_order;

    if (!file) {
        fprintf(stderr, "usage: 07_check CONFIG [online]\n");
        return 2;
    }
    config[fread(config, 1, sizeof config - 1, file)] = '\0';
    fclose(file);
    printf("wxcoupon %s, binary interface %d (this program: %d)\n", wxcoupon_version(),
           (int)wxcoupon_abi_version(), WXCOUPON_ABI_VERSION);
    if (wxcoupon_abi_version() != WXCOUPON_ABI_VERSION)
        return 1;
    /* Most mistakes show here already: the message names the member, what was found and what was expected. */
    if (wxcoupon_ctx_new(config, &ctx, buf) != WXCOUPON_OK) {
        printf("WRONG configuration\n%s\n", wxcoupon_buf_data(buf));
        return 1;
    }
    if (wxcoupon_check(ctx, argc > 2 ? "{\"online\":true}" : NULL, buf) != WXCOUPON_OK) {
        printf("%s\n", wxcoupon_buf_data(buf));
        return 1;
    }
    print_lines(wxcoupon_buf_data(buf));
    in_order = strstr(wxcoupon_buf_data(buf), "\"all_ok\":true") != NULL;

    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return in_order ? 0 : 1;
}
