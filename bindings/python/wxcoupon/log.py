"""The library's messages, into Python's logging."""

import atexit
import ctypes
import logging
from typing import Any, List, Optional

from . import constants
from .context import check
from .library import LOG_SINK, lib

_LEVELS = {
    constants.LOG_ERROR: logging.ERROR,
    constants.LOG_WARN: logging.WARNING,
    constants.LOG_INFO: logging.INFO,
    constants.LOG_DEBUG: logging.DEBUG,
}
# The library keeps the address of a sink, and another thread may be setting one: none is ever collected.
_sinks: List[Any] = []


def log_to(logger: Optional[logging.Logger], level: int = constants.LOG_INFO) -> None:
    """Sends the library's messages to ``logger``; None ends that. One for the whole process.

    ``level`` is the most detailed level to pass on, one of ``wxcoupon.LOG_...``. The logger is called on the
    threads that are inside calls, several at once; inside a handler this function raises Misuse.
    """

    def write(_: Any, at: int, message: int, length: int) -> None:
        assert logger is not None
        text = ctypes.string_at(message, length).decode("utf-8", "replace")
        logger.log(_LEVELS.get(at, logging.INFO), "%s", text)

    sink = LOG_SINK() if logger is None else LOG_SINK(write)
    _sinks.append(sink)
    check(lib.wxcoupon_log_set(sink, None, level))


# The interpreter must not be called once it is being taken down.
atexit.register(lib.wxcoupon_log_set, LOG_SINK(), None, constants.LOG_OFF)
