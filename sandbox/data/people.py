"""People: the customers' contacts and members, and the business's staff, as a CRM holds them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_GIVEN = ("Ada", "Ben", "Cleo", "Dina", "Emil", "Fay", "Gus", "Hana", "Ivo", "Jana")
_FAMILY = ("Archer", "Baker", "Cooper", "Draper", "Fisher", "Glover", "Hunter", "Mason", "Potter", "Turner")
_JOBS = ("Finance lead", "Purchasing", "Head of operations", "Assistant", "Warehouse")


@dataclass(frozen=True)
class Staff:
    """A person of the business. `id` is a Salesforce user id (18 characters)."""

    id: str
    name: str
    email: str
    title: str
    phone: str | None


@dataclass(frozen=True)
class Contact:
    """A person of a customer. `id` is a Salesforce contact id; `left` rows are archived: nobody may see them.

    `subject` is the identity provider's: only who has one can sign in, with `roles`, since `member_since`.
    """

    id: str
    account: str
    given: str
    family: str
    email: str | None
    phone: str | None
    title: str | None
    created: dt.datetime
    subject: str | None = None
    roles: tuple[str, ...] = ()
    member_since: dt.datetime | None = None
    left: bool = False

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given} {self.family}"


STAFF_COUNT = 2


def salesforce_id(prefix: str, number: int) -> str:
    """Make an 18-character id: 15 that matter and 3 that tell which of them are upper case."""
    short = f"{prefix}5g{number:010}"
    assert len(short) == 15, short  # noqa: S101  prefixes have three characters
    check = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place in range(5) if short[start + place].isupper())
        check += _ALPHABET[bits]
    return short + check


def staff() -> list[Staff]:
    """Give the account managers."""
    return [
        Staff(
            salesforce_id("005", 1), "Account Manager", "account.manager@vendor.example", "Account manager",
            "+49 30 5550101",
        ),
        Staff(
            salesforce_id("005", 2), "Partner Manager", "partner.manager@vendor.example", "Partner manager",
            None,
        ),
    ]  # fmt: skip


def contacts(key: str, index: int, count: int, anchor: dt.date) -> list[Contact]:
    """Give an account's people; the first `count` are there, one more has left."""
    rng = random.Random(f"{key}:people")
    found = []
    for n in range(count + 1):
        given = _GIVEN[(n + index) % 10]
        family = _FAMILY[(n * 3 + index) % 10] if n < count else "Leaver"
        created = dt.datetime.combine(anchor - dt.timedelta(days=900 - 31 * n), dt.time(8), dt.UTC)
        found.append(
            Contact(
                salesforce_id("003", index * 100 + n), key, given, family,
                f"{given}.{family}.{n}@{key}.example".lower() if n % 4 != 3 else None,
                f"+49 30 {rng.randrange(10**6, 10**7)}" if n % 2 == 0 else None,
                _JOBS[n % 5] if n % 3 != 2 else None, created,
                subject=f"usr_{key}_{n}" if n < 2 else None,
                roles=(("owner",), ("billing", "support"))[n] if n < 2 else (),
                member_since=created + dt.timedelta(days=2) if n < 2 else None,
                left=n == count,
            )
        )  # fmt: skip
    return found
