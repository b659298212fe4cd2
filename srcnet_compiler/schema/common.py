"""What written documents have in common: the envelope, agreement, names, amounts, references."""

from typing import Annotated, ClassVar, Literal, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from srcnet_compiler import quantity


class Form(NamedTuple):
    """What a text that follows a pattern is, in the reader's words, and an example of it."""

    words: str
    example: str


FORMS: dict[str, Form] = {}
"""What to say, by pattern, when a text does not have its form: the reader's words, not a regex."""


def text(pattern: str, words: str, example: str) -> FieldInfo:
    """A text of this form.

    Patterns mean the same to every engine: anchored, ASCII, no `.`, no `\\s`, no `\\d`.
    """
    FORMS[pattern] = Form(words, example)
    field: FieldInfo = Field(pattern=pattern, examples=[example])
    return field


def such_as(example: str | int) -> FieldInfo:
    """A better example than the one of the value's form, for help and for editors."""
    field: FieldInfo = Field(examples=[example])
    return field


def integer(value: object) -> object:
    """`3.0` is the whole number 3 in JSON Schema, and so here."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


NAME_PATTERN = r"^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$"

Name = Annotated[str, text(NAME_PATTERN, "a name of letters, digits, `-` and `_`", "CHSRC-CSCS")]
LegacyName = Annotated[
    str,
    text(
        r"^[!-~]([ -~]{0,126}[!-~])?$",
        "a name as it stands in the system, without spaces at its ends",
        "CHSRC_XRD_PROD",
    ),
]
LowerName = Annotated[
    str,
    text(
        r"^[a-z0-9][a-z0-9_-]{0,39}$",
        "a name of at most 40 lower-case letters, digits, `-` and `_`",
        "batch",
    ),
]
"""For names that become names in batch systems, which take capitals, spaces and commas amiss."""
Country = Annotated[str, text(r"^[A-Z]{2}$", "a country of two capital letters", "AU")]
Host = Annotated[
    str,
    text(
        r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        "a host name alone, without spaces, scheme, port or path",
        "xrootd.example.org",
    ),
]
AbsolutePath = Annotated[
    str, text(r"^/[A-Za-z0-9/._+~@%=-]*$", "a path that begins with `/`", "/data/srcnet")
]
Url = Annotated[
    str,
    text(
        r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[!-~]*)?$",
        "an address that begins with `https://`",
        "https://host.example.org",
    ),
]
Email = Annotated[
    str,
    text(r"^[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+$", "an address of a mailbox", "operations@example.org"),
]
Date = Annotated[str, text(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a date", "2027-03-01")]
Instant = Annotated[
    str,
    text(
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z$",
        "a time in UTC",
        "2027-03-01T08:00Z",
    ),
]
Namespace = Annotated[
    str,
    text(
        r"^[A-Za-z0-9_.-]{1,25}$",
        "a namespace of at most 25 letters, digits, `-`, `_` and `.`",
        "daac",
    ),
]
AccountName = Annotated[
    str,
    text(
        r"^[a-z0-9_-]{1,25}$",
        "an account of at most 25 lower-case letters, digits, `-` and `_`",
        "srcnet_policy",
    ),
]
CatalogueId = Annotated[
    str,
    text(
        r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "an identity of the site catalogue, in small letters",
        "33333333-3333-4333-8333-333333333333",
    ),
]
Timezone = Annotated[str, text(r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$", "a time zone", "Europe/Zurich")]
BytesText = Annotated[str, text(quantity.BYTES_PATTERN, "an amount with its unit", "4 PB")]
BitRateText = Annotated[str, text(quantity.BIT_RATE_PATTERN, "a rate with its unit", "100 Gbit/s")]
DataRateText = Annotated[
    str, text(quantity.DATA_RATE_PATTERN, "an amount per year or per day", "30 PB/yr")
]
DurationText = Annotated[
    str, text(quantity.DURATION_PATTERN, "a length of time with its unit", "7 d")
]
PercentText = Annotated[str, text(quantity.PERCENT_PATTERN, "a part of a hundred", "40 %")]
PeriodText = Annotated[
    str, text(quantity.PERIOD_PATTERN, "a period of the calendar with its unit", "12 months")
]

Whole = Annotated[int, Field(ge=0), BeforeValidator(integer)]
Count = Annotated[int, Field(ge=1), BeforeValidator(integer)]
Port = Annotated[int, Field(ge=0, le=65535, examples=[1094]), BeforeValidator(integer)]
Year = Annotated[int, Field(ge=2000, le=2200, examples=[2027]), BeforeValidator(integer)]
TierName = Annotated[Name, such_as("online")]
GroupPath = Annotated[str, such_as("/roles/int/oper")]
Reason = Annotated[str, such_as("the storage is being replaced")]


class Spec(BaseModel):
    """A mapping that people write: every key is known, nothing is converted.

    A shape is built when it is first met, not when its module is loaded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class ExactlyOne(Spec):
    """A mapping in which exactly one of some keys is written."""

    one_of: ClassVar[tuple[str, ...]]

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set & {*self.one_of}) != 1:
            raise PydanticCustomError("exactly_one", "exactly one of some keys")
        return self


class Agreed(Spec):
    """A mapping whose values may still be a draft, with where they come from."""

    status: Literal["agreed", "draft"] = "agreed"
    """Draft values are analysed and shown; nothing that rests on them is applied."""
    source: str | None = None
    """Where the values come from: a paper, a page, a decision."""


class SecretReference(ExactlyOne):
    """Where a secret is found when it is used. A secret itself never stands in a spec."""

    one_of = ("env", "file", "vault")

    env: (
        Annotated[
            str,
            text(
                r"^[A-Z][A-Z0-9_]*$",
                "an environment variable of capital letters, digits and `_`",
                "RUCIO_TOKEN",
            ),
        ]
        | None
    ) = None
    """An environment variable that holds it."""
    file: AbsolutePath | None = None
    """A file that holds it, readable by its owner only."""
    vault: AbsolutePath | None = None
    """A path in the site's vault."""


class Credentials(Spec):
    """How to prove who we are to a system: by reference only."""

    secretRef: SecretReference
    """Where the secret is found."""


class Metadata(Spec):
    """What a document is called."""

    name: Name
    """Unique among the documents of its kind."""
    description: str | None = None
    """One sentence for people."""


class Document(Spec):
    """The envelope of every document."""

    apiVersion: Literal["srcnet.skao.int/v1alpha2"]
    """The version of the spec language."""
    metadata: Metadata
    """What the document is called."""
