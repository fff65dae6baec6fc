"""A chain of shops on this machine: one database, two hubs, four tills, and a WeChat Pay that is the sandbox.

    demo_chain.py FOLDER_OF_PROGRAMS

One hub is killed while the tills redeem. At the end the sandbox says what really happened to each coupon, and each till what it was told.
"""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import wxcoupon

USER = {"openid": "oSandboxUser0000000000000001", "product_coupon_id": "1000000013", "stock_id": "1000000013001"}
TILLS = ["S1-01", "S1-02", "S2-01", "S2-02"]
SECONDS, KILLED_AT, BACK_AT = 16, 4, 8
PASSWORD = "demo"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(stack, command, **options):
    """A program that ends with this one."""
    process = subprocess.Popen(command, text=True, **options)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def wait_for(what, holds):
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    raise SystemExit(f"{what} did not come up")


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def database(stack, folder):
    """PostgreSQL of Debian's packages, in a folder of its own. It does not run as root."""
    programs = max(pathlib.Path("/usr/lib/postgresql").iterdir()) / "bin"
    folder.mkdir()
    as_user = []
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        os.chmod(folder.parent, 0o711)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    password = folder.parent / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    make = [programs / "initdb", "-U", "hub", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync",
            "--pwfile", password, "-D", folder / "data"]
    subprocess.run([*as_user, *make], check=True, stdout=subprocess.DEVNULL)
    port = free_port()
    run = [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", ""]
    server = subprocess.Popen([*as_user, *run], stderr=subprocess.DEVNULL)
    stack.callback(server.wait)
    stack.callback(server.send_signal, signal.SIGQUIT)
    wait_for("the database", lambda: is_open(port))
    time.sleep(0.5)
    return f"postgres://hub:{PASSWORD}@127.0.0.1:{port}/postgres"


def sandbox(stack, programs, folder):
    process = started(stack, [programs / "wxcoupon-sandbox", "--dir", folder, "--exit-with-stdin", "--quiet"],
                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    ready = dict(word.partition("=")[::2] for word in process.stdout.readline().split())
    return ready["control"], json.loads((folder / "config.json").read_text())


class Hub:
    def __init__(self, stack, programs, folder, store, wechatpay):
        self.stack, self.program, self.folder = stack, programs / "wxcoupon-hub", folder
        folder.mkdir()
        members = {name: value for name, value in wechatpay.items() if name != "journal_path"}
        self.port = free_port()
        written = "\n".join(f"{name} = {toml(value)}" for name, value in members.items())
        (folder / "hub.toml").write_text(
            f'store = "{store}"\nmaster_key = "../master.key"\n'
            "[policy]\nany_coupon = true\nany_user = true\nrate_per_s = 100\n"
            f'[wechatpay]\n{written}\n[tills]\nplain_listen = "127.0.0.1:{self.port}"\n'
            '[admin]\nlisten = "127.0.0.1:0"\n')

    def say(self, *arguments):
        command = [self.program, "--config", self.folder / "hub.toml", "--lang", "en", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def start(self):
        with open(self.folder / "log", "a", encoding="utf-8") as log:
            command = [self.program, "--config", self.folder / "hub.toml"]
            self.process = started(self.stack, command, stdout=subprocess.PIPE, stderr=log)
        if not self.process.stdout.readline():
            raise SystemExit((self.folder / "log").read_text())

    def kill(self):
        self.process.kill()


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(member)}" for name, member in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


class Till(threading.Thread):
    """Redeems one coupon after the other, and settles what it is not sure of."""

    def __init__(self, name, code, hubs, folder, ends_at):
        super().__init__(daemon=True)
        self.name_of_till, self.ends_at = name, ends_at
        self.redeemed, self.doubts, self.asked, self.last = [], 0, "", ""
        urls = [f"http://127.0.0.1:{hub.port}" for hub in hubs]
        self.till = wxcoupon.Context({
            "mode": "till", "hub_urls": urls, "till_id": name, "till_code": code, "till_key_path": str(folder / f"{name}.key"),
            "journal_path": str(folder / f"{name}.journal"), "timeout_ms": 2000, "attempt_timeout_ms": 1000,
            "connect_timeout_ms": 500,
        })

    def run(self):
        number = 0
        while time.monotonic() < self.ends_at:
            number += 1
            self.redeem(f"{self.name_of_till}-{number:04}")
            time.sleep(0.05)
        self.till.settle({"_options": {"timeout_ms": 60_000}})
        self.till.close()

    def redeem(self, request_no):
        request = {**USER, "coupon_code": "AUTO_" + request_no.replace("-", "_"), "out_request_no": request_no,
                   "associated_order_info": {"transaction_id": "4200002812202508031234567890"}}
        try:
            answer = self.till.use(request)
        except wxcoupon.InDoubt:
            self.doubts += 1
            answer = self.till.settle({"out_request_no": request_no, "_options": {"timeout_ms": 30_000}})
        self.redeemed.append(request_no)
        self.asked = answer.get("host", self.asked)


def screen(second, tills, hubs, note):
    states = "  ".join(f"hub {name} {'up' if is_open(hub.port) else 'DOWN'}" for name, hub in hubs.items())
    names = {f"127.0.0.1:{hub.port}": name for name, hub in hubs.items()}
    columns = "  ".join(
        f"{till.name_of_till} {len(till.redeemed):4} by {names.get(till.asked, '-')}" for till in tills)
    print(f"{second:3} s | {states} | {columns} | in doubt and settled: {sum(till.doubts for till in tills)} {note}", flush=True)


def main(programs):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="wxcoupon-chain-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        print("Starting WeChat Pay (the sandbox), a database and two hubs ...", flush=True)
        control, wechatpay = sandbox(stack, programs, folder / "sandbox")
        store = database(stack, folder / "database")
        hubs = {name: Hub(stack, programs, folder / f"hub-{name}", store, wechatpay) for name in "AB"}
        first, second = hubs.values()
        first.say("new-master-key", str(folder / "master.key"))
        for hub in hubs.values():
            hub.start()
        ends_at = time.monotonic() + SECONDS + 1
        tills = []
        for name in TILLS:
            code = first.say("till", "add", name).split("code ")[1].split()[0]
            # Half of the shops ask hub A first, the others hub B.
            order = [first, second] if name.startswith("S1") else [second, first]
            tills.append(Till(name, code, order, folder, ends_at))
        print("Four tills redeem one coupon after the other; none of them has the merchant's key.\n", flush=True)
        for till in tills:
            till.start()
        began = time.monotonic()
        for moment in range(1, SECONDS + 1):
            time.sleep(max(0, began + moment - time.monotonic()))
            note = ""
            if moment == KILLED_AT:
                first.kill()
                first.process.wait()
                note = "<- hub A was killed"
            if moment == BACK_AT:
                # It is ready when it has its part of the chain's rate.
                threading.Thread(target=first.start, daemon=True).start()
                note = "<- hub A is started again"
            screen(moment, tills, hubs, note)
        for till in tills:
            till.join(120)
        with urllib.request.urlopen(control + "/ledger") as answer:
            ledger = json.loads(answer.read())
        happened = [entry["number"] for entry in ledger if entry["effect"] == "used"]
        told = [number for till in tills for number in till.redeemed]
        print(f"\nTold redeemed: {len(told)}. Redeemed at WeChat Pay: {len(happened)}. "
              f"Twice: {len(happened) - len(set(happened))}. Different: {len(set(told) ^ set(happened))}.")
        if sorted(told) != sorted(happened):
            raise SystemExit("what was told is not what happened")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
