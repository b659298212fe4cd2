"""Addresses as other federations write them, as endpoints of our language."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from srcnet_compiler.importing.words import HOST, PATH
from srcnet_compiler.source.trouble import shown

_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<who>[^/@]*@)?(?P<host>[^/:?#@]*)"
    r"(:(?P<port>[0-9]{1,9}))?(?P<path>/[^?#]*)?(?P<rest>[?#].*)?"
)
USUAL_PORTS = {
    "root": 1094,
    "roots": 1094,
    "davs": 443,
    "https": 443,
    "s3s": 443,
    "dav": 80,
    "http": 80,
}
"""What a client takes where an address says no port."""


class Address(NamedTuple):
    """One way in; `port` None: the address says none."""

    protocol: str
    host: str
    port: int | None
    path: str

    @property
    def endpoint(self) -> Mapping[str, str | int]:
        """As a spec says it."""
        port = USUAL_PORTS[self.protocol] if self.port is None else self.port
        return {"protocol": self.protocol, "host": self.host, "port": port, "path": self.path}


def read_address(text: str) -> Address | str:
    """An address, or why no spec can say it."""
    found = _ADDRESS.fullmatch(text.strip())
    if found is None:
        return "it is no address such as `davs://host.example.org:2880/path`"
    scheme, host = found["scheme"].lower(), found["host"]
    if scheme not in USUAL_PORTS:
        return f"specs have no word for {shown(scheme)}"
    if found["who"]:
        return "it has a name or a password in it"
    if found["rest"]:
        return "it goes on behind the path"
    if not HOST.fullmatch(host):
        return f"{shown(host)} is no host name" if host else "it names no host"
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 0 < port <= 65535:
        return f"{port} is no port"
    path = "/" + (found["path"] or "").strip("/")
    if not PATH.fullmatch(path):
        return f"{shown(path)} is no path of letters, digits and `/._+~@%=-`"
    return Address(scheme, host, port, path)


def host_of(text: str) -> str:
    """A host as it is compared: in small letters, without a port behind it."""
    return text.strip().lower().partition(":")[0].rstrip(".")
