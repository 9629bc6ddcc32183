"""JSON in the language: literals and the SQL/JSON functions, which have clauses of their own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import expressions as exp

from lakebed.dialect import json_text, tree
from lakebed.dialect.scopes import Scope, fail
from lakebed.dialect.times import Times
from lakebed.dialect.types import Type

JSON = Type("json")


@dataclass
class JsonForms(Times):
    """The part of the expression analyser that knows JSON."""

    def json_literal(self, node: exp.ParseJSON, scope: Scope) -> tree.Expr:
        """Analyse JSON '…'."""
        del scope
        text = str(node.this.this)
        try:
            return tree.Constant(JSON, json_text.written(json_text.parsed(text)))
        except ValueError:
            message = f"'{text}' is not a valid JSON literal"
            raise fail("INVALID_LITERAL", message, node) from None
