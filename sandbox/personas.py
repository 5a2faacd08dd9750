"""Who may sign in to the sandbox: personas named by role, with their accounts in `sandbox.data`."""

from __future__ import annotations

from dataclasses import dataclass

NAMED_ACCOUNTS = ("acme", "bright", "ledger", "group", "group-north", "group-south", "empty", "reach")
"""Every named account of the data set; staff see all of them."""


@dataclass(frozen=True)
class Persona:
    """`memberships` maps an account key to the roles held there."""

    key: str
    subject: str
    display_name: str
    memberships: dict[str, tuple[str, ...]]

    @property
    def email(self) -> str:
        """An address that can never exist (RFC 2606)."""
        return f"{self.key}@portal.example"

    def claim(self) -> list[dict[str, object]]:
        """Write the memberships as the access token carries them."""
        return [{"account": account, "roles": list(roles)} for account, roles in self.memberships.items()]


PERSONAS: dict[str, Persona] = {
    persona.key: persona
    for persona in (
        Persona("owner-a", "usr_owner_a", "Owner of Acme Manufacturing", {"acme": ("owner",)}),
        Persona("billing-a", "usr_billing_a", "Billing clerk of Acme Manufacturing", {"acme": ("billing",)}),
        Persona("viewer-a", "usr_viewer_a", "Viewer of Acme Manufacturing", {"acme": ("viewer",)}),
        Persona("owner-b", "usr_owner_b", "Owner of Bright Software", {"bright": ("owner",)}),
        Persona(
            "multi",
            "usr_multi",
            "Member of several accounts",
            {
                "acme": ("billing",),
                "bright": ("viewer",),
                "group": ("owner",),
                "group-north": ("owner",),
                "group-south": ("owner",),
            },
        ),
        Persona("staff", "usr_staff", "Support agent", dict.fromkeys(NAMED_ACCOUNTS, ("staff-read",))),
        Persona(
            "partner", "usr_partner", "Owner of Reach Resale", {"reach": ("owner",), "ledger": ("partner",)}
        ),
    )
}
