"""Trouble in plain words: one sentence that names the address, whatever lies beneath it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

from srcnet_compiler.targets.protocol import RefusedError, UnreachableError
from srcnet_compiler.targets.rucio.live.library import rucio_exceptions

CONNECT_SECONDS = 10


@contextmanager
def in_plain_words(address: str) -> Iterator[None]:
    """What Rucio's client raises becomes UnreachableError or RefusedError."""
    import requests

    from_rucio = rucio_exceptions()
    try:
        yield
    except (requests.RequestException, OSError, HTTPException) as error:
        raise cannot_be_reached(address, error) from None
    except from_rucio.RucioException as error:
        refused = (
            from_rucio.AccessDenied,
            from_rucio.CannotAuthenticate,
            from_rucio.CannotAuthorize,
            from_rucio.NoAuthInformation,
        )
        if isinstance(error, refused):
            raise RefusedError(f"{address} refuses: {sentence(error)}") from None
        raise UnreachableError(f"{address} answers: {sentence(error)}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UnreachableError(f"{address} answers nonsense: {sentence(error)}") from None


def cannot_be_reached(address: str, error: BaseException) -> UnreachableError:
    """With the reason that lies deepest, which is the system's own."""
    import requests

    if isinstance(error, requests.ConnectTimeout):
        return UnreachableError(f"{address} cannot be reached: no answer in {CONNECT_SECONDS} s")
    if isinstance(error, requests.Timeout):
        return UnreachableError(f"{address} does not answer: it was asked and says nothing")
    inner = [each for each in _causes(error) if isinstance(each, OSError) and each.strerror]
    reason = inner[-1].strerror if inner else sentence(error)
    return UnreachableError(f"{address} cannot be reached: {reason}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps, outermost first."""
    seen: set[int] = set()
    todo: list[object] = [error]
    while todo:
        each = todo.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            todo += [getattr(each, "reason", None), each.__cause__, each.__context__, *each.args]


def sentence(error: BaseException) -> str:
    """The error's text on one line, without the headings of Rucio's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    details = [line.removeprefix("Details: ") for line in lines if line.startswith("Details: ")]
    return (" ".join(details or lines[:3]) or type(error).__name__)[:300]
