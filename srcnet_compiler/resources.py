"""Files that travel with the package: templates, schemas, pages of findings, SRCNet's own specs.

In a checkout they stand at its top, where people edit them; a wheel carries copies inside.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parent
_IN_WHEEL = {
    "templates": "resources/templates",
    "diagnostics": "resources/diagnostics",
    "schemas": "resources/schemas",
    "srcnet": "resources/srcnet",
}
_IN_CHECKOUT = {
    "templates": "templates",
    "diagnostics": "docs/diagnostics",
    "schemas": "schemas",
    "srcnet": ".",
}


def folder(name: str) -> Path:
    """The folder called `name`: one of templates, diagnostics, schemas, srcnet."""
    packed = _PACKAGE / _IN_WHEEL[name]
    return packed if packed.is_dir() else _PACKAGE.parent / _IN_CHECKOUT[name]
