#include "check.h"

static long checks;
static long failures;

void proves(const char *what)
{
    printf("- %s\n", what);
    fflush(stdout);
}

static void failed(const char *file, int line)
{
    const char *name = strrchr(file, '/');

    failures++;
    printf("  FAILED %s:%d: ", name ? name + 1 : file, line);
}

void check_true(int holds, const char *what, const char *file, int line)
{
    checks++;
    if (!holds) {
        failed(file, line);
        printf("%s\n", what);
    }
}

void check_number(long found, long expected, const char *what, const char *file, int line)
{
    checks++;
    if (found != expected) {
        failed(file, line);
        printf("%s is %ld, expected %ld\n", what, found, expected);
    }
}

void check_text(const char *found, const char *expected, const char *what, const char *file, int line)
{
    checks++;
    if (strcmp(found, expected) != 0) {
        failed(file, line);
        printf("%s is \"%s\", expected \"%s\"\n", what, found, expected);
    }
}

void check_arguments(int argc)
{
    if (argc != ARGUMENTS) {
        printf("call it as the note in check.h says; tests/c_boundary does\n");
        exit(2);
    }
}

/* unload.c finds the library by itself: linked with it, nothing would ever be unloaded. */
#ifndef CHECK_WITHOUT_LIBRARY

void check_status(int32_t found, int32_t expected, const char *what, const char *file, int line)
{
    checks++;
    if (found != expected) {
        failed(file, line);
        printf("%s is %s (%ld), expected %s\n", what, wxcoupon_status_name(found), (long)found,
               wxcoupon_status_name(expected));
    }
}

wxcoupon_ctx *context_from(const char *folder, const char *name)
{
    char *config = file_text(folder, name);
    wxcoupon_buf *buf = wxcoupon_buf_new();
    wxcoupon_ctx *ctx = NULL;

    CHECK_STATUS(wxcoupon_ctx_new(config, &ctx, buf), WXCOUPON_OK);
    if (!ctx)
        printf("  %s: %s\n", name, wxcoupon_buf_data(buf));
    wxcoupon_buf_free(buf);
    free(config);
    return ctx;
}

static void check_handles(void)
{
    proves("every handle was freed");
    CHECK_NUMBER(wxcoupon_handles_live(), 0);
}

#else

static void check_handles(void)
{
}

#endif

int check_finish(void)
{
    check_handles();
    printf("%ld checks, %ld failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}

char *file_text(const char *folder, const char *name)
{
    char path[1024];
    char *text = NULL;
    long length = -1;
    FILE *file;

    sprintf(path, "%.800s%s%.200s", folder, *name ? "/" : "", name);
    file = fopen(path, "rb");
    if (file && fseek(file, 0, SEEK_END) == 0)
        length = ftell(file);
    if (length >= 0 && fseek(file, 0, SEEK_SET) == 0)
        text = (char *)malloc((size_t)length + 1);
    if (!text || fread(text, 1, (size_t)length, file) != (size_t)length) {
        printf("  FAILED: cannot read %s\n", path);
        exit(2);
    }
    text[length] = '\0';
    fclose(file);
    return text;
}

const char *answer_text(const char *json, const char *name, char *out, size_t cap)
{
    char start[64];
    const char *from;
    size_t length = 0;

    out[0] = '\0';
    sprintf(start, "\"%.40s\":\"", name);
    from = strstr(json, start);
    if (!from)
        return out;
    from += strlen(start);
    while (from[length] && from[length] != '"')
        length += from[length] == '\\' && from[length + 1] ? 2 : 1;
    if (length >= cap)
        length = cap - 1;
    memcpy(out, from, length);
    out[length] = '\0';
    return out;
}

static char object[16384];

static char *append(char *end, const char *text, const char *at)
{
    for (; *text; text++) {
        const char *piece = *text == '@' ? at : text;
        size_t length = *text == '@' ? strlen(at) : 1;

        if ((size_t)(end - object) + length >= sizeof object) {
            printf("  FAILED: object_with has too little room\n");
            exit(2);
        }
        memcpy(end, piece, length);
        end += length;
    }
    return end;
}

static char *append_member(char *end, const char *name, const char *value, const char *at)
{
    end = append(end, end == object + 1 ? "\"" : ",\"", "");
    end = append(end, name, "");
    end = append(end, "\":", "");
    return append(end, value, at);
}

const char *object_with(const member *base, const char *name, const char *value, const char *at)
{
    char *end = append(object, "{", "");

    for (; base->name; base++)
        if (!name || strcmp(base->name, name) != 0)
            end = append_member(end, base->name, base->value, at);
    if (name && value)
        end = append_member(end, name, value, at);
    end = append(end, "}", "");
    *end = '\0';
    return object;
}
