"""The shape of a WorkflowTemplate: what people start, to talk to it or to wait for it."""

from typing import Annotated, Literal

from pydantic import Field

from srcnet_compiler.schema.common import Document, DurationText, GroupPath, LowerName, such_as
from srcnet_compiler.schema.containers import Container


class WorkflowTemplateSpec(Container):
    """What is started, by whom, in which queue class."""

    runs: Literal["session", "batch"]
    """Whether people talk to it, or wait for its end."""
    queue: Annotated[LowerName, such_as("interactive")]
    """The queue class of the compute policy that it runs in."""
    groups: Annotated[list[GroupPath], Field(default_factory=list)]
    """Groups of the identity provider whose members may start it; all users if there are none."""
    lasts: Annotated[DurationText, such_as("12 h")] | None = None
    """How long it runs at most; as long as its queue lets it where this is left out."""


class WorkflowTemplate(Document):
    """An interactive environment or a batch job that people start, the same on every cluster."""

    kind: Literal["WorkflowTemplate"]
    """`WorkflowTemplate`."""
    spec: WorkflowTemplateSpec
    """What is started, by whom, in which queue class."""
