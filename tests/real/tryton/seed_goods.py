"""Parties, and products with their stock."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any


def add_parties(
    pool: Any, rows: list[dict[str, Any]], country: int, currencies: dict[str, int]
) -> tuple[dict[str, int], int]:
    """Make one party per account, its number as code, and an archived one; give their ids."""
    party_model = pool.get("party.party")
    ids = {}
    for row in rows:
        address = row["address"]
        values = {
            "name": row["name"], "code": row["number"], "customer_currency": currencies[row["currency"]],
            "addresses": [("create", [{
                "street_unstructured": address["street"], "city": address["city"],
                "postal_code": address["postal_code"], "country": country,
            }])],
        }  # fmt: skip
        (party,) = party_model.create([values])
        ids[row["key"]] = party.id
    (archived,) = party_model.create([{"name": "Archived Rooms", "code": "C-0000", "active": False}])
    return ids, archived.id


def add_products(
    pool: Any, rows: list[dict[str, Any]], orders: list[dict[str, Any]], accounts: dict[str, int]
) -> tuple[dict[int, int], int]:
    """Make products and an archived one; give their ids.

    The stock is such that the data set's figure is left when the orders are shipped.
    """
    (category,) = pool.get("product.category").create([{
        "name": "Goods", "accounting": True, "account_expense": accounts["expense"],
        "account_revenue": accounts["revenue"],
    }])  # fmt: skip
    (unit,) = pool.get("product.uom").search([("name", "=", "Unit")])
    template_model, product_model = pool.get("product.template"), pool.get("product.product")
    ids = {}
    for row in rows:
        (template,) = template_model.create([{
            "name": row["name"], "code": row["sku"], "type": "goods", "default_uom": unit.id,
            "sale_uom": unit.id, "salable": row["salable"], "list_price": Decimal(row["price"]),
            "account_category": category.id, "products": [("create", [{"description": row["description"]}])],
        }])  # fmt: skip
        ids[row["id"]] = template.products[0].id
    (retired,) = template_model.create([{
        "name": "Retired", "code": "R-000", "type": "goods", "default_uom": unit.id,
        "list_price": Decimal(1), "products": [("create", [{}])],
    }])  # fmt: skip
    (variant,) = retired.products
    product_model.write([variant], {"active": False})
    template_model.write([retired], {"active": False})
    _stock(pool, {ids[row["id"]]: row["on_hand"] for row in rows}, ids, orders)
    return ids, variant.id


def _stock(pool: Any, wanted: dict[int, float], ids: dict[int, int], orders: list[dict[str, Any]]) -> None:
    for order in orders:
        if order["end"] in ("done", "partly done"):
            for line in order["lines"]:
                wanted[ids[line["product"]]] += line["shipped"]
    (storage,) = pool.get("stock.location").search([("code", "=", "STO")])
    inventory_model = pool.get("stock.inventory")
    (inventory,) = inventory_model.create([{
        "location": storage.id,
        "date": min(dt.date.fromisoformat(order["placed_on"]) for order in orders),
        "lines": [("create", [
            {"product": product, "quantity": quantity} for product, quantity in wanted.items() if quantity
        ])],
    }])  # fmt: skip
    inventory_model.confirm([inventory])
