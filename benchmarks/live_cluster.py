"""A real Slurm cluster to measure against, in a process of its own: the measuring one is small.

`python -m benchmarks.live_cluster FOLDER [filled]` starts it below FOLDER, with `filled` makes all
of `slurm_model.big` in it, writes beside it how to reach it, says `ready`, and ends everything when
its standard input is closed.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.slurm_model import big, ours
from srcnet_compiler.demo.slurm_clusters import Cluster, ClusterSpec, ask, running
from srcnet_compiler.targets.slurm.emit import emit_fragment
from srcnet_compiler.targets.slurm.live import here
from srcnet_compiler.targets.slurm.model import SlurmModel, parents_first


def main(folder: Path, filled: bool) -> None:
    with running(folder / "slurm", [ClusterSpec("bench", nodes=2)], progress=_say) as slurm:
        (cluster,) = slurm.clusters
        model = ours(cluster.name, str(cluster.fragment))
        if filled:
            _fill(cluster, big(model), folder / "dump")
        reach = here(model, str(cluster.slurm_conf))
        (folder / "cluster.json").write_text(json.dumps(reach), "utf-8")
        print("ready", flush=True)
        sys.stdin.read()


def _fill(cluster: Cluster, model: SlurmModel, dump: Path) -> None:
    """All at once, as an operator would load a dump."""
    dump.write_text("".join(f"{line}\n" for line in _dump(cluster, model)), "utf-8")
    ask(cluster, "sacctmgr", "-i", "load", str(dump))
    cluster.fragment.write_text(emit_fragment("", model).content, "utf-8")
    ask(cluster, "scontrol", "reconfigure")


def _dump(cluster: Cluster, model: SlurmModel) -> Iterator[str]:
    yield f"Cluster - '{cluster.name}':Fairshare=1:QOS='normal'"
    for name in parents_first(model.accounts):
        account = model.accounts[name]
        texts = f"Description='{account.description}':Organization='{account.organization}'"
        yield f"Parent - '{account.parent}'"
        yield f"Account - '{name}':{texts}:Fairshare=1"
    for each in model.associations.values():
        yield f"Parent - '{each.account}'"
        yield f"User - '{each.user}':DefaultAccount='{each.account}':Fairshare={each.fairshare}"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] == ["filled"])
