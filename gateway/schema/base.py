"""How the schema is declared: a Strawberry type describes a model and adds relations.

    @object_type(models.Invoice, requires=[INVOICES_READ])
    class Invoice(Node):
        number: auto                                                   # type and text: the model's
        lines = connection("InvoiceLine", resolve.lines, reads={...})  # a relation: one resolver

A model's attribute is private until it is listed. Each field carries a `Field` (what it reads, who
answers it, what it requires): `operations` works on that and knows no business domain.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from enum import Enum
from functools import cache, partial, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from typing_extensions import Doc

from gateway.auth.directive import Authorize, Requires, Resolver, ResolverOfMany
from gateway.auth.permissions import Permission
from gateway.connectors.ports.common import Listing
from gateway.errors import GatewayError
from gateway.resolvers.accounts import record_account
from gateway.resolvers.mutations import Action, perform
from gateway.resolvers.nodes import global_id

C = TypeVar("C", bound=type)
Reads = Mapping[type, Iterable[str]]
META = "gateway"
auto = strawberry.auto
_ID_TEXT = "Global id: opaque, stable, the same in every answer."
_ACCOUNT_TEXT = "The account it belongs to."


@dataclass(frozen=True, slots=True)
class Field:
    """What the engine must know of a field.

    It is answered in one of five ways. `attribute`: read from the parent as it is; `derive`: computed from
    the parent alone, without a call, as often as is convenient; `resolve`: by asking this function;
    `resolve_all`: by asking it once for many parents; `source` and `attribute`: read from the records that
    `source` gives for the parents, asked once for all fields that name it. `reads`: per model, the
    attributes that answering needs. `requires`: permissions beyond those of its type. `entry`: it leads into
    an account, so its subtree's permissions are summed up for it. `checks`: it checks `requires` itself,
    before it acts.

    Building the schema adds `needs`, all that reading the field requires, and `ask` and `ask_all`, the
    resolvers as they may be called: they refuse a caller who has not what is required.
    """

    attribute: str | None = None
    derive: Callable[[Any], Any] | None = None
    resolve: Resolver | None = None
    resolve_all: ResolverOfMany | None = None
    source: ResolverOfMany | None = None
    reads: Mapping[type, frozenset[str]] = dataclass_field(default_factory=dict)
    requires: Requires = frozenset()
    entry: bool = False
    checks: bool = False
    needs: Requires = frozenset()
    ask: Resolver | None = None
    ask_all: ResolverOfMany | None = None

    @property
    def plain(self) -> bool:
        """Whether it is read from its parent without asking anybody."""
        return self.source is None and (self.attribute is not None or self.derive is not None)

    def read(self, parent: Any) -> Any:
        """Read a plain field from its parent, or one that has a source from the source's record."""
        return getattr(parent, self.attribute) if self.attribute is not None else self.derive(parent)  # type: ignore[misc]  # one of both

    def of(self, record: Any) -> Any:
        """Read from a source's record: null from none, and an error in the value's place."""
        try:
            return record if record is None or isinstance(record, Exception) else self.read(record)
        except Exception as error:  # noqa: BLE001  one record that cannot be read is not the others' fault
            return error


@dataclass(frozen=True, slots=True)
class Arg:
    """An argument of a field."""

    name: str
    type: Any
    description: str
    default: Any = strawberry.UNSET


@dataclass(frozen=True, slots=True)
class Described:
    """What is declared of an object type."""

    model: type
    requires: Requires


TYPES: dict[str, Described] = {}
"""GraphQL name -> declaration, of every object type."""
INPUTS: dict[str, type[msgspec.Struct]] = {}
"""GraphQL name -> model, of every input type."""
_CLASS_OF: dict[type, Any] = {}
_INPUT_OF: dict[type, Any] = {}


def lazy(name: str, module: str) -> Any:
    """Refer to a type that is declared later, or in another module of `schema/`."""
    return Annotated[name, strawberry.lazy(f"gateway.schema.{module}")]


@strawberry.interface(description="Anything with a global id.")
class Node:
    """Types that list it get their `id` from the model's."""

    id: strawberry.ID = strawberry.field(description=_ID_TEXT)


