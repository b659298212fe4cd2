"""What real clusters answered, and a runner that answers so again."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from srcnet_compiler.targets.protocol import Reading
from srcnet_compiler.targets.slurm.live import Ran, read
from srcnet_compiler.targets.slurm.model import SlurmModel

RECORDINGS = Path(__file__).parent / "recordings" / "slurm"
VERSIONS = ("22.05", "24.11")
FRAGMENT = "/mnt/etc/ska.conf"
WANTED = SlurmModel(
    instance="sitea",
    cluster="sitea",
    prefix="ska",
    root_account="ska",
    fragment=FRAGMENT,
    time_zone="Europe/Rome",
)
"""What the recorded cluster is asked for: the federation is `ska`, and nothing is wanted yet."""


class Recorded:
    """Answers each command as the cluster of this version did; `instead` are other answers."""

    def __init__(self, version: str, instead: Mapping[str, Ran] | None = None) -> None:
        self.folder = RECORDINGS / version
        self.instead = instead or {}
        self.asked: list[str] = []
        lines = (RECORDINGS / "commands").read_text("utf-8").splitlines()
        self.files = {command: name for name, _, command in (line.partition("|") for line in lines)}

    def run(self, argv: Sequence[str]) -> Ran:
        command = " ".join(argv)
        self.asked.append(command)
        name = self.files[command]
        if name in self.instead:
            return self.instead[name]
        return Ran(0, (self.folder / name).read_text("utf-8"), "")

    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")


def recorded(version: str, instead: Mapping[str, Ran] | None = None) -> Reading[SlurmModel]:
    """The reading of the recorded cluster."""
    return read(Recorded(version, instead), WANTED)
