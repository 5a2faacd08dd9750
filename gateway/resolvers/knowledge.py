"""Help articles, for the audience that an account is."""

from __future__ import annotations

from typing import Any

from gateway.auth.principal import Membership
from gateway.connectors.ports.knowledge import (
    ArticleFilter,
    ArticlesPort,
    Section,
    SectionsPort,
)
from gateway.context import RequestContext
from gateway.errors import Code, RequestError
from gateway.resolvers.connections import Bound, Connection, PageArgs, listed
from gateway.resolvers.relations import by_key

MAX_TEXT = 200
MAX_SUGGESTIONS = 10


async def articles(
    membership: Membership,
    context: RequestContext,
    *,
    filter: ArticleFilter | None = None,  # noqa: A002  the argument's name in the schema
    **page: Any,
) -> Connection:
    """List the articles that the account may read."""
    wanted = filter or ArticleFilter()
    if wanted.text is not None:
        _check_text("filter.text", wanted.text)
    scope = await context.scope(membership)
    return await listed(context, ArticlesPort.list_articles, scope, PageArgs(**page), wanted)


async def suggestions(
    membership: Membership, context: RequestContext, *, text: str, first: int = 5
) -> list[Any]:
    """Give the articles that fit a text best: what to read before a ticket is written."""
    _check_text("text", text)
    if not 1 <= first <= MAX_SUGGESTIONS:
        raise RequestError(Code.INVALID_INPUT, f"first: write a number from 1 to {MAX_SUGGESTIONS}.")
    scope = await context.scope(membership)
    page = PageArgs(first=first).page(context, Bound("Account.articleSuggestions", ""))
    found = await context.list(ArticlesPort.list_articles, scope, page, ArticleFilter(text=text))
    context.count_rows(len(found.items))
    return [article for article, _ in found.items]


async def sections(membership: Membership, context: RequestContext, **page: Any) -> Connection:
    """List the sections of the help centre."""
    scope = await context.scope(membership)
    return await listed(context, SectionsPort.list_sections, scope, PageArgs(**page))


article_section = by_key("section_id", SectionsPort.get_many)


async def section_articles(section: Section, context: RequestContext, **page: Any) -> Connection:
    """List the articles of a section that the account may read."""
    return await listed(
        context,
        ArticlesPort.list_articles,
        section.scope,
        PageArgs(**page),
        ArticleFilter(section_id=section.id),
    )


def _check_text(argument: str, text: str) -> None:
    if not text.strip() or len(text) > MAX_TEXT:
        raise RequestError(Code.INVALID_INPUT, f"{argument}: write words of at most {MAX_TEXT} characters.")
