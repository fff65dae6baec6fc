"""Contexts, jobs, answers: every function of the library that has a handle."""

import ctypes
import json
from types import TracebackType
from typing import Any, Dict, Iterable, Mapping, Optional, Tuple, Type, Union

from . import constants
from .errors import error_class
from .library import lib

#: A JSON object as a mapping, or as text that already is one.
Json = Union[Mapping[str, Any], str]
Headers = Union[Mapping[str, Any], Iterable[Tuple[str, str]]]


class Answer(Dict[str, Any]):
    """The whole answer of a call that succeeded, as a dict. ``raw`` is its JSON text as the library wrote it."""

    def __init__(self, raw: str) -> None:
        super().__init__(json.loads(raw) if raw else {})
        self.raw = raw

    @property
    def data(self) -> Dict[str, Any]:
        """What WeChat Pay answered, every member."""
        found: Dict[str, Any] = self.get("data") or {}
        return found

    @property
    def recorded(self) -> bool:
        """Whether it is the answer of an earlier call, from the journal."""
        return bool(self.get("recorded", False))


class _Buffer:
    """A result buffer for the length of one call."""

    def __enter__(self) -> "_Buffer":
        self.handle = ctypes.c_void_p(lib.wxcoupon_buf_new())
        return self

    def __exit__(self, *_: Any) -> None:
        lib.wxcoupon_buf_free(self.handle)

    def text(self) -> str:
        length = lib.wxcoupon_buf_len(self.handle)
        return ctypes.string_at(lib.wxcoupon_buf_data(self.handle), length).decode("utf-8")

    def answer(self, status: int) -> Answer:
        """The answer, or the error of that status."""
        answer = Answer(self.text())
        check(status, answer)
        return answer


def check(status: int, answer: Optional[Answer] = None) -> None:
    """Raises the error of a status that is not OK."""
    if status != constants.OK:
        answer = answer if answer is not None else Answer("")
        name = lib.wxcoupon_status_name(status).decode("ascii")
        text = lib.wxcoupon_status_text(status).decode("ascii")
        raise error_class(lib.wxcoupon_status_class(status))(status, name, text, answer, answer.raw)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise ValueError("the library's texts end at the first NUL; this one has one in it")
    return value.encode("utf-8")


def _json(value: Optional[Any]) -> Optional[bytes]:
    if value is None:
        return None
    return _text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


