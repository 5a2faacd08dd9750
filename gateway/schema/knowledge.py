"""Help articles and their sections."""

from __future__ import annotations

from gateway.auth.permissions import Permission
from gateway.connectors.ports import knowledge as models
from gateway.resolvers import knowledge as resolve
from gateway.schema.base import (
    Node,
    auto,
    connection_to,
    connection_type,
    lazy,
    object_type,
    related,
)

ARTICLES = [Permission.ARTICLES_READ]


@object_type(models.Section, requires=ARTICLES)
class ArticleSection(Node):
    """A shelf of the help centre."""

    name: auto
    description: auto
    articles = connection_to(
        lazy("ArticleConnection", "knowledge"),
        resolve.section_articles,
        description="The articles in it that the account may read.",
        reads={models.Section: ["id"]},
    )


@object_type(models.Article, requires=ARTICLES)
class Article(Node):
    """A help article."""

    title: auto
    body_html: auto
    locale: auto
    labels: auto
    web_url: auto
    helpful_count: auto
    created_at: auto
    updated_at: auto
    section = related(
        ArticleSection | None,
        resolve.article_section,
        description="The section it stands in.",
        reads={models.Article: ["section_id"]},
    )


ArticleConnection = connection_type(Article)
