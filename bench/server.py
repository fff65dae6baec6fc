"""The WeChat Pay of the bench: nginx, which answers texts that were signed in advance."""

import http.client
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

from shop import CODE, PATH, PUBLIC_KEY_ID, answer

# A signature counts for five minutes.
RENEW_AFTER_S = 100
WORKERS = 2

CONFIG = """\
daemon off;
worker_processes %(workers)d;
pid nginx.pid;
error_log error.log warn;
events { worker_connections 1024; }
http {
    access_log off;
    default_type application/json;
    client_body_temp_path body;
    proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    keepalive_timeout 75s;
    keepalive_requests 100000000;
    ssl_certificate %(folder)s/server.pem;
    ssl_certificate_key %(folder)s/server_key.pem;
    ssl_protocols TLSv1.3;
    map_hash_max_size 65536;
    map_hash_bucket_size 128;
    include signed.conf;
    server { listen 127.0.0.1:%(port)d ssl; include honest.conf; }
    # Each connection for one answer, as good as those that were idle for too long.
    server { listen 127.0.0.1:%(closing)d ssl; keepalive_timeout 0; include honest.conf; }
    # The same answers with one digit changed, and no answer at all.
    server { listen 127.0.0.1:%(forged)d ssl; include forged.conf; }
    server { listen 127.0.0.1:%(lost)d ssl; return 444; }
}
"""

ANSWER = """\
location ~ ^/v3/marketing/partner/product-coupon/users/[^/]+/coupons/(?<code>[0-9A-Z_]+)/use$ {
    add_header Request-ID 080103035E500B44229CC456B24389C8AA3CA93FA8-0;
    add_header Wechatpay-Serial %(serial)s;
    add_header Wechatpay-Timestamp $signed_at;
    add_header Wechatpay-Nonce $signed_nonce;
    add_header Wechatpay-Signature $signature;
    add_header Wechatpay-Signature-Type WECHATPAY2-SHA256-RSA2048;
    return 200 '%(body)s';
}
location / { return 404 '{"code":"NOT_FOUND","message":"no such path"}'; }
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """nginx, from `with` to its end."""

    def __init__(self, shop):
        self.shop = shop
        self.port, self.closing, self.forged, self.lost = (free_port() for _ in range(4))
        self._process, self._signed_at = None, 0.0

    def __enter__(self):
        names = {key: getattr(self, key) for key in ("port", "closing", "forged", "lost")}
        self._write("nginx.conf", CONFIG % {"folder": self.shop.folder, "workers": WORKERS, **names})
        body = answer(CODE % 0).decode().replace(CODE % 0, "$code")
        forged = body.replace("4200002812202508031234567890", "4200002812202508031234567891")
        self._write("honest.conf", ANSWER % {"serial": PUBLIC_KEY_ID, "body": body})
        self._write("forged.conf", ANSWER % {"serial": PUBLIC_KEY_ID, "body": forged})
        self._sign()
        nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        self._process = subprocess.Popen([nginx, "-p", self.shop.folder, "-e", "error.log", "-c", "nginx.conf"])
        self._wait()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()

    def url(self, port=None):
        return f"https://127.0.0.1:{port or self.port}"

    def keep_fresh(self):
        """Signs all answers again before they grow old; between runs, and for very long ones within them."""
        if time.time() - self._signed_at > RENEW_AFTER_S:
            self._sign()
            self._process.send_signal(1)  # SIGHUP: reload
            self._wait()

    def _write(self, name, text):
        (Path(self.shop.folder) / name).write_text(text)

    def _sign(self):
        self._signed_at = time.time()
        self._stamp, nonce, signatures = self.shop.signed()
        lines = [
            f"map $host $signed_at {{ default {self._stamp}; }}",
            f"map $host $signed_nonce {{ default {nonce}; }}",
        ]
        lines += ["map $code $signature {", *(f"{code} {text};" for code, text in signatures.items()), "}"]
        self._write("signed.conf", "\n".join(lines))

    def _wait(self):
        """Returns once the latest signatures are served."""
        trust = ssl.create_default_context(cafile=self.shop.folder / "ca.pem")
        for _ in range(200):
            try:
                connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trust, timeout=5)
                connection.request("POST", PATH + CODE % 0 + "/use", body="{}")
                if connection.getresponse().getheader("Wechatpay-Timestamp") == self._stamp:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise RuntimeError("nginx does not answer; see error.log in " + str(self.shop.folder))
