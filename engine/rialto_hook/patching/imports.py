"""Where the package is imported: behind the file's other imports, once their search path is set."""

from __future__ import annotations

import ast

from . import scope
from .marks import Lines
from .place import Place, found, there, unsure
from .source import Insertion, Source

_WHAT = "the import"
_BY_HAND = "behind the file's imports, write these lines:\n" + "\n".join(Lines.IMPORT.of())


def place(source: Source, tree: ast.Module, use: int) -> Place:
    """The place, before what stands on the line `use`."""
    for node in scope.own(tree):
        if isinstance(node, ast.Import) and any(
            alias.name == "rialto_hook" and not alias.asname for alias in node.names
        ):
            return there(_WHAT, node.lineno)
    if "rialto_hook" in scope.bound(tree):
        return unsure(_WHAT, "the name rialto_hook means something else in the file", _BY_HAND)
    before = [statement for statement in tree.body if (statement.end_lineno or 0) < use]
    imports = [statement for statement in before if isinstance(statement, scope.Import)]
    if imports or (before and ast.get_docstring(tree) is not None):
        last = scope.last_line(source, imports[-1] if imports else before[0])
        if last is None:
            return unsure(_WHAT, "the last import shares its line with something else", _BY_HAND)
        return found(_WHAT, Insertion(last, Lines.IMPORT.of()), last)
    first = tree.body[0]
    decorators = getattr(first, "decorator_list", [])
    line = min([first.lineno, *(decorator.lineno for decorator in decorators)])
    return found(_WHAT, Insertion(line - 1, Lines.IMPORT.of()), line)
