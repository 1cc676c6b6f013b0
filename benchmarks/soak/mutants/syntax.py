"""Mutants of one Python source: one change of its syntax tree each.

Changed are comparisons, conditions, arithmetic, constants, returned values, and calls and raises
that stand as statements. Left as they are: texts for people (docstrings, formatted strings,
messages of errors), annotations, decorators, and `strict=`, which only asserts what the caller
made so.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import CodeType
from typing import Any

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list"}
_TAGGED = {"tagged_hash", "absorb", "Transcript"}
"""Functions whose strings are bytes of the protocol."""
_CHECK_NUMBER = re.compile(r"[A-Z]\d")
_LONGEST = 100
"""Characters of an old or new text in a description."""


@dataclass(frozen=True)
class Mutant:
    """One change of a source.

    Attributes:
        source: Path of the source in the checkout.
        line: Where it is changed.
        function: Qualified name of the outermost function around it; "" outside of all.
        statement: The first line of the statement around the change.
        old: The expression or statement before, on one line.
        new: And after; "" if it is left out.
        repeated: Number of mutants before it that read the same.
    """

    source: str
    line: int
    function: str
    statement: str
    old: str
    new: str
    parent: ast.AST
    field: str
    place: int | None
    replacement: ast.AST
    repeated: int = 0

    @property
    def name(self) -> str:
        """What identifies the mutant, wherever its line is by now."""
        change = f"{self.old} → {self.new or '(nothing)'}"
        where = "" if self.statement == self.old else f" in `{self.statement}`"
        number = f" (number {self.repeated + 1})" if self.repeated else ""
        return f"{self.source} {self.function or '(module)'}: {change}{where}{number}"

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Change the tree that the mutant was made from, for a while."""
        content = getattr(self.parent, self.field)
        if self.place is None:
            setattr(self.parent, self.field, self.replacement)
        else:
            content[self.place], original = self.replacement, content[self.place]
        try:
            yield
        finally:
            if self.place is None:
                setattr(self.parent, self.field, content)
            else:
                content[self.place] = original


class Source:
    """One source and its mutants."""

    def __init__(self, name: str, path: str, text: str) -> None:
        self.name = name
        self.path = path
        self.tree = ast.parse(text)
        self.original = self.compiled()

    def compiled(self) -> CodeType:
        return compile(self.tree, self.path, "exec", dont_inherit=True)

    def code(self, mutant: Mutant) -> CodeType | None:
        """Return the code of a mutant; None if it is the original's, or no code at all."""
        with mutant.applied():
            try:
                code = self.compiled()
            except (SyntaxError, ValueError):
                return None
        return None if code == self.original else code

    def mutants(self) -> Iterator[Mutant]:
        """Yield all mutants, in the order of the tree."""
        seen = Counter[str]()
        for mutant in self._of(self.tree, "", "", ""):
            yield replace(mutant, repeated=seen[mutant.name])
            seen[mutant.name] += 1

    def _of(self, node: ast.AST, scope: str, function: str, statement: str) -> Iterator[Mutant]:
        for field, content in ast.iter_fields(node):
            if field in {"annotation", "returns", "decorator_list", "type_comment"}:
                continue
            for place, child in (
                enumerate(content) if isinstance(content, list) else [(None, content)]
            ):
                if not isinstance(child, ast.AST) or _is_text(child):
                    continue
                inner = _inside(node, field, child, scope, function)
                around = _shown(child) if isinstance(child, ast.stmt) else statement
                for replacement in _replacements(child, node):
                    yield Mutant(
                        self.name,
                        getattr(child, "lineno", getattr(node, "lineno", 0)),
                        inner[1],
                        around,
                        _shown(child),
                        "" if isinstance(replacement, ast.Pass) else _shown(replacement),
                        node,
                        field,
                        place,
                        ast.fix_missing_locations(replacement),
                    )
                if isinstance(child, ast.Raise):
                    yield from self._of_error(child, inner[1])
                    continue
                yield from self._of(child, *inner, around)

    def _of_error(self, error: ast.Raise, function: str) -> Iterator[Mutant]:
        """Only the check number of an error is no text for people."""
        if not isinstance(error.exc, ast.Call):
            return
        for place, one in enumerate(error.exc.args):
            if isinstance(one, ast.Constant) and _CHECK_NUMBER.fullmatch(str(one.value)):
                other = ast.copy_location(ast.Constant("X0"), one)
                where = (self.name, one.lineno, function, _shown(error))
                yield Mutant(*where, _shown(one), "'X0'", error.exc, "args", place, other)


