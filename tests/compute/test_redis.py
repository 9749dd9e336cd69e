"""Objects and streams on a real Redis server."""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import time

import pytest
from redis import Redis

from mofa.compute import ServerSettings
from mofa.compute.redis import LIFETIME_S, RedisObjects, RedisStream, check_redis, connect, shown
from mofa.compute.streams import emitter
from mofa.errors import EngineError
from mofa.testing.compute import check_object_store


@pytest.fixture
def settings(redis_url):
    return ServerSettings(redis_url=redis_url)


def keys(client, kind):
    return set(client.keys(f"mofa:{kind}:*"))


def test_objects_conform(settings):
    check_object_store(RedisObjects(settings))


def test_objects_leave_nothing_not_even_what_other_processes_have_put(settings, redis_url):
    client = Redis.from_url(redis_url)
    client.set("somebody else's", "value", ex=60)
    before = keys(client, "objects")
    store = RedisObjects(settings)
    copy = pickle.loads(pickle.dumps(store))
    key = copy.put(b"from a worker")
    assert store.get(key) == b"from a worker"
    copy.close()
    assert store.get(key) == b"from a worker", "a copy removes nothing"
    assert all(0 < client.ttl(name) <= LIFETIME_S for name in keys(client, "objects") - before), "a day at most"
    store.close()
    store.close()
    assert keys(client, "objects") == before
    assert client.get("somebody else's") == b"value"


def test_an_object_that_somebody_else_has_put_or_changed_is_not_given_out(settings, redis_url):
    client = connect(redis_url)
    store = RedisObjects(settings)
    key = store.put(b"data")
    assert pickle.loads(pickle.dumps(store)).get(key) == b"data"
    for forged in (b"", b"data", bytes(32) + b"data", client.get(key) + b"!"):
        client.set(key, forged)
        with pytest.raises(LookupError, match="not put by this campaign"):
            store.get(key)
    store.close()


def test_an_object_that_redis_cannot_hold_is_refused_before_it_is_sent(settings, monkeypatch):
    monkeypatch.setattr("mofa.compute.redis.MAX_BYTES", 1000)
    store = RedisObjects(settings)
    with pytest.raises(EngineError, match="1001 bytes is too large for Redis"):
        store.put(bytes(1001))
    store.close()


def test_a_stream_keeps_the_order_and_waits(settings):
    stream = RedisStream(settings)
    started = time.monotonic()
    assert stream.receive(0.0) == []
    assert stream.receive(0.2) == []
    assert 0.15 < time.monotonic() - started < 1.0
    emit = emitter(stream.address)
    for number in range(50):
        emit("a", {"number": number})
    received = []
    while len(received) < 50:
        received += stream.receive(5.0)
    assert received == [("a", {"number": number}) for number in range(50)]
    stream.close()
    stream.close()


SENDER = "import sys; from mofa.compute.streams import emitter; emitter(sys.argv[1])('key', 'from another process')"


def test_a_stream_comes_from_other_processes(settings):
    stream = RedisStream(settings)
    assert " " not in stream.address
    subprocess.run([sys.executable, "-c", SENDER, stream.address], check=True)
    assert stream.receive(5.0) == [("key", "from another process")]
    stream.close()


class Trap:
    """Unpickling it fails the test."""

    def __reduce__(self):
        return pytest.fail, ("an unauthenticated message was unpickled",)


def test_what_does_not_come_from_a_holder_of_the_address_is_dropped_unread(settings, redis_url):
    stream = RedisStream(settings)
    _, _, rest = stream.address.rpartition("#")
    name, _, secret = rest.rpartition("/")
    client = connect(redis_url)
    trap = pickle.dumps(("a", Trap()))
    client.rpush(name, trap, b"", bytes(32) + trap)
    emitter(f"{redis_url}#{name}/{secret[::-1]}")("a", 1)
    emitter(stream.address)("a", 2)
    assert stream.receive(5.0) == [("a", 2)]
    stream.close()


def test_a_stream_that_was_left_expires(settings, redis_url):
    stream = RedisStream(settings)
    name = stream.address.rpartition("#")[2].partition("/")[0]
    stream.close()
    emitter(stream.address)("a", "nobody listens")
    client = Redis.from_url(redis_url)
    assert 0 < client.ttl(name) <= LIFETIME_S
    client.delete(name)


def refused_within(url, limit_s=3.3):
    started = time.monotonic()
    with pytest.raises(EngineError) as caught:
        check_redis(url)
    assert time.monotonic() - started < limit_s
    text = str(caught.value)
    assert "\n" not in text
    assert "pa55word" not in text
    return text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_server_that_is_not_there_is_named_within_three_seconds():
    port = free_port()
    text = refused_within(f"redis://user:pa55word@127.0.0.1:{port}/0")
    assert text.startswith(f"redis://user:***@127.0.0.1:{port}/0: the Redis server cannot be reached")
    assert "redis-server" in text


def test_a_server_that_never_answers_is_named_within_three_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = refused_within(f"redis://:pa55word@127.0.0.1:{silent.getsockname()[1]}/0")
    assert "no answer within 3 s" in text


def test_something_else_than_redis_is_refused(postgres_server):
    port = postgres_server.rpartition(":")[2].partition("/")[0]
    refused_within(f"redis://:pa55word@127.0.0.1:{port}/0")


def test_a_wrong_password_is_refused(redis_url):
    client = Redis.from_url(redis_url)
    if client.config_get("requirepass")["requirepass"]:
        pytest.skip("the Redis server has a password of its own")
    text = refused_within(redis_url.replace("redis://", "redis://nobody:pa55word@"))
    assert "refuses" in text
    assert "redis://nobody:***@" in text


def test_user_password_and_database_of_the_url_are_used(redis_url):
    client = Redis.from_url(redis_url)
    client.acl_setuser("mofa-test", enabled=True, reset=True, passwords=["+pa55word"], keys=["*"], commands=["+@all"])
    try:
        server = redis_url.removeprefix("redis://").rpartition("@")[2].rpartition("/")[0]
        settings = ServerSettings(redis_url=f"redis://mofa-test:pa55word@{server}/1")
        check_object_store(RedisObjects(settings))
        stream = RedisStream(settings)
        emitter(stream.address)("a", 1)
        assert stream.receive(5.0) == [("a", 1)]
        stream.close()
    finally:
        client.acl_deluser("mofa-test")


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:6379", "http://:pa55word@host", "unix:///tmp/redis.sock", "redis://:pa55word@host:notaport/0", ""],
)
def test_what_is_no_redis_url_is_refused(url):
    assert "redis://" in refused_within(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:pa55@h:1/2?password=pa55", "redis://:***@h:1/2"),
        ("rediss://me:pa55@[::1]:1/2", "rediss://me:***@[::1]:1/2"),
    ],
)
def test_urls_are_shown_without_passwords(url, expected):
    assert shown(url) == expected
