"""Whose certificates are believed: the spec's authority alone, where it names one."""

from __future__ import annotations

import ssl
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from srcnet_compiler.targets.protocol import RefusedError


def new_session(connections: int, certificate: str | None) -> requests.Session:
    """A session of so many connections; `certificate` as PEM, None: whom everybody trusts.

    Raises RefusedError for a certificate that is none.
    """
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))
    if certificate is None:
        session.mount("https://", HTTPAdapter(pool_maxsize=connections))
        return session
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):
        raise RefusedError("the certificate of the spec is no certificate as PEM") from None
    session.mount("https://", _Trusting(context, pool_maxsize=connections))
    return session


class _Trusting(HTTPAdapter):
    """Connections that are checked by one context, whatever the environment says."""

    def __init__(self, context: ssl.SSLContext, **options: Any) -> None:  # noqa: ANN401
        self._context = context
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(*args, **options, ssl_context=self._context)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        return super().proxy_manager_for(*args, **options, ssl_context=self._context)

    def build_connection_pool_key_attributes(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        host, pool = super().build_connection_pool_key_attributes(*args, **options)
        for key in ("ca_certs", "ca_cert_dir"):
            pool.pop(key, None)
        return host, pool

    def cert_verify(self, conn: Any, *_: object, **__: object) -> None:  # noqa: ANN401
        conn.cert_reqs = "CERT_REQUIRED"  # the authorities are in the context
