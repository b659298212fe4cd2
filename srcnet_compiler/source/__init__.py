"""YAML files to plain data, with the place of every value and key. Start at `load.py`."""

from srcnet_compiler.source.compose import Document, YamlValue
from srcnet_compiler.source.files import read, read_bytes
from srcnet_compiler.source.load import no_collection, parse
from srcnet_compiler.source.text import MAX_BYTES, text_lines

__all__ = [
    "MAX_BYTES",
    "Document",
    "YamlValue",
    "no_collection",
    "parse",
    "read",
    "read_bytes",
    "text_lines",
]
