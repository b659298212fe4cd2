"""Who may read an area by a session, and that nobody writes to it, on a real API server."""

from __future__ import annotations

from contextlib import closing
from copy import deepcopy
from time import monotonic, sleep
from typing import Any

import pytest
from specs import GOLDEN, compiled

from srcnet_compiler.demo import kubernetes_server
from srcnet_compiler.demo.kubernetes_server import ApiServer, RefusedError
from srcnet_compiler.targets.kubernetes import TARGET
from srcnet_compiler.targets.kubernetes.live import apply, open_connection
from srcnet_compiler.targets.kubernetes.model import PROJECT, USER, KubernetesModel
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS

pytestmark = pytest.mark.live("kubernetes")

(MODEL,) = (
    lowered.model
    for lowered in compiled(GOLDEN).models
    if lowered.target is TARGET and lowered.model.instance == "CHSRC-CSCS.services"
)
SPACE = "ska-sessions"
CLAIM = "chsrc-cscs-t0-read"
VOLUME = "ska-chsrc-cscs-t0-read.sessions"
MEMBER = "/projects/eor"
"""One of the groups that the template is for."""
SECONDS = 30
"""How long the server may take to obey a policy or a role that it was just given."""


@pytest.fixture
def there(fresh_kubernetes: ApiServer) -> ApiServer:
    """A server with all that the golden federation wants there of kinds that it knows."""
    server, desired = fresh_kubernetes, MODEL
    kubernetes_server.install_crds(server, "kueue")
    with closing(open_connection(connection(server, desired))) as api:
        for thing in sorted(desired.things(), key=lambda each: each.described.rank):
            if KINDS[thing.kind].operator in (None, "kueue"):
                apply(api.client, thing)
    account = {"metadata": {"name": "default"}}  # no controller makes one here
    server.ask("POST", f"/api/v1/namespaces/{SPACE}/serviceaccounts", account)
    deadline = monotonic() + SECONDS
    while said(server, session(server, writes=True)) is None:
        assert monotonic() < deadline
        sleep(0.2)
    return server


def connection(server: ApiServer, desired: KubernetesModel) -> dict[str, str]:
    return {
        "server": server.url,
        "certificate": server.certificate,
        "token": server.token,
        "instance": desired.instance,
        "prefix": desired.prefix,
    }


def session(server: ApiServer, *, writes: bool = False, **more: Any) -> dict[str, Any]:
    """A pod as somebody makes it of the template that is there, or one that would write."""
    path = f"/api/v1/namespaces/{SPACE}/podtemplates/notebook"
    template = deepcopy(server.ask("GET", path)["template"])
    labels = {**template["metadata"]["labels"], USER: "ada", PROJECT: "eor"}
    spec = template["spec"]
    if writes:
        for volume in spec["volumes"]:
            volume.get("persistentVolumeClaim", {}).pop("readOnly", None)
        for mount in spec["containers"][0]["volumeMounts"]:
            mount.pop("readOnly", None)
    return {"metadata": {"name": "of-ada", "labels": labels}, "spec": {**spec, **more}}


def said(server: ApiServer, pod: dict[str, Any], token: str | None = None) -> str | None:
    """Why a Pod is refused; None where it is not."""
    path = f"/api/v1/namespaces/{SPACE}/pods"
    try:
        server.ask("POST", path, pod, token=token, dryRun="All")
    except RefusedError as refusal:
        return str(refusal)
    return None


def test_volume_and_claim_are_for_reading_and_of_the_area(there: ApiServer):
    claim = there.ask("GET", f"/api/v1/namespaces/{SPACE}/persistentvolumeclaims/{CLAIM}")
    volume = there.ask("GET", f"/api/v1/persistentvolumes/{VOLUME}")
    for each in (claim, volume):
        assert each["spec"]["accessModes"] == ["ReadOnlyMany"]
    assert claim["spec"]["volumeName"] == VOLUME
    assert volume["spec"]["hostPath"]["path"] == "/rse/t0"
    assert volume["spec"]["capacity"] == {"storage": "390500G"}
    assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert (volume["spec"]["claimRef"]["namespace"], volume["spec"]["claimRef"]["name"]) == (
        SPACE,
        CLAIM,
    )


def test_who_is_of_a_group_that_it_is_for_starts_it_and_reads(there: ApiServer):
    member = there.token_for("ada", MEMBER)
    deadline = monotonic() + SECONDS
    while (why := said(there, session(there), member)) is not None:
        assert monotonic() < deadline, why
        sleep(0.2)
    assert 'User "eve" cannot create' in (
        said(there, session(there), there.token_for("eve", "/projects/other")) or ""
    )


def test_nobody_starts_a_session_that_would_write_to_the_area(there: ApiServer):
    """Neither a member, nor an operator, nor an administrator of the cluster by mistake."""
    words = f"the claim {CLAIM} is for reading only: give `readOnly: true` to its volume"
    operator = there.token_for("olga", "/roles/int/oper")
    deadline = monotonic() + SECONDS
    for token in (there.token_for("ada", MEMBER), operator, None):
        while words not in (why := said(there, session(there, writes=True), token) or ""):
            assert monotonic() < deadline, why
            sleep(0.2)


def test_nobody_gets_at_the_area_past_its_claim(there: ApiServer):
    """Not by the directory itself, nor by a claim of one's own on the same volume."""
    volumes = [{"name": "area-online-read", "hostPath": {"path": "/rse/t0"}}]
    scratch = [{"name": "scratch-0", "emptyDir": {}}]
    refused = said(there, session(there, volumes=[*scratch, *volumes])) or ""
    assert "hostPath" in refused
    member = there.token_for("ada", MEMBER)
    own = {
        "metadata": {"name": "mine"},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "",
            "volumeName": VOLUME,
            "resources": {"requests": {"storage": "1Mi"}},
        },
    }
    path = f"/api/v1/namespaces/{SPACE}/persistentvolumeclaims"
    with pytest.raises(RefusedError, match='User "ada" cannot create'):
        there.ask("POST", path, own, token=member, dryRun="All")
