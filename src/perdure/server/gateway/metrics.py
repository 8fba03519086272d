"""What the gateway counts, in the text format that Prometheus reads.

Contract: counters are plain attributes, so that counting costs an addition; the text is made when it is asked for.
"""

from __future__ import annotations

import resource
from collections.abc import Mapping

__all__ = ["Metrics", "resident_bytes"]

_COUNTERS = {
    "lines": "Lines that clients sent.",
    "messages": "Named messages that clients sent.",
    "connections": "Clients that have been let in.",
    "throttled": "Times that a client had to wait because it sent too fast.",
    "refused_messages": "Messages of clients that were not let through.",
    "slow_readers": "Clients disconnected because they did not read.",
    "dropped": "Clients disconnected because of what they sent.",
    "bytes_out": "Bytes sent to telnet and WebSocket clients.",
    "requests": "Web requests passed on to the world.",
    "requests_unserved": "Web requests for which there was no world.",
}


def resident_bytes() -> int:
    """Memory of this process that is in use."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


class Metrics:
    """The counters."""

    def __init__(self) -> None:
        self.lines = 0
        self.messages = 0
        self.connections = 0
        self.throttled = 0
        self.refused_messages = 0
        self.slow_readers = 0
        self.dropped = 0
        self.bytes_out = 0
        self.requests = 0
        self.requests_unserved = 0

    def as_dict(self) -> dict[str, int]:
        """The counters by name."""
        return {name: getattr(self, name) for name in _COUNTERS}

    def text(self, gauges: Mapping[str, tuple[str, Mapping[str, float]]]) -> str:
        """The counters and these gauges; a gauge is a description and values by labels."""
        out: list[str] = []
        for name, description in _COUNTERS.items():
            full = f"perdure_gateway_{name}_total"
            out += [f"# HELP {full} {description}", f"# TYPE {full} counter", f"{full} {getattr(self, name)}"]
        for name, (description, values) in gauges.items():
            full = f"perdure_gateway_{name}"
            out += [f"# HELP {full} {description}", f"# TYPE {full} gauge"]
            out += [f"{full}{labels} {value:g}" for labels, value in values.items()]
        return "\n".join(out) + "\n"
