"""The REST interface: programs read and change the world over HTTP, as far as the locks let their account.

Contract: there are no such addresses unless `REST_API_ENABLED`. Everything under `/api/` is behind one door (`door`),
which lets nobody by who does not show a token or a session of the website and passes the lock `api`. What then happens
goes the way that commands go: the same locks, functions, hooks and transactions.

One file for each concern: `callers` (who asks), `rates` (how often), `bodies` (what is sent), `problems` (what goes
wrong), `rights` (who may), `kinds` (what there is), `schemas` (what can be said of it), `representation` and `answers`
(what is shown), `filters` (what is found), `making`, `changing`, `attribute_values` (what is done), `api` and the
modules of routes (where), `description` (for programs).

Failure modes: `ConfigurationError` where django-ninja is not installed.
"""

from importlib.util import find_spec

from perdure.errors import ConfigurationError

if find_spec("ninja") is None:
    raise ConfigurationError(
        "REST_API_ENABLED is True, but django-ninja is not installed: pip install 'perdure[rest]', or set it to False"
    )
