"""The errors: one class for each class of status, because the class alone says what the till does."""

from typing import Any, Dict, Mapping, Optional, Type

from . import constants


class Error(Exception):
    """A call did not end in ``OK``. Catch one of the classes below.

    ``answer`` is the whole answer, ``raw`` its JSON text as the library wrote it. The rest are members of it;
    those that an answer does not have are ``None``.
    """

    def __init__(self, status: int, name: str, text: str, answer: Mapping[str, Any], raw: str) -> None:
        #: The status, one of ``wxcoupon.E_...``.
        self.status = status
        #: Its name, such as ``WXCOUPON_E_COUPON_STATE``.
        self.name = name
        self.answer = answer
        self.raw = raw
        #: English, for the programmer.
        self.message: str = answer.get("message") or text
        #: What to do about it.
        self.hint: Optional[str] = answer.get("hint")
        #: Short Chinese text for the till's screen.
        self.cashier: Optional[str] = answer.get("cashier")
        #: JSON pointer of the member at fault.
        self.field: Optional[str] = answer.get("field")
        #: What WeChat Pay said: code, message, detail, subcode.
        self.wechat: Optional[Dict[str, Any]] = answer.get("wechat")
        #: How long to wait, in milliseconds.
        self.retry_after_ms: Optional[int] = answer.get("retry_after_ms")
        #: Whether what was asked for may have happened.
        self.in_doubt: bool = bool(answer.get("in_doubt", False))
        super().__init__(f"{name}: {self.message}")

    @property
    def status_class(self) -> int:
        """The class of the status, one of ``wxcoupon.CLASS_...``."""
        return self.status // 1000

    def __reduce__(self) -> Any:
        return type(self), (self.status, self.name, self.message, self.answer, self.raw)


class Misuse(Error):
    """The program is wrong (a handle, the text, a member); nothing was sent. Fix the program."""


class Local(Error):
    """This machine is wrong (configuration, key, journal, clock); nothing was sent. Fix the machine."""


class NotSent(Error):
    """Nothing took effect. Try again with the same number."""


class InDoubt(Error):
    """It may have happened. Keep the sale open and settle, or repeat the same request unchanged.

    Never use a new number.
    """


class Refused(Error):
    """WeChat Pay said no. Show ``cashier``, tell the customer."""


class Busy(Error):
    """Not applied now. Wait ``retry_after_ms``, then the same number again."""


class Bug(Error):
    """A defect of the library. Look at ``in_doubt``, settle, report it."""


_CLASSES: Dict[int, Type[Error]] = {
    constants.CLASS_MISUSE: Misuse,
    constants.CLASS_LOCAL: Local,
    constants.CLASS_NOT_SENT: NotSent,
    constants.CLASS_IN_DOUBT: InDoubt,
    constants.CLASS_REFUSED: Refused,
    constants.CLASS_BUSY: Busy,
    constants.CLASS_BUG: Bug,
}


def error_class(status_class: int) -> Type[Error]:
    """The class of errors for a class of statuses; one that is not known is a defect."""
    return _CLASSES.get(status_class, Bug)
