-- Everything a till does, against a sandbox: till.lua CONFIG [FOLDER]. Ends with "all done", or with an error.
--
-- The folder, if any, has a notification: headers.json and body, as a web server got them.
--
-- To see an answer that is lost, and a question that takes its time, start the sandbox with
--     --fault process_then_hang,on=use,coupon=AUTO_LOST,times=1 --fault delay,ms=500,on=query,coupon=AUTO_SLOW
-- JSON is lua-cjson's.

local json = require("cjson")
local wxcoupon = require("wxcoupon")

local function with(request, more)
    local both = {}
    for _, part in ipairs({ request, more or {} }) do
        for name, value in pairs(part) do
            both[name] = value
        end
    end
    return both
end

local USER = { openid = "oSandboxUser0000000000000001", product_coupon_id = "1000000013", stock_id = "1000000013001" }
-- Numbers and coupons of this run.
local RUN = ("%X%X"):format(os.time(), math.floor(os.clock() * 1e6) + tonumber(tostring({}):match("0x(%x+)"), 16) % 65536)

local function coupon(code, more)
    return with(USER, with({ coupon_code = code }, more))
end

local function sale(code, number, more)
    return json.encode(coupon(code, with({
        out_request_no = number,
        use_time = "2025-08-03T12:00:00+08:00",
        associated_order_info = { transaction_id = "4200002812202508031234567890" },
    }, more)))
end

