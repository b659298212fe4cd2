"""A cluster's scope with what all its objects share: labels, places, how an object is made."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.targets.kubernetes.lower.places import Spans, origins
from srcnet_compiler.targets.kubernetes.lower.scope import Scope
from srcnet_compiler.targets.kubernetes.model import OWNER, SERVICE, SITE, Object
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS
from srcnet_compiler.targets.kubernetes.model.words import APP

Body: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Part:
    """Objects that belong together: in one namespace, in one file, there for the same reasons.

    `service` is the service or template that they are of, `app` what that is called on clusters,
    `exists` what decides that they are there.
    """

    scope: Scope
    namespace: str
    group: str
    exists: Spans
    drafts: Spans
    service: str = ""
    app: str = ""

    def within(self, use: str) -> "Part":
        """The same for what the namespace of a use has as a whole."""
        drafts = self.scope.drafts_of(self.scope.living_in(use))
        return replace(self, namespace=self.scope.namespaces[use], drafts=drafts)

    def make(
        self,
        kind: str,
        name: str,
        body: Body,
        own: Mapping[str, Spans] | None = None,
        annotations: Mapping[str, Json] | None = None,
        labels: Mapping[str, Json] | None = None,
        because: Spans = (),
    ) -> Object:
        """An object with the labels of all that is ours; `own` are the places of its fields, and
        `because` what further decides that it is there."""
        known = KINDS[kind]
        inside = self.namespace if known.namespaced else ""
        metadata: dict[str, Json] = {"name": name}
        if inside:
            metadata["namespace"] = inside
        metadata["labels"] = {**self._labels(), **(labels or {})}
        if annotations:
            metadata["annotations"] = annotations
        return Object(
            kind=kind,
            name=f"{inside}/{name}" if inside else name,
            document={"apiVersion": known.api, "kind": kind, "metadata": metadata, **body},
            group=self.group,
            origins=origins(own or {}, (*because, *self.exists) if because else self.exists),
            drafts=self.drafts,
        )

    def _labels(self) -> dict[str, Json]:
        labels: dict[str, Json] = {OWNER: self.scope.prefix, SITE: self.scope.cluster.site_known_as}
        if self.service:
            return {APP: self.app, **labels, SERVICE: self.service}
        return labels
