"""Help articles: what the business tells many customers at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, ClassVar, Protocol

from typing_extensions import Doc

from gateway.auth.scope import AccountScope, Ref
from gateway.connectors.ports.common import Html, Kind, Listing, Page, Record, Selection, Url, Value
from gateway.errors import GatewayError


class Section(Record, frozen=True, kw_only=True):
    """A shelf of the help centre."""

    id: str
    name: Annotated[str | None, Doc("Name of the section.")]
    description: Annotated[str | None, Doc("What is found in it.")]


class Article(Record, frozen=True, kw_only=True):
    """A help article. Articles are shared: each names the audience that may read it."""

    id: str
    title: Annotated[str | None, Doc("Title of the article.")]
    body_html: Annotated[
        Html | None, Doc("The article as HTML, without scripts, forms, styles and event handlers.")
    ]
    locale: Annotated[str | None, Doc("Language it is written in, such as `en-us`.")]
    labels: Annotated[tuple[str, ...] | None, Doc("Words it is filed under.")]
    section_id: str | None
    web_url: Annotated[Url | None, Doc("The article in the help centre.")]
    helpful_count: Annotated[int | None, Doc("Readers who found it helpful, less those who did not.")]
    created_at: Annotated[dt.datetime | None, Doc("When it was made.")]
    updated_at: Annotated[dt.datetime | None, Doc("When its text was last changed.")]


class ArticleFilter(Value, frozen=True, kw_only=True):
    """Which articles to list. Conditions are joined by AND."""

    text: Annotated[str | None, Doc("Words to search for; the best match comes first.")] = None
    locale: Annotated[str | None, Doc("Written in this language, such as `en-us`.")] = None
    section_id: Annotated[str | None, Doc("In the section with this id.")] = None


class ArticlesPort(Protocol):
    """Help articles. The account of a ref or scope is the audience: what it may not read is missing."""

    kind: ClassVar[Kind] = Kind.SHARED

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Article | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_articles(
        self,
        scope: AccountScope,
        page: Page,
        filter: ArticleFilter,  # noqa: A002  the field's standard term
        fields: Selection,
    ) -> Listing[Article]:
        """List what this account may read: by `text` the best match first, else by title or position.

        `filter.section_id` is the system's own id here.
        """
        ...


class SectionsPort(Protocol):
    """Sections of the help centre."""

    kind: ClassVar[Kind] = Kind.SHARED

    async def get_many(
        self, refs: Sequence[Ref], fields: Selection
    ) -> Sequence[Section | GatewayError | None]:
        """Give per ref, in order: the record, None when missing, or the error that broke it."""
        ...

    async def list_sections(self, scope: AccountScope, page: Page, fields: Selection) -> Listing[Section]:
        """List the sections in their own order."""
        ...
