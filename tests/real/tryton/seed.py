"""Fill a fresh Tryton database; runs inside Tryton's own environment, with TRYTOND_CONFIG set.

usage: seed.py DATABASE INPUT IDS

INPUT is the JSON that `install.py` derives from the sandbox data set. IDS receives the native ids by
the data set's ids, and the REST keys. The configuration must keep the queue for a worker (`[queue]
worker`), so that a confirmed order stays confirmed until this program says so.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from proteus import Model
from proteus import config as proteus_config
from seed_goods import add_parties, add_products
from seed_orders import invoice, name_waiting, native_ids, sell, ship
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company, get_company
from trytond.pool import Pool
from trytond.transaction import Transaction, TransactionError

CURRENCIES = {
    "EUR": ("Euro", 2, "1"),
    "USD": ("US Dollar", 2, "1.1"),
    "JPY": ("Yen", 0, "160"),
    "KWD": ("Kuwaiti Dinar", 3, "0.33"),
}


def set_up_company(config: Any, years: Iterable[int]) -> tuple[int, dict[str, int]]:
    """Make currencies, company, chart of accounts and fiscal years; give ids of company and accounts."""
    currency_model = Model.get("currency.currency")
    for code, (name, digits, rate) in CURRENCIES.items():
        currency = currency_model(name=name, symbol=code, code=code, digits=digits)
        currency.rounding = Decimal(1).scaleb(-digits)
        entry = currency.rates.new()
        entry.date, entry.rate = dt.date(2000, 1, 1), Decimal(rate)
        currency.save()
    party = Model.get("party.party")(name="Example Works")
    party.save()
    create_company(party=party, currency="EUR", config=config)
    company = get_company(config=config)
    (admin,) = Model.get("res.user").find([("login", "=", "admin")])
    if not admin.company:
        admin.companies.append(Model.get("company.company")(company.id))
        admin.company = company
        admin.save()
    config._context.update(company=company.id, companies=[company.id])
    create_chart(company=company, config=config)
    for year in years:
        span = (dt.date(year, 1, 1), dt.date(year, 12, 31))
        fiscal_year = set_fiscalyear_invoice_sequences(create_fiscalyear(company, span, config=config))
        fiscal_year.click("create_period")
    accounts = get_accounts(company=company, config=config)
    settings = Model.get("account.configuration")(1)  # foreign currencies leave rounding differences
    (settings.currency_exchange_journal,) = Model.get("account.journal").find([("code", "=", "EXC")])
    settings.currency_exchange_credit_account = accounts["revenue"]
    settings.currency_exchange_debit_account = accounts["expense"]
    settings.save()
    tax = create_tax(Decimal("0.19"), config=config)
    tax.name = tax.description = "VAT"
    tax.save()
    return company.id, {name: account.id for name, account in accounts.items()} | {"vat": tax.id}


def add_keys(pool: Any, company: int) -> dict[str, str]:
    """Make users with REST keys: one that may read, one outside the company, one without rights."""
    user_model, key_model = pool.get("res.user"), pool.get("res.user.application")
    groups = pool.get("res.group").search([("name", "in", ["Sales", "Accounting"])])
    reader = {"groups": [("add", [group.id for group in groups])]}
    member = {"companies": [("add", [company])], "company": company}
    outside = {"companies": [], "company": None}
    keys = {}
    for name, values in {
        "gateway": member | reader,
        "outsider": outside | reader,
        "powerless": member,
    }.items():
        (user,) = user_model.create([{"name": name, "login": name} | values])
        (key,) = key_model.create([{"user": user.id, "application": "rest"}])
        keys[name] = key.key
    (cancelled,) = key_model.create([{"user": user.id, "application": "rest"}])
    key_model.cancel([cancelled])
    return keys | {"cancelled": cancelled.key}


def trade(
    pool: Any, given: dict[str, Any], company: int, accounts: dict[str, int]
) -> tuple[list[tuple[dict[str, Any], int]], dict[str, Any]]:
    """Make parties, products and orders, and ship; give (order row, sale id) pairs, and the other ids."""
    currencies = {record.code: record.id for record in pool.get("currency.currency").search([])}
    (country,) = pool.get("country.country").create([{"name": "Germany", "code": "DE", "code3": "DEU"}])
    parties, archived_party = add_parties(pool, given["accounts"], country.id, currencies)
    products, archived_product = add_products(pool, given["products"], given["orders"], accounts)
    pairs = sell(pool, given["orders"], parties, products, currencies)
    ship(pool, pairs)
    name_waiting(pool, pairs)
    (warehouse,) = pool.get("stock.location").search([("type", "=", "warehouse")])
    return pairs, {
        "company": company, "warehouse": warehouse.id, "accounts": parties, "products": products,
        "archived_party": archived_party, "archived_product": archived_product,
        "keys": add_keys(pool, company),
    }  # fmt: skip


def transact(database: str, company: int, step: Callable[[Any], Any]) -> Any:
    """Run one step as the administrator in one transaction, again when Tryton asks for locks first."""
    context = {"company": company, "companies": [company], "_skip_warnings": True}
    extras: dict[str, Any] = {}
    while True:
        with Transaction().start(database, 1, context=context, **extras) as transaction:
            try:
                result = step(Pool(database))
            except TransactionError as error:
                transaction.rollback()
                error.fix(extras)
                continue
            transaction.commit()
            return result


def main(database: str, input_file: str, ids_file: str) -> None:
    """Seed."""
    given = json.loads(Path(input_file).read_text())
    config = proteus_config.set_trytond(database)
    years = {dt.date.fromisoformat(order["placed_on"]).year for order in given["orders"]}
    company, accounts = set_up_company(config, range(min(years), max(years) + 2))
    pairs, ids = transact(database, company, lambda pool: trade(pool, given, company, accounts))
    ids |= transact(database, company, lambda pool: invoice(pool, pairs, ids["accounts"], accounts))
    ids |= transact(database, company, lambda pool: native_ids(pool, pairs))
    Path(ids_file).write_text(json.dumps(ids, indent=1))


if __name__ == "__main__":
    main(*sys.argv[1:])