def _inside(
    parent: ast.AST, field: str, child: ast.AST, scope: str, function: str
) -> tuple[str, str]:
    """Return scope and outermost function of what is inside a node."""
    if isinstance(child, ast.ClassDef | ast.FunctionDef) and not function:
        scope = f"{scope}.{child.name}" if scope else child.name
    if isinstance(parent, ast.FunctionDef) and field == "body" and not function:
        function = scope
    return scope, function


def _replacements(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(left, ops, comparators):
            for place, operator in enumerate(ops):
                for comparison in _COMPARISONS[type(operator)]:
                    changed = [*ops[:place], comparison(), *ops[place + 1 :]]
                    yield _at(node, ast.Compare(left, changed, comparators))
        case ast.BoolOp(operator, values):
            yield _at(
                node, ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            )
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.UnaryOp(ast.USub(), operand):
            yield operand
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            yield _at(node, ast.BinOp(left, _OPERATORS[type(operator)](), right))
        case ast.AugAssign(target, operator, value) if type(operator) in _OPERATORS:
            yield _at(node, ast.AugAssign(target, _OPERATORS[type(operator)](), value))
            yield _at(node, ast.Pass())
        case ast.Constant(value):
            yield from _constants(node, value, parent)
        case ast.Call(ast.Name(name), arguments, keywords) if name in _FUNCTIONS:
            yield _at(node, ast.Call(ast.Name(_FUNCTIONS[name], ast.Load()), arguments, keywords))
        case ast.Expr(ast.Call()) | ast.Raise():
            yield _at(node, ast.Pass())
        case ast.Assign([ast.Attribute() | ast.Subscript()], _):
            yield _at(node, ast.Pass())
        case ast.Continue():
            yield _at(node, ast.Break())
        case ast.Break():
            yield _at(node, ast.Continue())
        case ast.Return(value) if value is not None and not _is_none(value):
            yield _at(node, ast.Return(ast.Constant(None)))
    negated = isinstance(parent, ast.If | ast.While | ast.IfExp | ast.comprehension)
    if negated and _is_condition(node, parent) and not isinstance(node, ast.Compare | ast.BoolOp):
        yield _at(node, ast.UnaryOp(ast.Not(), node))  # type: ignore[arg-type]


def _constants(node: ast.AST, value: Any, parent: ast.AST) -> Iterator[ast.AST]:
    match value:
        case bool():
            if not (isinstance(parent, ast.keyword) and parent.arg == "strict"):
                yield _at(node, ast.Constant(not value))
        case int():
            yield _at(node, ast.Constant(value + 1))
        case bytes():
            yield _at(node, ast.Constant(bytes([value[0] ^ 1]) + value[1:] if value else b"\0"))
        case str() if isinstance(parent, ast.Call) and _called(parent) in _TAGGED:
            yield _at(node, ast.Constant(value + "x"))


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_condition(node: ast.AST, parent: ast.AST) -> bool:
    return node is getattr(parent, "test", None) or node in getattr(parent, "ifs", ())


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.AST) -> bool:
    """Whether a node is a docstring or a formatted string."""
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.JoinedStr)


def _at(node: ast.AST, replacement: ast.AST) -> ast.AST:
    return ast.copy_location(replacement, node)


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split("\n", 1)[0].split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
