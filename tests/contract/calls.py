"""Checks calls against the parameter classes of Stripe's official library.

Reads one call a line, {"method": ..., "path": ..., "form": ...}, and prints one line for each fault: a parameter that
is unknown or missing, a number that is none, a word that is not among those allowed. Exits with 1 if there is any, or
if there was nothing to check. `--self-test` shows that each kind of fault is found.

Which class belongs to which endpoint is not written down here: it is read from the library's own services. Nothing is
sent anywhere.
"""

import ast
import functools
import json
import re
import sys
import types
from decimal import Decimal
from pathlib import Path
from typing import Any, Dict, ForwardRef, List, Literal, Union, get_args, get_origin
from urllib.parse import parse_qsl

import stripe
from stripe import params
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import NotRequired, Required, is_typeddict

PLACES_MAX = 12
METADATA_MAX = {"keys": 50, "key": 40, "value": 500}


def faults_of(call):
    """Everything that is wrong with a call, as (where, what)."""
    method, path, form = (call.get(name) for name in ("method", "path", "form"))
    if not all(isinstance(text, str) for text in (method, path, form)):
        return [("", "a call has the texts method, path and form")]
    name = endpoints().find(method, path)
    if name is None:
        return [("", "the library knows no such endpoint")]
    try:
        tree = decoded(form)
    except Malformed as fault:
        return [("", str(fault))]
    return list(table(tree, getattr(params, name), ""))


class Endpoints:
    """Which class holds the parameters of which endpoint."""

    def __init__(self):
        self.known = []
        for file in sorted(Path(stripe.__file__).parent.glob("_*_service.py")):
            for function in ast.walk(ast.parse(file.read_text())):
                if isinstance(function, ast.FunctionDef):
                    self.known.extend(requests_in(function))
        # What is spelled out goes before what is an id: /v1/invoices/search is no invoice.
        self.known.sort(key=lambda known: known[1].count("{"))

    def find(self, method, path):
        for known, pattern, name in self.known:
            expression = re.sub(r"\{\w+\}", r"[A-Za-z0-9_-]+", pattern)
            if known == method.lower() and re.fullmatch(expression, path):
                return name
        return None


def requests_in(function):
    """The endpoints that a method of a service calls, with the class of its parameters."""
    notes = [argument.annotation for argument in function.args.args if argument.arg == "params"]
    if not notes or notes[0] is None:
        return
    note = notes[0].value if isinstance(notes[0], ast.Constant) else ast.unparse(notes[0])
    match = re.search(r"\w+Params", note)
    if match is None:
        return
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "_request":
            method, path = call.args[:2]
            # Where there are ids, it is "…".format(…).
            path = path.func.value if isinstance(path, ast.Call) else path
            yield method.value, path.value, match.group()


@functools.cache
def endpoints():
    return Endpoints()


class Malformed(Exception):
    """A form that cannot be read."""


def decoded(form):
    """A form as texts and tables of them; a list is a table of its places."""
    tree = {}
    for key, value in parse_qsl(form, keep_blank_values=True, strict_parsing=bool(form)):
        if not re.fullmatch(r"[^\[\]]+(\[[^\[\]]*\])*", key):
            raise Malformed(f"{key!r} is no name of a parameter")
        names = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", key)
        here = tree
        for name in names[:-1]:
            if name == "":
                raise Malformed(f"{key!r} does not say which item of the list it is about")
            here = here.setdefault(name, {})
            if isinstance(here, str):
                raise Malformed(f"{key!r} is a value and a table")
        last = names[-1] or str(len(here))
        if last in here:
            raise Malformed(f"{key!r} is there twice")
        here[last] = value
    return tree


def table(tree, kind, at):
    """The faults of a table whose parameters are written down in a class."""
    # Some classes hold, besides the parameters, how the library is to send them.
    options = RequestOptions.__annotations__
    options = options if set(options) <= set(kind.__annotations__) else {}
    known = {name: note for name, note in kind.__annotations__.items() if name not in options}
    for name in tree:
        if name not in known:
            yield inside(at, name), "there is no such parameter"
    for name, note in known.items():
        if name in tree:
            yield from faults(tree[name], note, sys.modules[kind.__module__], inside(at, name))
        elif name in kind.__required_keys__:
            yield inside(at, name), "it is missing"


def faults(value, note, module, at):
    """The faults of a value of which a note says the kind."""
    choices = list(alternatives(note, module))
    words = {word for kind in choices if get_origin(kind) is Literal for word in get_args(kind)}
    kinds = [kind for kind in choices if get_origin(kind) is not Literal]
    if isinstance(value, str) and value in words:
        return []
    if words - {""} and str in kinds and isinstance(value, str):
        # The library lets words pass that it does not know yet; in the version that is asked for they are all there.
        return [(at, f"{value!r} is none of {sorted(words)}")]
    tried = [list(single(value, kind, module, at)) for kind in kinds]
    if not tried:
        return [(at, f"{shown(value)} is none of {sorted(words)}")]
    return min(tried, key=len)


