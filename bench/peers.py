"""Other people's clients of WeChat Pay: each with a program of ours (peers/) that uses it as its README teaches."""

import shutil
import subprocess
import sys

from contestants import BUILT, HERE, Contestant, cargo, run

PEERS = HERE / "peers"


def peers(trusted):
    """Those that could be fetched and built; the others are told of. `trusted` are files with roots."""
    bundle = BUILT / "trusted.pem"
    bundle.write_text("".join(file.read_text() for file in trusted))
    for make in (go, java, python, node, rust):
        try:
            yield make(trusted, str(bundle))
        except (OSError, RuntimeError) as error:
            print(f"left out: {make.__name__}: {error}", flush=True)


def go(_, bundle):
    program = BUILT / "peer-go"
    run("go", "build", "-o", program, ".", cwd=PEERS / "go")
    return Contestant("wechatpay-go 0.2.21", [program], {"SSL_CERT_FILE": bundle}, share=50)


def java(trusted, _):
    """The classes, and a store of trusted roots. The compiler of the virtual machine needs its time."""
    built = BUILT / "peer-java"
    shutil.copytree(PEERS / "java", built, dirs_exist_ok=True)
    run(
        "mvn",
        "--quiet",
        "--batch-mode",
        "compile",
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        cwd=built,
    )
    store = built / "trusted.p12"
    store.unlink(missing_ok=True)
    password = "changeit"
    for number, file in enumerate(trusted):
        run(
            "keytool",
            "-importcert",
            "-noprompt",
            "-file",
            file,
            "-alias",
            number,
            "-keystore",
            store,
            "-storetype",
            "PKCS12",
            "-storepass",
            password,
            stderr=subprocess.DEVNULL,
        )
    trust = [f"-Djavax.net.ssl.trustStore={store}", f"-Djavax.net.ssl.trustStorePassword={password}"]
    classes = f"{built}/target/classes:{built}/target/dependency/*"
    return Contestant("wechatpay-java 0.2.17", ["java", *trust, "-cp", classes, "Peer"], share=50, warmup=1500)


def python(*_):
    return Contestant(
        "wechatpayv3 2.0.4 (Python)",
        [sys.executable, PEERS / "python/peer.py"],
        share=10,
        remark="has no method for this operation; its inner `request` is used. One new connection a call",
    )


def node(_, bundle):
    folder = BUILT / "peer-node"
    shutil.copytree(PEERS / "node", folder, dirs_exist_ok=True)
    run("npm", "ci", "--silent", "--no-audit", "--no-fund", cwd=folder)
    return Contestant(
        "wechatpay-axios-plugin 0.9.6 (Node.js)",
        ["node", folder / "peer.js"],
        {"NODE_EXTRA_CA_CERTS": bundle},
        share=25,
        remark="one thread; where others run threads, so many calls wait at once",
    )


def rust(_, bundle):
    target = BUILT / "peer-rust"
    cargo("build", "--release", "--locked", "--target-dir", target, folder=PEERS / "rust")
    return Contestant(
        "wechat-pay-rust-sdk 0.2.21",
        [target / "release/peer"],
        {"SSL_CERT_FILE": bundle},
        share=10,
        remark="does not verify answers. One new connection a call",
    )
