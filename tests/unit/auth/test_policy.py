from pathlib import Path

import pytest

from gateway.auth.permissions import Permission
from gateway.auth.policy import Policy, load_policy
from gateway.errors import ConfigurationError

ALL = frozenset(Permission)
PLAIN = frozenset(
    {Permission.ACCOUNT_READ, Permission.ORDERS_READ, Permission.PRODUCTS_READ, Permission.ARTICLES_READ}
)
PAPERS = frozenset({Permission.DOCUMENTS_READ})
MONEY = frozenset({Permission.INVOICES_READ, Permission.PAYMENTS_READ, Permission.SUBSCRIPTIONS_READ})
PEOPLE = frozenset({Permission.CONTACTS_READ})
WRITES = frozenset({Permission.TICKETS_CREATE, Permission.TICKETS_COMMENT})
TICKETS = frozenset({Permission.TICKETS_READ})


@pytest.mark.parametrize(
    ("role", "granted"),
    [
        ("owner", ALL),
        ("admin", ALL),
        ("billing", PLAIN | MONEY | PEOPLE),
        ("support", PLAIN | PAPERS | PEOPLE | TICKETS | WRITES),
        ("viewer", PLAIN | PAPERS),
        ("partner", PLAIN),
        ("staff-read", ALL - WRITES),
        ("staff-ops", ALL),
    ],
)
def test_the_shipped_roles_grant_what_the_design_says(role: str, granted: frozenset[Permission]) -> None:
    assert load_policy().permissions([role]) == granted


def test_the_shipped_policy_has_no_other_role() -> None:
    assert set(load_policy().roles) == {
        "owner", "admin", "billing", "support", "viewer", "partner", "staff-read", "staff-ops",
    }  # fmt: skip


def test_an_unknown_role_or_none_grants_nothing() -> None:
    policy = load_policy()
    assert policy.permissions(["Owner", "root", ""]) == frozenset()
    assert policy.permissions([]) == frozenset()


def test_several_roles_add_up() -> None:
    policy = Policy({"a": frozenset({Permission.ORDERS_READ}), "b": frozenset({Permission.INVOICES_READ})})
    assert policy.permissions(["a", "nobody", "b"]) == {Permission.ORDERS_READ, Permission.INVOICES_READ}


def test_a_file_replaces_the_shipped_roles(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[roles]\nauditor = ["invoices:read"]\nguest = []\n')
    policy = load_policy(file)
    assert policy.roles == {"auditor": {Permission.INVOICES_READ}, "guest": frozenset()}
    assert policy.permissions(["owner"]) == frozenset()


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ('[roles]\nx = ["invoices:write"]', "policy.roles.x", "account:read, contacts:read"),
        ('[roles]\nx = ["INVOICES_READ"]', "policy.roles.x", "allowed: account:read"),
        ('[roles]\nx = "invoices:read"', "policy.roles.x", "write a list"),
        ("[roles]\nx = [1]", "policy.roles.x", "unknown permission 1"),
        ("[roles]\nx = [[]]", "policy.roles.x", "unknown permission []"),
        ("[roles.x]\npermissions = []", "policy.roles.x", "write a list"),
        ("[rolls]\nx = []", "policy.rolls", "allowed: roles"),
        ("roles = 1", "policy.roles", "write a table"),
        ("", "policy.roles", "write a table"),
        ("[roles", "policy", "write a TOML file"),
        ("[roles]\nx = []\nx = []", "policy", "write a TOML file"),
    ],
)
def test_a_bad_file_names_the_key_and_what_to_write(tmp_path: Path, text: str, key: str, says: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="policy") as caught:
        load_policy(file)
    assert caught.value.key == key
    assert says in caught.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_policy(tmp_path / "absent.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="TOML"):
        load_policy(binary)
