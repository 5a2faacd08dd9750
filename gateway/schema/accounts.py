"""Accounts, memberships and the viewer."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.auth.principal import Membership as MembershipModel
from gateway.auth.principal import Principal
from gateway.connectors.ports.accounts import AccountProfile, AccountStatus, AccountType
from gateway.connectors.ports.billing import AccountBalance as AccountBalanceModel
from gateway.connectors.ports.billing import Invoice, InvoiceFilter, InvoiceSort
from gateway.connectors.ports.common import CurrencyCode, Url
from gateway.connectors.ports.documents import DocumentFilter
from gateway.connectors.ports.knowledge import ArticleFilter
from gateway.connectors.ports.orders import OrderFilter, OrderSort, ProductFilter
from gateway.connectors.ports.support import Ticket, TicketFilter, TicketSort
from gateway.resolvers import accounts as resolve
from gateway.resolvers import billing as resolve_billing
from gateway.resolvers import contacts as resolve_contacts
from gateway.resolvers import documents as resolve_documents
from gateway.resolvers import knowledge as resolve_knowledge
from gateway.resolvers import orders as resolve_orders
from gateway.resolvers import overview as resolve_overview
from gateway.resolvers import support as resolve_support
from gateway.schema import billing as bills
from gateway.schema import documents as files
from gateway.schema import knowledge as help_centre
from gateway.schema import orders as sales
from gateway.schema import people
from gateway.schema import support as desk
from gateway.schema.base import (
    Arg,
    Node,
    connection,
    connection_to,
    connection_type,
    enum_of,
    field,
    field_of,
    input_type,
    lazy,
    object_type,
    plain,
    text_of,
)
from gateway.schema.overview import INVOICE_ITEM, TICKET_ITEM, AccountSummary, ActionItem
from gateway.schema.values import PostalAddress


def _profile(attribute: str, type_: object) -> object:
    return field_of(
        type_,
        resolve.master_records,
        attribute,
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
    website = _profile("website", Url | None)
    phone = _profile("phone", str | None)
    billing_address = _profile("billing_address", PostalAddress | None)
    shipping_address = _profile("shipping_address", PostalAddress | None)
    account_manager = field(
        people.StaffMember | None,
        resolve_contacts.account_manager,
        description="Who looks after the account.",
        reads={AccountProfile: ["manager_id"]},
    )
    parent = field(
        lazy("Account", "accounts") | None,
        resolve.parent,
        description="The account above this one, when the caller is a member of it.",
        entry=True,
    )
    children = connection_to(
        lazy("AccountConnection", "accounts"),
        resolve.children,
        description="The accounts below this one that the caller is a member of.",
    )
    contacts = connection(
        people.Contact, resolve_contacts.contacts, description="The customer's people, by name."
    )
    members = connection(
        people.Member,
        resolve_contacts.members,
        description="Who may use the portal for the account, longest standing first.",
    )
    summary = field(AccountSummary, resolve.summary, description="Counts for a home page.")
    action_items = connection(
        ActionItem,
        resolve_overview.action_items,
        description="What waits for the customer, in all systems: what is due first before what has no day. "
        "A system that does not answer, or has more than 100, is told by an error in the list's last places.",
        reads={Invoice: INVOICE_ITEM, Ticket: TICKET_ITEM},
    )
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
    tickets = connection(
        desk.Ticket,
        resolve_support.tickets,
        description="The account's requests to the helpdesk.",
        args=[
            Arg("filter", input_type(TicketFilter) | None, "Which tickets."),
            Arg(
                "order_by", input_type(TicketSort) | None, "In which order; last changed first when left out."
            ),
        ],
    )
    documents = connection(
        files.Document,
        resolve_documents.documents,
        description="The account's documents, by path.",
        args=[Arg("filter", input_type(DocumentFilter) | None, "Which documents.")],
    )
    folders = connection(
        files.Folder, resolve_documents.folders, description="The folders at the top of its documents."
    )
    articles = connection(
        help_centre.Article,
        resolve_knowledge.articles,
        description="The help articles that the account may read.",
        args=[Arg("filter", input_type(ArticleFilter) | None, "Which articles.")],
    )
    article_sections = connection(
        help_centre.ArticleSection,
        resolve_knowledge.sections,
        description="The sections of the help centre.",
    )
    suggest_articles = field(
        list[help_centre.Article | None] | None,
        resolve_knowledge.suggestions,
        description="Articles that fit a text best: what to read before a ticket is written.",
        args=[
            Arg("text", str, "What is asked, in at most 200 characters."),
            Arg("first", int, "How many, at most 10.", 5),
        ],
    )


AccountConnection = connection_type(Account)


@object_type(MembershipModel, requires=[])
class Membership:
    """The caller in one account."""

    account = field(Account | None, resolve.membership_account, description="The account.", entry=True)
    roles = plain(list[str], "roles", "The caller's roles in it.")


@object_type(Principal, requires=[])
class User:
    """The person behind an access token, as the identity provider knows it."""

    display_name = plain(str | None, "display_name", "Name to show.")
    email = plain(str | None, "email", "Address for mail.")


@object_type(Principal, requires=[])
class Viewer:
    """Who calls."""

    user = field(User | None, resolve.user, description="The person behind the access token.")
    memberships = connection(
        Membership, resolve.memberships, description="The accounts the caller is a member of."
    )
    current_account = field(
        Account | None,
        resolve.current_account,
        description="The account to begin with: the first one of the access token.",
        entry=True,
    )
