"""What containers are told: secrets that everybody can read, checks that are off, empty words."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from srcnet_compiler.analysis.severity import Report
from srcnet_compiler.diagnostic import Code, Diagnostic, Label
from srcnet_compiler.federation.services import Container
from srcnet_compiler.span import Span

WORDS = ("site", "host", "identifier", "mount")
"""What a variable's value may hold between braces."""
_BRACES = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")

_SECRET = re.compile(
    r"(^|_)(pass|passwd|password|passphrase|pwd|secret|token|credentials?"
    r"|(api|access|private|secret)_?key)$"
)
_NO_SECRET = re.compile(r"|true|false|yes|no|on|off|none|null|[/$].*|https?://.*|\{[a-z]+\}", re.I)
"""Values that are no secret, whatever their name: switches, files, references, addresses."""
_LOGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/@:\s]*:(?![${])[^/@\s]+@", re.I)
_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----")

_CHECKS = re.compile(
    r"(^|_)(verify|verify_?(ssl|tls|certs?|certificates?|peer|host)"
    r"|(ssl|tls|https|certs?|certificates?|peer|host)_?verif(y|ication)"
    r"|pythonhttpsverify|check_certificates?|reject_unauthorized)$"
)
_IGNORES = re.compile(
    r"(^|_)(insecure|insecure_skip(_tls)?_verify"
    r"|skip_((ssl|tls|certs?|certificates?)_)?(verify|verification|validation)"
    r"|no_(ssl_|tls_)verify|no_verify_(ssl|tls)|no_check_certificates?"
    r"|(ssl|tls)_no_verify|disable_(ssl|tls)(_verif(y|ication))?)$"
)
_OFF = {"false", "0", "no", "off", "none", "disabled"}
_ON = {"true", "1", "yes", "on", "enabled"}
_SETTING = re.compile(r"""^\s*["']?(?P<key>[A-Za-z][\w.-]*)["']?\s*[:=]\s*(?P<value>\S.*?)\s*$""")


class Told(NamedTuple):
    """A name with its value, and where it is written."""

    name: str
    value: str
    place: Span


def check_told(
    container: Container, name: str, words: Collection[str], say: Report
) -> Iterator[Diagnostic]:
    """All that a container is told: its variables, command, arguments and files."""
    here = container.origin
    variables = [Told(k, text, here.at("env", k)) for k, text in container.environment.items()]
    yield from check_variables(variables, name, words, say)
    for key, texts in (("command", container.command), ("arguments", container.arguments)):
        for index, text in enumerate(texts):
            yield from _typed(text, here.at(key, index), name, say)
    for path, text in container.files.items():
        yield from _file(text, here.at("files", path), name, say)


def check_variables(
    variables: Iterable[Told], name: str, words: Collection[str], say: Report
) -> Iterator[Diagnostic]:
    """Variables of an environment, in which only these `words` stand for something."""
    for told in variables:
        if _is_secret(told):
            yield _plain(f"`{told.name}`", told.place, name, say)
        if _is_unchecked(told):
            yield _unchecked(f"`{told.name}: {told.value}`", told.place, name, say)
        for word in _BRACES.findall(told.value):
            if word not in words:
                yield say(
                    Code.UNKNOWN_WORD,
                    f"`{{{word}}}` stands for nothing in `{name}`",
                    Label(told.place),
                    help=_why_empty(word, words),
                    subject=name,
                )


def words_in(texts: Iterable[str]) -> set[str]:
    """The words between braces in these values."""
    return {word for text in texts for word in _BRACES.findall(text)}


def _why_empty(word: str, words: Collection[str]) -> str:
    if word == "mount":
        return "add the storage area to its `mounts:`"
    return f"known are {', '.join(f'`{{{each}}}`' for each in WORDS if each in words)}"


# ── commands and files ────────────────────────────────────────────────────────────────────────


def _typed(text: str, place: Span, name: str, say: Report) -> Iterator[Diagnostic]:
    """A word of a command, which may be a whole script."""
    words = text.split()
    for index, word in enumerate(words):
        key, _, value = word.partition("=")
        option = Told(key.lstrip("-"), value or "true", place)
        of_curl = word == "-k" and "curl" in words[:index]
        if of_curl or (key.startswith("--") and _is_unchecked(option)):
            yield _unchecked(f"`{word}`", place, name, say)
        if _LOGIN.search(word) or (key.startswith("--") and value and _is_secret(option)):
            yield _plain(f"an argument of `{name}`", place, name, say)


def _file(text: str, place: Span, name: str, say: Report) -> Iterator[Diagnostic]:
    if _PRIVATE_KEY.search(text):
        yield _plain("a private key", place, name, say)
    for line in text.splitlines():
        match = _SETTING.match(line)
        told = Told(match["key"], match["value"].strip("\"';,"), place) if match else None
        if told is not None and _is_unchecked(told):
            yield _unchecked(f"`{told.name}: {told.value}`", place, name, say)
        if _LOGIN.search(line) or (told is not None and _is_secret(told)):
            what = f"`{told.name}` in a file" if told is not None else "a login in a file"
            yield _plain(what, place, name, say)


# ── what is wrong ─────────────────────────────────────────────────────────────────────────────


def _is_secret(told: Told) -> bool:
    named = _SECRET.search(_plain_name(told.name)) and not _NO_SECRET.fullmatch(told.value)
    return bool(named or _LOGIN.search(told.value) or _PRIVATE_KEY.search(told.value))


def _is_unchecked(told: Told) -> bool:
    name, value = _plain_name(told.name), told.value.lower()
    off = value in _OFF and _CHECKS.search(name)
    return bool(off or (value in _ON and _IGNORES.search(name)))


def _plain_name(name: str) -> str:
    """A name in lower case, its words with `_` between them: `skipVerify` is `skip_verify`."""
    return re.sub(r"[.-]", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).lower()


def _plain(what: str, place: Span, name: str, say: Report) -> Diagnostic:
    return say(
        Code.PLAIN_SECRET,
        f"{what} looks like a secret, and everybody can read it here",
        Label(place),
        help="write where it is found under `secrets:`, such as"
        " `PASSWORD: {secretRef: {vault: /srcnet/password}}`, and change it if it was real",
        subject=name,
    )


def _unchecked(what: str, place: Span, name: str, say: Report) -> Diagnostic:
    return say(
        Code.TLS_UNCHECKED,
        f"with {what} `{name}` talks to whoever answers",
        Label(place),
        help="let it check certificates; give it the authority's as one of its `files:`",
        subject=name,
    )
