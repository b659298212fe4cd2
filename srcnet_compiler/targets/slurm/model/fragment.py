"""The lines of a file that may hold nothing but partitions."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

KEY = "PartitionName"
HEADER = "# Partitions of the federation, written by srcnet: what is changed here by hand is lost."


@dataclass(frozen=True, slots=True)
class FragmentLine:
    """One line that says something, counted from 1. `name` is empty where it is no partition's."""

    number: int
    text: str
    name: str
    words: tuple[tuple[str, str], ...]


def fragment_lines(text: str) -> Iterator[FragmentLine]:
    """The lines of a fragment, without empty ones and comments. Slurm's keys know no case."""
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        words = [tuple(word.partition("=")[::2]) for word in said.split()]
        first, name = words[0]
        is_partition = first.lower() == KEY.lower()
        yield FragmentLine(
            number, said, name if is_partition else "", tuple((key, to) for key, to in words)
        )


def with_partition(text: str, name: str, words: Mapping[str, str | None]) -> str:
    """The fragment with these words in the partition's line, which comes last where there is none;
    every other line stays as it is."""
    found = next((line for line in fragment_lines(text) if line.name == name), None)
    kept = dict(found.words[1:]) if found else {}
    for key, value in words.items():
        same = next((other for other in kept if other.lower() == key.lower()), key)
        kept[same] = value or ""
    said = [f"{KEY}={name}", *(f"{key}={value}" for key, value in kept.items() if value)]
    lines = text.splitlines() or [HEADER]
    if found:
        lines[found.number - 1] = " ".join(said)
    else:
        lines.append(" ".join(said))
    return "\n".join(lines) + "\n"


def without_partition(text: str, name: str) -> str:
    """The fragment without the partition's line."""
    gone = {line.number for line in fragment_lines(text) if line.name == name}
    lines = text.splitlines()
    return "".join(f"{line}\n" for number, line in enumerate(lines, start=1) if number not in gone)


_OF_QOS = ("qos", "allowqos", "denyqos")


def qos_named(text: str) -> set[str]:
    """Every QOS that some line names."""
    return {
        name
        for line in fragment_lines(text)
        for key, value in line.words
        if key.lower() in _OF_QOS
        for name in value.split(",")
    }


def without_qos(text: str, known: Collection[str]) -> str:
    """The same lines without the words that name these QOS alone."""
    lines = text.splitlines()
    for line in fragment_lines(text):
        words = [
            f"{key}={value}"
            for key, value in line.words
            if key.lower() not in _OF_QOS or not {*value.split(",")} <= {*known}
        ]
        lines[line.number - 1] = " ".join(words)
    return "".join(f"{line}\n" for line in lines)
