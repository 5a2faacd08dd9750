"""The fast function of an object plan, as Python source.

    def read(o, asked):
        if o.__class__ not in known: check(o, known)
        answer = {
            key0: v if (v := o.number).__class__ is str else None if v is None else leaf1(v),
            key2: None if (v := o.total) is None else read3(v, asked),
            key4: None,
        }
        asked[field5].append((o, answer))
        return answer

Of what a client writes nothing enters the text: it holds attribute names that the schema declares, and names
of this module's making, to which response keys, permissions, functions and field plans are bound. So objects
that are selected alike have the same text, in whatever document, and it is compiled once.

Anything that is not as it should be (a null, an error or another type in a value's place, a permission that
lacks) raises, without saying what or where: `careful` finds that out, reading the same values again.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from graphql import GraphQLLeafType, GraphQLNonNull, GraphQLObjectType, Undefined, is_leaf_type

from gateway.operations.plan import Anomaly, Asked, FieldPlan, ObjectPlan
from gateway.operations.values import leaf, passing
from gateway.schema.base import META


def reader(plan: ObjectPlan) -> Callable[[Any, Asked], dict[str, Any]]:
    """Make the function that makes the answer's object of a value; those of inner objects are there."""
    writer = _Writer(plan)
    # Without its builtins, a function in which the interpreter warns of something raises a KeyError.
    names = {"__builtins__": builtins, "Anomaly": Anomaly, "check": _check, "known": set(), **writer.names}
    # A copy: what the interpreter learns of the names while a function runs, it keeps with the code.
    return FunctionType(_compiled("\n".join(writer.lines)).replace(), names)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    module = compile(text, "<plan>", "exec")
    [function] = [each for each in module.co_consts if isinstance(each, CodeType)]
    return function


def _check(value: Any, known: set[type]) -> None:
    """Let a value pass that is neither null nor an error, and from now on all of its class."""
    if value is None or value is Undefined or isinstance(value, Exception):
        raise Anomaly
    known.add(value.__class__)


class _Writer:
    def __init__(self, plan: ObjectPlan) -> None:
        self.names: dict[str, Any] = {}
        self.lines = ["def read(o, asked):", " if o.__class__ not in known: check(o, known)"]
        needs = frozenset().union(*(field.meta.needs for field in plan.fields if field.plain and field.meta))
        if needs:
            bound = self._bind("needs", needs)
            self.lines.append(
                f" if (g := getattr(o, 'granted', None)) is not None and not {bound} <= g: raise Anomaly"
            )
        self.lines.append(" answer = {")
        self.lines += [f"  {self._bind('key', f.key)}: {self._value(plan, f)}," for f in plan.fields]
        self.lines.append(" }")
        asked = [field for field in plan.fields if field.definition is not None and not field.plain]
        self.lines += [f" asked[{self._bind('field', field)}].append((o, answer))" for field in asked]
        self.lines.append(" return answer")

    def _value(self, plan: ObjectPlan, field: FieldPlan) -> str:
        """Write the expression for one entry of the answer's object; null holds the place of an asked one."""
        if field.definition is None:
            return self._bind("type", plan.type.name)
        if not field.plain or field.meta is None:
            return "None"
        derive = field.meta.derive
        read = f"o.{field.meta.attribute}" if derive is None else f"{self._bind('derive', derive)}(o)"
        type_, nullable = field.type, True
        if isinstance(type_, GraphQLNonNull):
            type_, nullable = type_.of_type, False
        if is_leaf_type(type_):
            return self._leaf(type_, read, nullable=nullable)
        if isinstance(type_, GraphQLObjectType):
            inner = self._bind("read", field.objects[type_.name].read)
            return _call(inner, read, ", asked", nullable=nullable)
        return f"{self._bind('complete', field.complete)}({read}, asked)"

    def _leaf(self, type_: GraphQLLeafType, read: str, *, nullable: bool) -> str:
        """Write how a leaf is completed: at a glance where its class is the one that is counted on."""
        complete, null = self._bind("leaf", leaf(type_)), "None if v is None else " if nullable else ""
        if (class_ := type_.extensions.get(META)) is not None:
            known = f"{self._bind('write', type_.coerce_output_value)}(v)"
        elif (found := passing(type_)) is not None:
            class_, attribute = found
            known = f"v{attribute}"
        else:
            return _call(complete, read, nullable=nullable)
        return f"{known} if (v := {read}).__class__ is {self._bind('class', class_)} else {null}{complete}(v)"

    def _bind(self, kind: str, value: Any) -> str:
        name = f"{kind}{len(self.names)}"
        self.names[name] = value
        return name


def _call(function: str, read: str, more: str = "", *, nullable: bool) -> str:
    """Write a call that a null is spared where it is allowed."""
    return (
        f"None if (v := {read}) is None else {function}(v{more})" if nullable else f"{function}({read}{more})"
    )
