"""The shape of a site's Kubernetes cluster, and of how far the site lets the federation in."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.adopted import Adopted
from srcnet_compiler.schema.common import (
    Credentials,
    ExactlyOne,
    LowerName,
    Name,
    Spec,
    Url,
    such_as,
    text,
)
from srcnet_compiler.schema.resources import ClusterShare

ObjectName = Annotated[
    str,
    text(
        r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "a name of at most 63 lower-case letters, digits and `-`",
        "srcnet",
    ),
]


class KubernetesReading(Spec):
    """A further account, for reading alone."""

    credentials: Credentials
    """How to prove that we are this account."""


class Pulled(Spec):
    """A folder of a git repository that an operator on the cluster fetches."""

    repository: Annotated[Url, such_as("https://gitlab.com/example/srcnet-deployments.git")]
    """The repository that the emitted files are put into."""
    branch: Annotated[str, text(r"^[A-Za-z0-9._/-]+$", "the name of a branch", "main")] = "main"
    """Its branch."""
    folder: Annotated[
        str, text(r"^[A-Za-z0-9._/-]*$", "a folder, without `/` at its beginning", "deploy")
    ] = ""
    """The folder in it below which the emitted files stand; the top where this is left out."""
    namespace: ObjectName
    """Where the operator looks for what it is to fetch, such as `flux-system` or `argocd`."""


class Delivery(ExactlyOne):
    """An operator on the cluster that fetches what is emitted."""

    one_of = ("flux", "argocd")

    flux: Pulled | None = None
    """Flux fetches it."""
    argocd: Pulled | None = None
    """Argo CD fetches it."""


class Gateway(Spec):
    """The Gateway that routes hang on."""

    namespace: ObjectName
    """Where it is."""
    name: ObjectName
    """What it is called."""


class Kueue(Spec):
    """How the site's Kueue shares the cluster."""

    cohort: ObjectName
    """Whose queues lend to each other."""
    flavor: ObjectName
    """What stands there for the machines."""
    lends: bool = True
    """Whether others may use what the federation leaves idle."""


class Kubernetes(Spec):
    """A Kubernetes cluster, and how far the site lets the federation in."""

    version: Annotated[
        str, text(r"^1\.[0-9]{2}$", "a minor version of Kubernetes in quotes", "1.36")
    ]
    """The version that runs."""
    server: Annotated[Url, such_as("https://k8s.example.org:6443")]
    """Where its API is served."""
    certificateAuthority: Annotated[str, such_as("-----BEGIN CERTIFICATE-----\n...")] | None = None
    """Who signs for the server, in PEM; whom the system trusts where this is left out."""
    credentials: Credentials
    """How to prove who we are: a token of a service account."""
    reading: KubernetesReading | None = None
    """Another account for reading; the same where this is left out."""
    delivery: Delivery | None = None
    """An operator on the cluster that fetches objects; they are pushed where this is left out."""
    shared: bool = True
    """Whether others use it too."""
    operators: Annotated[
        list[
            Literal[
                "external-secrets",
                "gateway-api",
                "ingress",
                "kueue",
                "policy-controller",
                "prometheus",
            ]
        ],
        Field(default_factory=list),
    ]
    """What is installed there beyond Kubernetes itself."""
    gateway: Gateway | None = None
    """The Gateway that routes hang on."""
    ingressClass: ObjectName | None = None
    """The class of ingresses, where there is no Gateway."""
    secretStore: ObjectName | None = None
    """The cluster's store that external secrets come from."""
    storageClass: ObjectName | None = None
    """What volumes ask for that hold scratch."""
    share: ClusterShare | None = None
    """What the federation may have at a time; all that it can get where this is left out."""
    kueue: Kueue | None = None
    """How its Kueue shares the cluster."""
    adopted: Adopted | None = None
    """What people made there by hand and is kept as it stands. As long as it is here, nothing else
    is made on the cluster: removing it is the decision to join."""
    readable: Annotated[
        list[Annotated[Name, such_as("CHSRC-CSCS-T0")]], Field(default_factory=list)
    ]
    """The site's areas, one of each tier, whose files sessions and jobs may read here; none where
    this is left out."""
    queues: Annotated[list[LowerName], Field(min_length=1)] | None = None
    """The queue classes whose sessions and jobs may run here; all where this is left out."""
