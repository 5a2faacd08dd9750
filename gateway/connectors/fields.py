"""The page that says where each field comes from, written from the mapping tables themselves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.connectors.mapping import Each, Part, Row, Table

_HEAD = """# Where each field comes from

Written by `gateway connectors` from the mapping tables. Dots in a path step into objects of the vendor's
answer; `^.` steps out of a list's item to the record that holds the list. *owner* is what the tenant
boundary compares; *shown if* hides rows from customers.
"""


def page(packages: Mapping[str, str]) -> str:
    """Write Markdown for vendors: name -> package that has a `mapping` module."""
    parts = [_HEAD]
    for vendor, package in sorted(packages.items()):
        module = importlib.import_module(f"{package}.mapping")
        tables = [value for value in vars(module).values() if isinstance(value, Table)]
        parts.append(f"## {vendor}\n")
        parts += [_table(table) for table in sorted(tables, key=lambda table: table.model.__name__)]
    return "\n".join(parts)


def _table(table: Table[Any]) -> str:
    lines = [f"### {table.model.__name__}\n", "| attribute | from |", "|---|---|"]
    owner = table.owner
    origin = _paths(owner.row) if owner.row else ""
    word = {"path": "owner", "parent": "owner: the parent's", "shared": "shared, shown if"}[owner.kind]
    lines.append(f"| *{word}* | {origin} |")
    lines += [f"| *owner of `{place}`* | {_paths(row)} |" for place, row in table.linked.items()]
    if table.visible:
        lines.append(f"| *shown if* | {_paths(table.visible)} |")
    lines += [f"| {name} | {text} |" for name, row in table.rows.items() for name, text in _rows(name, row)]
    return "\n".join(lines) + "\n"


def _rows(name: str, row: Row) -> Iterator[tuple[str, str]]:
    if isinstance(row.convert, Part):
        for inner, part in row.convert.rows.items():
            yield f"{name}.{inner}", _paths(part)
    elif isinstance(row.convert, Each):
        yield name, f"{_paths(row)}: each a {row.convert.table.model.__name__}"
    else:
        yield name, _paths(row)


def _paths(row: Row) -> str:
    return ", ".join(f"`{path}`" for path in row.paths)
