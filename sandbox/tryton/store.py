"""Records by model and id, and an index by any stored field, made when it is first asked for."""

from __future__ import annotations

from typing import Any

from sandbox.data import DataSet
from sandbox.tryton.errors import Refused
from sandbox.tryton.models import MODELS, Field
from sandbox.tryton.rows import Row, build_tables


class Store:
    """The stand-in's database."""

    def __init__(self, data: DataSet) -> None:
        self._tables = build_tables(data)
        self._indexes: dict[tuple[str, str], dict[Any, list[int]]] = {}

    def fields(self, model: str) -> dict[str, Field]:
        """Give the fields of a model."""
        if model not in MODELS:
            raise Refused(repr(model))
        return MODELS[model]

    def rows(self, model: str) -> dict[int, Row]:
        """Give the records of a model by id."""
        return self._tables[model]

    def having(self, model: str, field: str, values: list[int]) -> list[Row]:
        """Give the records whose `field` (a stored id) is one of `values`."""
        rows = self._tables[model]
        if field == "id":
            return [rows[value] for value in dict.fromkeys(values) if value in rows]
        index = self._indexes.get((model, field))
        if index is None:
            index = self._indexes[model, field] = {}
            for row_id, row in rows.items():
                index.setdefault(row[field], []).append(row_id)
        return [rows[row_id] for value in dict.fromkeys(values) for row_id in index.get(value, ())]
