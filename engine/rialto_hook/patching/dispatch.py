"""Where an activity's type is told what processes it: a dict of type to function, in which `paid_service` is missing.

It gets the placeholder, which does nothing but end an activity well: what is to be charged stands in its notes.
"""

from __future__ import annotations

import ast

from . import scope
from .marks import Lines
from .place import Place, found, there, unsure
from .source import Insertion, Source

#: Types that stand for no work, in the order in which they are looked at.
_QUIET = ("idle", "rest")
_TYPE = "paid_service"
_LINE = Lines.ENTRY.indented("", processor="process_placeholder")[0]


def place(source: Source, tree: ast.Module, function: scope.Function) -> Place:
    """The place in a function's own dict."""
    what = f"the type {_TYPE}, in {function.name}"
    by_hand = "in the dict of type to function, write, with the function that only ends an activity:\n" + _LINE
    dicts = [node for node in scope.own(function) if isinstance(node, ast.Dict) and _is_dispatch(node)]
    if len(dicts) != 1:
        count = "no dict" if not dicts else f"{len(dicts)} dicts"
        return unsure(
            what, f"there is {count} of type to function with an entry `idle` or `rest`; one is looked for", by_hand
        )
    entries = [(key, value) for key, value in zip(dicts[0].keys, dicts[0].values) if isinstance(key, ast.Constant)]
    for key, _ in entries:
        if key.value == _TYPE:
            return there(what, key.lineno)
    processor = _placeholder({key.value: value.id for key, value in entries if isinstance(value, ast.Name)})
    line = dicts[0].lineno
    if processor is None:
        return unsure(what, "which of its functions only ends an activity is not evident", by_hand, line)
    if processor not in scope.bound(tree) | scope.bound(function):
        return unsure(what, f"{processor} is neither defined nor imported in the file", by_hand, line)
    for key, value in sorted(entries, key=_by_quiet):
        indent = scope.indent(source, key)
        if isinstance(value, ast.Name) and value.id == processor and indent is not None:
            return found(what, Insertion(key.lineno - 1, Lines.ENTRY.indented(indent, processor=processor)), key.lineno)
    return unsure(what, f"no entry with {processor} begins a line of its own", by_hand, line)


def _is_dispatch(node: ast.Dict) -> bool:
    """Whether it is of type to function, and has a quiet type."""
    types = {key.value for key in node.keys if isinstance(key, ast.Constant)}
    is_plain = all(key is None or (isinstance(key, ast.Constant) and isinstance(key.value, str)) for key in node.keys)
    are_functions = all(isinstance(value, (ast.Name, ast.Attribute, ast.Lambda)) for value in node.values)
    return is_plain and are_functions and not types.isdisjoint(_QUIET)


def _placeholder(processors: dict[object, str]) -> str | None:
    """The one function that is called so, or the one that all quiet types have."""
    named = {name for name in processors.values() if "placeholder" in name.lower()}
    quiet = {processors[kind] for kind in _QUIET if kind in processors}
    told = named or (quiet if all(kind in processors for kind in _QUIET) else set())
    return told.pop() if len(told) == 1 else None


def _by_quiet(entry: tuple[ast.Constant, ast.expr]) -> int:
    kind = entry[0].value
    return _QUIET.index(kind) if kind in _QUIET else len(_QUIET)