@strawberry.interface(description="Anything that belongs to one account.")
class AccountScoped:
    """Types that list it get their `account` from the record."""

    account: Any = strawberry.field(
        graphql_type=lazy("Account", "accounts") | None, description=_ACCOUNT_TEXT
    )


PAGE_ARGS = (
    Arg("first", int | None, "How many rows from the start or after `after`; at most 100, 20 when left out."),
    Arg("after", str | None, "Cursor of the row before the first one wanted."),
    Arg("last", int | None, "How many rows from the end or before `before`; at most 100."),
    Arg("before", str | None, "Cursor of the row after the last one wanted."),
)


def object_type(model: type | None = None, *, requires: Iterable[Permission]) -> Callable[[C], C]:
    """Describe `model` as a GraphQL type; the class docstring is its description."""

    def declare(cls: C) -> C:
        if cls.__name__ in TYPES:
            # What a type requires is kept by its name: a second one must not loosen the first.
            raise TypeError(f"{cls.__name__} is declared twice")
        annotations: dict[str, Any] = {}
        for attribute, hint in (_of_interfaces(cls) | inspect.get_annotations(cls)).items():
            if hint not in ("auto", auto):
                raise TypeError(f"{cls.__name__}.{attribute}: write `auto`, or assign a field")
            if model is None or attribute not in _hints(model):
                raise TypeError(f"{cls.__name__}.{attribute}: its model has no such attribute")
            annotations[attribute], text = _describe(model, attribute)
            setattr(cls, attribute, _attribute(text, attribute, model))
        for attribute, value in vars(cls).items():
            if isinstance(value, StrawberryField) and attribute not in annotations:
                annotations[attribute] = Any
        if issubclass(cls, Node):
            reads = {model: ["id"]} if model and "id" in _hints(model) else {}
            cls.id = strawberry.field(
                graphql_type=strawberry.ID,
                description=_ID_TEXT,
                metadata={META: Field(derive=partial(global_id, cls.__name__), reads=_frozen(reads))},
            )
            annotations = {"id": Any} | annotations
        if issubclass(cls, AccountScoped):
            cls.account = field(lazy("Account", "accounts") | None, record_account, description=_ACCOUNT_TEXT)
            annotations["account"] = Any
        cls.__annotations__ = annotations
        needed = frozenset(requires)
        listed = sorted(needed, key=lambda permission: permission.name)
        described: C = strawberry.type(cls, description=_text(cls), directives=[Authorize(requires=listed)])
        TYPES[cls.__name__] = Described(model or cls, needed)
        _CLASS_OF[model or cls] = described
        return described

    return declare


def input_type(model: type[msgspec.Struct]) -> Any:
    """Make (once) the GraphQL input type of a filter or sort model; it arrives as that model."""
    if model in _INPUT_OF:
        return _INPUT_OF[model]
    body: dict[str, Any] = {"__annotations__": {}}
    for declared in msgspec.structs.fields(model):
        annotation, text = _describe(model, declared.name, input_type)
        body["__annotations__"][declared.name] = annotation
        default = strawberry.UNSET if declared.default is None else declared.default
        given = {} if default is msgspec.NODEFAULT else {"default": default}
        body[declared.name] = strawberry.field(description=text, **given)
    INPUTS[model.__name__] = model
    _INPUT_OF[model] = strawberry.input(type(model.__name__, (), body), description=_text(model))
    return _INPUT_OF[model]


def field(
    type_: Any,
    resolve: Resolver,
    *,
    description: str,
    reads: Reads | None = None,
    args: Iterable[Arg] = (),
    requires: Iterable[Permission] = (),
    entry: bool = False,
) -> Any:
    """Declare a relation: `resolve(parent, context, **arguments)` answers it, awaited where it is async."""
    needed = frozenset(requires)
    meta = Field(resolve=resolve, reads=_frozen(reads or {}), requires=needed, entry=entry)
    return _declared_field(type_, meta, description, args)


