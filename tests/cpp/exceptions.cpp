/* A host's exceptions and the library's panics unwind side by side, in any order and on any thread. */
#include "check.h"

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

/* Exported only by builds with the feature test-hooks; not in the header. */
extern "C" int32_t wxcoupon_test_panic(wxcoupon_buf *buf);

struct counted {
    int &count;

    explicit counted(int &of) : count(of) { count++; }
    ~counted() { count--; }
};

static void throws_below(int depth, int &live)
{
    counted here(live);

    if (depth == 0)
        throw std::runtime_error("the host's own");
    throws_below(depth - 1, live);
}

/* How often everything went as it should. */
static int side_by_side(int rounds)
{
    int good = 0;
    int round;

    for (round = 0; round < rounds; round++) {
        int live = 0;
        bool well = wxcoupon_test_panic(NULL) == WXCOUPON_E_PANIC;

        try {
            throws_below(10, live);
            well = false;
        } catch (const std::exception &caught) {
            /* The host's exception is being handled while the library unwinds. */
            well = well && wxcoupon_test_panic(NULL) == WXCOUPON_E_PANIC;
            well = well && live == 0 && std::string(caught.what()) == "the host's own";
        }
        good += well ? 1 : 0;
    }
    return good;
}

int main(int argc, char **argv)
{
    std::vector<std::thread> threads;
    int good[4] = { 0, 0, 0, 0 };

    (void)argv;
    check_arguments(argc);
    proves("exceptions and panics, one after the other and one within the other");
    CHECK_NUMBER(side_by_side(100), 100);

    proves("on four threads at once");
    for (int &each : good)
        threads.emplace_back([&each] { each = side_by_side(100); });
    for (std::thread &each : threads)
        each.join();
    for (int each : good)
        CHECK_NUMBER(each, 100);
    return check_finish();
}
