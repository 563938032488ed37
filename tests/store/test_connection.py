"""What the service says of the server it is connected to."""

from receiver.store.connection import connect, inspect
from tests.harness import redis_server


async def test_a_server_that_syncs_every_write_has_no_faults_whatever_commands_it_lacks(tmp_path):
    with redis_server(tmp_path) as url:
        client = connect(url)
        report = await inspect(client)
        await client.aclose()
    assert report.faults == ()
    assert report.has_waitaof is (tuple(int(n) for n in report.version.split(".")[:2]) >= (7, 2))


async def test_a_server_that_syncs_every_second_and_cannot_be_asked_to_wait_is_a_fault(tmp_path):
    with redis_server(tmp_path, "--appendfsync", "everysec") as url:
        client = connect(url)
        report = await inspect(client)
        await client.aclose()
    assert [f for f in report.faults if "everysec" in f] or report.has_waitaof
