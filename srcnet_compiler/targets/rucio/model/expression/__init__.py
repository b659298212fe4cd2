"""RSE expressions as the Rucio server reads them: built, parsed, written and evaluated.

The operators `|`, `&` and `\\` have no precedence: an expression is read strictly from left to
right, and only parentheses group. `str` therefore writes every parenthesis. What the server
refuses, breaks on, or reads as databases please is an ExpressionError here.
Source: rucio/core/rse_expression_parser.py of Rucio 41.5, whose answers the tests compare.
"""

from srcnet_compiler.targets.rucio.model.expression.build import (
    ALL,
    any_of,
    attribute,
    column,
    flag,
    less_than,
    more_than,
    named,
)
from srcnet_compiler.targets.rucio.model.expression.evaluate import (
    attributes_of,
    columns_of,
    evaluate,
    resolve,
)
from srcnet_compiler.targets.rucio.model.expression.facts import (
    Inventory,
    RseFacts,
    as_created,
)
from srcnet_compiler.targets.rucio.model.expression.parse import parse
from srcnet_compiler.targets.rucio.model.expression.refusal import ExpressionError, Refusal
from srcnet_compiler.targets.rucio.model.expression.terms import MAX_DEPTH, Expression

__all__ = [
    "ALL",
    "MAX_DEPTH",
    "Expression",
    "ExpressionError",
    "Inventory",
    "Refusal",
    "RseFacts",
    "any_of",
    "as_created",
    "attribute",
    "attributes_of",
    "column",
    "columns_of",
    "evaluate",
    "flag",
    "less_than",
    "more_than",
    "named",
    "parse",
    "resolve",
]
