"""A merchant and a WeChat Pay of our own: keys, certificates, and answers signed in advance."""

import base64
import datetime
import ipaddress
import json
import secrets
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

PUBLIC_KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"
CODE = "AUTO_BENCH_%08d"
# More than the journal in memory remembers (1000), so a number that comes again is a new one.
COUPONS = 2000
SIZE = 4000
PATH = "/v3/marketing/partner/product-coupon/users/oSandboxUser0000000000000001/coupons/"


def answer(code):
    """The body that WeChat Pay would answer to the redemption of a coupon, padded to SIZE with terms of use."""
    body = {
        "coupon_code": code,
        "coupon_state": "USED",
        "valid_begin_time": "2025-01-01T00:00:00+08:00",
        "valid_end_time": "2035-12-31T23:59:59+08:00",
        "receive_time": "2025-08-01T10:00:00+08:00",
        "send_request_no": "SEND_" + code,
        "send_channel": "BRAND_MANAGE",
        "single_usage_detail": {
            "use_request_no": "SALE_" + code,
            "use_time": "2025-08-03T12:00:00+08:00",
            "associated_order_info": {"transaction_id": "4200002812202508031234567890"},
        },
        "product_coupon": {
            "product_coupon_id": "1000000013",
            "scope": "ALL",
            "type": "NORMAL",
            "usage_mode": "SINGLE",
            "single_usage_info": {"normal_coupon": {"threshold": 10000, "discount_amount": 100}},
            "display_info": {
                "name": "全场满100立减1元",
                "image_url": "https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx",
                "background_url": "https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx",
                "detail_image_url_list": ["https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/xxx"],
            },
            "out_product_no": "Product_1234567890",
            "state": "EFFECTIVE",
        },
        "stock": {
            "product_coupon_id": "1000000013",
            "stock_id": "1000000013001",
            "remark": "满减券",
            "coupon_code_mode": "WECHATPAY",
            "stock_send_rule": {"max_count": 10000000, "max_count_per_day": 10000, "max_count_per_user": 1},
            "store_scope": "NONE",
            "state": "SENDING",
            "usage_rule_display_info": {"coupon_usage_method_list": ["OFFLINE"], "usage_description": ""},
        },
        "brand_id": "120344",
    }
    terms = body["stock"]["usage_rule_display_info"]
    missing = SIZE - len(encoded(body))
    terms["usage_description"] = ("全场可用，每单限用一张，不可与其他优惠同享。" * 100)[: missing // 3]
    return encoded(body)


def encoded(body):
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _pem(path, key, public=False):
    pem = serialization.Encoding.PEM
    if public:
        data = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    else:
        data = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(data)


def _certificate(name, key, issuer_name, issuer_key, authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.DNSName("api.mch.weixin.qq.com"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if authority:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(names, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


class Shop:
    """Keys and files in a folder of their own, made anew by each run."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        merchant, self._wechatpay, ca, server = (rsa.generate_private_key(65537, 2048) for _ in range(4))
        _pem(self.folder / "merchant_key.pem", merchant)
        _pem(self.folder / "wechatpay_public_key.pem", self._wechatpay, public=True)
        _pem(self.folder / "server_key.pem", server)
        authority, host = (
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, it)]) for it in ("bench CA", "localhost")
        )
        pem = serialization.Encoding.PEM
        (self.folder / "ca.pem").write_bytes(_certificate(authority, ca, authority, ca, True).public_bytes(pem))
        (self.folder / "server.pem").write_bytes(
            _certificate(host, server, authority, ca, False).public_bytes(pem)
        )

    def config(self, name, base_urls, **more):
        """Writes a configuration, which is the library's own; the other contestants read what they need of it."""
        config = {
            "mchid": "1900000001",
            "merchant_serial_no": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
            "private_key_path": str(self.folder / "merchant_key.pem"),
            "wechatpay_public_key_id": PUBLIC_KEY_ID,
            "wechatpay_public_key_path": str(self.folder / "wechatpay_public_key.pem"),
            "apiv3_key": "0123456789abcdef0123456789abcdef",
            "base_urls": base_urls,
            "ca_path": str(self.folder / "ca.pem"),
            # The pace is for WeChat Pay's limit; here it would be measured in place of the library.
            "max_rate_per_s": 100000,
            **more,
        }
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(config))
        return path

    def signed(self):
        """Time, nonce, and the signature of each coupon's answer."""
        now, nonce = str(int(time.time())), secrets.token_hex(16).upper()
        signatures, body = {}, answer(CODE % 0)
        for index in range(COUPONS):
            code = CODE % index
            text = body.replace((CODE % 0).encode(), code.encode())
            message = b"%s\n%s\n%s\n" % (now.encode(), nonce.encode(), text)
            signature = self._wechatpay.sign(message, padding.PKCS1v15(), hashes.SHA256())
            signatures[code] = base64.b64encode(signature).decode()
        return now, nonce, signatures