def related(
    type_: Any, resolve_all: ResolverOfMany, *, description: str, reads: Reads, args: Iterable[Arg] = ()
) -> Any:
    """Declare a relation that is answered for many parents at once: `await resolve_all(parents, context)`."""
    meta = Field(resolve_all=resolve_all, reads=_frozen(reads))
    return _declared_field(type_, meta, description, args)


def field_of(
    type_: Any, source: ResolverOfMany, attribute: str, *, description: str | None, reads: Reads
) -> Any:
    """Declare a field that is read from another record than its parent: `await source(parents, context)`."""
    meta = Field(attribute, source=source, reads=_frozen(reads))
    return _declared_field(type_, meta, description, ())


def _declared_field(type_: Any, meta: Field, description: str | None, args: Iterable[Arg]) -> Any:
    listed = sorted(meta.requires, key=lambda permission: permission.name)
    declared = strawberry.field(
        graphql_type=type_,
        description=description,
        metadata={META: meta},
        directives=[Authorize(requires=listed)] if listed else [],
    )
    declared.arguments = [
        StrawberryArgument(
            python_name=arg.name,
            graphql_name=None,
            type_annotation=StrawberryAnnotation(arg.type),
            description=arg.description,
            default=arg.default,
        )
        for arg in args
    ]
    return declared


def mutation(
    payload: Any,
    action: Action,
    input_model: type[msgspec.Struct],
    *,
    name: str,
    description: str,
    requires: Iterable[Permission],
) -> Any:
    """Declare a mutation `name`: one `input`, one payload, all of `requires` in the input's account."""
    needed = frozenset(requires)
    metas = [declared.metadata[META] for declared in payload.__strawberry_definition__.fields]
    gives = tuple(meta.attribute for meta in metas if meta.attribute != "user_errors")
    declared = field(
        payload,
        partial(perform, action, needed, f"Mutation.{name}", gives),
        description=description,
        args=[Arg("input", input_type(input_model), "What is to be done.")],
        requires=needed,
        entry=True,
    )
    declared.metadata = {META: replace(declared.metadata[META], checks=True)}
    return declared


def connection(
    node: type,
    resolve: Resolver,
    *,
    description: str,
    reads: Reads | None = None,
    args: Iterable[Arg] = (),
) -> Any:
    """Declare a Relay connection of `node`s; the resolver also takes first, after, last, before.

    It is nullable: one system down must not take the parent with it.
    """
    return connection_to(connection_type(node), resolve, description=description, reads=reads, args=args)


def connection_to(
    made: Any,
    resolve: Resolver,
    *,
    description: str,
    reads: Reads | None = None,
    args: Iterable[Arg] = (),
) -> Any:
    """Like `connection`, with a connection type that is there, or `lazy`: a type that lists its own."""
    return field(made | None, resolve, description=description, reads=reads, args=(*PAGE_ARGS, *args))


def connection_type(node: type) -> Any:
    """Make (once) the connection and edge types of a node type; they require what it requires."""
    name = node.__name__
    if f"{name}Connection" in _CONNECTIONS:
        return _CONNECTIONS[f"{name}Connection"]
    requires = TYPES[name].requires
    edge: Any = type(
        f"{name}Edge",
        (),
        {
            "__doc__": f"One {name} and its place in the list.",
            "node": plain(node | None, "node", "The row; null when it could not be read."),
            "cursor": plain(str, "cursor", "Its place in this list."),
        },
    )
    edge = object_type(requires=requires)(edge)
    made: Any = type(
        f"{name}Connection",
        (),
        {
            "__doc__": f"One page of a list of {name} rows.",
            "edges": plain(list[edge], "edges", "The rows with their cursors."),
            "nodes": plain(list[node | None], "nodes", "The rows."),  # type: ignore[valid-type]  # made at run time
            "page_info": plain(PageInfo, "page_info", "Where this page stands in the list."),
            "total_count": plain(
                int | None,
                "total_count",
                "How many rows the whole list has; null where the system cannot count exactly.",
                {Listing: [TYPES[name].model.__name__]},
            ),
        },
    )
    _CONNECTIONS[f"{name}Connection"] = object_type(requires=requires)(made)
    return _CONNECTIONS[f"{name}Connection"]


