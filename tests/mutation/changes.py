"""Small faults of one place each: every way in which a module can be mutated.

A place is named by the number of its node (in the order of `ast.walk`) and of the change, so that the same source gives the
same list. Annotations, docstrings, messages and other texts stay as they are: nothing computes with them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Change = Callable[[ast.AST], ast.AST]

_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
#: Each comparison becomes its neighbour, which differs at the edge alone, and its opposite.
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
_TWINS = {
    "min": "max", "minimum": "maximum", "argmin": "argmax", "nanmin": "nanmax", "any": "all", "floor": "ceil", "zeros": "ones",
}  # fmt: skip
_TWINS |= {there: here for here, there in _TWINS.items()}


@dataclass(frozen=True)
class Place:
    """Where a module can be changed, and how: node and variant are numbers, line and kind are for people."""

    module: str
    node: int
    variant: int
    line: int
    kind: str


@dataclass(frozen=True)
class Mutant:
    """A module with one change. before, after : the statement as it was and is, in one line."""

    module: str
    line: int
    kind: str
    before: str
    after: str
    source: str

    @property
    def key(self) -> str:
        """What tells it from the others also after lines have moved."""
        return f"{self.module}: {self.before} => {self.after}"


def places(module: str, source: str) -> list[Place]:
    """Every change that can be made to a module."""
    return [
        Place(module, number, variant, getattr(node, "lineno", 0), kind)
        for number, node in _open_nodes(ast.parse(source))
        for variant, (kind, _) in enumerate(_changes(node))
    ]


def mutant(place: Place, source: str) -> Mutant:
    """The module with one change."""
    tree = ast.parse(source)
    before, after = _apply(tree, place.node, place.variant)
    return Mutant(place.module, place.line, place.kind, before, after, ast.unparse(tree) + "\n")


def statements(source: str) -> set[str]:
    """Every statement of a module as mutants show it."""
    return {_head(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)}


def _apply(tree: ast.Module, number: int, variant: int) -> tuple[str, str]:
    """Change the tree; the statement around the change before and after, in one line each."""
    target = dict(_numbered(tree))[number]
    around = _statement(tree, target)
    before = _head(around)
    _, change = list(_changes(target))[variant]
    changed = change(target)
    if changed is not target:
        _replace(tree, target, changed)
        around = changed if around is target else around
    ast.fix_missing_locations(tree)
    return before, _head(around)


def _numbered(tree: ast.AST) -> Iterator[tuple[int, ast.AST]]:
    return enumerate(ast.walk(tree))


def _open_nodes(tree: ast.Module) -> Iterator[tuple[int, ast.AST]]:
    """Nodes that compute something, with their numbers."""
    closed: set[int] = set()
    for node in ast.walk(tree):
        shut: list[ast.AST | None] = []
        if isinstance(node, ast.arg | ast.AnnAssign):
            shut.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            shut += [node.returns, *node.decorator_list]
        elif isinstance(node, ast.ClassDef):
            shut += node.decorator_list
        elif isinstance(node, ast.Raise):
            shut += [node.exc]
        elif isinstance(node, ast.JoinedStr):
            shut.append(node)
        closed |= {id(inner) for top in shut if top is not None for inner in ast.walk(top)}
    for number, node in _numbered(tree):
        if id(node) not in closed:
            yield number, node


def _changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Kinds of change of a node, each with the function that makes it (in place, or by giving another node)."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _ARITHMETIC:
        yield "arithmetic", _with(op=_ARITHMETIC[type(node.op)]())
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            for other in _COMPARISONS[type(op)]:
                ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                yield "comparison", _with(ops=ops)
    if isinstance(node, ast.BoolOp):
        yield "and, or", _with(op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield "sign, not", lambda n: n.operand  # type: ignore[attr-defined]
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "constant", _with(value=not node.value)
        elif isinstance(node.value, int | float):
            yield "constant", _with(value=node.value + 1)
            if node.value not in (0, 1):
                yield "constant", _with(value=0)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in _TWINS:
        yield "name", _with(id=_TWINS[node.id])
    if isinstance(node, ast.Attribute) and node.attr in _TWINS:
        yield "name", _with(attr=_TWINS[node.attr])
    if isinstance(node, ast.Call):
        for place, word in enumerate(node.keywords):
            if word.arg is not None and word.arg != "dtype":
                keywords = [*node.keywords[:place], *node.keywords[place + 1 :]]
                yield "argument left out", _with(keywords=keywords)
    if isinstance(node, ast.IfExp):
        yield "branch", lambda n: n.body  # type: ignore[attr-defined]
        yield "branch", lambda n: n.orelse  # type: ignore[attr-defined]
    if isinstance(node, ast.If | ast.While):
        yield "branch", _with(test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.AugAssign | ast.Raise) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    ):
        yield "statement left out", lambda _: ast.Pass()
    if isinstance(node, ast.Break):
        yield "statement", lambda _: ast.Continue()
    if isinstance(node, ast.Continue):
        yield "statement", lambda _: ast.Break()


def _with(**fields: object) -> Change:
    def change(node: ast.AST) -> ast.AST:
        for name, value in fields.items():
            setattr(node, name, value)
        return node

    return change


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
                return
            if isinstance(value, list) and any(item is old for item in value):
                setattr(parent, name, [new if item is old else item for item in value])
                return
    raise ValueError("the node to replace is not in the tree")


def _statement(tree: ast.Module, target: ast.AST) -> ast.AST:
    """The innermost statement around a node."""
    inner: ast.AST = tree
    for node in ast.walk(tree):  # from the outside in, so the last one is the innermost
        if isinstance(node, ast.stmt) and any(part is target for part in ast.walk(node)):
            inner = node
    return inner


def _head(node: ast.AST) -> str:
    """A statement in one line; of a compound one, its first."""
    lines = ast.unparse(node).splitlines()
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        lines = [line for line in lines if not line.startswith("@")]
    return lines[0] if hasattr(node, "body") else " ".join(line.strip() for line in lines)
