"""What a secret holds, read where it is used and kept nowhere."""

from collections.abc import Mapping
from pathlib import Path

from srcnet_compiler.federation.secret import Secret
from srcnet_compiler.targets.protocol import RefusedError


def content(secret: Secret, environment: Mapping[str, str], holds: str) -> tuple[str, str]:
    """Where it was found, in words, and its text without space around it.

    `holds` is what it must hold, for messages. Raises RefusedError where it is not to be had.
    """
    where, text = _content(secret, environment, holds)
    if not text.strip():
        raise RefusedError(f"{where} is empty; it must hold {holds}")
    return where, text.strip()


def _content(secret: Secret, environment: Mapping[str, str], holds: str) -> tuple[str, str]:
    if secret.kind == "env":
        where = f"the environment variable {secret.place}"
        if secret.place not in environment:
            raise RefusedError(f"{where} is not set; it must hold {holds}")
        return where, environment[secret.place]
    if secret.kind == "file":
        where = f"the file {secret.place}"
        try:
            return where, Path(secret.place).read_text("utf-8")
        except OSError as error:
            raise RefusedError(f"{where} cannot be read: {error.strerror}") from None
        except ValueError:
            raise RefusedError(f"{where} is not text in UTF-8") from None
    raise RefusedError(
        f"the secret {secret.place} is in a {secret.kind}, which cannot be asked from here;"
        " give it as an environment variable or a file"
    )
