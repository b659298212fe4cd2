"""The shape of a SecurityPolicy: what may run on the federation's part of any cluster."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import Agreed, Document, Spec, Url, such_as, text


class Signer(Spec):
    """Who signs images, by a certificate that names them."""

    issuer: Annotated[Url, such_as("https://gitlab.com")]
    """Who vouches for the signer."""
    subject: Annotated[str, such_as("https://gitlab.com/ska-telescope/src/soda")]
    """What the certificate says of the signer."""


class SecurityPolicySpec(Agreed):
    """What may run. Everything else is refused when somebody tries."""

    registries: Annotated[
        list[
            Annotated[
                str,
                text(
                    r"^[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9._-]+)*/?$",
                    "a registry, perhaps with the beginning of a path",
                    "registry.gitlab.com/ska-telescope",
                ),
            ]
        ],
        Field(min_length=1),
    ]
    """Where images may come from."""
    digests: Literal["required", "advised"] = "required"
    """Whether an image must be named by its digest."""
    workloadsCarry: Annotated[
        list[Literal["federated identity", "project"]], Field(default_factory=list)
    ]
    """What sessions and jobs must say of themselves."""
    podSecurity: Literal["restricted", "baseline"] = "restricted"
    """The level of Kubernetes' Pod security that everything runs under."""
    signers: Annotated[list[Signer], Field(default_factory=list)]
    """Whose signatures count, on clusters that can check them."""


class SecurityPolicy(Document):
    """What may run on the federation's part of any cluster: origins, digests, identity."""

    kind: Literal["SecurityPolicy"]
    """`SecurityPolicy`."""
    spec: SecurityPolicySpec
    """What may run."""
