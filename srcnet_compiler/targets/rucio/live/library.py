"""Rucio's library, imported when first asked for (0.2 s) and kept from this machine's settings."""

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

CONFIGURATION = (
    "[client]\n[policy]\npermission = generic\nschema = generic\nlfn2pfn_algorithm_default = hash\n"
)

_importing = threading.Lock()


@cache
def rucio() -> Any:  # noqa: ANN401 - a package that carries no types
    """The package `rucio.client`."""
    with _importing, _own_configuration():
        import rucio.client
        from rucio.common.config import get_config

        get_config()  # kept from now on, so that nothing else is ever looked for
    return rucio.client


def rucio_exceptions() -> Any:  # noqa: ANN401
    """The module `rucio.common.exception`."""
    rucio()
    from rucio.common import exception

    return exception


@contextmanager
def _own_configuration() -> Iterator[None]:
    """A file of ours as Rucio's configuration, and the environment as it was afterwards.

    The one that a machine happens to have may name another server, keep tokens elsewhere, or, when
    it has a database in it, make a server of whoever reads it.
    """
    before = os.environ.get("RUCIO_CONFIG")
    with tempfile.NamedTemporaryFile("w", prefix="srcnet-rucio-", suffix=".cfg") as file:
        file.write(CONFIGURATION)
        file.flush()
        os.environ["RUCIO_CONFIG"] = file.name
        try:
            yield
        finally:
            if before is None:
                del os.environ["RUCIO_CONFIG"]
            else:
                os.environ["RUCIO_CONFIG"] = before
