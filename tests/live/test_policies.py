"""Policies on a real Rucio: data that arrive get their rules, and files really move."""

from __future__ import annotations

import pytest
from policy_cases import Area, Case, two_regions

pytestmark = pytest.mark.live("rucio")


def test_try(rucio, daemons, tmp_path):
    import time
    case = Case(rucio, daemons, tmp_path, "way")
    case.describe(
        [Area("CH", "20 TB"), Area("GB", "10 TB"), Area("JP", "9 TB"), Area("ZA", "6 TB"), Area("AU", "10 TB", "INGEST")],
        two_regions("way-products", "way", ingest="AU"),
    )
    t = time.time()
    def lap(what):
        nonlocal t
        print(what, round(time.time() - t, 2)); t = time.time()
    case.bootstrap(); lap("bootstrap")
    case.converge(); lap("converge")
    p = case.plan(); lap("plan")
    print(p)
    case.arrive("AUSSRC-WAY-INGEST", "way", ["a-01", "a-55", "xx"], 3); lap("arrive")
    daemons.run("transmogrifier"); lap("transmo")
    for n in ["a-01", "a-55", "xx"]:
        for r in case.rules("way", n):
            print(n, r["comments"], r["rse_expression"], r["state"])
    case.settle("way", ["a-01", "a-55", "xx"]); lap("settle")
    print(case.held("way"))
    p = case.plan(); print(p)
    lap("plan")
    r = case.apply(p); lap("apply")
    from policy_cases import said
    print(said(r))
    print(case.plan())
    lap("plan")