local function expect(class, status, call, ...)
    local fine, error = pcall(call, ...)
    assert(not fine, "no error of class " .. class)
    assert(getmetatable(error) == wxcoupon.Error, tostring(error))
    assert(error.class == class and error.status == status, tostring(error))
    assert(error.name == wxcoupon.status_name(status) and #error.text > 0)
    return error.answer ~= "" and json.decode(error.answer) or {}
end

local function redeem(till)
    local question = json.encode(coupon("AUTO_" .. RUN))
    local answer = till:query(question)
    assert(json.decode(answer).data.coupon_state == "EFFECTIVE")
    local worth = json.decode(till:quote(('{"coupon": %s, "amount": 12800}'):format(answer))).data
    -- The cashier's text names what was not checked, too. An order of 0 does not exist.
    print("cashier: " .. worth.cashier)
    assert(worth.usable and worth.payable > 0 and #worth.unchecked == 0)
    assert(worth.discount == 2560 and worth.payable == 10240)

    local paid = sale("AUTO_" .. RUN, "LUA_SALE_1_" .. RUN)
    local first = json.decode(till:use(paid))
    assert(first.data.coupon_state == "USED" and not first.recorded)
    assert(json.decode(till:use(paid)).recorded)

    local refusal = expect("REFUSED", wxcoupon.E_COUPON_STATE, till.use, till, sale("SBX_USED", "LUA_SALE_2_" .. RUN))
    assert(refusal.cashier == "优惠券已被使用" and #refusal.hint > 0 and #refusal.wechat.message > 0)
    print("cashier: " .. refusal.cashier)

    local back = till:return_coupon(json.encode(coupon("AUTO_" .. RUN, { out_request_no = "LUA_RETURN_1_" .. RUN })))
    assert(json.decode(back).data.coupon_state == "EFFECTIVE")
end

local function send(till)
    local request = json.encode(with(USER, { send_request_no = "LUA_SEND_1_" .. RUN, attach = "柜台三号" }))
    local fine, sent = pcall(till.send, till, request)
    if not fine then
        -- A customer gets one coupon of this stock, and has it from an earlier run.
        assert(json.decode(sent.answer).wechat.subcode == 272756740, tostring(sent))
        return
    end
    local code = json.decode(sent).data.coupon_code
    local confirmed = till:confirm(json.encode(coupon(code, { out_request_no = "LUA_CONFIRM_1_" .. RUN })))
    assert(json.decode(confirmed).data.coupon_state == "EFFECTIVE")
    local gone = till:deactivate(json.encode(coupon(code, {
        out_request_no = "LUA_DEACTIVATE_1_" .. RUN,
        deactivate_reason = "顾客退货",
    })))
    assert(json.decode(gone).data.coupon_state == "DEACTIVATED")
end

local function pages(till)
    local seen, count = {}, 0
    local request = { openid = "oSandboxPages000000000000001", page_size = 20 }
    repeat
        local page = json.decode(till:list(json.encode(request))).data
        for _, listed in ipairs(page.user_coupon_list) do
            assert(not seen[listed.coupon_code])
            seen[listed.coupon_code] = true
            count = count + 1
        end
        request.page_token = page.next_page_token
    until not request.page_token
    assert(count == 25)
end

local function jobs(till)
    local slow = json.encode(coupon("AUTO_SLOW"))
    local job = till:start("query", slow)
    local answer = job:wait()
    print("job: " .. (answer and "done at once" or "running"))
    while not answer do
        answer = job:wait(50)
    end
    assert(json.decode(answer).data.coupon_code == "AUTO_SLOW")
    assert(json.decode(job:wait()).data.coupon_code == "AUTO_SLOW")
    job:close()
    expect("MISUSE", wxcoupon.E_NULL, job.wait, job)

    local second = till:start("query", slow)
    second:cancel()
    local fine, error = pcall(second.wait, second, 5000)
    -- A question that was called off took no effect; one that was answered meanwhile has its answer.
    assert(fine or error.class == "NOT_SENT", tostring(error))
    second:close()
    expect("MISUSE", wxcoupon.E_OPERATION, till.start, till, "不存在", "{}")
end

local function doubt(till)
    local number = "LUA_LOST_1_" .. RUN
    local lost = sale("AUTO_LOST_LUA_" .. RUN, number, { _options = { timeout_ms = 700 } })
    local fine, error = pcall(till.use, till, lost)
    if fine then
        print("answer: not lost")
    else
        assert(error.class == "IN_DOUBT" and error.in_doubt, tostring(error))
        local waiting = json.decode(till:pending()).data.requests
        assert(#waiting == 1 and waiting[1].out_request_no == number)
        print("answer: lost, and settled")
    end
    assert(json.decode(till:settle()).data.pending == 0)
    local settled = till:settle(json.encode({ out_request_no = number }))
    assert(json.decode(settled).data.coupon_state == "USED")
end

local function everything_else(till)
    local echo = till:request("POST", "/v3/security/echo", '{"echo_message": "收银台：谢谢惠顾"}')
    assert(json.decode(echo).data.echo_message == "收银台：谢谢惠顾")
    local called = till:call("query", json.encode(coupon("AUTO_CALL")))
    assert(json.decode(called).data.coupon_state == "EFFECTIVE")
    assert(json.decode(till:warm()).ok)
    assert(#json.decode(till:stats()).data.calls > 0)
    for _, request in ipairs({ '{"online": false}', '{"online": true}' }) do
        for _, line in ipairs(json.decode(till:check(request)).data.lines) do
            -- A configuration that names no file for the journal is pointed out.
            assert(line.ok or line.name == "journal", line.name)
        end
    end
    expect(
        "REFUSED", wxcoupon.E_NOTIFICATION_UNTRUSTED,
        till.open_notification, till, '{"Wechatpay-Serial": "0"}', "{\0伪造}"
    )
end

local function misuse(config)
    expect("MISUSE", wxcoupon.E_JSON, wxcoupon.new, "not json")
    assert(#expect("LOCAL", wxcoupon.E_CONFIG, wxcoupon.new, '{"mchid": "1"}').message > 0)
    local till = wxcoupon.new(config)
    assert(#expect("MISUSE", wxcoupon.E_REQUEST, till.use, till, '{"openid": "o"}').field > 0)
    assert(not pcall(till.use, till, '{"openid":\0"o"}'))
    till:update(config)
    till:close()
    expect("MISUSE", wxcoupon.E_NULL, till.query, till, "{}")
    expect("MISUSE", wxcoupon.E_NULL, till.close, till)
end

local function read(path)
    local file = assert(io.open(path, "rb"))
    local content = file:read("*a")
    file:close()
    return content
end

local function notified(till, folder)
    local headers, body = read(folder .. "/headers.json"), read(folder .. "/body")
    local opened = json.decode(till:open_notification(headers, body))
    assert(opened.data.resource.coupon_code == "NOTIFIED_1" and opened.data.resource.brand_name == "咖啡店")
    expect(
        "REFUSED", wxcoupon.E_NOTIFICATION_UNTRUSTED, till.open_notification, till, headers, body .. " "
    )
end

local config = read(arg[1])
assert(wxcoupon.version():match("^%d+%.%d+%.%d+$"))
assert(wxcoupon.status_class(4001) == wxcoupon.CLASS_IN_DOUBT)

local lines = {}
wxcoupon.log_to(function(_, message)
    lines[#lines + 1] = message
end, wxcoupon.LOG_INFO)
local till = wxcoupon.new(config)
for _, step in ipairs({ redeem, send, pages, jobs, doubt, everything_else }) do
    step(till)
end
if arg[2] then
    notified(till, arg[2])
end
till:close()
assert(table.concat(lines, "\n"):find("use", 1, true))
wxcoupon.log_to(nil)
misuse(config)
collectgarbage()
assert(wxcoupon.handles_live() == 0)
print("all done")
