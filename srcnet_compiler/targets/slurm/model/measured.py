"""What was tried on real Slurm.

`measured.json` is made from tests/recordings/slurm/*/cost.json by `python -m experiments.slurm_cost
table`, and never by hand.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srcnet_compiler.targets.slurm.model.trial import Outcome, Source, Trial


def _trial(raw: Mapping[str, Any]) -> Trial:
    stated = {
        **raw,
        "outcome": Outcome(raw["outcome"]),
        "source": Source(raw["source"]),
        "ours": tuple((label, state) for label, state in raw.get("ours", ())),
    }
    return Trial(**stated)


TRIALS = tuple(map(_trial, json.loads(Path(__file__).with_suffix(".json").read_text("utf-8"))))
