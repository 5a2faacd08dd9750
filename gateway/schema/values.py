"""Values that several domains use."""

from __future__ import annotations

from gateway.connectors.ports import common
from gateway.schema.base import auto, object_type


@object_type(common.Money, requires=[])
class Money:
    """An exact amount in one currency."""

    amount: auto
    currency_code: auto


@object_type(common.PostalAddress, requires=[])
class PostalAddress:
    """Where post or goods go."""

    name: auto
    line1: auto
    line2: auto
    city: auto
    region: auto
    postal_code: auto
    country_code: auto
