"""The shapes as JSON Schema 2020-12: for editors, for other tools, and for `quick`."""

import ast
import inspect
import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import CoreSchema

from srcnet_compiler.schema import kinds
from srcnet_compiler.schema.common import ExactlyOne, Spec
from srcnet_compiler.schema.versions import API_VERSION, published

DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = published(API_VERSION)
COMBINED = "srcnet.schema.json"


class _Generate(GenerateJsonSchema):
    """Titles on mappings only: on a value they would repeat its key."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401  as inherited
        return False

    def nullable_schema(self, schema: Any) -> JsonSchemaValue:  # noqa: ANN401  as inherited
        """An optional key is left out, never written without a value: see `validate`."""
        inner: CoreSchema = schema["schema"]
        return self.generate_inner(inner)


@cache
def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind of document. Do not change what it returns."""
    return _schema((kind,), kinds.schema_file(kind), kind)


def files() -> Mapping[str, str]:
    """Every published schema by file name, and the marks by which `quick` knows them as current."""
    schemas = {kinds.schema_file(kind): schema_of(kind) for kind in kinds.KINDS}
    schemas[COMBINED] = _schema(kinds.KINDS, COMBINED, "A document of the spec language")
    texts = {name: _json(schema) for name, schema in sorted(schemas.items())}
    marks = {name: kinds.mark(text.encode()) for name, text in texts.items()}
    marks["sources"] = kinds.sources_mark()
    return {**texts, kinds.MARKS: _json(marks)}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _schema(names: tuple[str, ...], file: str, title: str) -> dict[str, Any]:
    """One schema for these kinds; every mapping has its own definition."""
    models = [kinds.shape(name) for name in names]
    _, made = models_json_schema(
        [(model, "validation") for model in models], schema_generator=_Generate
    )
    definitions = {name: _finished(name, node) for name, node in made["$defs"].items()}
    head = {"$schema": DIALECT, "$id": BASE + file, "title": title}
    if len(names) > 1:
        anyone = [{"$ref": f"#/$defs/{name}"} for name in names]
        return {**head, "oneOf": anyone, "$defs": definitions}
    root = definitions.pop(names[0])
    return {**head, **root, "$defs": definitions}


def _finished(name: str, node: dict[str, Any]) -> dict[str, Any]:
    """A mapping's definition with what pydantic leaves out."""
    model = _models()[name]
    texts = _descriptions(model)
    properties = {
        key: _with_description(_without_noise(value), texts[key])
        for key, value in node["properties"].items()
    }
    finished = {**node, "description": inspect.cleandoc(node["description"])}
    finished["properties"] = properties
    if issubclass(model, ExactlyOne):
        finished["oneOf"] = [{"required": [key]} for key in model.one_of]
    return finished


def _with_description(node: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, **node}


def _without_noise(node: dict[str, Any]) -> dict[str, Any]:
    """Without `default: null`, and with maps said so that every key must have its form."""
    kept = {key: value for key, value in node.items() if (key, value) != ("default", None)}
    patterns = kept.pop("patternProperties", None)
    if patterns is not None:
        ((pattern, value),) = patterns.items()
        kept["propertyNames"] = {**kept.get("propertyNames", {}), "pattern": pattern}
        kept["additionalProperties"] = value
    if kept.get("additionalProperties") is True:
        kept["additionalProperties"] = {}  # the same, as everything below a schema is a schema
    return kept


def _models() -> Mapping[str, type[Spec]]:
    """Every mapping that is loaded, by the name of its definition; no name may occur twice."""
    found: dict[str, type[Spec]] = {}
    for model in _below(Spec):
        assert found.setdefault(model.__name__, model) is model, model
    return found


def _below(model: type[Spec]) -> Iterator[type[Spec]]:
    for child in model.__subclasses__():
        yield child
        yield from _below(child)


def _descriptions(model: type[Spec]) -> Mapping[str, str]:
    """What the docstring below each key says, by the key as it is written."""
    texts = {
        name: text
        for base in reversed(model.__mro__)
        if issubclass(base, Spec)
        for name, text in _docstrings(base.__module__).get(base.__name__, {}).items()
    }
    return {field.alias or name: texts[name] for name, field in model.model_fields.items()}


@cache
def _docstrings(module: str) -> Mapping[str, Mapping[str, str]]:
    """The docstrings below the attributes of every class of a module.

    Read here, where descriptions are wanted: pydantic's own way reads every module's source
    whenever it is loaded, which costs each run of the compiler 30 ms.
    """
    tree = ast.parse(inspect.getsource(import_module(module)))
    return {
        node.name: dict(_attribute_docstrings(node))
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def _attribute_docstrings(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for statement, after in pairwise(node.body):
        match statement, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, inspect.cleandoc(text)
