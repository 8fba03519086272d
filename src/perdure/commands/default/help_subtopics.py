"""Subtopics of a help text: what stands below a line `# SUBTOPICS`, under headings of two to six hashes.

    Text of the topic.
    # SUBTOPICS
    ## fighting
    About fighting.
    ### swords
    About swords.

Contract: `Topic.find` goes down by exact names, then beginnings, then parts of names. A text without that line has no
subtopics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

__all__ = ["Topic", "topic_of"]

MOST_LEVELS = 5

_BEGIN = re.compile(r"^[ \t]*#[ \t]*subtopics[ \t]*$", re.IGNORECASE | re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*(?P<level>#{2,6})[ \t]+(?P<name>\S.*?)[ \t]*$", re.MULTILINE)


@dataclass(slots=True)
class Topic:
    """A text and what is below it.

    Args:
        name: its heading; empty for the whole.
        text: what it says, without the subtopics.
        below: its subtopics, in order.
    """

    name: str
    text: str
    below: list[Topic] = field(default_factory=list)

    def find(self, name: str) -> Topic | None:
        """The subtopic meant by a name, or None."""
        wanted = name.strip().lower()
        for fits in (str.__eq__, str.startswith, str.__contains__):
            for topic in self.below:
                if wanted and fits(topic.name.lower(), wanted):
                    return topic
        return None


def topic_of(text: str) -> Topic:
    """A help text taken apart."""
    begin = _BEGIN.search(text)
    if begin is None:
        return Topic("", text.strip())
    whole = Topic("", text[: begin.start()].strip())
    path = [whole]
    headings = list(_HEADING.finditer(text, begin.end()))
    for at, heading in enumerate(headings):
        end = headings[at + 1].start() if at + 1 < len(headings) else len(text)
        topic = Topic(heading["name"], text[heading.end() : end].strip())
        depth = min(len(heading["level"]) - 1, len(path), MOST_LEVELS)
        del path[depth:]
        path[-1].below.append(topic)
        path.append(topic)
    return whole
