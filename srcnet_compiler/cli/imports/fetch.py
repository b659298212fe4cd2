"""What is imported from: a file, standard input, or an address. Bounded in size and in time."""

import os
import sys
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

from srcnet_compiler.cli.exits import Exit, StopError

MOST = 512 * 1024 * 1024
"""Bytes: a catalogue of 10,000 nodes has less than a fifth of that."""
_CHUNK = 1 << 20
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_address(source: str) -> bool:
    """Whether a source is an address, and no file."""
    return source.lower().startswith(("http://", "https://"))


def fetch(source: str, timeout: float, token: str | None) -> bytes:
    """All of what is there, or the end of the command. `token` is the name of the environment's
    variable that holds a token for an address."""
    if source == "-":
        return _bounded(sys.stdin.buffer.read(MOST + 1), "standard input")
    if is_address(source):
        return _get(source, timeout, os.environ.get(token or "", ""))
    path = Path(source)
    try:
        if path.is_dir():
            raise StopError(Exit.FILES, f"`{path}` is a folder", "name the file in it")
        with path.open("rb") as file:
            return _bounded(file.read(MOST + 1), f"`{path}`")
    except OSError as trouble:
        raise StopError(
            Exit.FILES,
            f"cannot read `{path}`: {trouble.strerror}",
            "name a file, an address that begins with `https://`, or `-` for standard input",
        ) from None


def _bounded(content: bytes, what: str) -> bytes:
    if len(content) > MOST:
        raise _too_much(what)
    return content


def _too_much(what: str) -> StopError:
    return StopError(Exit.FILES, f"{what} has more than {MOST >> 20} MiB", "import a part of it")


def _get(address: str, timeout: float, token: str) -> bytes:
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    parts = urlsplit(address)
    shown = (
        f"`{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}`"
    )
    request = Request(address, headers={"Accept": "application/json, */*;q=0.5"})
    if token:
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise StopError(
                Exit.USAGE,
                f"a token would be shown to everybody on the way to {shown}",
                "use an address that begins with `https://`",
            )
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    content, ends = bytearray(), monotonic() + timeout
    try:
        with urlopen(request, timeout=timeout) as answer:
            promised = answer.headers.get("Content-Length")
            while chunk := answer.read1(_CHUNK):
                content += chunk
                if len(content) > MOST:
                    raise _too_much(shown)
                if monotonic() > ends:
                    raise TimeoutError
            whole = promised is None or len(content) >= int(promised)
    except HTTPError as trouble:
        refused = trouble.code in (401, 403)
        remedy = "`--token-from NAME` names a variable with a token" if refused else "try later"
        code = Exit.CREDENTIALS if refused else Exit.UNREACHABLE
        raise StopError(code, f"{shown} answers {trouble.code} {trouble.reason}", remedy) from None
    except TimeoutError:
        raise StopError(
            Exit.UNREACHABLE,
            f"{shown} has not sent all of it after {timeout:g} s",
            "give it more by `--timeout`",
        ) from None
    except (HTTPException, URLError, OSError, ValueError) as trouble:
        why = trouble.reason if isinstance(trouble, URLError) else trouble
        if isinstance(why, TimeoutError):
            why = f"no answer within {timeout:g} s"
        raise _broken(shown, str(why) or type(trouble).__name__) from None
    if not whole:
        raise _broken(shown, "it closed the connection before all was sent")
    return bytes(content)


def _broken(shown: str, why: str) -> StopError:
    return StopError(
        Exit.UNREACHABLE, f"cannot read {shown}: {why}", "nothing was written; import again"
    )
