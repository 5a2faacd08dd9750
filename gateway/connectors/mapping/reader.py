"""Reading what a vendor answered: the fast way, and by the reference interpreter where anything is odd."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from gateway.auth.scope import AccountScope
from gateway.connectors.converters import Env
from gateway.connectors.mapping.fast import Fast, fast
from gateway.connectors.mapping.reference import Reference
from gateway.connectors.mapping.table import Table
from gateway.connectors.mapping.wire import Body, Wire
from gateway.connectors.ports.common import Record, Selection
from gateway.errors import UpstreamError
from gateway.outbound import Answer, decode

R = TypeVar("R", bound=Record)
NOTHING: Mapping[str, Any] = MappingProxyType({})
_ROW = Body()


class Reader(Generic[R]):
    """A table, a selection and a moment (aware UTC): for one call to the system configured as `connector`."""

    def __init__(self, table: Table[R], fields: Selection, connector: str, now: dt.datetime) -> None:
        self._table, self._fields, self._connector, self._env = table, fields, connector, Env(now)
        self._fast: dict[type[Wire], Fast] = {}
        self._answers: list[tuple[Answer, Body, list[Any]]] = []

    def decode(self, answer: Answer, body: Body) -> Any:
        """Decode what is selected of an answer; read it like the dict that `outbound.decode` would give.

        Where it is not as `body` and the table say, it is that dict. Raises what `outbound.decode` raises,
        but for numbers beyond what decimals and integers hold: where nobody selected them, they are skipped.
        """
        made = fast(self._table, self._fields, body)
        if made is None:
            return decode(answer, self._connector)
        try:
            if not answer.body.isascii():
                answer.body.decode()  # what is skipped has to be text, too
            found = made.decode(answer.body)
        except Exception:  # noqa: BLE001  whatever is odd, the reference tells it
            return decode(answer, self._connector)
        self._fast[made.row] = made
        self._answers.append((answer, body, [found] if body.rows is None else found.get(body.rows, [])))
        return found

    def read(
        self,
        wire: object,
        scope: AccountScope,
        parent: Record | None = None,
        joined: Mapping[str, Any] = NOTHING,
    ) -> R | UpstreamError | None:
        """Read one wire object for `scope`.

        None: the vendor has it, but it is not for customers. UpstreamError: its id or owner cannot be
        read. A broken value of another attribute is held by the record in that attribute's place.
        `parent` is the record a `via_parent` object was listed for. `joined` is put into the object: it came
        beside it, in the same answer.
        """
        for key, value in joined.items():
            if isinstance(wire, Wire):
                wire.put(key, value)
            elif isinstance(wire, dict):
                wire = {**wire, key: value}
        try:
            return self._quickly(wire, scope, parent)
        except Exception:  # noqa: BLE001  likewise
            whole = {**self._whole(wire), **joined} if isinstance(wire, Wire) else wire
            return self._reference.read(whole, scope, parent)

    def _quickly(self, wire: object, scope: AccountScope, parent: Record | None) -> R | None:
        """Read with the fast function; raises where there is none, or something is odd."""
        if isinstance(wire, Wire):
            made = self._fast[type(wire)]
        elif self._of_whole is None:
            raise TypeError("no fast function for whole objects")
        else:
            made = self._of_whole
            wire = msgspec.convert(wire, made.row)
        pid, above = (None, None) if parent is None else (getattr(parent, "id", None), parent.owners)
        record: R | None = made.read(wire, scope, self._connector, self._env, made.nothing_around, pid, above)
        return record

    @cached_property
    def _reference(self) -> Reference[R]:
        return Reference(self._table, self._fields, self._connector, self._env)

    @cached_property
    def _of_whole(self) -> Fast | None:
        return fast(self._table, self._fields, _ROW)

    def _whole(self, wire: Wire) -> dict[str, Any]:
        """Give the whole of an object that was decoded in part."""
        for answer, body, rows in self._answers:
            for place, row in enumerate(rows):
                if row is wire:
                    whole: Any = decode(answer, self._connector)
                    found: dict[str, Any] = whole if body.rows is None else whole[body.rows][place]
                    return found
        raise TypeError("not an object of an answer that this reader decoded")
