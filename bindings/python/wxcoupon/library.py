"""Finds the shared library and declares its functions."""

import ctypes
import os
import sys
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int32, c_uint16, c_uint32, c_void_p
from typing import Any, Dict, Tuple

from . import constants

# A handle has the width of a pointer; c_int would cut it.
_HANDLE = c_void_p
# Results are taken as c_char_p: ctypes copies them at once.
_TEXT = c_char_p
# It takes bytes with NUL in them too: another argument says how many there are.
_BYTES = c_char_p

# Generated from include/wxcoupon.json by make header: callbacks
LOG_SINK = CFUNCTYPE(None, c_void_p, c_int32, c_void_p, c_uint32)
# End of callbacks

_PROTOTYPES: Dict[str, Tuple[Any, Tuple[Any, ...]]] = {
    # Generated from include/wxcoupon.json by make header: prototypes
    "wxcoupon_version": (_TEXT, ()),
    "wxcoupon_abi_version": (c_int32, ()),
    "wxcoupon_status_name": (_TEXT, (c_int32,)),
    "wxcoupon_status_text": (_TEXT, (c_int32,)),
    "wxcoupon_status_class": (c_int32, (c_int32,)),
    "wxcoupon_buf_new": (_HANDLE, ()),
    "wxcoupon_buf_data": (c_void_p, (_HANDLE,)),
    "wxcoupon_buf_len": (c_uint32, (_HANDLE,)),
    "wxcoupon_buf_copy": (c_uint32, (_HANDLE, c_void_p, c_uint32)),
    "wxcoupon_buf_copy_utf16": (c_uint32, (_HANDLE, POINTER(c_uint16), c_uint32)),
    "wxcoupon_buf_status": (c_int32, (_HANDLE,)),
    "wxcoupon_buf_in_doubt": (c_int32, (_HANDLE,)),
    "wxcoupon_buf_free": (None, (_HANDLE,)),
    "wxcoupon_ctx_new": (c_int32, (_TEXT, POINTER(_HANDLE), _HANDLE)),
    "wxcoupon_ctx_update": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_ctx_free": (c_int32, (_HANDLE,)),
    "wxcoupon_scan": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_query": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_quote": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_use": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_return": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_list": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_send": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_confirm": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_deactivate": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_pending": (c_int32, (_HANDLE, _HANDLE)),
    "wxcoupon_settle": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_start": (c_int32, (_HANDLE, _TEXT, _TEXT, POINTER(_HANDLE))),
    "wxcoupon_job_wait": (c_int32, (_HANDLE, c_uint32, _HANDLE)),
    "wxcoupon_job_cancel": (c_int32, (_HANDLE,)),
    "wxcoupon_job_free": (None, (_HANDLE,)),
    "wxcoupon_notification_open": (c_int32, (_HANDLE, _TEXT, _BYTES, c_uint32, _HANDLE)),
    "wxcoupon_call": (c_int32, (_HANDLE, _TEXT, _TEXT, _HANDLE)),
    "wxcoupon_request": (c_int32, (_HANDLE, _TEXT, _TEXT, _TEXT, _HANDLE)),
    "wxcoupon_log_set": (c_int32, (LOG_SINK, c_void_p, c_int32)),
    "wxcoupon_warm": (c_int32, (_HANDLE, _HANDLE)),
    "wxcoupon_check": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_stats": (c_int32, (_HANDLE, _TEXT, _HANDLE)),
    "wxcoupon_handles_live": (c_uint32, ()),
    # End of prototypes
}


def _open() -> ctypes.CDLL:
    named = os.environ.get("WXCOUPON_LIBRARY")
    if named:
        return ctypes.CDLL(named)
    file = "wxcoupon.dll" if sys.platform == "win32" else "libwxcoupon.so.1"
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), file)
    # A wheel carries the library; a copy of the sources alone does not.
    return ctypes.CDLL(beside if os.path.exists(beside) else file)


def load() -> ctypes.CDLL:
    """The library: what WXCOUPON_LIBRARY names, else the file in this package, else the system's.

    Raises OSError when there is none, ImportError when it has another binary interface.
    """
    library = _open()
    for name, (result, arguments) in _PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    found = library.wxcoupon_abi_version()
    if found != constants.ABI_VERSION:
        raise ImportError(f"wxcoupon: the library has ABI {found}, this package needs {constants.ABI_VERSION}")
    return library


lib = load()
