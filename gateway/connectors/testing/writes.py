"""The contract of `TicketWritesPort`: what is written is written once, and by whom it says.

    class TestWrites(TicketWritesContract):
        @pytest.fixture
        def subject(self, ...) -> Subject: ...  # as for `ConnectorContract`, with a case for TicketsPort

        @pytest.fixture
        def writing(self, ...) -> Writing:
            return Writing(
                ticket="7", closed="8", hidden="internal words", author=Author(subject="usr_1", ...),
                staff_email="agent@vendor.example",
                commits=lambda method, path: method == "POST" and path == "/tickets",
                refused=[("subject", {"subject": "x" * 300})],
            )

The proxy between connector and system lets a write reach the system and loses its answer: so it is seen what
a second try does.
"""

# ruff: noqa: S101  assertions are how a suite speaks

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.connectors.ports.common import Record
from gateway.connectors.ports.support import (
    Author,
    PersonKind,
    Ticket,
    TicketComment,
    TicketsPort,
    TicketWritesPort,
    Upload,
)
from gateway.connectors.testing.bench import Bench
from gateway.connectors.testing.checks import assert_fits, assert_quiet, errors_in
from gateway.connectors.testing.desk import FILE, WORDS, Desk, Writing, chunks, count, key_of, write
from gateway.connectors.testing.faults import FAULTS, Fault
from gateway.connectors.testing.subject import NAME, Subject, everything
from gateway.connectors.testing.wire import Wire, cut
from gateway.errors import Code, GatewayError, RequestError, UpstreamError
from gateway.outbound import Outbound, deadline

UNKNOWN = frozenset({"silent", "cut", "truncated", "html", "empty", "no-utf8", "500", "503"})
"""Faults after which nobody can tell whether the system did what it was asked."""
PATIENCE = 10.0


