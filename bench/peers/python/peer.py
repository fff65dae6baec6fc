"""Redeems coupons with wechatpayv3. Arguments and output: bench/README.md.

It has no method for this operation and no setting for the host: both are reached through its inner object.
"""

import json
import os
import sys
import threading
import time

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.type import RequestType


def text(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


config = json.loads(text(sys.argv[1]))
threads, warmup, calls, first, count = (int(number) for number in sys.argv[2:7])
# What the README would have REQUESTS_CA_BUNDLE for.
os.environ["REQUESTS_CA_BUNDLE"] = config["ca_path"]
wxpay = WeChatPay(
    wechatpay_type=WeChatPayType.NATIVE,
    mchid=config["mchid"],
    private_key=text(config["private_key_path"]),
    cert_serial_no=config["merchant_serial_no"],
    apiv3_key=config["apiv3_key"],
    appid="wx233544546545989",
    notify_url="https://example.com/notify",
    public_key=text(config["wechatpay_public_key_path"]),
    public_key_id=config["wechatpay_public_key_id"],
)
wxpay._core._gate_way = config["base_urls"][0]
latencies = [0] * calls
lock, taken = threading.Lock(), 0


def redeem():
    global taken
    with lock:
        index, taken = first + taken % count, taken + 1
    code = f"AUTO_BENCH_{index:08d}"
    start = time.perf_counter_ns()
    status, message = wxpay._core.request(
        f"/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/{code}/use",
        method=RequestType.POST,
        data={
            "product_coupon_id": "1000000013",
            "stock_id": "1000000013001",
            "appid": "wx233544546545989",
            "brand_id": "120344",
            "out_request_no": "SALE_" + code,
            "use_time": "2025-08-03T12:00:00+08:00",
            "associated_order_info": {"transaction_id": "4200002812202508031234567890"},
        },
    )
    answer = json.loads(message)
    if status != 200 or answer["coupon_state"] != "USED":
        raise RuntimeError(message)
    if answer["single_usage_detail"]["use_request_no"] != "SALE_" + code:
        raise RuntimeError("the answer is about something else")
    return time.perf_counter_ns() - start


def work(thread):
    try:
        for _ in range(warmup):
            redeem()
        warm.wait()
        start_line.wait()
        for index in range(thread, calls, threads):
            latencies[index] = redeem()
    except BaseException as error:
        # An exception would end this thread alone.
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


warm, start_line = threading.Barrier(threads + 1), threading.Barrier(threads + 1)
workers = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
for worker in workers:
    worker.start()
warm.wait()
# Before any of them goes on: among many threads this one may have to wait for its turn.
wall, cpu = time.perf_counter_ns(), time.process_time_ns()
start_line.wait()
for worker in workers:
    worker.join()
told = {
    "wall_ns": time.perf_counter_ns() - wall,
    "cpu_ns": time.process_time_ns() - cpu,
    "latencies_ns": latencies,
}
peak = next(line for line in text("/proc/self/status").splitlines() if line.startswith("VmHWM:"))
print(json.dumps({**told, "peak_rss_kib": int(peak.split()[1])}))