_CONNECTIONS: dict[str, Any] = {}


def plain(type_: Any, attribute: str, text: str, reads: Reads | None = None) -> Any:
    """Declare a field that is read from the parent as it is, where no model describes it."""
    meta = Field(attribute=attribute, reads=_frozen(reads or {}))
    return strawberry.field(graphql_type=type_, description=text, metadata={META: meta})


def text_of(model: type, attribute: str) -> str:
    """Give the description of a model's attribute, for a field that publishes it elsewhere."""
    text = _describe(model, attribute)[1]
    if text is None:
        raise TypeError(f"{model.__name__}.{attribute} has no Doc(...)")
    return text


def attributes_of(model: type) -> frozenset[str]:
    """Give the names a field may say that it reads of a model; of a `Listing`, the models it counts."""
    if model is Listing:
        return frozenset(described.model.__name__ for described in TYPES.values())
    return frozenset(_hints(model))


def name_of(model: type) -> str:
    """Give the GraphQL name that a model's records have."""
    name: str = _CLASS_OF[model].__name__
    return name


def enum_of(enum: type[Enum]) -> Any:
    """Publish an enum; its docstring is its description."""
    if not hasattr(enum, "__strawberry_definition__"):
        strawberry.enum(enum, description=_text(enum))
    return enum


def _attribute(text: str | None, attribute: str, model: type) -> Any:
    return strawberry.field(
        description=text, metadata={META: Field(attribute, reads=_frozen({model: [attribute]}))}
    )


def _of_interfaces(cls: type) -> dict[str, Any]:
    """Give the fields that its interfaces read from any model as it is: each type reads its own model's."""
    return {
        declared.python_name: auto
        for base in cls.__bases__
        if hasattr(base, "__strawberry_definition__")
        for declared in base.__strawberry_definition__.fields
        if META in declared.metadata
    }


def _frozen(reads: Reads) -> dict[type, frozenset[str]]:
    return {model: frozenset(names) for model, names in reads.items()}


def _text(cls: type) -> str:
    text = vars(cls).get("__doc__")  # its own: `inspect.getdoc` would give a base class's
    if not text:
        raise TypeError(f"{cls.__name__} has no docstring, which would be its description in the schema")
    return " ".join(text.split())


def _describe(
    model: type, attribute: str, declare: Callable[[Any], Any] | None = None
) -> tuple[Any, str | None]:
    """Give the annotation Strawberry understands for a model's attribute, and its description."""
    hint = _hints(model)[attribute]
    text = None
    if get_origin(hint) is Annotated:
        text = next((m.documentation for m in hint.__metadata__ if isinstance(m, Doc)), None)
        hint = hint.__origin__
    return _annotation(hint, declare or _declared), text


@cache
def _hints(model: type) -> dict[str, Any]:
    return get_type_hints(model, include_extras=True)


def _annotation(hint: Any, declare: Callable[[Any], Any]) -> Any:
    if get_origin(hint) in (Union, UnionType):
        # An error in a value's place is not a type of its own: the value is null then.
        kept = [a for a in get_args(hint) if not (isinstance(a, type) and issubclass(a, GatewayError))]
        return reduce(or_, [_annotation(a, declare) for a in kept])
    if get_origin(hint) is tuple:
        return list[_annotation(get_args(hint)[0], declare)]  # type: ignore[misc]  # made at run time
    if isinstance(hint, type) and issubclass(hint, Enum):
        return enum_of(hint)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return declare(hint)
    return hint


def _declared(model: type) -> Any:
    if model not in _CLASS_OF:
        raise TypeError(f"declare the GraphQL type of {model.__name__} before it is used")
    return _CLASS_OF[model]


@object_type(requires=[])
class PageInfo:
    """Where a page stands in its list."""

    has_next_page = plain(bool, "has_next_page", "Whether rows follow this page.")
    has_previous_page = plain(bool, "has_previous_page", "Whether rows stand before this page.")
    start_cursor = plain(str | None, "start_cursor", "Cursor of the first row; null on an empty page.")
    end_cursor = plain(str | None, "end_cursor", "Cursor to go on after; null on an empty page.")
