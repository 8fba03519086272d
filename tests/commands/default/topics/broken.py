"""Topics that cannot be read."""

TOPIC = {"key": "broken", "text": 1 / 0}
