"""Where a run ends, and may hand over what it kept. The hook does so by itself when the interpreter ends."""

from __future__ import annotations

import ast

from . import scope
from .marks import Lines
from .place import Place, found, there, unsure
from .source import Insertion, Source

_WHAT = "the end of a run"


def place(source: Source, tree: ast.Module) -> Place:
    """The place, behind everything that a run does. No loss where one is not sure."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and scope.called(node) == "flush" and _is_ours(node):
            return there(_WHAT, node.lineno).optional()
    for last in (_script(tree), _main(tree)):
        if last is None:
            continue
        indent, line = scope.indent(source, last), scope.last_line(source, last)
        if indent is not None and line is not None:
            return found(_WHAT, Insertion(line, Lines.FLUSH.indented(indent)), last.lineno).optional()
    why = "neither does the script end in a call of main(), nor main() in a statement behind its executor"
    return unsure(_WHAT, why, "nothing has to be done: the hook flushes when the interpreter ends").optional()


def _is_ours(call: ast.Call) -> bool:
    return (
        isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "rialto_hook"
    )


def _script(tree: ast.Module) -> ast.stmt | None:
    """The call of `main` that the file ends in as a script: behind it, whichever way `main` returns."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.If) or last.orelse or not isinstance(last.test, ast.Compare):
        return None
    is_script = isinstance(last.test.left, ast.Name) and last.test.left.id == "__name__"
    call = last.body[-1]
    return call if is_script and isinstance(call, ast.Expr) and scope.called(call.value) == "main" else None


def _main(tree: ast.Module) -> ast.stmt | None:
    """The last statement of `main`, where it stands behind the block of its executor and does not return."""
    mains = scope.functions(tree, "main")
    if len(mains) != 1:
        return None
    last = mains[0].body[-1]
    blocks = [node for node in scope.own(mains[0]) if isinstance(node, ast.With) and _is_executor(node)]
    is_behind = bool(blocks) and all((block.end_lineno or 0) < last.lineno for block in blocks)
    return last if is_behind and isinstance(last, ast.Expr) else None


def _is_executor(block: ast.With) -> bool:
    return any((scope.called(item.context_expr) or "").endswith("Executor") for item in block.items)
