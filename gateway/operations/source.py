"""The fast functions of a plan: Python source, one function for each object that is selected.

    def read3(o, asked):
        if o is None or isinstance(o, Exception): raise Anomaly
        if (g := getattr(o, 'granted', None)) is not None and not needs1 <= g: raise Anomaly
        answer = {
            key4: v if (v := o.number).__class__ is str or v is None else leaf5(v),
            key6: None if (v := o.total) is None else read2(v, asked),
            key7: None,
        }
        asked[field8].append((o, answer))
        return answer

Of what a client writes nothing enters the text: it holds attribute names that the schema declares, and names
of this module's making, to which response keys, permissions, functions and field plans are bound.

Anything that is not as it should be (a null, an error or another type in a value's place, a permission that
lacks) raises, without saying what or where: `careful` finds that out, reading the same values again.
"""

from __future__ import annotations

from typing import Any

from graphql import GraphQLLeafType, GraphQLNonNull, GraphQLObjectType, is_leaf_type

from gateway.operations.plan import Anomaly, FieldPlan, ObjectPlan
from gateway.operations.values import completer, leaf, passing
from gateway.schema.base import META


class Source:
    """Collects the functions of one plan and compiles them together: that is most of what a plan costs."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {"Anomaly": Anomaly, "seen": _seen}
        self._objects: dict[ObjectPlan, str] = {}
        self._fields: dict[FieldPlan, str] = {}
        self._leaves: dict[GraphQLLeafType, str] = {}

    def add(self, field: FieldPlan) -> None:
        """Note a field: its completer is made at the end, when the functions it calls are there."""
        self._fields[field] = self._bind("complete", None)

    def write(self, plan: ObjectPlan) -> None:
        """Write the function that makes the answer's object of a value."""
        name = self._objects[plan] = self._bind("read", None)
        self._lines += [
            f"def {name}(o, asked):",
            f" if o.__class__ not in {self._bind('seen', set())}: seen(o, {self._last})",
        ]
        needs = frozenset().union(*(field.meta.needs for field in plan.fields if field.plain and field.meta))
        if needs:
            bound = self._bind("needs", needs)
            self._lines.append(
                f" if (g := getattr(o, 'granted', None)) is not None and not {bound} <= g: raise Anomaly"
            )
        self._lines += [
            " answer = {",
            *(f"  {self._bind('key', field.key)}: {self._value(plan, field)}," for field in plan.fields),
            " }",
            *(
                f" asked[{self._bind('field', field)}].append((o, answer))"
                for field in plan.fields
                if field.definition is not None and not field.plain
            ),
            " return answer",
        ]

    def finish(self) -> None:
        """Compile what was written and give it to the plans."""
        exec(compile("\n".join(self._lines), "<plan>", "exec"), self._names)  # noqa: S102  see above: no input in it
        for plan, name in self._objects.items():
            plan.read = self._names[name]
        for field, name in self._fields.items():
            field.complete = self._names[name] = completer(field.type, field.objects)

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
            inner = self._objects[field.objects[type_.name]]
            null = f"None if (v := {read}) is None else " if nullable else ""
            return f"{null}{inner}({'v' if nullable else read}, asked)"
        return f"{self._fields[field]}({read}, asked)"

    def _leaf(self, type_: GraphQLLeafType, read: str, *, nullable: bool) -> str:
        if type_ not in self._leaves:
            self._leaves[type_] = self._bind("leaf", leaf(type_))
        complete = self._leaves[type_]
        found = passing(type_)
        class_ = type_.extensions.get(META)
        if class_ is not None:
            write, name = self._bind("write", type_.coerce_output_value), self._bind("class", class_)
            null = "None if v is None else " if nullable else ""
            return f"{write}(v) if (v := {read}).__class__ is {name} else {null}{complete}(v)"
        if found is None:
            return f"None if (v := {read}) is None else {complete}(v)" if nullable else f"{complete}({read})"
        class_, attribute = found
        name = class_.__name__ if class_ in (str, bool) else self._bind("enum", class_)
        null = "None if v is None else " if nullable else ""
        return f"v{attribute} if (v := {read}).__class__ is {name} else {null}{complete}(v)"

    def _bind(self, kind: str, value: Any) -> str:
        name = self._last = f"{kind}{len(self._names)}"
        self._names[name] = value
        return name


def _seen(value: Any, classes: set[type]) -> None:
    """Let a value pass that is neither null nor an error, and from now on all of its class."""
    if value is None or isinstance(value, Exception):
        raise Anomaly
    classes.add(value.__class__)
