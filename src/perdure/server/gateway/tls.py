"""The certificate of the gateway: read from PEM files, and read again when they change.

Contract: `context` is one for the life of the gateway; `refresh` puts a renewed pair into it for connections that
come after. A pair that cannot be read at the start is an error; later it is logged, and the one there was stays.
"""

from __future__ import annotations

import logging
import os
import ssl

__all__ = ["Certificate"]

log = logging.getLogger("perdure.gateway")


class Certificate:
    """A certificate and its key.

    Args:
        cert, key: paths of the PEM files; the key may be in the same file, and `key` empty then.
    """

    def __init__(self, cert: str, key: str) -> None:
        self._cert = cert
        self._key = key or cert
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._seen = self._stamp()
        try:
            self._load(self.context)
        except (OSError, ValueError) as error:
            raise OSError(f"the certificate {self._cert} with the key {self._key} cannot be used: {error}") from error

    def refresh(self) -> bool:
        """Reads the files again if they have changed; whether a new pair is in use."""
        try:
            stamp = self._stamp()
            if stamp == self._seen:
                return False
            self._seen = stamp
            # A pair that does not fit would leave the context without one: it is tried on another first.
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._load(self.context)
        except (OSError, ValueError) as error:
            # Said once for each change, not every few seconds while a file is missing.
            if isinstance(error, FileNotFoundError):
                if not self._seen:
                    return False
                self._seen = ()
            log.error("The certificate %s has changed and cannot be read: %s. The old one stays.", self._cert, error)
            return False
        log.info("The certificate %s has been read again.", self._cert)
        return True

    def _load(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._cert, self._key, _no_password)

    def _stamp(self) -> tuple[int, ...]:
        stats = [os.stat(self._cert), os.stat(self._key)]
        return tuple(part for stat in stats for part in (stat.st_mtime_ns, stat.st_size, stat.st_ino))


def _no_password() -> str:
    """Without it OpenSSL would ask at the terminal, and everybody would wait."""
    raise ValueError("the key is encrypted; the game has no password for it")
