"""Every format by the name that `--format` knows it by; each is loaded when it is asked for."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType

from srcnet_compiler.report.model import Report

_MODULES = {
    "text": "text",
    "json": "json_report",
    "sarif": "sarif",
    "junit": "junit",
    "github": "github",
    "gitlab": "gitlab",
    "markdown": "markdown",
}


def _render(module: str, report: Report) -> str:
    render: Callable[[Report], str] = import_module(f"srcnet_compiler.report.{module}").render
    return render(report)


FORMATS: Mapping[str, Callable[[Report], str]] = MappingProxyType(
    {name: partial(_render, module) for name, module in _MODULES.items()}
)
"""Each gives a text that ends in a newline and can be written as UTF-8."""
