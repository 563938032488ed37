"""Notices in a real store: one commit writes everything or nothing, and the public side sees only what is public."""

from dataclasses import replace
from datetime import timedelta

import pytest
from redis.exceptions import NoPermissionError

from receiver.core.errors import UnknownNoticeError
from receiver.core.incident import IncidentId
from receiver.core.notice import NoticeId, Phase
from receiver.core.notice_public import project
from receiver.core.notice_record import Notice, Stage
from receiver.store.connection import connect
from receiver.store.notice_desk import TAKEN, NoticeDesk, new_notice_id
from receiver.store.notices import PublicNotices
from receiver.store.promise import Promise
from tests.builders import NOW
from tests.harness import redis_server
from tests.notices.values import notice, update


@pytest.fixture
async def store(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        yield client
        await client.aclose()


async def put(desk: NoticeDesk, one: Notice) -> int:
    return await desk.commit(one, project(one), NOW)


async def test_what_was_written_is_read_back(store):
    desk, one = NoticeDesk(store, Promise()), notice(update(1), incidents=(IncidentId("INC-1"),))
    assert await put(desk, one) == 1
    assert await desk.load(one.id) == replace(one, version=1)
    assert await PublicNotices(store).open() == [project(one)]
    assert await desk.covering("checkout") == one.id
    assert await desk.of_incident(IncidentId("INC-1")) == one.id
    with pytest.raises(UnknownNoticeError):
        await desk.load("N0")


async def test_whoever_is_slower_writes_nothing(store):
    desk, one = NoticeDesk(store, Promise()), notice(update(1))
    await put(desk, one)
    assert await put(desk, replace(one, owner="late")) == -1
    assert (await desk.load(one.id)).owner == ""


async def test_a_component_has_one_open_notice(store):
    desk, one, two = NoticeDesk(store, Promise()), notice(), notice(id=NoticeId("N9999999"))
    await put(desk, one)
    assert await put(desk, two) == TAKEN
    with pytest.raises(UnknownNoticeError):
        await desk.load(two.id)
    await put(desk, replace(one, version=1, stage=Stage.DISMISSED))
    assert await put(desk, two) == 1
    assert await desk.covering("checkout") == two.id


async def test_a_draft_leaves_the_public_side_empty(store):
    desk, one = NoticeDesk(store, Promise()), notice()
    await put(desk, one)
    assert await PublicNotices(store).recent() == []
    assert await PublicNotices(store).one(one.id) is None


async def test_links_follow_the_notice(store):
    desk, one = NoticeDesk(store, Promise()), notice(incidents=(IncidentId("INC-1"), IncidentId("INC-2")))
    await put(desk, one)
    await put(desk, replace(one, version=1, incidents=(IncidentId("INC-2"),)))
    assert await desk.of_incident(IncidentId("INC-1")) is None
    assert await desk.of_incident(IncidentId("INC-2")) == one.id


async def test_a_due_notice_is_leased_once_and_comes_again_after_the_lease(store):
    desk = NoticeDesk(store, Promise())
    await put(desk, notice(wake_at=NOW + timedelta(minutes=1)))
    assert await desk.lease_due(NOW) == []
    assert len(await desk.lease_due(NOW + timedelta(minutes=1))) == 1
    assert await desk.lease_due(NOW + timedelta(minutes=1)) == []
    assert len(await desk.lease_due(NOW + timedelta(minutes=2))) == 1


async def test_history_reaches_back_and_keeps_what_is_open(store):
    desk = NoticeDesk(store, Promise())
    old = notice(update(1, at=NOW - timedelta(days=200)), id=NoticeId("NOLD0000"), components=("a",))
    gone = notice(update(1, at=NOW - timedelta(days=200)), update(2, Phase.RESOLVED, at=NOW - timedelta(days=199)), id=NoticeId("NGONE000"), stage=Stage.OVER)
    new = notice(update(1))
    for one in (old, gone, new):
        await put(desk, one)
    public = PublicNotices(store)
    assert [n.id for n in await public.history(NOW)] == [new.id, old.id]
    assert [n.id for n in await public.recent(before=NOW)] == [old.id, gone.id]


async def test_the_public_side_may_run_with_a_user_that_reads_nothing_else(store, tmp_path):
    await put(NoticeDesk(store, Promise()), notice(update(1), incidents=(IncidentId("INC-7"),)))
    await store.execute_command("ACL", "SETUSER", "public", "on", ">pw", "resetkeys", "%R~{notice}:public:*", "-@all", "+@read", "+@connection")
    client = connect(f"unix://public:pw@{tmp_path}/r.sock")
    try:
        assert len(await PublicNotices(client).recent()) == 1
        with pytest.raises(NoPermissionError):
            await client.hgetall("{notice}:doc:N2345678")
    finally:
        await client.aclose()


def test_ids_are_opaque():
    ids = {new_notice_id() for _ in range(200)}
    assert len(ids) == 200
    assert all(len(i) == 8 and i[0] == "N" for i in ids)
