from dataclasses import dataclass
from dataclasses import replace as changed

import pytest

from gateway.auth.boundary import NOBODY, admits
from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership, Principal, PrincipalKind
from gateway.auth.scope import AccountScope, Ref

ACME = AccountScope(
    "acme", frozenset(), {"billing": ("cus_1", "cus_2"), "erp": ("1",), "odd": ("",), "none": ()}
)


@dataclass
class Record:
    owners: frozenset[str]
    connector: str = "billing"
    scope: AccountScope = ACME


@pytest.mark.parametrize(
    ("owners", "connector", "owned", "shared"),
    [
        ({"cus_1"}, "billing", True, True),
        ({"cus_1", "cus_2"}, "billing", True, True),
        ({"cus_3"}, "billing", False, False),
        ({"cus_1", "cus_3"}, "billing", False, False),
        ({"cus_"}, "billing", False, False),
        ({"cus_11"}, "billing", False, False),
        ({"CUS_1"}, "billing", False, False),
        ({"cus_1 "}, "billing", False, False),
        (set(), "billing", False, True),
        (set(), "none", False, True),
        (set(), "elsewhere", False, True),
        ({"1"}, "erp", True, True),
        ({"1"}, "billing", False, False),
        ({"cus_1"}, "erp", False, False),
        ({"cus_1"}, "none", False, False),
        ({"cus_1"}, "elsewhere", False, False),
        ({NOBODY}, "billing", False, False),
        ({NOBODY}, "odd", False, False),
        ({"cus_1", NOBODY}, "billing", False, False),
    ],
)
def test_every_owner_must_be_the_account(
    owners: set[str], connector: str, *, owned: bool, shared: bool
) -> None:
    record = Record(frozenset(owners), connector)
    assert admits(record) is owned
    assert admits(record, shared=True) is shared


def test_an_account_without_ids_owns_nothing() -> None:
    empty = AccountScope("acme", frozenset(), {})
    assert empty.owners("billing") == ()
    assert not admits(Record(frozenset({"cus_1"}), scope=empty))


def test_a_scope_is_known_by_its_account() -> None:
    same = AccountScope("acme", frozenset({Permission.ACCOUNT_READ}), {})
    other = AccountScope("bravo", ACME.permissions, ACME.natives)
    assert same == ACME != other
    assert len({ACME, same, other}) == 2
    assert {Ref(ACME, "1"): 1}[Ref(same, "1")] == 1
    assert len({Ref(ACME, "1"), Ref(other, "1"), Ref(ACME, "2")}) == 3
    assert ACME.owners("billing") == ("cus_1", "cus_2")


def test_scopes_refs_and_callers_do_not_change() -> None:
    for value, name in (
        (ACME, "key"), (Ref(ACME, "1"), "native_id"), (Membership("acme", (), frozenset()), "permissions")
    ):  # fmt: skip
        with pytest.raises(AttributeError):
            setattr(value, name, None)


def test_a_membership_grants_its_permissions() -> None:
    held = frozenset({Permission.ORDERS_READ})
    assert Membership("acme", ("viewer",), held).granted == held


def test_a_caller_is_not_shown_by_accident() -> None:
    caller = Principal(
        subject="usr_1",
        issuer="https://id.example",
        kind=PrincipalKind.USER,
        expires_at=1,
        display_name="Owner of Acme",
        email="owner@acme.example",
    )
    shown = f"{caller} {caller!r}"
    assert not any(text in shown for text in ("usr_1", "Owner of Acme", "owner@acme.example"))
    assert changed(caller, kind=PrincipalKind.STAFF).kind is PrincipalKind.STAFF