def alternatives(note, module):
    """The kinds that a value may be of."""
    if isinstance(note, (str, ForwardRef)):
        text = note if isinstance(note, str) else note.__forward_arg__
        note = eval(text, vars(module))
    if get_origin(note) in (NotRequired, Required):
        yield from alternatives(get_args(note)[0], module)
    elif get_origin(note) in (Union, types.UnionType):
        for kind in get_args(note):
            yield from alternatives(kind, module)
    elif get_origin(note) is not UntypedStripeObject and note is not type(None):
        yield note


def single(value, kind, module, at):
    """The faults of a value that is to be of one kind."""
    if kind is Any:
        return
    if is_typeddict(kind):
        if isinstance(value, dict):
            yield from table(value, kind, at)
        else:
            yield at, f"{shown(value)} is no table"
    elif get_origin(kind) in (list, List):
        yield from items(value, get_args(kind)[0], module, at)
    elif get_origin(kind) in (dict, Dict):
        yield from pairs(value, get_args(kind)[1], module, at)
    elif kind not in SCALARS:
        yield at, f"this check does not know what {kind} is"
    elif not isinstance(value, str) or not SCALARS[kind](value):
        yield at, f"{shown(value)} is no {kind.__name__}"


def items(value, kind, module, at):
    if not isinstance(value, dict) or sorted(value) != sorted(str(place) for place in range(len(value))):
        yield at, f"{shown(value)} is no list"
        return
    for place, item in value.items():
        yield from faults(item, kind, module, inside(at, place))


def pairs(value, kind, module, at):
    if not isinstance(value, dict):
        yield at, f"{shown(value)} is no table"
        return
    for name, item in value.items():
        # Nothing, under a name of one's own, takes the name away.
        if item != "":
            yield from faults(item, kind, module, inside(at, name))
    if at.split("[")[-1].rstrip("]").endswith("metadata"):
        sizes = {
            "keys": len(value),
            "key": max(map(len, value), default=0),
            "value": max((len(item) for item in value.values() if isinstance(item, str)), default=0),
        }
        for what, size in sizes.items():
            if METADATA_MAX[what] < size:
                yield at, f"metadata takes {METADATA_MAX[what]} ({what}), and this is {size}"


def is_decimal(text):
    """A plain decimal number, with no more places than are taken."""
    match = re.fullmatch(r"-?\d+(?:\.(\d+))?", text, re.ASCII)
    return match is not None and len(match.group(1) or "") <= PLACES_MAX


SCALARS = {
    str: lambda text: text != "",
    int: lambda text: re.fullmatch(r"-?\d{1,18}", text, re.ASCII) is not None,
    bool: lambda text: text in ("true", "false"),
    float: is_decimal,
    Decimal: is_decimal,
}


def inside(at, name):
    return f"{at}[{name}]" if at else name


def shown(value):
    return repr(value) if isinstance(value, str) else "a table"


def told(call, at, what):
    names = ("method", "path")
    print(json.dumps({**{name: call.get(name) for name in names}, "at": at, "fault": what}))


def check(lines):
    """Checks every line; returns the exit code."""
    count, found = 0, 0
    for line in lines:
        call = json.loads(line)
        count += 1
        for at, what in faults_of(call):
            found += 1
            told(call, at, what)
    if count == 0:
        told({}, "", "there was nothing to check")
    return 1 if found or count == 0 else 0


LINE = "lines[0][price_data][currency]=eur&lines[0][price_data][product]=prod_1"
DECIMAL = f"{LINE}&lines[0][price_data][unit_amount_decimal]"

GOOD = [
    ("POST", "/v1/invoices", "customer=cus_1&collection_method=send_invoice&days_until_due=30&auto_advance=false"),
    ("POST", "/v1/invoices", "metadata[rialto]=inv-1&default_tax_rates[0]=txr_1&custom_fields="),
    ("POST", "/v1/invoices/in_1/add_lines", f"{DECIMAL}=10.000000000001&lines[0][quantity]=3"),
    ("POST", "/v1/invoices/in_1/add_lines", "lines[0][amount]=-50&lines[1][amount]=60&expand[]=lines"),
    ("POST", "/v1/invoices/in_1/finalize", ""),
    ("POST", "/v1/customers", "name=A+%26+B&address[country]=IT&shipping="),
    ("POST", "/v1/refunds", "payment_intent=pi_1&reason=requested_by_customer"),
    ("GET", "/v1/invoices", "limit=100&starting_after=in_1&created[gte]=1790000000"),
    ("GET", "/v1/invoices", "created=1790000000&status=open"),
    ("GET", "/v1/invoices/in_1/lines", "limit=100"),
    ("POST", "/v1/customers/cus_1", "metadata[old]=&metadata[new]=x"),
    ("DELETE", "/v1/invoices/in_1", ""),
]

