"""Accounts, memberships and the viewer."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership as MembershipModel
from gateway.auth.principal import Principal
from gateway.connectors.ports.accounts import AccountProfile, AccountStatus, AccountType
from gateway.connectors.ports.billing import AccountBalance as AccountBalanceModel
from gateway.connectors.ports.billing import InvoiceFilter, InvoiceSort
from gateway.connectors.ports.common import CurrencyCode
from gateway.connectors.ports.orders import OrderFilter, OrderSort, ProductFilter
from gateway.resolvers import accounts as resolve
from gateway.resolvers import billing as resolve_billing
from gateway.resolvers import orders as resolve_orders
from gateway.schema import billing as bills
from gateway.schema import orders as sales
from gateway.schema.base import Arg, Node, connection, enum_of, field, input_type, object_type, plain, text_of


def _profile(attribute: str, type_: object) -> object:
    return field(
        type_,
        resolve.profile(attribute),
        description=text_of(AccountProfile, attribute),
        reads={AccountProfile: [attribute]},
    )


@object_type(MembershipModel, requires=[Permission.ACCOUNT_READ])
class Account(Node):
    """A customer account: the tenant boundary. All customer-owned data hangs off it."""

    number = _profile("number", str | None)
    name = _profile("name", str | None)
    type = field(
        enum_of(AccountType) | None, resolve.account_type, description="What the account is to the business."
    )
    status = _profile("status", enum_of(AccountStatus) | None)
    currency_code = _profile("currency_code", CurrencyCode | None)
    balance = field(
        bills.AccountBalance | None,
        resolve_billing.balance,
        description="What the account owes and has in credit.",
        reads={AccountBalanceModel: ["id"]},
    )
    invoices = connection(
        bills.Invoice,
        resolve_billing.invoices,
        description="The account's invoices.",
        args=[
            Arg("filter", input_type(InvoiceFilter) | None, "Which invoices."),
            Arg(
                "order_by",
                input_type(InvoiceSort) | None,
                "In which order; newest issue first when left out.",
            ),
        ],
    )
    payments = connection(
        bills.Payment, resolve_billing.payments, description="The account's payments, newest first."
    )
    subscriptions = connection(
        bills.Subscription,
        resolve_billing.subscriptions,
        description="The account's subscriptions, newest first.",
    )
    orders = connection(
        sales.Order,
        resolve_orders.orders,
        description="The account's orders.",
        args=[
            Arg("filter", input_type(OrderFilter) | None, "Which orders."),
            Arg("order_by", input_type(OrderSort) | None, "In which order; newest first when left out."),
        ],
    )
    shipments = connection(
        sales.Shipment, resolve_orders.shipments, description="The account's shipments, newest first."
    )
    products = connection(
        sales.Product,
        resolve_orders.products,
        description="What the account may buy, by SKU.",
        args=[Arg("filter", input_type(ProductFilter) | None, "Which products.")],
    )


@object_type(MembershipModel, requires=[])
class Membership:
    """The caller in one account."""

    account = field(Account | None, resolve.membership_account, description="The account.", entry=True)
    roles = plain(list[str], "roles", "The caller's roles in it.")


@object_type(Principal, requires=[])
class Contact:
    """A person of a customer, as the identity provider knows it."""

    display_name = plain(str | None, "display_name", "Name to show.")
    email = plain(str | None, "email", "Address for mail.")


@object_type(Principal, requires=[])
class Viewer:
    """Who calls."""

    user = field(Contact | None, resolve.user, description="The person behind the access token.")
    memberships = connection(
        Membership, resolve.memberships, description="The accounts the caller is a member of."
    )
    current_account = field(
        Account | None,
        resolve.current_account,
        description="The account to begin with: the first one of the access token.",
        entry=True,
    )
