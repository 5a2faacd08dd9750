"""From declarations to an executable schema that refuses what is unguarded or undescribed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

import msgspec
import strawberry
from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_snake_case

from gateway.auth.directive import Guard, Requires, Resolver, ResolverOfMany, refusal
from gateway.auth.principal import Membership
from gateway.connectors.ports.common import Listing
from gateway.errors import ConfigurationError
from gateway.resolvers.nodes import ACCOUNT
from gateway.schema.base import INPUTS, META, TYPES, Field, attributes_of, name_of
from gateway.schema.mutations import USER_ERRORS, Mutation
from gateway.schema.root import Query
from gateway.schema.scalars import CLASS_OF, SCALARS
from gateway.schema.views import View, extended


def build(
    query: type = Query,
    mutation: type | None = Mutation,
    *,
    views: Mapping[str, View] = MappingProxyType({}),
) -> tuple[GraphQLSchema, str]:
    """Make the schema and its SDL; TypeError names every type or field that must not go out.

    `views` maps the names of views to what they add to `Account`; ConfigurationError when one is at fault.
    """
    with extended(views):
        try:
            return _build(query, mutation)
        except TypeError as error:
            if not views:
                raise
            raise ConfigurationError("views.enabled", f"{', '.join(views)}: {error}") from error


def _build(query: type, mutation: type | None) -> tuple[GraphQLSchema, str]:
    declared = strawberry.Schema(
        query=query,
        mutation=mutation,
        types=USER_ERRORS if mutation is not None else (),
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    schema: GraphQLSchema = declared._schema  # noqa: SLF001  Strawberry describes, graphql-core executes
    problems: list[str] = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, GraphQLObjectType):
            problems += _bind(type_)
        elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            type_.resolve_type = lambda value, _info, _type: type_name(value)
        elif isinstance(type_, GraphQLInputObjectType):
            _bind_input(type_)
        elif isinstance(type_, GraphQLScalarType):
            type_.extensions[META] = CLASS_OF.get(name)
        problems += [f"{coordinate} has no description" for coordinate in _undescribed(type_)]
    if problems:
        raise TypeError("; ".join(problems))
    return schema, declared.as_str() + "\n"


def type_name(value: Any) -> str:
    """Give the GraphQL type of a record, or of the membership an account stands on."""
    if isinstance(value, Membership):
        return ACCOUNT
    # A reader's record is a part of its model and names it.
    return name_of(getattr(value, "model", type(value)))


def _undescribed(type_: GraphQLNamedType) -> Iterator[str]:
    """Give the coordinates of a type, its fields and their arguments that say nothing of themselves."""
    if not type_.description:
        yield type_.name
    if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
        return
    for name, field in type_.fields.items():
        if not field.description:
            yield f"{type_.name}.{name}"
        for arg_name, argument in getattr(field, "args", {}).items():
            if not argument.description:
                yield f"{type_.name}.{name}({arg_name}:)"


def _requires_of(value: Any) -> Requires:
    return TYPES[type_name(value)].requires if hasattr(value, "granted") else frozenset()


def _bind(type_: GraphQLObjectType) -> list[str]:
    """Give each field its resolver, wrapped in what its type and itself require."""
    problems = [] if type_.name in TYPES else [f"{type_.name} has no @authorize: declare it with object_type"]
    type_.is_type_of = None
    for name, field in type_.fields.items():
        coordinate = f"{type_.name}.{name}"
        definition = field.extensions.get("strawberry-definition")
        meta = definition.metadata.get(META) if isinstance(definition, StrawberryField) else None
        if not isinstance(meta, Field):
            problems.append(f"{coordinate} has no @authorize: declare it with field, connection or auto")
            continue
        for model, names in meta.reads.items():
            if model is Listing:  # holds names of models: see `ports.common.counted`
                continue
            unknown = sorted(names - attributes_of(model))
            problems += [
                f"{coordinate} reads {model.__name__}.{attribute}: no such attribute" for attribute in unknown
            ]
        for arg_name, argument in field.args.items():
            argument.out_name = to_snake_case(arg_name)
        field.extensions[META] = bound = _guarded(coordinate, field, meta)
        field.resolve = _resolver(coordinate, bound)
    return problems


def _guarded(coordinate: str, field: GraphQLField, meta: Field) -> Field:
    """Wrap what answers a field in what its type and itself require."""
    requires = requires_on(field, meta)
    abstract = _requires_of if is_abstract_type(get_named_type(field.type)) else None
    guard = Guard(coordinate, requires, abstract)
    if meta.source is not None:
        through = partial(_through, meta)
        return replace(meta, needs=requires, ask_all=guard.many(through))
    if meta.resolve_all is not None:
        return replace(meta, needs=requires, ask_all=guard.many(meta.resolve_all))
    if meta.resolve is None:
        return replace(meta, needs=requires)
    return replace(meta, needs=requires, ask=meta.resolve if meta.checks else guard.one(meta.resolve))


def _resolver(coordinate: str, meta: Field) -> Callable[..., Any]:
    """Give what graphql-core calls, where it runs an operation."""
    if meta.ask_all is not None:
        return partial(_ask_one, meta.ask_all)
    if meta.ask is not None:
        return partial(_ask, meta.ask)
    assert meta.plain, coordinate  # noqa: S101  one of the four, by construction
    return partial(_read, meta, coordinate)


def requires_on(field: GraphQLField, meta: Field) -> Requires:
    """What an edge requires: the field's own permissions and those of the type it leads to."""
    described = TYPES.get(get_named_type(field.type).name)
    return meta.requires | (described.requires if described else frozenset())


def _read(meta: Field, coordinate: str, parent: Any, info: Any) -> Any:
    error = refusal(parent, info.context, meta.needs, coordinate) if meta.needs else None
    if error is not None:
        return error
    return meta.read(parent)


def _ask(resolve: Resolver, parent: Any, info: Any, **arguments: Any) -> Any:
    return resolve(parent, info.context, **arguments)


async def _through(meta: Field, parents: Sequence[Any], context: Any) -> Sequence[Any]:
    assert meta.source is not None  # noqa: S101  it is asked for nothing else
    return [meta.of(record) for record in await meta.source(parents, context)]


async def _ask_one(resolve_all: ResolverOfMany, parent: Any, info: Any, **arguments: Any) -> Any:
    [value] = await resolve_all([parent], info.context, **arguments)
    return value


def _bind_input(type_: GraphQLInputObjectType) -> None:
    for name, field in type_.fields.items():
        field.out_name = to_snake_case(name)
    type_.out_type = partial(_model, INPUTS[type_.name])  # type: ignore[method-assign]  # its documented hook


def _model(model: type[msgspec.Struct], values: dict[str, Any]) -> msgspec.Struct:
    return model(**{key: tuple(v) if isinstance(v, list) else v for key, v in values.items()})
