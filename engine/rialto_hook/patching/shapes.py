"""Where an engine's files are hooked in, found by the shape of the code: what is called, with what, inside of what.

Nothing is taken for sure that is only likely. What is not as expected is told in a sentence, and nobody guesses.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

#: The function that every outcome passes, and what it calls with it.
DISPATCHER, UPDATE = "process_all_activities_for_one_citizen", "update_activity_status"
#: Types that the engine does nothing for: `paid_service` is done likewise.
_IDLE = ("idle", "rest")
_ENTRIES_MIN = 3


@dataclass(frozen=True)
class Place:
    """A line that is to be put in."""

    #: What it does, in words.
    what: str
    #: It comes before this line of the file, counted from nothing.
    before: int
    #: It is indented as this line is.
    like: int
    code: str


@dataclass(frozen=True)
class Doubt:
    """Something that is not as expected."""

    what: str
    #: Its line, counted from one, where there is one.
    line: int
    why: str
    #: Whether without it nothing works.
    is_needed: bool


class Module:
    """A file of the engine's, read. Raises `SyntaxError` where it is none."""

    def __init__(self, text: bytes) -> None:
        self.lines = text.splitlines(keepends=True)
        self.tree = ast.parse(text)

    def findings(self) -> list[Place | Doubt]:
        """All places and doubts, the import first; nothing where nothing of this file's concerns Rialto."""
        found = [*self._activities(), *self._services(), *self._messages()]
        if not any(isinstance(one, Place) for one in found):
            return found
        return [*self._import(), *found]

    def _import(self) -> Iterator[Place | Doubt]:
        what = "the import"
        imports = [node for node in self.tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
        if not imports:
            yield Doubt(what, 1, "the file imports nothing at its top, so that there is no evident place", True)
        elif not self._is_alone(imports[-1]):
            yield Doubt(what, imports[-1].lineno, "the last import shares its line with something else", True)
        else:
            end = _end(imports[-1])
            like = imports[-1].lineno - 1
            yield Place(what, end, like, "try: import rialto_hook")
            yield Place(f"{what}, where it is missing", end, like, "except ImportError: rialto_hook = None")

    def _activities(self) -> Iterator[Place | Doubt]:
        what = "the outcome of each activity"
        functions = _functions(self.tree, DISPATCHER)
        if not functions:
            return
        if 1 < len(functions):
            yield Doubt(what, functions[1].lineno, f"there are {len(functions)} functions {DISPATCHER}", True)
            return
        (function,) = functions
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Expr) and _called(node.value) == UPDATE]
        if len(calls) != 1:
            why = f"{DISPATCHER} calls {UPDATE} {len(calls)} times as a statement, and not once"
            yield Doubt(what, function.lineno, why, True)
            return
        statement = calls[0]
        status, record = _status(statement.value), _record(function, statement)
        if status is None:
            why = f"{UPDATE} is not given the status as a name, as its third argument or `status`"
            yield Doubt(what, statement.lineno, why, True)
        elif record is None:
            why = "the call is in no `for RECORD in …` that reads RECORD['id'] or RECORD['fields']"
            yield Doubt(what, statement.lineno, why, True)
        elif not self._is_alone(statement):
            yield Doubt(what, statement.lineno, f"the call of {UPDATE} shares its line with something else", True)
        else:
            arguments = function.args
            names = {argument.arg for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}
            condition = "rialto_hook and not dry_run" if "dry_run" in names else "rialto_hook"
            code = f"if {condition}: rialto_hook.record_activity({record}, {status})"
            yield Place(what, _end(statement), statement.lineno - 1, code)

    def _services(self) -> Iterator[Place | Doubt]:
        dispatchers = _functions(self.tree, DISPATCHER)
        if not dispatchers:
            return
        for function in [*dispatchers, *_functions(self.tree, "main")]:
            is_needed = function.name == DISPATCHER
            what = f"the type paid_service in {function.name}"
            maps = [node for node in ast.walk(function) if isinstance(node, ast.Dict) and _is_dispatch(node)]
            if len(maps) != 1:
                # A second copy is there in some versions, and changes nothing.
                if is_needed or maps:
                    why = f"{len(maps)} dicts have processors by type there, and not one"
                    yield Doubt(what, function.lineno, why, is_needed)
                continue
            yield from self._service(maps[0], what, is_needed)

    def _service(self, entries: ast.Dict, what: str, is_needed: bool) -> Iterator[Place | Doubt]:
        known = {key.value: place for place, key in enumerate(entries.keys) if isinstance(key, ast.Constant)}
        if "paid_service" in known:
            return
        idle = [name for name in _IDLE if name in known]
        processors = {ast.dump(entries.values[known[name]]) for name in idle}
        processor = entries.values[known[idle[0]]] if idle else None
        if len(processors) != 1 or not isinstance(processor, ast.Name):
            why = f"there is no one processor of {' and '.join(_IDLE)}, which do nothing, to do it likewise"
            yield Doubt(what, entries.lineno, why, is_needed)
            return
        key = entries.keys[known[idle[0]]]
        assert key is not None
        if self.lines[key.lineno - 1][: key.col_offset].strip():
            yield Doubt(what, key.lineno, f"the entry of {idle[0]} does not begin its line", is_needed)
        else:
            yield Place(what, key.lineno - 1, key.lineno - 1, f'"paid_service": {processor.id},')

    def _messages(self) -> Iterator[Place | Doubt]:
        for statement, call, is_sure in _creations(self.tree):
            what = "a message that is stored"
            by_hand = "; `python -m rialto_hook poll` finds the message all the same"
            target = _bound(statement)
            if not is_sure:
                yield Doubt(what, call.lineno, f"it may be a message, and may not{by_hand}", False)
            elif target is None:
                yield Doubt(what, call.lineno, f"the row that is created is given no name{by_hand}", False)
            elif not self._is_alone(statement):
                yield Doubt(what, call.lineno, f"it shares its line with something else{by_hand}", False)
            else:
                code = f"if rialto_hook: rialto_hook.record_message({target})"
                yield Place(what, _end(statement), statement.lineno - 1, code)

    def _is_alone(self, statement: ast.stmt) -> bool:
        """Whether nothing else is on its lines, and its last one has an end."""
        before = self.lines[statement.lineno - 1][: statement.col_offset]
        last = self.lines[_end(statement) - 1]
        after = last[statement.end_col_offset :].strip()
        return not before.strip() and (not after or after.startswith(b"#")) and last.endswith((b"\n", b"\r"))


