"""Judges with the package wechatpayv3. One JSON task on standard input, one JSON finding on standard output."""

import json
import re
import sys
import time

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import aes_decrypt, load_private_key, load_public_key, rsa_encrypt, rsa_sign, rsa_verify

task = json.load(sys.stdin)
keys = task["keys"]
merchant = WeChatPay(
    wechatpay_type=WeChatPayType.NATIVE,
    mchid=keys["mchid"],
    private_key=keys["merchant_private"],
    cert_serial_no=keys["merchant_serial_no"],
    apiv3_key=keys["apiv3_key"],
    appid="wx233544546545989",
    notify_url="https://example.invalid",
    public_key=keys["wechatpay_public"],
    public_key_id=keys["wechatpay_public_key_id"],
)


def proves(headers, body):
    public_key = load_public_key(keys["wechatpay_public"])
    mark = [headers["Wechatpay-" + name] for name in ("Timestamp", "Nonce")]
    return rsa_verify(*mark, body, headers["Wechatpay-Signature"], public_key)


def signed(body):
    """What WeChat Pay would send with this body."""
    timestamp, nonce = str(int(time.time())), "0b4e684aPython"
    private_key = load_private_key(keys["wechatpay_private"])
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": rsa_sign(private_key, f"{timestamp}\n{nonce}\n{body}\n"),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Serial": keys["wechatpay_public_key_id"],
    }


request, answer, notification = task["request"], task["answer"], task["notification"]
sealed = task["sealed"]
authorization = dict(re.findall(r'(\w+)="([^"]*)"', request["authorization"]))
lines = [request["method"], request["target"], authorization["timestamp"], authorization["nonce_str"]]
json.dump(
    {
        # PKCS#1 v1.5 is deterministic: equal signatures are signatures over the same bytes.
        "accepts_request": merchant.sign([*lines, request["body"]]) == authorization["signature"],
        "accepts_changed_request": merchant.sign([*lines, request["body"] + " "]) == authorization["signature"],
        "accepts_answer": proves(answer["headers"], answer["body"]),
        "accepts_changed_answer": proves(answer["headers"], answer["body"] + " "),
        "opened": json.loads(merchant.decrypt_callback(notification["headers"], notification["body"])),
        "opens_changed": merchant.decrypt_callback(notification["headers"], notification["body"] + " ") is not None,
        "unsealed": aes_decrypt(sealed["nonce"], sealed["ciphertext"], sealed["associated_data"], keys["apiv3_key"]),
        "decrypted": merchant.decrypt(task["encrypted"]),
        "encrypted": rsa_encrypt(task["plain"], load_public_key(keys["merchant_public"])),
        "notification": {"headers": signed(notification["body"]), "body": notification["body"]},
    },
    sys.stdout,
)
