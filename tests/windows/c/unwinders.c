/* A host that has another unwinder: a panic of the library and an exception of a plug-in are caught, each by its own. */
#include "check.h"

#include <windows.h>

/* Exported only by builds with the feature test-hooks; not in the header. */
int32_t wxcoupon_test_panic(wxcoupon_buf *buf);

#ifdef __i386__
#define UNWINDER "libgcc_s_dw2-1.dll"
#else
#define UNWINDER "libgcc_s_seh-1.dll"
#endif

int main(int argc, char **argv)
{
    int (*throws_and_catches)(int);
    HMODULE plugin = LoadLibraryA("plugin.dll");
    FARPROC found = plugin ? GetProcAddress(plugin, "throws_and_catches") : NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    int round;

    (void)argv;
    check_arguments(argc);
    CHECK(found != NULL && GetModuleHandleA(UNWINDER) != NULL);
    if (!found)
        return 1;
    memcpy(&throws_and_catches, &found, sizeof found);

    proves("panics and exceptions take turns");
    for (round = 0; round < 100; round++) {
        CHECK_NUMBER(throws_and_catches(round), round + 1);
        CHECK_STATUS(wxcoupon_test_panic(buf), WXCOUPON_E_PANIC);
    }
    CHECK_STATUS(wxcoupon_buf_status(buf), WXCOUPON_E_PANIC);
    wxcoupon_buf_free(buf);
    return check_finish();
}