# Each of these has one fault: where it is, and a part of what is to be said.
BAD = [
    ("POST", "/v1/invoice", "", "", "no such endpoint"),
    ("PUT", "/v1/invoices", "", "", "no such endpoint"),
    ("POST", "/v1/invoices/in%2F1/send", "", "", "no such endpoint"),
    ("POST", "/v1/invoices", "customer=cus_1&amount=100", "amount", "no such parameter"),
    ("POST", "/v1/invoices", "customer=cus_1&idempotency_key=a", "idempotency_key", "no such parameter"),
    ("POST", "/v1/invoices", "days_until_due=30.0", "days_until_due", "no int"),
    ("POST", "/v1/invoices", "days_until_due=", "days_until_due", "no int"),
    ("POST", "/v1/invoices", "due_date=1e9", "due_date", "no int"),
    ("POST", "/v1/invoices", "auto_advance=1", "auto_advance", "no bool"),
    ("POST", "/v1/invoices", "customer=", "customer", "no str"),
    ("POST", "/v1/invoices", "customer[id]=cus_1", "customer", "no str"),
    ("POST", "/v1/invoices", "collection_method=by_post", "collection_method", "none of"),
    ("POST", "/v1/invoices", "automatic_tax[enabled]=true&automatic_tax[on]=1", "automatic_tax[on]", "no such"),
    ("POST", "/v1/invoices", "automatic_tax[liability][type]=self", "automatic_tax[enabled]", "missing"),
    ("POST", "/v1/invoices", "automatic_tax=true", "automatic_tax", "no table"),
    ("POST", "/v1/invoices", "default_tax_rates=txr_1", "default_tax_rates", "no list"),
    ("POST", "/v1/invoices", "default_tax_rates[1]=txr_1", "default_tax_rates", "no list"),
    ("POST", "/v1/invoices", "metadata=x", "metadata", "no table"),
    ("POST", "/v1/invoices", f"metadata[{'k' * 41}]=x", "metadata", "takes 40"),
    ("POST", "/v1/invoices", f"metadata[k]={'x' * 501}", "metadata", "takes 500"),
    ("POST", "/v1/invoices", "&".join(f"metadata[k{place}]=x" for place in range(51)), "metadata", "takes 50"),
    ("POST", "/v1/invoices", "customer=cus_1&customer=cus_2", "", "twice"),
    ("POST", "/v1/invoices", "customer[=cus_1", "", "no name"),
    ("POST", "/v1/invoices/in_1/add_lines", "", "lines", "missing"),
    ("POST", "/v1/invoices/in_1/add_lines", "lines[][amount]=1", "", "which item"),
    ("POST", "/v1/invoices/in_1/add_lines", f"{LINE}&lines[0][unit_amount]=1", "lines[0][unit_amount]", "no such"),
    ("POST", "/v1/invoices/in_1/add_lines", f"{DECIMAL}=0.0000000000001",
     "lines[0][price_data][unit_amount_decimal]", "no Decimal"),
    ("POST", "/v1/invoices/in_1/add_lines", f"{DECIMAL}=1e-3", "lines[0][price_data][unit_amount_decimal]", "no Dec"),
    ("POST", "/v1/invoices/in_1/add_lines", "lines[0][amount]=1.5", "lines[0][amount]", "no int"),
    ("POST", "/v1/invoices/in_1/add_lines", "lines[0][period][start]=1", "lines[0][period][end]", "missing"),
    ("POST", "/v1/invoices/in_1/finalize", "auto_advance=maybe", "auto_advance", "no bool"),
    ("POST", "/v1/invoices/in_1/send", "to=a", "to", "no such parameter"),
    ("POST", "/v1/invoices/in_1/pay", "paid_out_of_band=yes", "paid_out_of_band", "no bool"),
    ("POST", "/v1/invoices/in_1/void", "reason=x", "reason", "no such parameter"),
    ("POST", "/v1/credit_notes", "amount=100", "invoice", "missing"),
    ("POST", "/v1/credit_notes", "invoice=in_1&reason=mood", "reason", "none of"),
    ("POST", "/v1/customers", "address[land]=IT", "address[land]", "no such parameter"),
    ("POST", "/v1/refunds", "charge=ch_1&amount=ten", "amount", "no int"),
    ("GET", "/v1/invoices", "limit=many", "limit", "no int"),
    ("GET", "/v1/invoices", "status=lost", "status", "none of"),
    ("GET", "/v1/invoices", "created[after]=1", "created[after]", "no such"),
    ("GET", "/v1/invoices/in_1/lines", "page=2", "page", "no such parameter"),
]


def self_test():
    """Whether all that is good passes, and each thing that is bad is caught; returns the exit code."""
    wrong = []
    for method, path, form in GOOD:
        found = faults_of({"method": method, "path": path, "form": form})
        if found:
            wrong.append((method, path, form, found))
    for method, path, form, at, what in BAD:
        found = faults_of({"method": method, "path": path, "form": form})
        if len(found) != 1 or found[0][0] != at or what not in found[0][1]:
            wrong.append((method, path, form, found))
    for method, path, form, found in wrong:
        told({"method": method, "path": path}, form, f"not as expected: {found}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else check(sys.stdin))
