"""Where each activity comes to its end: right after its status is written, whatever the outcome."""

from __future__ import annotations

import ast
import re

from . import scope
from .marks import Lines
from .place import Place, found, there, unsure
from .source import Insertion, Source

FUNCTION = "process_all_activities_for_one_citizen"
_WHAT = f"the outcome of each activity, in {FUNCTION}"
_CALL = "update_activity_status"
_DRY_RUN = re.compile(r"_?(is_)?dry_?run", re.IGNORECASE)
_BY_HAND = (
    "right after the statement that writes the status of the activity just processed, write these lines:\n"
    + "\n".join(Lines.ACTIVITY.indented("", dry_run="dry_run", record="activity_record", status="processing_status"))
)


def place(source: Source, function: scope.Function) -> Place:
    """The place, by the names that the function itself uses."""
    for node in scope.own(function):
        if isinstance(node, ast.Call) and scope.called(node) == "record_activity":
            return there(_WHAT, node.lineno)
    calls = [call for call in map(_status_call, _statements(function)) if call is not None]
    if len(calls) != 1:
        count = "no statement calls" if not calls else f"{len(calls)} statements call"
        return unsure(
            _WHAT, f"{count} {_CALL}(tables, id, status) with a status that varies; one is looked for", _BY_HAND
        )
    statement, identity, status = calls[0]
    line = statement.lineno
    names = scope.bound(function)
    if "rialto_hook" in names:
        return unsure(_WHAT, "the name rialto_hook means something else in the function", _BY_HAND, line)
    if status not in names:
        return unsure(_WHAT, f"the status {status} is not a name of the function itself", _BY_HAND, line)
    dry_runs = [name for name in names if _DRY_RUN.fullmatch(name)]
    if len(dry_runs) != 1:
        told = "no name for it" if not dry_runs else f"{len(dry_runs)} names that may be it"
        return unsure(_WHAT, f"what tells a dry run is not evident: the function has {told}", _BY_HAND, line)
    record = _record(function, statement, identity)
    if record is None:
        why = f"whose id it is that {_CALL} is called with is not evident: one record['id'] is looked for"
        return unsure(_WHAT, why, _BY_HAND, line)
    indent, last = scope.indent(source, statement), scope.last_line(source, statement)
    if indent is None or last is None:
        return unsure(_WHAT, f"the call of {_CALL} shares its lines with something else", _BY_HAND, line)
    lines = Lines.ACTIVITY.indented(indent, dry_run=dry_runs[0], record=record, status=status)
    return found(_WHAT, Insertion(last, lines), line)


def missing(count: int) -> Place:
    """Where the function is not there, or there more than once."""
    why = f"there is no function {FUNCTION}" if not count else f"{FUNCTION} is there {count} times"
    return unsure(_WHAT, f"{why}; one is looked for", _BY_HAND)


def _statements(function: scope.Function) -> list[ast.stmt]:
    return [statement for suite in scope.suites(function) for statement in suite]


def _status_call(statement: ast.stmt) -> tuple[ast.stmt, ast.expr, str] | None:
    """The statement, the id and the name of the status. A status that is written out is that of another activity."""
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return None
    call = statement.value
    if scope.called(call) != _CALL or len(call.args) != 3 or call.keywords:
        return None
    status = call.args[2]
    return (statement, call.args[1], status.id) if isinstance(status, ast.Name) else None


def _record(function: scope.Function, statement: ast.stmt, identity: ast.expr) -> str | None:
    """The name of the record that an id belongs to."""
    records = {_owner(identity)}
    if isinstance(identity, ast.Name):
        records = {_owner(value) for value in _values(function, identity.id)}
    if len(records) != 1:
        return None
    record = records.pop()
    if record is None:
        return None
    loops = [
        node
        for node in scope.own(function)
        if isinstance(node, (ast.For, ast.AsyncFor)) and _is_name(node.target, record)
    ]
    others = [node for node in scope.own(function) if _is_stored(node, record)]
    if record in scope.parameters(function):
        return None if others else record
    # The loop that gives the record is the one that the call stands in, and nothing else gives it.
    is_in_loop = len(loops) == 1 and any(node is statement for node in ast.walk(loops[0]))
    return record if is_in_loop and len(others) == 1 else None


def _values(function: scope.Function, name: str) -> list[ast.expr | None]:
    """What is assigned to a name; none where that cannot be told."""
    stores = [node for node in scope.own(function) if _is_stored(node, name)]
    told: list[ast.expr | None] = []
    for node in scope.own(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and len(targets) == 1 and _is_name(targets[0], name):
            told.append(node.value)
    return told if len(told) == len(stores) else [None]


def _owner(value: ast.expr | None) -> str | None:
    """The record in `record['id']` and `record.get('id')`."""
    if isinstance(value, ast.Subscript):
        owner, key = value.value, value.slice
    elif isinstance(value, ast.Call) and scope.called(value) == "get" and isinstance(value.func, ast.Attribute):
        if not value.args:
            return None
        owner, key = value.func.value, value.args[0]
    else:
        return None
    is_id = isinstance(key, ast.Constant) and key.value == "id"
    return owner.id if is_id and isinstance(owner, ast.Name) else None


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_stored(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)
