"""What stands before every resolver: denial before any call, and nothing of another account after it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from gateway.auth.directive import Authorize, Guard, Requires, refusal
from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership
from gateway.auth.scope import AccountScope
from gateway.errors import Code, RequestError, UpstreamError

INVOICES, ORDERS, ACCOUNT = Permission.INVOICES_READ, Permission.ORDERS_READ, Permission.ACCOUNT_READ
NEEDED = frozenset({INVOICES})


class Context:
    def __init__(self) -> None:
        self.denials: list[tuple[str, str]] = []

    def denied(self, coordinate: str, account: str) -> None:
        self.denials.append((coordinate, account))


@dataclass(eq=False)
class Record:
    """Like one of a connector; `account` is an attribute that a model may well have."""

    scope: AccountScope
    requires: Requires = NEEDED
    account: str = "the ledger account 4711"
    secret: str = "s3cr3t"

    @property
    def granted(self) -> frozenset[Permission]:
        return self.scope.permissions


@dataclass
class Resolver:
    """Answers what it is told to, and counts."""

    answer: Any
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def __call__(self, _parent: Any, _context: Any, **arguments: Any) -> Any:
        self.calls.append(arguments)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def member(*permissions: Permission, account: str = "acme") -> Membership:
    return Membership(account, (), frozenset(permissions))


def record(*permissions: Permission, account: str = "acme", requires: Requires = NEEDED) -> Record:
    return Record(AccountScope(account, frozenset(permissions), {}), requires)


@pytest.fixture
def context() -> Context:
    return Context()


def forbidden(error: object, names: str = "INVOICES_READ") -> bool:
    assert isinstance(error, RequestError)
    assert error.code is Code.FORBIDDEN
    assert error.message == f"Account.invoices needs the permission {names} in this account."
    assert error.extensions() == {"code": "FORBIDDEN", "retryable": False}
    return True


async def ask(
    resolver: Resolver, parent: Any, context: Context, requires: Requires = NEEDED, **more: Any
) -> Any:
    return await Guard("Account.invoices", requires, **more).one(resolver)(parent, context, first=5)


async def refused(
    resolver: Resolver, parent: Any, context: Context, requires: Requires = NEEDED
) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await ask(resolver, parent, context, requires)
    return caught.value


# The parent belongs to an account.


@pytest.mark.parametrize("parent", [member(), member(ORDERS, ACCOUNT), record(), record(ORDERS)])
async def test_a_caller_without_the_permission_costs_no_call(context: Context, parent: Any) -> None:
    resolver = Resolver("answer")
    assert forbidden(await refused(resolver, parent, context))
    assert resolver.calls == []
    assert context.denials == [("Account.invoices", "acme")]


async def test_a_caller_with_the_permission_gets_the_answer(context: Context) -> None:
    value = record(INVOICES)
    resolver = Resolver(value)
    for parent in (member(INVOICES), member(INVOICES, ORDERS), record(INVOICES)):
        assert await ask(resolver, parent, context) is value
    assert resolver.calls == [{"first": 5}] * 3
    assert context.denials == []


async def test_all_that_is_required_is_needed_and_what_is_missing_is_named(context: Context) -> None:
    needed = frozenset({INVOICES, ORDERS, ACCOUNT})
    error = await refused(Resolver("answer"), member(ACCOUNT), context, needed)
    assert forbidden(error, "INVOICES_READ, ORDERS_READ")
    assert forbidden(
        await refused(Resolver("answer"), member(INVOICES, ORDERS), context, needed), "ACCOUNT_READ"
    )


@pytest.mark.parametrize("value", [0, "", False, None, "text", 5, ()])
async def test_plain_values_come_through_as_they_are(context: Context, value: Any) -> None:
    found = await ask(Resolver(value), member(INVOICES), context)
    assert found == (value if value != () else [])


async def test_errors_come_through(context: Context) -> None:
    down = UpstreamError(Code.UPSTREAM_UNAVAILABLE, "billing")
    with pytest.raises(UpstreamError):
        await ask(Resolver(down), member(INVOICES), context)
    for parent in (member(INVOICES), None):
        assert await ask(Resolver([down, None]), parent, context) == [down, None]


async def test_a_value_of_another_account_is_judged_there(context: Context) -> None:
    other = record(ORDERS, account="bravo")
    assert forbidden(await ask(Resolver(other), member(INVOICES), context))
    assert context.denials == [("Account.invoices", "bravo")]


# The parent belongs to none.


@pytest.mark.parametrize("parent", [None, object(), "root"])
async def test_what_comes_out_is_judged_where_the_parent_belongs_to_no_account(
    context: Context, parent: Any
) -> None:
    mine = member(INVOICES)
    assert await ask(Resolver(mine), parent, context) is mine
    assert context.denials == []
    assert forbidden(await ask(Resolver(member(ORDERS, account="bravo")), parent, context))
    assert context.denials == [("Account.invoices", "bravo")]
    assert await ask(Resolver(None), parent, context) is None


@pytest.mark.parametrize("sequence", [list, tuple])
async def test_each_object_of_a_list_is_judged_by_itself(context: Context, sequence: Any) -> None:
    mine, theirs = record(INVOICES), record(ORDERS, account="bravo")
    first, second, third, fourth = await ask(Resolver(sequence([mine, theirs, None, mine])), None, context)
    assert (first, third, fourth) == (mine, None, mine)
    assert forbidden(second)
    assert context.denials == [("Account.invoices", "bravo")]


@pytest.mark.parametrize("value", ["text", 5, object(), {"secret": 1}, [["nested"]], ["text"]])
async def test_what_belongs_to_no_account_at_all_is_not_given_out(context: Context, value: Any) -> None:
    with pytest.raises(TypeError, match=r"Account\.invoices: neither the parent nor the value") as caught:
        await ask(Resolver(value), None, context)
    assert "secret" not in str(caught.value)


# Abstract types: an object's own type says what it requires.


def of(value: Any) -> Requires:
    return value.requires if hasattr(value, "granted") else frozenset()


@pytest.mark.parametrize("parent", [None, member(INVOICES)])
async def test_an_object_of_an_abstract_type_is_judged_by_its_own_type(context: Context, parent: Any) -> None:
    invoice, order = record(INVOICES), record(INVOICES, requires=frozenset({ORDERS}))
    found = await ask(Resolver([invoice, order, None]), parent, context, frozenset(), requires_of=of)
    assert (found[0], found[2]) == (invoice, None)
    assert forbidden(found[1], "ORDERS_READ")
    assert forbidden(await ask(Resolver(order), parent, context, frozenset(), requires_of=of), "ORDERS_READ")
    assert context.denials == [("Account.invoices", "acme")] * 2


async def test_field_and_type_add_up(context: Context) -> None:
    order = record(INVOICES, requires=frozenset({ORDERS}))
    both = await ask(Resolver(order), None, context, frozenset({ACCOUNT}), requires_of=of)
    assert forbidden(both, "ACCOUNT_READ, ORDERS_READ")


# What is left.


def test_nothing_required_costs_nothing() -> None:
    resolver = Resolver("answer")
    assert Guard("Viewer.user", frozenset()).one(resolver) is resolver
    assert Guard("Viewer.user", NEEDED).one(resolver) is not resolver
    assert Guard("Query.node", frozenset(), of).one(resolver) is not resolver


def test_a_refusal_says_nothing_of_the_record(context: Context) -> None:
    error = refusal(record(account="bravo"), context, NEEDED, "Account.invoices")
    assert forbidden(error)
    assert context.denials == [("Account.invoices", "bravo")]
    for hidden in ("bravo", "s3cr3t", "4711"):
        assert hidden not in str(error)


def test_what_belongs_to_no_account_is_for_the_caller_to_judge(context: Context) -> None:
    assert refusal(object(), context, NEEDED, "Account.invoices") is None
    assert refusal(member(), context, frozenset(), "Account.invoices") is None
    assert context.denials == []


def test_the_directive_is_declared_for_the_schema() -> None:
    definition = Authorize.__strawberry_directive__  # type: ignore[attr-defined]  # Strawberry adds it
    assert definition.graphql_name == "authorize"
    assert {location.name for location in definition.locations} == {"OBJECT", "FIELD_DEFINITION"}
    assert Authorize(requires=[INVOICES]).requires == [INVOICES]


# Many parents, one call.


async def test_only_those_who_may_are_asked_for(context: Context) -> None:
    asked: list[Any] = []

    async def resolve_all(parents: list[Any], _context: Any) -> list[Any]:
        asked.extend(parents)
        return ["answer" for _ in parents]

    may, may_not = record(*NEEDED), record(ORDERS)
    found = await Guard("Account.invoices", NEEDED).many(resolve_all)([may_not, may], context)
    assert forbidden(found[0])
    assert found[1] == "answer"
    assert asked == [may]
    [refused_too] = await Guard("Account.invoices", NEEDED).many(resolve_all)([may_not], context)
    assert forbidden(refused_too)
    assert asked == [may]


async def test_a_batch_that_fails_takes_no_refusal_with_it(context: Context) -> None:
    failure = RuntimeError("down")

    async def resolve_all(_parents: list[Any], _context: Any) -> list[Any]:
        raise failure

    found = await Guard("Account.invoices", NEEDED).many(resolve_all)(
        [record(ORDERS), record(*NEEDED)], context
    )
    assert forbidden(found[0])
    assert found[1] is failure


async def test_one_value_that_cannot_be_judged_is_not_the_others_fault(context: Context) -> None:
    good = record(*NEEDED)

    async def resolve_all(_parents: list[Any], _context: Any) -> list[Any]:
        return [object(), good]

    found = await Guard("Viewer.invoices", NEEDED).many(resolve_all)([object(), object()], context)
    assert isinstance(found[0], TypeError)
    assert found[1] is good
