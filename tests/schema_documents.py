"""Valid documents that together use every key, and ways to spoil them."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

from srcnet_compiler import source

HERE = Path(__file__).parent / "documents"
NASTY = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    65535,
    65536,
    1999,
    2200,
    2201,
    3.0,
    3.5,
    -0.0,
    90,
    90.5,
    -180,
    1e300,
    10**40,
    "",
    " ",
    "\n",
    "x",
    "1",
    "3.0",
    "true",
    "null",
    "4",
    "4 PB",
    "4 PB\n",
    " 4 PB",
    "-4 PB",
    "٤ PB",
    "4\u00a0PB",
    "100 Gbit/s",
    "30 PB/yr",
    "30 PB/yr\n",
    "7 d",
    "12 months",
    "AU",
    "AU\n",
    "au",
    "name",
    "naïve",
    "Kelvin",
    "a b",
    "a\u2003b",
    "日本",
    "/data",
    "/data\n",
    "https://host.example.org/a?b",
    "host.example.org",
    "host.example.org\r",
    "2027-03-01",
    "2027-03-01T08:00Z",
    "operations@example.org",
    "online",
    "agreed",
    "RUCIO_TOKEN",
    [],
    [None],
    ["x"],
    ["AU", "AU"],
    [[]],
    {},
    {"x": 1},
    {"name": "x"},
    {"": "x"},
    {"a b": {}},
    {"group": None},
)
KEYS = ("x", "name", "status", "env", "file", "vault", "rate", "amount", "area", "policy", "draft")


def parse(text, file="site-specs/test.yaml"):
    """The one document of a text."""
    outcome = source.parse(file, text.encode())
    assert outcome.value is not None, outcome.diagnostics
    (document,) = outcome.value
    return document


def document_of(data):
    """Data as a written document with real places: JSON is YAML."""
    return parse(json.dumps(data, ensure_ascii=False, indent=1))


def valid_documents():
    """The data of every valid document."""
    for file in sorted(HERE.glob("*.yaml")):
        outcome = source.parse(str(file), file.read_bytes())
        assert outcome.value is not None, outcome.diagnostics
        yield from (document.data for document in outcome.value)


VALID = tuple(valid_documents())


def paths(data, path=()) -> Iterator[tuple]:
    """The paths of all values, the document's own first."""
    yield path
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(value, (*path, key))


def at(data, path):
    for key in path:
        data = data[key]
    return data


def with_value(data, path, value):
    """A copy with another value at a path."""
    if not path:
        return value
    data = copy.deepcopy(data)
    at(data, path[:-1])[path[-1]] = value
    return data


def without(data, path):
    """A copy without what stands at a path."""
    data = copy.deepcopy(data)
    del at(data, path[:-1])[path[-1]]
    return data
