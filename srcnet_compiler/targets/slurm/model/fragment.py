"""The lines of a file that may hold nothing but partitions."""

from collections.abc import Iterator
from dataclasses import dataclass

KEY = "PartitionName"


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
