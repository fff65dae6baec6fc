"""Redeem WeChat Pay product coupons (微信支付商品券) from Python: the C library wxcoupon on ctypes.

>>> with wxcoupon.Context.from_file("config.json") as ctx:
...     try:
...         answer = ctx.use(request)
...     except wxcoupon.Refused as refusal:
...         show(refusal.cashier)

The functions and members are described in ``wxcoupon.h``; this package adds no logic. Every function may be
called from any thread; after ``fork`` use it only in the process that had used it before.
"""

from .constants import *  # noqa: F401,F403
from .context import Answer, Context, Headers, Job, Json
from .errors import Bug, Busy, Error, InDoubt, Local, Misuse, NotSent, Refused, error_class
from .library import lib
from .log import log_to

__version__ = "0.1.0"


def version() -> str:
    """Version of the library."""
    found: bytes = lib.wxcoupon_version()
    return found.decode("ascii")


def abi_version() -> int:
    """Number of the library's binary interface; checked when the package is imported."""
    number: int = lib.wxcoupon_abi_version()
    return number


def status_name(status: int) -> str:
    """Name of a status, such as ``WXCOUPON_E_HANDLE``."""
    name: bytes = lib.wxcoupon_status_name(status)
    return name.decode("ascii")


def status_text(status: int) -> str:
    """What a status means, in one English sentence."""
    text: bytes = lib.wxcoupon_status_text(status)
    return text.decode("ascii")


def status_class(status: int) -> int:
    """Class of a status, one of ``CLASS_...``."""
    number: int = lib.wxcoupon_status_class(status)
    return number


def handles_live() -> int:
    """How many handles are alive in this process: 0 when everything was freed."""
    number: int = lib.wxcoupon_handles_live()
    return number
