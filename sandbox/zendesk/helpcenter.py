"""The help centre: sections and articles, as an administrator's token sees them: all of them.

Drafts and the articles of every user segment are in these lists; who may read what is the reader's to decide.
"""

from __future__ import annotations

import html
import re
from typing import Any

from sandbox.data import desk as given
from sandbox.zendesk import shapes
from sandbox.zendesk.asked import Asked, Endpoint, Reply, integer
from sandbox.zendesk.errors import ApiError, not_found
from sandbox.zendesk.paging import Order, paged
from sandbox.zendesk.state import State

LOCALE = "en-us"
"""The help centre's default."""
_PER_PAGE = 30
_WORD = re.compile(r"\w+")
_TAG = re.compile(r"<[^>]*>")
_ARTICLE_KEYS: dict[str, Any] = {
    "position": lambda _: 0,
    "title": lambda row: row.title,
    "created_at": lambda row: shapes.unix(row.created),
    "updated_at": lambda row: shapes.unix(row.updated),
    "edited_at": lambda row: shapes.unix(row.updated),
}
_ARTICLES: Order[given.Article] = Order(
    lambda row: row.id, _ARTICLE_KEYS, _ARTICLE_KEYS, default="position", both=True
)
_SECTION_KEYS: dict[str, Any] = {
    "position": lambda _: 0,
    "created_at": lambda _: 0,
    "updated_at": lambda _: 0,
}
_SECTIONS: Order[given.Section] = Order(
    lambda row: row.id, _SECTION_KEYS, _SECTION_KEYS, default="position", both=True
)


