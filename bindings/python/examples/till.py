"""Everything a till does, against a sandbox: ``till.py CONFIG [FOLDER]``. Ends with "all done", or with an exception.

The folder, if any, has a notification: ``headers.json`` and ``body``, as a web server got them.

To see an answer that is lost, and a question that takes its time, start the sandbox with

    --fault process_then_hang,on=use,coupon=AUTO_LOST,times=1 --fault delay,ms=500,on=query,coupon=AUTO_SLOW
"""

import json
import logging
import pathlib
import sys
import time

import wxcoupon

USER = {"openid": "oSandboxUser0000000000000001", "product_coupon_id": "1000000013", "stock_id": "1000000013001"}
# Numbers and coupons of this run.
RUN = format(time.time_ns() // 1_000_000, "x").upper()


class Lines(logging.Handler):
    """Keeps what was logged."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def sale(code, number, **more):
    return {
        **USER,
        "coupon_code": code,
        "out_request_no": number,
        "use_time": "2025-08-03T12:00:00+08:00",
        "associated_order_info": {"transaction_id": "4200002812202508031234567890"},
        **more,
    }


def expect(kind, status, call, *arguments):
    try:
        call(*arguments)
    except kind as error:
        assert type(error) is kind and error.status == status, error
        assert error.name == wxcoupon.status_name(status)
        return error
    raise AssertionError(f"no {kind.__name__}")


def redeem(till):
    question = {**USER, "coupon_code": "AUTO_" + RUN}
    coupon = till.query(question)
    assert coupon.data["coupon_state"] == "EFFECTIVE"
    worth = till.quote({"coupon": coupon, "amount": 12800}).data
    # The cashier's text names what was not checked, too. An order of 0 does not exist.
    print("cashier:", worth["cashier"])
    assert worth["usable"] and worth["payable"] > 0 and not worth["unchecked"], worth
    assert (worth["discount"], worth["payable"]) == (2560, 10240)

    paid = sale("AUTO_" + RUN, "PY_SALE_1_" + RUN)
    first = till.use(paid)
    assert first.data["coupon_state"] == "USED" and not first.recorded
    again = till.use(paid)
    assert again.recorded and again.data == first.data

    refusal = expect(wxcoupon.Refused, wxcoupon.E_COUPON_STATE, till.use, sale("SBX_USED", "PY_SALE_2_" + RUN))
    assert refusal.cashier == "优惠券已被使用" and refusal.hint and refusal.wechat["message"], refusal.raw
    print("cashier:", refusal.cashier)

    back = till.return_coupon({**question, "out_request_no": "PY_RETURN_1_" + RUN})
    assert back.data["coupon_state"] == "EFFECTIVE"


def send(till):
    try:
        sent = till.send({**USER, "send_request_no": "PY_SEND_1_" + RUN, "attach": "柜台三号"}).data
    except wxcoupon.Refused as refusal:
        # A customer gets one coupon of this stock, and has it from an earlier run.
        assert refusal.wechat["subcode"] == 272756740, refusal.raw
        return
    held = {**USER, "coupon_code": sent["coupon_code"]}
    assert till.confirm({**held, "out_request_no": "PY_CONFIRM_1_" + RUN}).data["coupon_state"] == "EFFECTIVE"
    gone = till.deactivate({**held, "out_request_no": "PY_DEACTIVATE_1_" + RUN, "deactivate_reason": "顾客退货"})
    assert gone.data["coupon_state"] == "DEACTIVATED"


def pages(till):
    codes, request = [], {"openid": "oSandboxPages000000000000001", "page_size": 20}
    while True:
        page = till.list(request).data
        codes += [coupon["coupon_code"] for coupon in page["user_coupon_list"]]
        if not page.get("next_page_token"):
            break
        request["page_token"] = page["next_page_token"]
    assert len(codes) == len(set(codes)) == 25


def jobs(till):
    with till.start("query", {**USER, "coupon_code": "AUTO_SLOW"}) as job:
        answer = job.wait()
        print("job:", "running" if answer is None else "done at once")
        while answer is None:
            answer = job.wait(50)
        assert answer.data["coupon_code"] == "AUTO_SLOW" and job.wait().data == answer.data
    with till.start("query", {**USER, "coupon_code": "AUTO_SLOW"}) as job:
        job.cancel()
        try:
            assert job.wait(5000) is not None
        except wxcoupon.NotSent:
            # A question that was called off took no effect; one that was answered meanwhile has its answer.
            pass
    expect(wxcoupon.Misuse, wxcoupon.E_HANDLE, job.wait)
    expect(wxcoupon.Misuse, wxcoupon.E_OPERATION, till.start, "不存在", {})


def doubt(till):
    number = "PY_LOST_1_" + RUN
    lost = sale("AUTO_LOST_PY_" + RUN, number, _options={"timeout_ms": 700})
    try:
        till.use(lost)
        print("answer: not lost")
    except wxcoupon.InDoubt as error:
        assert error.in_doubt and error.cashier
        assert [row["out_request_no"] for row in till.pending().data["requests"]] == [number]
        print("answer: lost, and settled")
    assert till.settle().data["pending"] == 0
    assert till.settle({"out_request_no": number}).data["coupon_state"] == "USED"


def everything_else(till):
    echo = till.request("POST", "/v3/security/echo", {"echo_message": "收银台：谢谢惠顾"})
    assert echo.data["echo_message"] == "收银台：谢谢惠顾"
    assert till.call("query", {**USER, "coupon_code": "AUTO_CALL"}).data["coupon_state"] == "EFFECTIVE"
    assert till.warm()["ok"]
    assert any(call["operation"] == "warm" for call in till.stats()["data"]["calls"])
    assert till.stats({"format": "prometheus"})["data"]["text"].startswith("# HELP ")
    for online in (False, True):
        checked = till.check(online).data
        # A configuration that names no file for the journal is pointed out.
        assert all(line["ok"] or line["name"] == "journal" for line in checked["lines"]), checked
    forged = expect(
        wxcoupon.Refused,
        wxcoupon.E_NOTIFICATION_UNTRUSTED,
        till.open_notification,
        {"Wechatpay-Serial": "0"},
        "{\0伪造}".encode(),
    )
    assert forged.answer["reply"]["status"] >= 400


def notified(till, folder):
    headers = json.loads((folder / "headers.json").read_text(encoding="utf-8"))
    body = (folder / "body").read_bytes()
    opened = till.open_notification(headers, body)
    assert opened.data["resource"]["coupon_code"] == "NOTIFIED_1" and opened["reply"]["status"] == 204
    assert opened.data["resource"]["brand_name"] == "咖啡店"
    expect(wxcoupon.Refused, wxcoupon.E_NOTIFICATION_UNTRUSTED, till.open_notification, headers, body + b" ")


def misuse(config):
    wrong = expect(wxcoupon.Misuse, wxcoupon.E_JSON, wxcoupon.Context, "not json")
    assert wrong.status_class == wxcoupon.CLASS_MISUSE
    local = expect(wxcoupon.Local, wxcoupon.E_CONFIG, wxcoupon.Context, {"mchid": "1"})
    assert local.message and local.cashier
    with wxcoupon.Context.from_file(config) as till:
        missing = expect(wxcoupon.Misuse, wxcoupon.E_REQUEST, till.use, {"openid": "o"})
        assert missing.field, missing.raw
        with open(config, encoding="utf-8") as file:
            till.update(file.read())
    expect(wxcoupon.Misuse, wxcoupon.E_HANDLE, till.query, {})
    expect(wxcoupon.Misuse, wxcoupon.E_HANDLE, till.close)


def main(config, folder=None):
    assert wxcoupon.version() == wxcoupon.__version__
    assert wxcoupon.abi_version() == wxcoupon.ABI_VERSION
    assert wxcoupon.status_class(4001) == wxcoupon.CLASS_IN_DOUBT and wxcoupon.status_text(4001)
    log = Lines()
    logger = logging.getLogger("wxcoupon")
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    wxcoupon.log_to(logger, wxcoupon.LOG_INFO)
    with wxcoupon.Context.from_file(config) as till:
        for step in (redeem, send, pages, jobs, doubt, everything_else):
            step(till)
        if folder:
            notified(till, pathlib.Path(folder))
    assert any("use" in line for line in log.lines), log.lines
    wxcoupon.log_to(None)
    misuse(config)
    assert wxcoupon.handles_live() == 0
    print("all done")


if __name__ == "__main__":
    main(*sys.argv[1:])
