"""Ids are hostile input: what they select, and what they cost."""

from functools import partial
from typing import Any

import pytest

from gateway.auth.audit import Audit
from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership
from gateway.connectors.identity import AccountRef
from gateway.connectors.ports.common import Record
from gateway.context import RequestContext, Services
from gateway.errors import Code, RequestError, UpstreamError
from gateway.ids import Cursors, GlobalId, decode_id, encode_id
from gateway.resolvers.nodes import LOADERS, MAX_IDS, account, global_id, node, nodes
from tests.support.ports import (
    FIELDS,
    INVOICE,
    KEY,
    NATIVES,
    ORDER,
    PRODUCT,
    CountedMap,
    Port,
    make_context,
    make_principal,
    make_registry,
)

REQUIRES = dict.fromkeys(LOADERS, frozenset({Permission.ACCOUNT_READ}))
ROWS = [{"id": f"in_{i}", "customer": "cus_a", "number": f"A-{i}", "lines": []} for i in range(100)]
FOREIGN = {"id": "in_b", "customer": "cus_b", "number": "B", "lines": []}


class World:
    """A caller of `acme` and `bravo`, and a third account that exists too."""

    def __init__(self) -> None:
        natives = NATIVES | {"charlie": {"billing": ("cus_c",), "erp": ("3",)}}
        self.identity = CountedMap({key: AccountRef(natives=ids) for key, ids in natives.items()})
        self.invoices = Port("billing", INVOICE, [*ROWS, FOREIGN, {"id": "in_c", "customer": "cus_c"}])
        self.orders = Port("erp", ORDER, [{"id": "1", "customer": "1", "number": "O-1"}])
        self.products = Port("erp", PRODUCT, [{"id": "1", "sold": True, "name": "Desk"}])

    def context(self) -> RequestContext:
        ports = {"invoices": self.invoices, "orders": self.orders, "products": self.products}
        return make_context(identity=self.identity, **ports)

    @property
    def calls(self) -> list[Any]:
        return [*self.identity.calls, *self.invoices.calls, *self.orders.calls, *self.products.calls]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def context(world: World) -> RequestContext:
    return world.context()


def gid(type_: str = "Invoice", connector: str = "billing", key: str = "acme", native: str = "in_1") -> str:
    return encode_id(GlobalId(type_, connector, key, native))


def account_id(key: str) -> str:
    return gid("Account", "", key, key)


# One id.


async def test_an_id_leads_to_its_record(world: World, context: RequestContext) -> None:
    found = await node(REQUIRES, None, context, id=gid())
    assert isinstance(found, Record)
    assert (found.number, found.scope.key) == ("A-1", "acme")  # type: ignore[attr-defined]  # an invoice
    assert await node(REQUIRES, None, context, id=global_id("Invoice", found)) is found
    assert len(world.calls) == 2


async def test_an_id_says_which_kind_it_is(context: RequestContext) -> None:
    # The same native id is an order and a product, in one system.
    order = await node(REQUIRES, None, context, id=gid("Order", "erp", native="1"))
    product = await node(REQUIRES, None, context, id=gid("Product", "erp", native="1"))
    assert (order.number, product.name) == ("O-1", "Desk")  # type: ignore[union-attr]  # records


@pytest.mark.parametrize("key", ["charlie", "nobody", "", "ACME", "acme ", "acme\x00", "*", "\uff41cme"])
@pytest.mark.parametrize("type_", ["Invoice", "Order", "Product", "Account"])
async def test_an_id_of_a_strange_account_costs_nothing(
    world: World, context: RequestContext, key: str, type_: str
) -> None:
    # Whether the account exists (charlie does) or the record in it: the same null, and not one call.
    for native in ("in_c", "in_1", key):
        assert await node(REQUIRES, None, context, id=gid(type_, "billing", key, native)) is None
    assert await nodes(REQUIRES, None, context, ids=[gid(type_, key=key), account_id(key)]) == [None, None]
    assert await account(None, context, id=account_id(key)) is None
    assert world.calls == []


