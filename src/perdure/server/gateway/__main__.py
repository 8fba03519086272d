"""`python -m perdure.server.gateway --game DIR`: the process that outlives every reload.

What it is made of is in `service`; what it leaves out, so that it stays small, in `bare_packages`.
"""

from __future__ import annotations

import sys

from perdure.server.gateway.bare_packages import lean

__all__: list[str] = []

if __name__ == "__main__":
    lean()

    from perdure.server.gateway.service import main

    sys.exit(main())