def _end(statement: ast.stmt) -> int:
    assert statement.end_lineno is not None
    return statement.end_lineno


def _functions(tree: ast.Module, name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    functions = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return [function for function in functions if function.name == name]


def _called(call: ast.expr) -> str:
    function = call.func if isinstance(call, ast.Call) else None
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _status(call: ast.expr) -> str | None:
    assert isinstance(call, ast.Call)
    named = [keyword.value for keyword in call.keywords if keyword.arg in ("status", "new_status")]
    given = named or call.args[2:3]
    return given[0].id if given and isinstance(given[0], ast.Name) else None


def _record(function: ast.AST, statement: ast.stmt) -> str | None:
    """The name of the record in the innermost loop around a statement."""
    record = None
    for loop in ast.walk(function):
        if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and statement in ast.walk(loop):
            name = loop.target.id
            is_read = any(_reads(node, name) for node in ast.walk(loop))
            # Walked from the outside in: what comes last is the innermost.
            record = name if is_read else record
    return record


def _reads(node: ast.AST, name: str) -> bool:
    """Whether the id or the fields of a record of this name are read."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == name:
        return isinstance(node.slice, ast.Constant) and node.slice.value in ("id", "fields")
    return False


def _is_dispatch(node: ast.Dict) -> bool:
    if len(node.keys) < _ENTRIES_MIN:
        return False
    are_types = all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.keys)
    return are_types and all(isinstance(value, (ast.Name, ast.Attribute)) for value in node.values)


def _creations(tree: ast.Module) -> Iterator[tuple[ast.stmt, ast.Call, bool]]:
    """Where rows of MESSAGES are created, the statement of each, and whether it is sure that they are such."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            continue
        for call in _own_calls(node):
            if _called(call) in ("create", "batch_create") and isinstance(call.func, ast.Attribute):
                told = _of_messages(call.func.value)
                if told is not None:
                    yield node, call, told and _called(call) == "create"


def _own_calls(statement: ast.stmt) -> Iterator[ast.Call]:
    """The calls of a statement that are in no statement within it."""
    waiting: list[ast.AST] = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node
        waiting += [child for child in ast.iter_child_nodes(node) if not isinstance(child, (ast.stmt, ast.Lambda))]


def _of_messages(table: ast.expr) -> bool | None:
    """Whether a table is that of messages: by its key; by its name it may be, and else it is not."""
    if isinstance(table, ast.Subscript) and isinstance(table.slice, ast.Constant):
        return True if str(table.slice.value).lower() == "messages" else None
    if isinstance(table, ast.Name) and "message" in table.id.lower():
        return table.id.lower() in ("messages", "messages_table", "message_table")
    return None


def _bound(statement: ast.stmt) -> str | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target: ast.expr = statement.targets[0]
    elif isinstance(statement, ast.AnnAssign):
        target = statement.target
    else:
        return None
    is_the_row = isinstance(statement.value, ast.Call) and _called(statement.value) == "create"
    return target.id if isinstance(target, ast.Name) and is_the_row else None
