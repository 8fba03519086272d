"""The command for private messages between accounts."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from perdure.accounts.models import AccountDB
from perdure.channels.models import Msg
from perdure.commands.default.stock import StockCommand, plain_lines, whole_number
from perdure.create import create_message
from perdure.text.english import join_words

__all__ = ["CmdPage"]

TAG, CATEGORY = "page", "comms"
SHOWN, MOST_SHOWN = 20, 200
MOST_RECEIVERS = 20


class CmdPage(StockCommand):
    """Send a private message, wherever the other one is.

    Usage:
      page <account>[, <account> …] = <message>
      page <account> <message>
      page <message>
      page <number>
      page[/list]
      page/last

    Switches:
      list - show the messages sent and received lately
      last - show whom you paged last

    Without an account the message goes to whom you paged last. A number shows so many of your latest messages. A
    message that begins with a colon shows as a pose. Who is not connected finds the message with page later.

    Example:
      page anna = Are you coming?
    """

    key = "page"
    aliases = ["tell"]
    locks = "cmd:not pperm(page_banned)"
    help_category = "comms"
    switch_options = ("last", "list")
    account_caller = True

    def func(self) -> None:
        """Page, or show what was paged."""
        text = self.args.strip()
        number = whole_number(text)
        if "last" in self.switches:
            self._tell_last()
        elif "list" in self.switches or not text or number is not None:
            self._list(SHOWN if number is None else min(number, MOST_SHOWN))
        else:
            names, message = self._taken_apart(text)
            receivers = self._receivers(names) if message else []
            if not message:
                self.usage()
            elif receivers:
                self._page(receivers, message)

    def _taken_apart(self, text: str) -> tuple[list[str] | None, str]:
        """To whom (None: whom was paged last), and what."""
        if self.rhs is not None:
            return [name for name in self.lhslist if name] or None, self.rhs.strip()
        first, _, rest = text.partition(" ")
        if rest.strip() and self.caller.search(first, quiet=True):
            return [first], rest.strip()
        return None, text

    def _receivers(self, names: list[str] | None) -> list[Any]:
        """Those to page; the player has been told if there are none."""
        if names is None:
            last = self._last()
            if not last:
                self.msg("You have paged nobody yet: page <account> = <message>.")
            return last
        found: list[Any] = []
        for name in names:
            account = self.caller.search(name)
            if account is None:
                return []
            if account not in found:
                found.append(account)
        if len(found) > MOST_RECEIVERS:
            self.msg(f"You can page {MOST_RECEIVERS} at once.")
            return []
        return found

    def _page(self, receivers: list[Any], message: str) -> None:
        sender = self.caller
        allowed = [account for account in receivers if account.access(sender, "msg", default=True)]
        for account in receivers:
            if account not in allowed:
                self.msg(f"{account.key} takes no messages from you.")
        if not allowed:
            return
        message = plain_lines(message, sender)
        ids = dict.fromkeys([sender.pk, *(account.pk for account in allowed)])
        create_message(
            sender,
            message,
            receivers=allowed,
            locks=f"read:{' or '.join(f'pid({pk})' for pk in ids)};edit:false();delete:pid({sender.pk}) or perm(Admin)",
            tags=[(TAG, CATEGORY)],
        )
        names = join_words(account.key for account in allowed)
        for account in allowed:
            others = [other.key for other in allowed if other is not account]
            also = f" (also to {join_words(others)})" if others else ""
            account.msg((f"|w{sender.key} pages you{also}:|n {_said(sender.key, message)}", KIND), from_obj=sender)
        self.msg((f"You paged {names}: {_said(sender.key, message)}", KIND))
        away = [account.key for account in allowed if not account.is_connected]
        if away:
            self.msg(f"Not connected now: {join_words(away)}. The message waits.")

    # --- what was paged

    def _tell_last(self) -> None:
        last = self._last()
        self.msg(f"You paged {join_words(account.key for account in last)} last." if last else "You have paged nobody.")

    def _last(self) -> list[Any]:
        latest = _pages().filter(db_sender_accounts=self.caller.pk).order_by("-db_date_created", "-pk").first()
        return [] if latest is None else list(latest.db_receivers_accounts.order_by("pk"))

    def _list(self, count: int) -> None:
        me = self.caller.pk
        mine = _pages().filter(Q(db_sender_accounts=me) | Q(db_receivers_accounts=me))
        newest = mine.exclude(db_hide_from_accounts=me).order_by("-db_date_created", "-pk").distinct()[:count]
        messages = list(newest.prefetch_related("db_sender_accounts", "db_receivers_accounts"))
        shown = [message for message in messages if message.access(self.caller, "read", default=True)]
        if not shown:
            self.msg("You have neither sent nor received a page.")
            return
        table = self.table("When", "From", "To", "Message")
        for message in reversed(shown):
            table.add_row(
                self.moment(message.db_date_created),
                _names(message.db_sender_accounts.all()),
                _names(message.db_receivers_accounts.all()),
                message.db_message,
            )
        self.msg(f"|wYour latest pages:|n\n{table}")


KIND = {"type": "page"}


def _pages() -> Any:
    return Msg.objects.filter(db_tags__db_key=TAG, db_tags__db_category=CATEGORY)


def _names(accounts: Any) -> str:
    return ", ".join(sorted(account.key for account in accounts if isinstance(account, AccountDB)))


def _said(name: str, message: str) -> str:
    """The message, or with the name before it where it is a pose."""
    if message[:1] in (":", ";"):
        pose = message[1:]
        return f"{name}{'' if pose[:1] in (chr(39), ',', ' ') else ' '}{pose}"
    return message
