// redeem CONFIG_FILE COUPON_CODE: redeems one coupon; ends with the class of the status.
#include <fstream>
#include <iostream>
#include <sstream>
#include <wxcoupon.hpp>

int main(int argc, char **argv)
{
    if (argc != 3 || !wxcoupon::abi_matches())
        return 100;
    std::ostringstream config;
    config << std::ifstream(argv[1]).rdbuf();
    const std::string code = argv[2];
    const std::string request = R"({"openid":"oSandboxUser0000000000000001","coupon_code":")" + code +
        R"(","product_coupon_id":"1000000013","stock_id":"1000000013001","out_request_no":"SALE_)" + code +
        R"(","use_time":"2025-08-03T12:00:00+08:00",)"
        R"("associated_order_info":{"transaction_id":"4200002812202508031234567890"}})";

    wxcoupon::Context till;
    wxcoupon::Result answer = till.open(config.str());
    if (answer)
        answer = till.use(request);
    std::cout << wxcoupon::version() << '\n' << answer.json() << '\n';
    return answer.status_class();
}
