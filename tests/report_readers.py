"""The readers of reports, as strict as they come: schemas, and GitHub's runner in a few lines."""

import json
from pathlib import Path
from xml.etree import ElementTree

import xmlschema
from jsonschema import Draft7Validator, Draft202012Validator

from srcnet_compiler import resources

HERE = Path(__file__).parent
SARIF = Draft7Validator(json.loads((HERE / "schemas" / "sarif-schema-2.1.0.json").read_text()))
JUNIT = xmlschema.XMLSchema(str(HERE / "schemas" / "junit-10.xsd"))
OWN = Draft202012Validator(
    json.loads((resources.folder("schemas") / "report.schema.json").read_text())
)
# What https://docs.gitlab.com/ci/testing/code_quality/ demands of each entry.
GITLAB = Draft202012Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "additionalProperties": False,
            "properties": {
                "description": {"type": "string"},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "minLength": 1},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "additionalProperties": False,
                    "properties": {
                        "path": {"type": "string", "pattern": r"^(?!\./)"},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "additionalProperties": False,
                            "properties": {
                                "begin": {"type": "integer", "minimum": 1},
                                "end": {"type": "integer", "minimum": 1},
                            },
                        },
                    },
                },
            },
        },
    }
)


def command(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as the runner of GitHub Actions reads it."""
    assert line.startswith("::")
    end = line.index("::", 2)
    name, _, rest = line[2:end].partition(" ")
    pairs = (pair.partition("=") for pair in rest.split(",") if pair)
    tokens = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ","}
    properties = {key: undo(value, tokens) for key, _, value in pairs}
    return name, properties, undo(line[end + 2 :], {"%0D": "\r", "%0A": "\n"})


def undo(value: str, tokens: dict[str, str]) -> str:
    for token, character in tokens.items():
        value = value.replace(token, character)
    return value.replace("%25", "%")


def cases_in(written: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(written.encode()).findall("testsuite/testcase")