class Context:
    """Keys, hosts, connections and journal of one merchant. Any number of threads may use one.

    ``config`` is the configuration (a mapping or JSON text); leave ``text_encoding`` out of it. Making a context
    never uses the network. Close it, or use it in a ``with`` statement.

    Calls block up to their deadline, 10 s unless ``timeout_ms`` says otherwise, in the configuration or in one
    request: ``{"_options": {"timeout_ms": 3000}}``. Other threads of Python go on meanwhile. All amounts are
    whole fen. Each method answers an :class:`Answer` or raises an :class:`wxcoupon.Error`.
    """

    _handle: ctypes.c_void_p

    def __init__(self, config: Json) -> None:
        self._handle = ctypes.c_void_p()
        with _Buffer() as buf:
            #: The answer to making it.
            self.opened = buf.answer(
                lib.wxcoupon_ctx_new(_json(config), ctypes.byref(self._handle), buf.handle)
            )

    @classmethod
    def from_file(cls, path: str) -> "Context":
        """A context from a file with the configuration."""
        with open(path, encoding="utf-8") as file:
            return cls(file.read())

    def update(self, config: Json) -> Answer:
        """Another configuration, whole; when it is refused the context stays as it is."""
        return self._with_request(lib.wxcoupon_ctx_update, config)

    def close(self) -> None:
        """Frees the context: running calls finish, jobs are called off. Closing twice raises Misuse."""
        check(lib.wxcoupon_ctx_free(self._handle))

    def __enter__(self) -> "Context":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        lib.wxcoupon_ctx_free(self._handle)

    def __del__(self) -> None:
        # The library ignores a handle that is free already.
        if getattr(self, "_handle", None):
            lib.wxcoupon_ctx_free(self._handle)

    # At the till.

    def scan(self, question: Json) -> Answer:
        """From what a scanner gave to coupons: ``scan``, ``openid`` or ``auth_code``, and the basket as for :meth:`quote`.

        Each of ``coupons`` has its quote, and a request for :meth:`use` that lacks ``out_request_no`` and the order.
        """
        return self._with_request(lib.wxcoupon_scan, question)

    def query(self, request: Json) -> Answer:
        """One coupon of a user: state, validity, rules, usage. Never in doubt."""
        return self._with_request(lib.wxcoupon_query, request)

    def quote(self, question: Json) -> Answer:
        """Whether a queried coupon can be used now and what it takes off, in fen. Offline.

        ``question``: ``coupon`` (the answer of :meth:`query`), ``amount``, and what the header lists.
        """
        return self._with_request(lib.wxcoupon_quote, question)

    def use(self, request: Json) -> Answer:
        """Redeems a coupon (核销), once the order is paid.

        Keep the whole request with the sale before calling: a repeat has the same ``out_request_no`` and members.
        """
        return self._with_request(lib.wxcoupon_use, request)

    def return_coupon(self, request: Json) -> Answer:
        """Undoes a redemption; it has an ``out_request_no`` of its own."""
        return self._with_request(lib.wxcoupon_return, request)

    # Before the till.

    def list(self, request: Json) -> Answer:
        """The coupons of a user, a page at a time: ``next_page_token`` of one is ``page_token`` of the next."""
        return self._with_request(lib.wxcoupon_list, request)

    def send(self, request: Json) -> Answer:
        """Sends a coupon; usable once it is confirmed."""
        return self._with_request(lib.wxcoupon_send, request)

    def confirm(self, request: Json) -> Answer:
        """Confirms a coupon that was sent."""
        return self._with_request(lib.wxcoupon_confirm, request)

    def deactivate(self, request: Json) -> Answer:
        """Makes a coupon of a user invalid, for good."""
        return self._with_request(lib.wxcoupon_deactivate, request)

    # What may have happened.

    def pending(self) -> Answer:
        """What is not known to be finished. Local. Ask at start-up and before closing."""
        with _Buffer() as buf:
            return buf.answer(lib.wxcoupon_pending(self._handle, buf.handle))

    def settle(self, request: Optional[Json] = None) -> Answer:
        """Makes known what may have happened: ``{"out_request_no": ..., "aim": ...}``, or everything."""
        return self._with_request(lib.wxcoupon_settle, request)

    def start(self, operation: str, request: Optional[Json] = None) -> "Job":
        """Starts a call and returns at once."""
        return Job(self, operation, request)

    # Everything else.

    def call(self, operation: str, request: Json) -> Answer:
        """Any operation of the product coupon's family by its name."""
        with _Buffer() as buf:
            return buf.answer(
                lib.wxcoupon_call(self._handle, _text(operation), _json(request), buf.handle)
            )

    def request(self, method: str, path_and_query: str, body: Optional[Json] = None) -> Answer:
        """Any other request of API version 3: signed, sent, proven."""
        with _Buffer() as buf:
            status = lib.wxcoupon_request(
                self._handle, _text(method), _text(path_and_query), _json(body), buf.handle
            )
            return buf.answer(status)

    def open_notification(self, headers: Headers, body: bytes) -> Answer:
        """Proves and opens a notification; ``body`` is the raw bytes as they came.

        The answer, and that of the error (``error.answer``), says in ``reply`` how to answer the HTTP request.
        """
        named = dict(headers) if isinstance(headers, Mapping) else [list(pair) for pair in headers]
        with _Buffer() as buf:
            status = lib.wxcoupon_notification_open(
                self._handle, _json(named), body, len(body), buf.handle
            )
            return buf.answer(status)

    def warm(self) -> Answer:
        """Connects now, so that the next call needs no handshake."""
        with _Buffer() as buf:
            return buf.answer(lib.wxcoupon_warm(self._handle, buf.handle))

    def check(self, online: bool = False) -> Answer:
        """Checks this context: ``data["all_ok"]`` and ``data["lines"]``."""
        return self._with_request(lib.wxcoupon_check, {"online": online})

    def stats(self, request: Optional[Json] = None) -> Answer:
        """Counters since the context was made. ``{"format": "prometheus"}``: ``data["text"]`` for its file collector."""
        return self._with_request(lib.wxcoupon_stats, request if request is not None else {})

    def _with_request(self, function: Any, request: Optional[Json]) -> Answer:
        with _Buffer() as buf:
            return buf.answer(function(self._handle, _json(request), buf.handle))


class Job:
    """A call that goes on by itself. Free it, or use it in a ``with`` statement."""

    _handle: ctypes.c_void_p

    def __init__(self, context: Context, operation: str, request: Optional[Json] = None) -> None:
        self._handle = ctypes.c_void_p()
        handle = ctypes.byref(self._handle)
        check(lib.wxcoupon_start(context._handle, _text(operation), _json(request), handle))

    def wait(self, wait_ms: int = 0) -> Optional[Answer]:
        """The call's answer (or error) once it is done, as often as it is asked; None while it is running.

        Waits at most ``wait_ms`` milliseconds; 0 only asks.
        """
        with _Buffer() as buf:
            status = lib.wxcoupon_job_wait(self._handle, wait_ms, buf.handle)
            return None if status == constants.E_RUNNING else buf.answer(status)

    def cancel(self) -> None:
        """Calls the job off: it ends as NotSent, or as InDoubt when something was sent already."""
        check(lib.wxcoupon_job_cancel(self._handle))

    def free(self) -> None:
        """Frees the job; one that is not done goes on unattended. Freeing twice does nothing."""
        lib.wxcoupon_job_free(self._handle)

    def __enter__(self) -> "Job":
        return self

    def __exit__(self, *_: Any) -> None:
        self.free()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.free()
