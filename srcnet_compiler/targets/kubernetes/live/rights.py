"""What a token may do on a cluster, as the API server itself says; nothing is tried."""

from __future__ import annotations

from collections.abc import Iterator

from srcnet_compiler.change import Json
from srcnet_compiler.targets.kubernetes.live.client import ApiError, workers
from srcnet_compiler.targets.kubernetes.live.connection import Api
from srcnet_compiler.targets.kubernetes.model import KubernetesModel
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS
from srcnet_compiler.targets.protocol import Right

_SEE = ("get", "list")
_SET = ("create", "patch")
_END = ("delete",)
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def rights(api: Api, desired: KubernetesModel, *, reading: bool = False) -> Iterator[Right]:
    """Whether the token may do what the wanted objects need; `reading`: only look.

    Raises UnreachableError, RefusedError.
    """
    places = sorted({(each.kind, each.namespace) for each in desired.objects.values()})
    yield _right(api, "see its objects", _SEE, places)
    if reading:
        return
    yield _right(api, "make and change its objects", _SET, places)
    ends = [(kind, space) for kind, space in places if KINDS[kind].replaceable]
    yield _right(api, "retire or replace its objects", _END, ends, needed=False)


def _right(
    api: Api, what: str, verbs: tuple[str, ...], places: list[tuple[str, str]], needed: bool = True
) -> Right:
    asked = [(verb, kind, space) for kind, space in places for verb in verbs]
    try:
        with workers() as threads:
            may = list(threads.map(lambda each: _may(api, *each), asked))
    except ApiError as error:
        return Right(what, None, error.message, needed)
    missing = [
        f"{verb} {KINDS[kind].plural}{f' in {space}' if space else ''}"
        for (verb, kind, space), allowed in zip(asked, may, strict=True)
        if not allowed
    ]
    more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
    why = f"not allowed: {', '.join(missing[:3])}{more}" if missing else ""
    return Right(what, not missing, why, needed)


def _may(api: Api, verb: str, kind: str, space: str) -> bool:
    described = KINDS[kind]
    attributes = {
        "verb": verb,
        "group": described.api.rpartition("/")[0],
        "resource": described.plural,
        "namespace": space,
    }
    body: dict[str, Json] = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    said = api.client.ask("POST", _REVIEWS, {}, body)
    return bool((said.get("status") or {}).get("allowed"))
