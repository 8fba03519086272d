"""The import names of the documents: `import evennia` and its modules, resolved to Perdure's own parts."""

from perdure.compat.finder import install, install_if_wanted, installed, uninstall
from perdure.compat.names import translate

__all__ = ["install", "install_if_wanted", "installed", "translate", "uninstall"]
