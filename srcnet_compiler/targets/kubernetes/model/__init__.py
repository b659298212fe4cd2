"""A Kubernetes cluster as this compiler manages it: the same types for what is wanted and there.

An object is a document as the API server takes it. In a wanted one a field that is absent is not
ours: nobody looks at it. In what was seen, a document holds no more than the fields that the wanted
object has or that are held by our field manager.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from srcnet_compiler.change import Json
from srcnet_compiler.span import Span
from srcnet_compiler.targets.kubernetes.model.kinds import KINDS, Kind
from srcnet_compiler.targets.kubernetes.model.paths import flatten
from srcnet_compiler.task import Task

MANAGER = "srcnet-compiler"
"""The field manager of all that is pushed."""
OWNER = "srcnet.skao.int/owner"
"""The label of all that is ours; its value is the federation's prefix."""
SITE = "srcnet.skao.int/site"
"""The label that names the site."""
SERVICE = "srcnet.skao.int/service"
"""The label that names the service or template an object belongs to."""
USER = "srcnet.skao.int/user"
"""The label by which a workload says for whom it runs."""
PROJECT = "srcnet.skao.int/project"
"""The label by which a workload says for which project it runs."""

Fields: TypeAlias = Mapping[str, Json]
"""Values by path, as `flatten` writes it."""
Origins: TypeAlias = Mapping[str, tuple[Span, ...]]
"""The spec places of a field, by the path of it or of what it lies in; "" is the whole."""
ALL = "*"
"""In the origins of a model: the places of all that is there together."""
Key: TypeAlias = tuple[str, str]
"""Kind and name of an object."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object of a cluster. `name` is that of its document, behind its namespace and a `/`.

    `group` is the file that it is written to, for people: `soda-sync`, `namespaces`. Only what is
    seen has `managers`, by path who else holds a field that differs from what is wanted, `ours`,
    whether it has our label, and `version`, by which the server tells a change of it. Only what is
    wanted is `standing`: made by hand, of which only these few fields are kept.
    """

    kind: str
    name: str
    document: Mapping[str, Json]
    group: str = ""
    origins: Origins = field(default_factory=dict, compare=False, repr=False)
    drafts: tuple[Span, ...] = field(default=(), compare=False, repr=False)
    managers: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    ours: bool = field(default=True, compare=False)
    version: str = field(default="", compare=False)
    standing: bool = field(default=False, compare=False)

    def fields(self) -> Fields:
        """Its fields, as changes speak of them; without kind, name and namespace."""
        return flatten(self.document)

    @property
    def described(self) -> Kind:
        """What is known of its kind."""
        return KINDS[self.kind]

    @property
    def namespace(self) -> str:
        """Empty for what lies in none."""
        return self.name.rpartition("/")[0]

    @property
    def bare_name(self) -> str:
        """Its name without the namespace."""
        return self.name.rpartition("/")[2]

    def spans(self, path: str = "") -> tuple[Span, ...]:
        """The places of the field at `path`, or of the nearest thing around it that has some."""
        while path and path not in self.origins:
            cut = max(path.rfind("."), path.rfind("["))
            path = path[: max(cut, 0)]
        return self.origins.get(path, ())


@dataclass(frozen=True, slots=True)
class Measured:
    """An address that answers people from outside, with labels that tell it from all others."""

    url: str
    labels: Mapping[str, str]
    spans: tuple[Span, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class KubernetesModel:
    """One cluster. Names are unique within a kind.

    Ours is what has the label OWNER with the value `prefix`. `namespaces` are those that we make.
    `version` is of the cluster, such as (1, 36). `delivery` is push, flux or argocd: where it is
    not push, `objects` are those of the operator that fetches, and `fetched` those that it brings;
    they are written to files, and compared by the operator itself.

    Only a wanted model has `ended`, why an object is to go, with the last day of the document that
    says so, `moved`, what has another name now, with that, `tasks`, left to the cluster's
    administrators, what is `measured`, and `origins`. Only what is seen has `tenants`, by namespace
    that has not our label what of others runs in it, `former`, namespaces of the site with another
    prefix, by which it is labelled, and `users`, of what is moved what people run that names it.
    """

    instance: str
    prefix: str
    version: tuple[int, int]
    delivery: str = "push"
    site: str = field(default="", compare=False)
    site_known_as: str = field(default="", compare=False)
    namespaces: tuple[str, ...] = ()
    objects: Mapping[Key, Object] = field(default_factory=dict)
    fetched: Mapping[Key, Object] = field(default_factory=dict)
    ended: Mapping[Key, str] = field(default_factory=dict)
    ended_until: Mapping[Key, str] = field(default_factory=dict)
    moved: Mapping[Key, str] = field(default_factory=dict)
    tasks: tuple[Task, ...] = field(default=(), compare=False)
    measured: tuple[Measured, ...] = field(default=(), compare=False)
    tenants: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    former: Mapping[str, str] = field(default_factory=dict, compare=False)
    users: Mapping[Key, tuple[str, ...]] = field(default_factory=dict, compare=False)
    origins: Origins = field(default_factory=dict, compare=False, repr=False)

    def things(self) -> Iterator[Object]:
        """Every object that is declared, in the order in which they can be created."""
        return iter(in_order(self.objects.values()))

    def find(self, kind: str, name: str) -> Object | None:
        """The object of this kind and name."""
        return self.objects.get((kind, name))


def in_order(objects: Iterable[Object]) -> tuple[Object, ...]:
    """Objects in the order in which a server takes them: by rank of kind, then by name."""
    return tuple(sorted(objects, key=lambda each: (each.described.rank, each.kind, each.name)))