class TicketWritesContract:
    """Inherit, and override `subject` and `writing`."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test for each fault and each kind of write."""
        if "fault" in metafunc.fixturenames:
            metafunc.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
        if "made" in metafunc.fixturenames:
            metafunc.parametrize("made", ["ticket", "comment"])

    @pytest.fixture
    def subject(self) -> Subject:
        """Give the system under test; a vendor's test overrides this."""
        raise NotImplementedError

    @pytest.fixture
    def writing(self) -> Writing:
        """Give what is in it for writing; a vendor's test overrides this."""
        raise NotImplementedError

    @pytest.fixture
    async def desk(
        self, subject: Subject, writing: Writing, caplog: pytest.LogCaptureFixture
    ) -> AsyncIterator[Desk]:
        """Give a fresh connector behind a wire that can be spoiled; what it logs is looked at."""
        caplog.set_level(logging.DEBUG)
        outbound = Outbound(backoff=(0.0, 0.0))
        async with Wire(subject.url) as wire:
            yield Desk(Bench(subject, wire, outbound), writing)
            await outbound.close()
        assert_quiet([], caplog, secrets=(*subject.secrets, WORDS))

    # What is made

    async def test_a_new_ticket_is_the_accounts_and_there_at_once(self, desk: Desk) -> None:
        """It says what the draft says, and is read back by its id and in the list."""
        before = await desk.tickets()
        ticket = await desk.create("one")
        desk.bench.assert_admitted(ticket, desk.bench.a, TicketsPort)
        assert_fits(ticket, Ticket)
        assert not list(errors_in(ticket))
        read = await desk.load(ticket.id)
        draft = desk.draft()
        for one in (ticket, read):
            assert (one.subject, one.priority, one.type) == (draft.subject, draft.priority, draft.type)
            assert one.can_comment is True
            assert one.requester is not None
            assert (one.requester.kind, one.requester.display_name) == (
                PersonKind.CUSTOMER,
                draft.author.display_name,
            )
        assert sorted(await desk.tickets()) == sorted([*before, ticket.id])
        [first] = await desk.comments(ticket.id)
        assert first.body is not None
        assert first.body.strip() == draft.body

    async def test_a_new_comment_is_public_and_there_at_once(self, desk: Desk) -> None:
        """It comes last, from its author; what is internal stays where it is."""
        ticket = desk.writing.ticket
        before = await desk.comments(ticket)
        comment = await desk.comment("one")
        desk.bench.assert_admitted(comment, desk.bench.a, TicketsPort)
        assert_fits(comment, TicketComment)
        assert not list(errors_in(comment))
        after = await desk.comments(ticket)
        assert [one.id for one in after] == [*(one.id for one in before), comment.id]
        for one in (comment, after[-1]):
            assert one.author is not None
            assert one.body is not None
            assert one.body.strip() == desk.remark().body
            assert (one.author.kind, one.author.display_name) == (
                PersonKind.CUSTOMER,
                desk.writing.author.display_name,
            )
        assert not any(desk.writing.hidden in (one.body or "") for one in after)

    async def test_what_was_not_selected_is_not_there(self, desk: Desk) -> None:
        """A write answers with the selection, like a read."""
        ticket = await desk.port.create_ticket(
            desk.bench.a, desk.draft(), key_of("one"), {Ticket: frozenset({"subject"})}
        )
        assert ticket.subject == desk.draft().subject
        with pytest.raises(AttributeError):
            _ = ticket.status
        comment = await desk.port.add_comment(
            ticket, desk.remark(), key_of("two"), {TicketComment: frozenset({"body"})}
        )
        with pytest.raises(AttributeError):
            _ = comment.author

    # Once

    async def test_the_same_key_makes_one(self, desk: Desk, made: str) -> None:
        """Also when another process asks."""
        before = await count(desk, made)
        first = await write(desk, made, "one")
        assert await write(desk, made, "one") == first
        assert await write(desk.fresh(), made, "one") == first
        assert await count(desk, made) == before + 1

    async def test_two_keys_make_two(self, desk: Desk, made: str) -> None:
        """Though they say the same."""
        before = await count(desk, made)
        assert await write(desk, made, "one") != await write(desk, made, "two")
        assert await count(desk, made) == before + 2

    async def test_one_key_at_the_same_time_makes_one(self, desk: Desk, made: str) -> None:
        """Whoever is late gets what was made, or is told to try again."""
        before = await count(desk, made)
        found = await asyncio.gather(*(write(desk, made, "one") for _ in range(4)), return_exceptions=True)
        ids = {one for one in found if isinstance(one, str)}
        for one in found:
            assert isinstance(one, str) or (isinstance(one, GatewayError) and one.code is Code.CONFLICT), one
        assert len(ids) == 1
        assert await write(desk, made, "one") in ids
        assert await count(desk, made) == before + 1

    async def test_a_lost_answer_is_told_and_tried_again(self, desk: Desk, made: str) -> None:
        """The system did what it was asked, and the answer was cut: the second try makes no second object."""
        before = await count(desk, made)
        desk.bench.wire.reset()
        desk.spoil_commits(cut)
        with pytest.raises(UpstreamError) as caught:
            await write(desk, made, "one")
        assert (caught.value.code, caught.value.outcome_unknown) == (Code.UPSTREAM_UNAVAILABLE, True)
        assert desk.committed >= 1
        desk.bench.wire.reset()
        assert await count(desk, made) == before + 1
        first = await write(desk, made, "one")
        assert await write(desk.fresh(), made, "one") == first
        assert await count(desk, made) == before + 1

    async def test_faults_of_the_write_itself(
        self, desk: Desk, made: str, fault: Fault, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each is told as what it is, and whether the write may have been made; the key still makes one."""
        before = await count(desk, made)
        desk.spoil_commits(fault.spoil)
        with deadline(fault.budget), pytest.raises(GatewayError) as caught:
            await asyncio.wait_for(write(desk, made, "one"), PATIENCE)
        error = caught.value
        assert error.code is desk.writing.faults.get(f"{made}.{fault.name}", fault.code)
        assert getattr(error, "outcome_unknown", False) is (fault.name in UNKNOWN)
        assert_quiet([error], caplog, secrets=(*desk.bench.subject.secrets, WORDS))
        desk.bench.wire.reset()
        first = await write(desk, made, "one")
        assert await write(desk, made, "one") == first
        assert await count(desk, made) == before + 1

    async def test_faults_before_the_write_leave_nothing_unknown(
        self, desk: Desk, made: str, fault: Fault, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What is asked before anything is written fails like a read."""
        before = await count(desk, made)
        loaded = await desk.load(desk.writing.ticket)
        if made == "ticket":
            call = desk.port.create_ticket(desk.bench.a, desk.draft(), key_of("one"), everything(Ticket))
        else:
            call = desk.port.add_comment(loaded, desk.remark(), key_of("one"), everything(TicketComment))
        desk.bench.wire.reset()
        desk.bench.wire.spoil = fault.spoil
        with deadline(fault.budget), pytest.raises(UpstreamError) as caught:
            await asyncio.wait_for(call, PATIENCE)
        sent = desk.committed
        desk.bench.wire.reset()
        assert caught.value.code is fault.code
        if not sent:
            assert caught.value.outcome_unknown is False
        assert_quiet([caught.value], caplog, secrets=(*desk.bench.subject.secrets, WORDS))
        assert await count(desk, made) <= before + sent

    async def test_wrong_credentials(self, desk: Desk) -> None:
        """Nothing was written, and that is known."""
        subject = desk.bench.subject
        ticket = await desk.load(desk.writing.ticket)
        port: Any = subject.denied(NAME, desk.bench.wire.url, desk.bench.outbound).ports[TicketWritesPort]
        file = Upload("a.txt", "text/plain", 1, chunks(b"a"))
        for call in (
            port.create_ticket(desk.bench.a, desk.draft(), key_of("one"), everything(Ticket)),
            port.add_comment(ticket, desk.remark(), key_of("two"), everything(TicketComment)),
            port.upload(desk.bench.a, file),
        ):
            with pytest.raises(UpstreamError) as caught:
                await call
            assert (caught.value.code, caught.value.outcome_unknown) == (Code.UPSTREAM_AUTH_FAILED, False)

    # By whom

    async def test_a_newcomer_is_made_once(self, desk: Desk) -> None:
        """Somebody whom the system does not know writes under the name they have."""
        newcomer = Author(subject="usr-newcomer", display_name="New Comer", email="new@comer.example")
        ticket = await desk.create("one", desk.draft(author=newcomer))
        again = await desk.create("two", desk.draft(author=newcomer))
        comment = await desk.comment("three", desk.remark(author=newcomer), ticket.id)
        for person in (ticket.requester, again.requester, comment.author):
            assert person is not None
            assert (person.display_name, person.email, person.kind) == (
                "New Comer",
                "new@comer.example",
                PersonKind.CUSTOMER,
            )

    async def test_an_address_makes_nobody_somebody_else(self, desk: Desk) -> None:
        """Whoever says a colleague's or an agent's address is still who the identity provider says."""
        for n, email in enumerate((desk.writing.author.email, desk.writing.staff_email)):
            impostor = Author(subject=f"usr-impostor-{n}", display_name="Im Postor", email=email)
            ticket = await desk.create(f"ticket {n}", desk.draft(author=impostor))
            comment = await desk.comment(f"comment {n}", desk.remark(author=impostor))
            for person in (ticket.requester, comment.author):
                assert person is not None
                assert (person.display_name, person.kind) == ("Im Postor", PersonKind.CUSTOMER)

    async def test_subjects_that_look_alike_are_two_people(self, desk: Desk) -> None:
        """Case, commas and wildcards tell people apart."""
        subject = desk.writing.author.subject
        for n, other in enumerate(
            (subject.upper(), f"{subject},x", f"x,{subject}", f"{subject}*", f"{subject} ")
        ):
            assert other != subject
            name = f"Look Alike {n}"
            look_alike = Author(subject=other, display_name=name)
            for round_ in range(2):
                ticket = await desk.create(f"{n} {round_}", desk.draft(author=look_alike))
                assert ticket.requester is not None
                assert ticket.requester.display_name == name

    # Refusals

    async def test_refused_drafts_name_the_attribute(
        self, desk: Desk, caplog: pytest.LogCaptureFixture
    ) -> None:
        """INVALID_INPUT in our own words; nothing was made."""
        before = await desk.tickets()
        for n, (attribute, changes) in enumerate(desk.writing.refused):
            with pytest.raises(RequestError) as caught:
                await desk.create(f"{n}", desk.draft(**changes))
            assert caught.value.code is Code.INVALID_INPUT
            assert caught.value.message.startswith(f"{attribute}: ")
            assert_quiet([caught.value], caplog, secrets=(*desk.bench.subject.secrets, WORDS))
        assert sorted(await desk.tickets()) == sorted(before)
        said = len(await desk.comments(desk.writing.ticket))
        for n, (attribute, changes) in enumerate(desk.writing.refused_comments):
            with pytest.raises(RequestError) as caught:
                await desk.comment(f"{n}", desk.remark(**changes))
            assert caught.value.code is Code.INVALID_INPUT
            assert caught.value.message.startswith(f"{attribute}: ")
        assert len(await desk.comments(desk.writing.ticket)) == said

    async def test_a_closed_ticket_takes_no_comment(self, desk: Desk) -> None:
        """It says so beforehand, by `can_comment`."""
        if desk.writing.closed is None:
            pytest.skip("tickets of this system do not close")
        ticket = await desk.load(desk.writing.closed)
        assert ticket.can_comment is False
        with pytest.raises(RequestError, match=r"^body: .*closed") as caught:
            await desk.comment("one", ticket=desk.writing.closed)
        assert caught.value.code is Code.INVALID_INPUT

    # Files

    async def test_files_come_back_as_they_went_in(self, desk: Desk, made: str) -> None:
        """Two files with one message: their names, types, sizes and bytes."""
        contents = (FILE, b"a")
        tokens = tuple([await desk.upload(content) for content in contents])
        assert len(set(tokens)) == len(tokens)
        if made == "ticket":
            ticket = await desk.create("one", desk.draft(uploads=tokens))
            [said] = await desk.comments(ticket.id)
        else:
            comment = await desk.comment("one", desk.remark(uploads=tokens))
            said = (await desk.comments(desk.writing.ticket))[-1]
            assert said.id == comment.id
            assert len(comment.attachments) == len(contents)
        assert len(said.attachments) == len(contents)
        for attachment, content in zip(said.attachments, contents, strict=True):
            assert isinstance(attachment, Record)
            desk.bench.assert_admitted(attachment, desk.bench.a, TicketsPort)
            assert (attachment.file_name, attachment.mime_type, attachment.size_bytes) == (
                "photo of it.png",
                "image/png",
                len(content),
            )
            async with desk.reads.open_attachment(desk.bench.a, attachment.id) as opened:
                assert b"".join([chunk async for chunk in opened.chunks]) == content
                assert (opened.file_name, opened.mime_type) == ("photo of it.png", "image/png")
                assert opened.size in {None, len(content)}

    async def test_faults_of_an_upload(
        self, desk: Desk, fault: Fault, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Each is told as what it is; a file is sent once."""
        desk.bench.wire.spoil = fault.spoil
        with deadline(fault.budget), pytest.raises(UpstreamError) as caught:
            await asyncio.wait_for(desk.upload(), PATIENCE)
        assert caught.value.code is fault.code
        assert caught.value.outcome_unknown is (fault.name in UNKNOWN)
        assert len(desk.bench.wire.calls) == 1
        assert_quiet([caught.value], caplog, secrets=desk.bench.subject.secrets)