async def test_an_account_is_selected_without_a_call(world: World, context: RequestContext) -> None:
    acme = context.principal.memberships["acme"]
    assert await account(None, context, id=account_id("acme")) is acme
    assert await node(REQUIRES, None, context, id=account_id("acme")) is acme
    assert await nodes(REQUIRES, None, context, ids=[account_id("acme"), account_id("bravo")]) == [
        acme, context.principal.memberships["bravo"],
    ]  # fmt: skip
    assert global_id("Account", acme) == account_id("acme")
    assert world.calls == []


@pytest.mark.parametrize(
    ("connector", "native"),
    [("", "bravo"), ("", ""), ("", "ACME"), ("billing", "acme"), ("billing", "cus_a")],
)
async def test_an_account_has_one_id(
    world: World, context: RequestContext, connector: str, native: str
) -> None:
    altered = gid("Account", connector, "acme", native)
    assert await account(None, context, id=altered) is None
    assert await node(REQUIRES, None, context, id=altered) is None
    assert world.calls == []


@pytest.mark.parametrize("type_", ["Invoice", "Order", "Membership", "", "account"])
async def test_only_an_accounts_id_selects_an_account(context: RequestContext, type_: str) -> None:
    for connector in ("", "billing"):
        assert await account(None, context, id=gid(type_, connector, "acme", "acme")) is None


@pytest.mark.parametrize("connector", ["erp", "", "stripe", "BILLING", "billing "])
async def test_an_id_of_another_system_is_none(world: World, context: RequestContext, connector: str) -> None:
    assert await node(REQUIRES, None, context, id=gid(connector=connector)) is None
    assert world.calls == []


@pytest.mark.parametrize("type_", ["", "invoice", "Query", "InvoiceLine", "__typename", "Money"])
async def test_an_id_of_another_type_is_none(world: World, context: RequestContext, type_: str) -> None:
    assert await node(REQUIRES, None, context, id=gid(type_)) is None
    assert world.calls == []


async def test_a_foreign_record_under_an_own_account_is_none(
    world: World, context: RequestContext, caplog: pytest.LogCaptureFixture
) -> None:
    # The caller is in both accounts: the record is still seen in its own only.
    assert await node(REQUIRES, None, context, id=gid(native="in_b")) is None
    assert await node(REQUIRES, None, context, id=gid(native="in_zzz")) is None
    assert len([r for r in caplog.records if "TENANT_VIOLATION_BLOCKED" in r.getMessage()]) == 1
    found = await node(REQUIRES, None, context, id=gid(key="bravo", native="in_b"))
    assert isinstance(found, Record)


async def test_what_is_not_permitted_is_refused_before_any_call(world: World) -> None:
    """Found or not, foreign or not: the same refusal, so that it tells nothing."""
    plain = make_principal("acme", "bravo", permissions=frozenset({Permission.ACCOUNT_READ}))
    ports = {"invoices": world.invoices, "orders": world.orders, "products": world.products}
    context = make_context(plain, identity=world.identity, **ports)
    requires = REQUIRES | {"Invoice": frozenset({Permission.INVOICES_READ})}
    for native in ("in_1", "in_zzz", "in_b"):
        with pytest.raises(RequestError) as caught:
            await node(requires, None, context, id=gid(native=native))
        assert (caught.value.code, caught.value.message) == (
            Code.FORBIDDEN,
            "Invoice needs the permission INVOICES_READ in this account.",
        )
    assert await node(requires, None, context, id=gid(key="charlie")) is None
    assert world.calls == []


@pytest.mark.parametrize("text", ["", "x", "in_1", "QWNjb3VudDphY21l", "A" * 3000])
async def test_a_text_that_is_no_id_is_refused_by_its_argument(
    world: World, context: RequestContext, text: str
) -> None:
    for field in (partial(node, REQUIRES), account):
        with pytest.raises(RequestError) as caught:
            await field(None, context, id=text)
        assert caught.value.code is Code.INVALID_INPUT
        assert caught.value.message.startswith("id: not an id of this gateway")
    assert world.calls == []


async def test_a_kind_that_nothing_serves_is_named_to_members_only(context: RequestContext) -> None:
    with pytest.raises(RequestError) as caught:
        await node(REQUIRES, None, context, id=gid("Payment"))
    assert caught.value.code is Code.UNSUPPORTED_CAPABILITY
    assert await node(REQUIRES, None, context, id=gid("Payment", key="charlie")) is None


# Several ids.


