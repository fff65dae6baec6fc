/* A till in C++ over wxcoupon.hpp: CONFIG_FILE. With WXCOUPON_THROWS it needs exceptions, without neither them nor RTTI. */
#include "wxcoupon.hpp"

#include <cstdio>
#include <cstring>

#define CHECK(what)                                                                                        \
    do {                                                                                                   \
        if (!(what)) {                                                                                     \
            std::fprintf(stderr, "%d: %s\n", __LINE__, #what);                                             \
            return 1;                                                                                      \
        }                                                                                                  \
    } while (0)

static std::string read(const char *path)
{
    std::string text;
    char part[4096];
    std::FILE *file = std::fopen(path, "rb");
    if (file == nullptr)
        return text;
    for (std::size_t got; (got = std::fread(part, 1, sizeof part, file)) > 0;)
        text.append(part, got);
    std::fclose(file);
    return text;
}

static std::string coupon(const char *code, const std::string &more)
{
    return std::string("{\"openid\":\"oSandboxUser0000000000000001\",\"coupon_code\":\"") + code +
           "\",\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\"" + more + "}";
}

static std::string using_it(const char *code, const char *number)
{
    return coupon(code, std::string(",\"out_request_no\":\"") + number +
                            "\",\"use_time\":\"2025-08-03T12:00:00+08:00\","
                            "\"associated_order_info\":{\"transaction_id\":\"4200000000123456789\"}");
}

static bool says(const wxcoupon::Result &result, const char *text)
{
    return std::strstr(result.json(), text) != nullptr;
}

struct Lines {
    unsigned count;
    void operator()(int32_t, const char *, uint32_t) { ++count; }
};

static int day(const std::string &config)
{
    wxcoupon::Context till;
    CHECK(till.use("{}").status() == WXCOUPON_E_NULL);
    CHECK(till.open("{}").status_class() == WXCOUPON_CLASS_LOCAL);
    CHECK(till.open(config));

    Lines lines = { 0 };
    CHECK(wxcoupon::log_to(lines, WXCOUPON_LOG_DEBUG));
    CHECK(till.warm());
    CHECK(says(till.stats(), "warm"));
    wxcoupon::Result asked = till.query(coupon("SBX_EFFECTIVE_1", ""));
    CHECK(asked && says(asked, "EFFECTIVE"));
    wxcoupon::Result quoted = till.quote("{\"amount\":12800,\"coupon\":" + asked.str() + "}");
    CHECK(quoted && says(quoted, "\"usable\":true"));

    const std::string sale = using_it("SBX_EFFECTIVE_1", "CPP-SALE-0001");
    CHECK(till.use(sale));
    CHECK(says(till.use(sale), "\"recorded\":true"));
    wxcoupon::Result refused = till.use(using_it("SBX_USED", "CPP-SALE-0002"));
    CHECK(!refused && refused.status() == WXCOUPON_E_COUPON_STATE && !refused.in_doubt());
    CHECK(says(refused, "\xE4\xBC\x98\xE6\x83\xA0\xE5\x88\xB8\xE5\xB7\xB2\xE8\xA2\xAB\xE4\xBD\xBF\xE7\x94\xA8"));
    CHECK(std::strcmp(refused.name(), "WXCOUPON_E_COUPON_STATE") == 0);
    CHECK(till.return_coupon(coupon("SBX_EFFECTIVE_1", ",\"out_request_no\":\"CPP-BACK-0001\"")));
    CHECK(says(till.list("{\"openid\":\"oSandboxUser0000000000000001\",\"page_size\":5}"), "next_page_token"));
    CHECK(till.call("get_stock", "{\"product_coupon_id\":\"1000000013\",\"stock_id\":\"1000000013001\"}"));
    CHECK(till.call("brew", "{}").status() == WXCOUPON_E_OPERATION);
    CHECK(till.request("POST", "/v3/security/echo", "{\"echo_message\":\"x\"}"));
    CHECK(till.use(std::string("{\0}", 3)).status() == WXCOUPON_E_ENCODING);

    wxcoupon::Job job;
    CHECK(till.start("use", using_it("SBX_EFFECTIVE_2", "CPP-JOB-0001"), job));
    wxcoupon::Job moved(std::move(job));
    CHECK(job.wait().status() == WXCOUPON_E_NULL);
    CHECK(moved.wait(10000));
    CHECK(moved.wait().ok());
    moved = wxcoupon::Job();

    CHECK(till.pending() && till.settle() && till.check());
    CHECK(till.notification_open("{}", "x", 1).status() == WXCOUPON_E_NOTIFICATION_UNTRUSTED);
    CHECK(till.update(config));
    CHECK(wxcoupon::log_off());
    CHECK(lines.count > 0);

    wxcoupon::Context other(std::move(till));
    CHECK(till.pending().status() == WXCOUPON_E_NULL);
    till = std::move(other);
    CHECK(till.pending());
#if defined(WXCOUPON_THROWS)
    try {
        till.use(using_it("SBX_EXPIRED", "CPP-SALE-0003")).or_throw();
        CHECK(false);
    } catch (const wxcoupon::Refused &refusal) {
        CHECK(refusal.status() == WXCOUPON_E_COUPON_STATE && std::strstr(refusal.what(), "cashier") != nullptr);
    }
    CHECK(std::strstr(till.pending().or_throw().json(), "\"ok\":true") != nullptr);
#endif
    CHECK(till.close());
    CHECK(till.close().status() == WXCOUPON_E_NULL);
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc == 2 && wxcoupon::abi_matches());
    CHECK(day(read(argv[1])) == 0);
    CHECK(wxcoupon::handles_live() == 0);
    std::puts("all done");
    return 0;
}
