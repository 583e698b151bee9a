"""Where messages are written: a row of MESSAGES is created, and the name that holds it says what was stored.

Where nothing holds the row, nothing is put in: `python -m rialto_hook poll` reads such messages from the table.
"""

from __future__ import annotations

import ast

from . import scope
from .marks import Lines
from .place import Place, found, there, unsure
from .source import Insertion, Source

PERSIST = "persist_message"
_BY_HAND = "\n".join(
    (
        "give what create returns a name, and after it write these lines, and behind the imports those of the import:",
        *Lines.MESSAGE.indented("", record="stored"),
        "`python -m rialto_hook poll` finds these messages without that",
    )
)


def places(source: Source, tree: ast.Module) -> list[Place]:
    """Each writer of messages in a file. No loss where one is not sure."""
    told = []
    for function in _scopes(tree):
        told += [place.optional() for place in _writers(source, function)]
    return [*told, *_telegram(source, tree)]


def persist(source: Source, tree: ast.Module) -> Place:
    """The funnel that most writers go through."""
    what = f"the message that {PERSIST} stores"
    funnels = scope.functions(tree, PERSIST)
    if len(funnels) != 1:
        count = "no function" if not funnels else f"{len(funnels)} functions"
        return unsure(what, f"there is {count} {PERSIST}; one is looked for", _BY_HAND)
    told = _writers(source, funnels[0])
    if len(told) != 1:
        count = "nothing" if not told else f"{len(told)} statements"
        why = f"in {PERSIST} {count} creates a row in tables['messages']; one statement is looked for"
        return unsure(what, why, _BY_HAND, funnels[0].lineno)
    return told[0]


def _scopes(tree: ast.Module) -> list[ast.AST]:
    return [tree, *(node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))]


def _writers(source: Source, function: ast.AST) -> list[Place]:
    name = getattr(function, "name", "the module")
    what = f"the message that {name} stores"
    holders = {statement.value: statement for statement in _assignments(function)}
    told = []
    for node in scope.own(function):
        is_sure = _is_create(node)
        if not isinstance(node, ast.Call) or is_sure is None:
            continue
        line = node.lineno
        statement = holders.get(node)
        target = _target(statement)
        if not is_sure:
            told.append(unsure(what, "it may be a row of MESSAGES, or of another table", _BY_HAND, line))
        elif scope.called(node) != "create":
            told.append(unsure(what, "several rows are created at once", _BY_HAND, line))
        elif statement is None or target is None:
            told.append(unsure(what, "what create returns is dropped, or held by no plain name", _BY_HAND, line))
        elif (hand := _by_hand_line(function, target)) is not None:
            told.append(there(what, hand))
        elif "rialto_hook" in scope.bound(function) and not isinstance(function, ast.Module):
            told.append(unsure(what, f"the name rialto_hook means something else in {name}", _BY_HAND, line))
        else:
            indent, last = scope.indent(source, statement), scope.last_line(source, statement)
            if indent is None or last is None:
                told.append(unsure(what, "the statement shares its lines with something else", _BY_HAND, line))
            else:
                told.append(found(what, Insertion(last, Lines.MESSAGE.indented(indent, record=target)), line))
    return told


def _assignments(function: ast.AST) -> list[ast.Assign | ast.AnnAssign]:
    return [node for node in scope.own(function) if isinstance(node, (ast.Assign, ast.AnnAssign))]


def _target(statement: ast.Assign | ast.AnnAssign | None) -> str | None:
    if isinstance(statement, ast.AnnAssign):
        return statement.target.id if isinstance(statement.target, ast.Name) else None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else None
    return None


def _is_create(call: ast.AST) -> bool | None:
    """Whether it creates rows of `tables['messages']`: none where it does not, and false where it only may."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    table = call.func.value
    if call.func.attr not in {"create", "batch_create"}:
        return None
    if isinstance(table, ast.Subscript):
        is_messages = isinstance(table.slice, ast.Constant) and str(table.slice.value).lower() == "messages"
        return True if is_messages and _held(table.value) == "tables" else None
    name = (_held(table) or "").lower()
    # `client.messages` of some other library is no table.
    return False if "message" in name and (isinstance(table, ast.Name) or "table" in name) else None


def _held(node: ast.expr) -> str | None:
    """The last name of what holds something, also where somebody's."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _by_hand_line(function: ast.AST, record: str) -> int | None:
    for node in scope.own(function):
        if not isinstance(node, ast.Call) or scope.called(node) != "record_message":
            continue
        if any(isinstance(argument, ast.Name) and argument.id == record for argument in node.args):
            return node.lineno
    return None


def _telegram(source: Source, tree: ast.Module) -> list[Place]:
    """Where answers from files go out by Telegram: no row holds them, so that the file's name is their id."""
    told = []
    for function in scope.functions(tree, "process_responses"):
        sends = [node for node in scope.own(function) if scope.called(node) == "send_telegram_message"]
        if sends:
            told.append(_sent(source, tree, function, sends).optional())
    return told


def _sent(source: Source, tree: ast.Module, function: scope.Function, sends: list[ast.AST]) -> Place:
    what = f"the letter that {function.name} sends by Telegram"
    by_hand = (
        'where sending has succeeded, write: `if rialto_hook: rialto_hook.record_message({"id": filename, '
        '"Sender": username, "Receiver": "TG_" + telegram_id})`; poll does not find these'
    )
    for node in scope.own(function):
        if isinstance(node, ast.Call) and scope.called(node) == "record_message":
            return there(what, node.lineno)
    loops = [node for node in scope.own(function) if isinstance(node, ast.For) and isinstance(node.target, ast.Name)]
    for loop in loops:
        shape = _letter(loop)
        if shape is None or len(sends) != 1 or not _tells_sender(tree):
            continue
        branch, names = shape
        first = branch.body[0]
        indent = scope.indent(source, first)
        # A function's first statement may be told by its decorator; here there is none to be.
        if (
            indent is not None
            and branch.lineno < first.lineno
            and not isinstance(first, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        ):
            return found(what, Insertion(first.lineno - 1, Lines.TELEGRAM.indented(indent, **names)), branch.lineno)
    return unsure(what, "its shape is not the one that is known", by_hand, function.lineno)


def _tells_sender(tree: ast.Module) -> bool:
    """Whether what is read in a file's name is a dict that says who wrote it."""
    readers = scope.functions(tree, "parse_response_filename")
    dicts = [node for reader in readers for node in ast.walk(reader) if isinstance(node, ast.Dict)]
    keys = [key for node in dicts for key in node.keys]
    return any(isinstance(key, ast.Constant) and key.value == "username" for key in keys)


def _letter(loop: ast.For) -> tuple[ast.If, dict[str, str]] | None:
    """The branch where a file's letter was sent, and the names of the file, of what its name says, and of the chat."""
    assert isinstance(loop.target, ast.Name)
    file = loop.target.id
    letter = chat = sent = None
    for statement in loop.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
            if not isinstance(target, ast.Name) or not isinstance(value, ast.Call) or not value.args:
                continue
            first = value.args[0]
            if scope.called(value) == "parse_response_filename" and isinstance(first, ast.Name) and first.id == file:
                letter = target.id
            elif scope.called(value) == "send_telegram_message" and isinstance(first, ast.Name):
                chat, sent = first.id, target.id
        elif isinstance(statement, ast.If) and letter and chat and _held(statement.test) == sent:
            return statement, {"file": file, "letter": letter, "chat": chat}
    return None