async def test_several_ids_are_one_batch_in_their_order(world: World, context: RequestContext) -> None:
    wanted = [gid(native=f"in_{i}") for i in (3, 1, 3)]
    ids = [*wanted, gid("Order", "erp", native="1"), account_id("bravo"), gid(native="in_zzz")]
    found = await nodes(REQUIRES, None, context, ids=ids)
    assert [getattr(record, "number", None) for record in found] == ["A-3", "A-1", "A-3", "O-1", None, None]
    assert isinstance(found[4], Membership)
    assert world.identity.calls == [["acme"]]
    assert [len(world.invoices.calls), len(world.invoices.calls[0]), len(world.orders.calls)] == [1, 3, 1]


async def test_a_broken_id_concerns_its_own_place(world: World, context: RequestContext) -> None:
    found = await nodes(REQUIRES, None, context, ids=[gid(), "x", gid(key="charlie"), gid(native="in_2"), ""])
    assert [getattr(value, "number", None) for value in found] == ["A-1", None, None, "A-2", None]
    for place in (1, 4):
        error = found[place]
        assert isinstance(error, RequestError)
        assert error.message.startswith(f"ids[{place}]: not an id")
    assert found[2] is None


async def test_a_system_that_is_down_concerns_its_own_ids(world: World, context: RequestContext) -> None:
    async def down(_refs: Any) -> Any:
        raise UpstreamError(Code.UPSTREAM_UNAVAILABLE, "billing")

    world.invoices.broken = down
    found = await nodes(REQUIRES, None, context, ids=[gid(), gid("Order", "erp", native="1")])
    assert isinstance(found[0], UpstreamError)
    assert found[1].number == "O-1"


async def test_the_same_id_in_two_accounts_is_not_mixed_up() -> None:
    rows = [{"id": "7", "customer": customer, "number": customer} for customer in ("cus_a", "cus_b", "cus_c")]
    context = make_context(invoices=Port("billing", INVOICE, rows))
    ids = [gid(key=key, native="7") for key in ("bravo", "acme", "charlie", "bravo")]
    found = await nodes(REQUIRES, None, context, ids=ids)
    assert [record and record.number for record in found] == ["cus_b", "cus_a", None, "cus_b"]


async def test_as_many_ids_as_allowed_are_one_batch(world: World, context: RequestContext) -> None:
    found = await nodes(REQUIRES, None, context, ids=[gid(native=f"in_{i}") for i in range(MAX_IDS)])
    assert [record.number for record in found] == [f"A-{i}" for i in range(100)]
    assert len(world.invoices.calls) == 1


@pytest.mark.parametrize("count", [101, 5000])
async def test_more_ids_are_refused_before_anything(
    world: World, context: RequestContext, count: int
) -> None:
    with pytest.raises(RequestError) as caught:
        await nodes(REQUIRES, None, context, ids=[gid()] * count)
    assert caught.value.code is Code.INVALID_INPUT
    assert caught.value.message == f"ids: write at most 100 ids; {count} were given."
    assert world.calls == []


async def test_no_ids_are_no_records(world: World, context: RequestContext) -> None:
    assert await nodes(REQUIRES, None, context, ids=[]) == []
    assert world.calls == []


async def test_an_id_is_refused_when_the_token_no_longer_has_the_account(world: World) -> None:
    text = global_id("Invoice", await node(REQUIRES, None, world.context(), id=gid()))  # type: ignore[arg-type]  # found above
    world.identity.calls.clear()
    world.invoices.calls.clear()
    services = Services(
        registry=make_registry(invoices=world.invoices),
        identity=world.identity,
        cursors=Cursors([KEY]),
        audit=Audit(KEY),
    )
    left = RequestContext(services, principal=make_principal("bravo"), fields=FIELDS)
    assert await node(REQUIRES, None, left, id=text) is None
    assert world.calls == []


def test_every_type_with_a_loader_can_be_loaded() -> None:
    assert set(LOADERS) == {
        "Invoice", "Payment", "Subscription", "Order", "Shipment", "Product",
        "Contact", "Ticket", "Document", "Folder", "Article", "ArticleSection",
    }  # fmt: skip
    assert {method.__name__ for method in LOADERS.values()} == {"get_many"}
    assert decode_id(gid()).type in LOADERS
