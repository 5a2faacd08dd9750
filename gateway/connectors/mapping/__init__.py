"""Mapping tables: how a vendor's objects become records, declared row by row.

`table` says what is declared. From a table and an operation's selection come the wire paths to ask the vendor
for, and a `reader` that touches selected values only: the `reference` interpreter, which defines what a table
means, and a `fast` function that must give the same.
"""

from gateway.connectors.mapping.reader import Reader
from gateway.connectors.mapping.records import partial
from gateway.connectors.mapping.table import Each, Part, Row, Table, each, part, path, row, shared, via_parent
from gateway.connectors.mapping.wire import Body, WireObject, is_object

__all__ = [
    "Body",
    "Each",
    "Part",
    "Reader",
    "Row",
    "Table",
    "WireObject",
    "each",
    "is_object",
    "part",
    "partial",
    "path",
    "row",
    "shared",
    "via_parent",
]