class HelpCenter:
    """The addresses of the help centre."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._locales = {LOCALE, *(row.locale for row in state.articles)}

    def endpoints(self) -> list[Endpoint]:
        """List the addresses, with and without a locale."""
        found = [Endpoint("GET", "/api/v2/help_center/articles/search", self._search)]
        for root in ("/api/v2/help_center", "/api/v2/help_center/{locale}"):
            found += [
                Endpoint("GET", f"{root}/articles", self._articles),
                Endpoint("GET", f"{root}/articles/{{id}}", self._article),
                Endpoint("GET", f"{root}/sections", self._sections),
                Endpoint("GET", f"{root}/sections/{{id}}", self._section),
                Endpoint("GET", f"{root}/sections/{{id}}/articles", self._articles_of_section),
            ]
        return found

    def _locale(self, asked: Asked) -> str:
        locale = asked.parts.get("locale", LOCALE).lower()
        if locale not in self._locales:
            raise not_found()
        return locale

    def _articles(self, asked: Asked) -> Reply:
        return self._listed(asked, self._speaking(asked))

    def _speaking(self, asked: Asked) -> list[given.Article]:
        """List the articles of the address's locale; where it names none, each in its own."""
        if "locale" not in asked.parts:
            return list(self._state.articles)
        locale = self._locale(asked)
        return [row for row in self._state.articles if row.locale == locale]

    def _articles_of_section(self, asked: Asked) -> Reply:
        section = self._found_section(asked)
        return self._listed(asked, [row for row in self._speaking(asked) if row.section == section.id])

    def _listed(self, asked: Asked, rows: list[given.Article]) -> Reply:
        if labels := asked.params.get("label_names"):
            wanted = set(labels.split(","))
            rows = [row for row in rows if wanted & set(row.labels)]
        cut = paged(asked, rows, _ARTICLES, per_page=_PER_PAGE)
        body: dict[str, Any] = {"articles": [self._shaped(row, asked.base) for row in cut.rows]}
        if "sections" in asked.includes():
            ids = {row.section for row in cut.rows}
            body["sections"] = [self._shelf(s, asked, LOCALE) for s in self._state.sections if s.id in ids]
        return Reply(body | cut.about)

    def _article(self, asked: Asked) -> Reply:
        for row in self._speaking(asked):
            if row.id == asked.id():
                return Reply({"article": self._shaped(row, asked.base)})
        raise not_found()

    def _sections(self, asked: Asked) -> Reply:
        locale = self._locale(asked)
        cut = paged(asked, self._state.sections, _SECTIONS, per_page=_PER_PAGE)
        return Reply({"sections": [self._shelf(row, asked, locale) for row in cut.rows], **cut.about})

    def _section(self, asked: Asked) -> Reply:
        locale = self._locale(asked)
        return Reply({"section": self._shelf(self._found_section(asked), asked, locale)})

    def _found_section(self, asked: Asked) -> given.Section:
        for row in self._state.sections:
            if row.id == asked.id():
                return row
        raise not_found()

    def _search(self, asked: Asked) -> Reply:
        params = asked.params
        if not {"query", "section", "label_names", "category"} & {name for name in params if params[name]}:
            text = "At least one of query, category, section, and label_names is required"
            raise ApiError(400, {"error": "BadRequest", "description": text})
        wanted = _words(params.get("query", ""))
        locale = params.get("locale", LOCALE).lower()
        ranked: list[tuple[int, given.Article]] = []
        for row in self._state.articles:
            score = 3 * len(wanted & _words(row.title)) + len(wanted & _words(_TAG.sub(" ", row.body)))
            fits = (score or not wanted) and locale in {"*", row.locale}
            if "section" in params:
                fits = fits and row.section == integer("section", params["section"])
            if labels := params.get("label_names"):
                fits = fits and bool(set(labels.split(",")) & set(row.labels))
            if fits:
                ranked.append((score, row))
        ranked.sort(key=lambda pair: (-pair[0], pair[1].id))
        scores = {row.id: -score for score, row in ranked}
        order: Order[given.Article] = Order(
            lambda row: row.id, {"relevance": lambda row: scores[row.id]},
            {"relevance": lambda row: scores[row.id]}
            | {name: _ARTICLE_KEYS[name] for name in ("created_at", "updated_at")},
            default="relevance",
        )  # fmt: skip
        cut = paged(asked, [row for _, row in ranked], order, per_page=25)
        results = [
            self._shaped(row, asked.base)
            | {"result_type": "article", "snippet": html.escape(_TAG.sub(" ", row.body).strip())}
            for row in cut.rows
        ]
        return Reply({"results": results, **cut.about})

    def _shaped(self, row: given.Article, base: str) -> dict[str, Any]:
        return {
            "id": row.id,
            "url": f"{base}/api/v2/help_center/{row.locale}/articles/{row.id}.json",
            "html_url": f"{base}/hc/{row.locale}/articles/{row.id}",
            "author_id": next(iter(self._state.users)),
            "comments_disabled": False,
            "draft": row.draft,
            "promoted": False,
            "position": 0,
            "vote_sum": row.votes,
            "vote_count": abs(row.votes),
            "section_id": row.section,
            "created_at": shapes.moment(row.created),
            "updated_at": shapes.moment(row.updated),
            "name": row.title,
            "title": row.title,
            "source_locale": row.locale,
            "locale": row.locale,
            "outdated": False,
            "outdated_locales": [],
            "edited_at": shapes.moment(row.updated),
            "user_segment_id": row.segment,
            "user_segment_ids": [] if row.segment is None else [row.segment],
            "permission_group_id": 8002,
            "content_tag_ids": [],
            "label_names": list(row.labels),
            "body": row.body,
        }

    def _shelf(self, row: given.Section, asked: Asked, locale: str) -> dict[str, Any]:
        return {
            "id": row.id,
            "url": f"{asked.base}/api/v2/help_center/{locale}/sections/{row.id}.json",
            "html_url": f"{asked.base}/hc/{locale}/sections/{row.id}",
            "category_id": 8003,
            "position": 0,
            "sorting": "manual",
            "created_at": shapes.moment(self._state.made),
            "updated_at": shapes.moment(self._state.made),
            "name": row.name,
            "description": row.description,
            "locale": locale,
            "source_locale": LOCALE,
            "outdated": False,
            "parent_section_id": None,
            "theme_template": "section_page",
        }


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
