"""What the shape of some code tells: what runs in a function itself, which names it knows, and which statements have
their lines for themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Union

from .source import Source

Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
Import = (ast.Import, ast.ImportFrom)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def functions(tree: ast.AST, name: str) -> list[Function]:
    """All of that name, wherever they are."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name
    ]


def own(scope: ast.AST) -> Iterator[ast.AST]:
    """What runs in it itself, and not in a function or class within it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, _INNER):
            yield from own(child)


def bound(scope: ast.AST) -> set[str]:
    """The names that a module or a function gives a value to."""
    names = {node.id for node in own(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in own(scope):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, Import):
            names.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names | set(parameters(scope))


def parameters(scope: ast.AST) -> list[str]:
    """A function's."""
    if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return []
    told = scope.args
    every = [*told.posonlyargs, *told.args, *told.kwonlyargs, told.vararg, told.kwarg]
    return [argument.arg for argument in every if argument is not None]


def suites(scope: ast.AST) -> Iterator[list[ast.stmt]]:
    """Its runs of statements, those of its loops and branches too."""
    for node in (scope, *own(scope)):
        if node is not scope and isinstance(node, _INNER):
            continue
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if isinstance(statements, list) and statements and isinstance(statements[0], ast.stmt):
                yield statements


def called(node: ast.AST | None) -> str | None:
    """The last name of what is called, where something is."""
    if not isinstance(node, ast.Call):
        return None
    target = node.func
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else None


def indent(source: Source, node: ast.stmt | ast.expr) -> str | None:
    """What stands before it on its line, where that is nothing but room."""
    before = source.line(node.lineno).encode()[: node.col_offset].decode()
    if before.strip(" \t\f"):
        return None
    is_continued = 1 < node.lineno and source.line(node.lineno - 1).endswith("\\")
    return None if is_continued else before


def last_line(source: Source, node: ast.stmt) -> int | None:
    """The line where it ends, where nothing but a comment follows there."""
    number = node.end_lineno or node.lineno
    after = source.line(number).encode()[node.end_col_offset or 0 :].decode().strip(" \t\f")
    return None if after and not after.startswith("#") else number
