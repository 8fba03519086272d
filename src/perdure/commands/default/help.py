"""The help command: what there is, and what each thing does."""

from __future__ import annotations

from perdure.commands import pager
from perdure.commands.default.help_index import HelpEntry, HelpIndex, index_of
from perdure.commands.default.help_subtopics import topic_of
from perdure.commands.default.stock import StockCommand
from perdure.commands.tables import Look, header, look_for
from perdure.text.markup import pad, visible_length

__all__ = ["CmdHelp"]

TITLE_COLOUR = "|w"
GAP = 2


class CmdHelp(StockCommand):
    """Get help.

    Usage:
      help
      help <command, topic or category>
      help <topic>/<subtopic>

    Alone it lists what you can use and read about. The beginning of a name is enough.
    """

    key = "help"
    aliases = ["?"]
    locks = "cmd:all()"

    def parse(self) -> None:
        """A slash belongs to the topic here."""
        self.args = self.args.strip()

    async def func(self) -> None:
        """Show the list or a text."""
        index = index_of(self.cmdset)
        if not self.args:
            await pager.show(self, self._list(index), "help")
            return
        topic, *below = (part.strip() for part in self.args.split("/"))
        found = index.find(topic, self.caller)
        exact = [entry for entry in found if entry.score(topic.lower(), whole=True)]
        categories = index.listed(self.caller)
        if not exact and topic.lower() in categories and not below:
            await pager.show(self, self._category(topic.lower(), categories[topic.lower()]), "help")
        elif len(found) == 1 or exact:
            await pager.show(self, self._text((exact or found)[0], below), "help")
        else:
            self.tell(self._nothing(topic, found, index), "help")

    # --- texts

    def _text(self, entry: HelpEntry, below: list[str]) -> str:
        look = look_for(self)
        topic = topic_of(entry.read(self.caller, self.cmdset))
        title, path = f"Help on {entry.shown}", entry.shown
        for name in below:
            found = topic.find(name) if name else None
            if found is None:
                known = ", ".join(_link(f"{path}/{one.name}", one.name) for one in topic.below)
                return f"{path} has no part '{name.replace('|', '||')}'." + (f" There is: {known}." if known else "")
            topic, title, path = found, f"{title}/{found.name}", f"{path}/{found.name}"
        parts = [header(title, look)]
        if entry.aliases and not below:
            parts.append(f"Also: {', '.join(alias.replace('|', '||') for alias in entry.aliases)}")
        parts += ["", topic.text or "Nothing has been written about that yet."]
        if topic.below:
            parts += ["", "|wMore:|n " + ", ".join(_link(f"{path}/{one.name}", one.name) for one in topic.below)]
        return "\n".join([*parts, header("", look)] if not look.plain else parts)

    def _nothing(self, topic: str, found: list[HelpEntry], index: HelpIndex) -> str:
        names = [entry.shown for entry in found] or index.suggestions(topic, self.caller, self.cmdset)
        shown = topic.replace("|", "||")
        if not names:
            return f"There is no help on '{shown}'; |whelp|n lists what there is."
        listed = ", ".join(_link(name, name) for name in names)
        return f"'{shown}' could be: {listed}." if found else f"There is no help on '{shown}'. Near it: {listed}."

    # --- lists

    def _list(self, index: HelpIndex) -> str:
        look = look_for(self)
        listed = index.listed(self.caller)
        parts = []
        for category, entries in listed.items():
            parts.append(self._category(category, entries, look))
        return "\n".join([*parts, "", "|whelp <name>|n tells more."]) if parts else "There is nothing to read."

    def _category(self, category: str, entries: list[HelpEntry], look: Look | None = None) -> str:
        look = look or look_for(self)
        names = list(dict.fromkeys(entry.shown for entry in entries))
        title = category.capitalize()
        if look.plain:
            return f"{title}: {', '.join(names)}."
        return "\n".join([header(title, look, fill="-"), *_columns(names, look.width)])


def _columns(names: list[str], width: int) -> list[str]:
    """Names in columns of one width, as many as fit."""
    widest = max((visible_length(name) for name in names), default=0) + GAP
    count = max(1, width // widest)
    lines = []
    for at in range(0, len(names), count):
        cells = [pad(_link(name, name), widest) for name in names[at : at + count]]
        lines.append("".join(cells).rstrip())
    return lines


def _link(topic: str, text: str) -> str:
    """A name that can be clicked where that is possible."""
    shown = text.replace("|", "||")
    return f"|lchelp {topic.replace('|', '||')}|lt{shown}|le"
