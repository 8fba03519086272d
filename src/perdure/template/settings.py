"""Settings of this game: only what differs from Perdure's defaults.

Everything that can be set is in `perdure.settings_default`; a name set here wins. Passwords and keys go into
`secret_settings.py`, which stays on this machine.
"""

from perdure.settings_default import *

SERVERNAME = "GAME_NAME"

# The demo world that the first `perdure migrate` builds: "cave" (Colossal Cave), "airports" or None.
PERDURE_WORLD = "GAME_WORLD"

# Where the players are, when they are not on this machine, and what they call it in their browsers:
# INTERFACES, ALLOWED_HOSTS = ["0.0.0.0"], ["game.example.org"]
# PostgreSQL instead of a file (pip install "perdure[postgresql]"):
# DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "GAME_NAME"}}

try:
    from secret_settings import *
except ModuleNotFoundError as error:
    if error.name != "secret_settings":
        raise
    from perdure.errors import ConfigurationError

    raise ConfigurationError(
        "secret_settings.py is missing beside settings.py. It holds SECRET_KEY, a long random text. "
        "Copy it from where the game ran before; for a new game write one: "
        "python -c 'import secrets; print(f\"SECRET_KEY = {secrets.token_urlsafe(50)!r}\")' > secret_settings.py"
    ) from None
