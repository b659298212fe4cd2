"""Which names and texts Slurm keeps as they are. What it would mangle is refused, never escaped."""

import re

_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_PARTITION = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_WORD = re.compile(r"[A-Za-z0-9_.,:/\[\]+-]+")
# sacctmgr strips quotes and lowers the case of descriptions; `|` parts the columns of its answers.
_TEXT = re.compile(r"[a-z0-9][a-z0-9 _.,:;()+/@-]{0,250}")
_SPECIAL = {"all", "default", "none", "root", "normal", "parent"}


def keeps_name(name: str) -> bool:
    """Whether accounts, QOS, users and reservations may be called so.

    sacctmgr lowers the case of names and takes numbers for identifiers.
    """
    return bool(_NAME.fullmatch(name)) and name not in _SPECIAL


def keeps_partition(name: str) -> bool:
    """Whether a partition may be called so; `DEFAULT` would set what all others have."""
    return bool(_PARTITION.fullmatch(name)) and name.lower() not in _SPECIAL


def keeps_word(value: str) -> bool:
    """Whether a value can stand in a line of slurm.conf: no space, quote, `=` or `#`."""
    return bool(_WORD.fullmatch(value))


def keeps_text(text: str) -> bool:
    """Whether a description is kept letter for letter."""
    return bool(_TEXT.fullmatch(text)) and not text.endswith(" ")
