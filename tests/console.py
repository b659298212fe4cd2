"""Pages whose commands are typed as they stand: what a page shows is what its reader sees.

A fenced block is one of these, by its first words:

    console               lines after `$ ` are typed in bash, the others are what is printed
    console live          the same, and a real Rucio must be there
    console elsewhere     not typed: it needs the network, or is the whole of CI
    diff                  lines of one file that change: `--- FILE`, then ` `, `-` and `+`
    yaml FILE             a file that is written

`…` stands for anything within a line, and on a line of its own for any number of lines. A comment
`<!-- meanwhile: WORDS -->` is something that happens without the reader, which the test must know.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from difflib import unified_diff
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

END = "=== end of output ==="
KINDS = ("console", "diff", "yaml")
PROJECT = Path(__file__).parents[1]
_BLOCK = re.compile(
    r"^```(?P<info>[a-z][^\n]*)\n(?P<text>.*?)^```$|^<!-- meanwhile: (?P<event>[^\n]*) -->$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block, or something that happens (`kind` meanwhile), and its line in the page."""

    line: int
    kind: str
    word: str
    text: str


class Turn(NamedTuple):
    """A command and what it must print."""

    line: int
    command: str
    shown: str


def blocks(page: str) -> Iterator[Block]:
    """What a page makes its reader do, in order."""
    for match in _BLOCK.finditer(page):
        line = page.count("\n", 0, match.start()) + 1
        if match["event"] is not None:
            yield Block(line, "meanwhile", match["event"], "")
        elif (kind := match["info"].partition(" ")[0]) in KINDS:
            yield Block(line, kind, match["info"].partition(" ")[2], match["text"])


def turns(block: Block) -> Iterator[Turn]:
    """The commands of a console block."""
    lines = list(enumerate(block.text.splitlines(), block.line + 1))
    starts = [index for index, (_, text) in enumerate(lines) if text.startswith("$ ")]
    assert starts[:1] == [0], f"line {block.line}: a console block begins with `$ `"
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        number, command = lines[start]
        yield Turn(number, command[2:], "\n".join(text for _, text in lines[start + 1 : end]))


class Shell:
    """One bash for a whole page, with `srcnet` of these sources in it; for use in `with`."""

    def __init__(self, folder: Path, home: Path, environment: Mapping[str, str]) -> None:
        (home / "bin").mkdir(parents=True)
        program = home / "bin/srcnet"
        start = "from srcnet_compiler.cli import main; main()"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{start}" "$@"\n')
        program.chmod(0o755)
        self._folder = folder
        self._environment = {
            "PATH": f"{program.parent}:/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": str(PROJECT),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            **environment,
        }

    def __enter__(self) -> "Shell":
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._bash.kill()
        self._bash.communicate()

    def type(self, command: str) -> tuple[str, int]:
        """What a command prints, on both streams, and its exit code, which `$?` has next."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        report = f"code=$?; printf '\\n%s %s\\n' '{END}' $code; (exit $code)"
        self._bash.stdin.write(f"{{ {command}\n}} </dev/null\n{report}\n")
        self._bash.stdin.flush()
        printed = ""
        for line in self._bash.stdout:
            if line.startswith(END):
                return printed.removesuffix("\n"), int(line.removeprefix(END))
            printed += line
        raise AssertionError(f"`{command}` ended the shell:\n{printed}")


def agrees(shown: str, printed: str) -> bool:
    """Whether what was printed is what a page shows."""
    parts: list[str] = []
    for line in shown.rstrip("\n").splitlines():
        if line == "…":
            parts.append("(?:.*\n)*?")
        else:
            parts.append(".*".join(map(re.escape, line.split("…"))) + "\n")
    text = "".join(f"{line.rstrip()}\n" for line in printed.rstrip("\n").splitlines())
    return re.fullmatch("".join(parts), text) is not None


def play(
    page: Path,
    folder: Path,
    shell: Shell,
    happen: Mapping[str, Callable[[], None]] | None = None,
) -> int:
    """Do all that a page says, in `folder`, and compare; how many commands were typed.

    Without `happen`, which does what is marked with `meanwhile`, no live system is there: what
    needs one is left out.
    """
    typed = 0
    typeable = ("",) if happen is None else ("", "live")
    for block in blocks(page.read_text("utf-8")):
        where = f"{page.name}:{block.line}"
        if block.kind == "diff":
            change(folder, block, where)
        elif block.kind == "yaml":
            assert block.word, f"{where}: which file is this?"
            (folder / block.word).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.word).write_text(block.text, "utf-8")
        elif block.kind == "meanwhile" and happen is not None:
            happen[block.word]()
        elif block.kind == "console" and block.word in typeable:
            typed += _type(page, block, shell)
    return typed


def _type(page: Path, block: Block, shell: Shell) -> int:
    """A command that fails must be seen to: by an `error` or by the number it ends with."""
    wanted = list(turns(block))
    for turn, after in zip(wanted, [*wanted[1:], None], strict=True):
        printed, code = shell.type(turn.command)
        where = f"{page.name}:{turn.line}: $ {turn.command}"
        if not agrees(turn.shown, printed):
            told = unified_diff(
                turn.shown.splitlines(), printed.splitlines(), "shown", "printed", lineterm="", n=99
            )
            raise AssertionError("\n".join((where, *told)))
        said = re.search(r"^error", turn.shown, re.MULTILINE) is not None
        asked = after is not None and after.command == "echo $?"
        assert code == 0 or said or asked, f"{where}\nends with {code}, which the page does not say"
    return len(wanted)


def change(folder: Path, block: Block, where: str) -> None:
    """Change a file as a diff block says. Raises AssertionError where its lines are not there."""
    head, *lines = block.text.splitlines()
    assert head.startswith("--- "), f"{where}: a diff begins with `--- FILE`"
    path = folder / head.removeprefix("--- ")
    text = path.read_text("utf-8")
    for gap, group in groupby(lines, key=lambda line: line.startswith("@@")):
        hunk = [] if gap else list(group)
        before = "".join(f"{line[1:]}\n" for line in hunk if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in hunk if not line.startswith("-"))
        if hunk:
            assert text.count(before) == 1, f"{where}: {text.count(before)} times in {head[4:]}"
            text = text.replace(before, after)
    path.write_text(text, "utf-8")
