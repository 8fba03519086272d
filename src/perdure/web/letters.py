"""Mails that the site sends, written and sent by a thread of their own: no page waits for a mail server.

Contract: `LETTERS.send(write)` comes back at once; `write()` makes the message on the thread of the mails, so it may
use no database and no live object. They leave one after the other, with Django's settings for mail (`EMAIL_…`). A page
that sends a letter takes as long as one that does not.

Failure modes: a message that cannot be written or sent is logged and lost, and so is what still waits some seconds
after the world has ended; when `MAX_WAITING` wait, one more is refused. Whoever misses a letter asks again.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
from collections.abc import Callable

from django.conf import settings
from django.core.mail import EmailMessage

__all__ = ["LETTERS", "Letters", "mail_is_configured"]

logger = logging.getLogger("perdure.web")

MAX_WAITING = 100
SECONDS_AT_THE_END = 5.0
_NO_MAIL = frozenset({"django.core.mail.backends.console.EmailBackend", "django.core.mail.backends.dummy.EmailBackend"})


def mail_is_configured() -> bool:
    """Whether mails reach anybody: not with a backend that prints or drops them, but for a developer (`DEBUG`)."""
    return bool(settings.EMAIL_BACKEND) and (settings.EMAIL_BACKEND not in _NO_MAIL or settings.DEBUG)


class Letters:
    """Messages on their way."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Callable[[], EmailMessage]] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None

    def send(self, write: Callable[[], EmailMessage]) -> bool:
        """Have a message sent; False if too many wait.

        Args:
            write: makes the message.
        """
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="perdure-letters", daemon=True)
            self._thread.start()
            atexit.register(self.wait, SECONDS_AT_THE_END)
        try:
            self._waiting.put_nowait(write)
        except queue.Full:
            logger.error("a mail was not sent: %d wait already. Does the mail server answer?", MAX_WAITING)
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait until all are sent; whether they are."""
        with self._waiting.all_tasks_done:
            return self._waiting.all_tasks_done.wait_for(lambda: not self._waiting.unfinished_tasks, seconds)

    def _work(self) -> None:
        while True:
            write = self._waiting.get()
            try:
                write().send()
            except Exception:  # boundary: templates of the game, and a mail server that may do anything
                logger.exception("a mail could not be sent; see EMAIL_HOST and the other settings for mail")
            finally:
                self._waiting.task_done()


LETTERS = Letters()
