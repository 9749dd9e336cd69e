"""Objects and streams on a Redis server, which all nodes can reach where they cannot reach the submitter's machine.

Nothing is left behind: what a campaign has put is removed when it ends, and expires after a day when it was killed.
Importing this module needs the extra ``mofa[redis]``.
"""

from __future__ import annotations

import pickle
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from mofa.compute.protocols import ServerSettings
from mofa.compute.signing import new_secret, sign, verify
from mofa.errors import EngineError, EngineMissingError

try:
    from proxystore.connectors.redis import RedisConnector, RedisKey
    from proxystore.serialize import BytesLike
    from redis import Redis, RedisError
    from redis.backoff import NoBackoff
    from redis.exceptions import AuthenticationError, ResponseError
    from redis.retry import Retry
except ImportError as error:
    raise EngineMissingError("the client of Redis is not installed", action="Run: pip install 'mofa[redis]'") from error

LIFETIME_S = 86_400
"""Keys live for a day after they were last written, s."""
MAX_BYTES = 512 * 1024**2
"""Largest value of a Redis server as it is installed, bytes."""
_PATIENCE_S = 3.0
_ANSWER_S = 60.0
_BLOCK_S = 5.0
_BATCH = 1000


def connect(url: str) -> Redis:
    """A client of the server at `url`; it connects when it is first used.

    It repeats no command by itself: one whose answer was lost may have been carried out.

    Raises:
        EngineError: the URL names no Redis server.
    """
    try:
        if urlsplit(url).scheme not in ("redis", "rediss"):
            raise ValueError("neither redis:// nor rediss://")
        return Redis.from_url(
            url,
            socket_connect_timeout=_PATIENCE_S,
            socket_timeout=_ANSWER_S,
            socket_keepalive=True,
            health_check_interval=_ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise EngineError(
            "this is not the URL of a Redis server",
            where=shown(url),
            action="Write redis://host:port/0 or redis://user:password@host:port/0",
        ) from error


def check_redis(url: str) -> None:
    """Make sure that a Redis server answers; takes at most 3 s, even where a name server hangs.

    Raises:
        EngineError: none can be reached, or it does not let us in.
    """
    client = connect(url)
    problem: list[Exception] = [TimeoutError(f"no answer within {_PATIENCE_S:g} s")]

    def ask() -> None:
        try:
            client.ping()
        except (RedisError, OSError) as error:
            problem[:] = [error]
        else:
            problem.clear()

    asking = threading.Thread(target=ask, name="check-redis", daemon=True)
    asking.start()
    asking.join(_PATIENCE_S)
    if problem:
        raise _unreachable(url, problem[0])
    client.close()


def shown(url: str) -> str:
    """A URL as it may be shown and logged: without its password and its options."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "redis_url"
    host = parts.netloc.rpartition("@")[2].removesuffix(port)
    user = f"{parts.username or ''}:***@" if parts.password else ""
    return urlunsplit((parts.scheme, f"{user}{host}{port}", parts.path, "", ""))


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Say in words of our own that the server was lost or refuses what is done here.

    Raises:
        EngineError: the server cannot be reached, or refuses.
    """
    try:
        yield
    except (RedisError, OSError) as error:
        raise _unreachable(url, error) from error


def _unreachable(url: str, error: Exception) -> EngineError:
    text = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    if isinstance(error, AuthenticationError | ResponseError):
        return EngineError(
            f"the Redis server refuses ({text})",
            where=shown(url),
            action="Give the right user and password in the URL, and check the server's memory limit",
        )
    return EngineError(
        f"the Redis server cannot be reached ({text})",
        where=shown(url),
        action="Start it (redis-server), or correct redis_url",
    )


class _Connector(RedisConnector):
    """ProxyStore's connector, made from a URL (password, database, TLS), with keys that expire.

    The keys of one session are also members of a Redis set, so that those which other processes put are known too.
    """

    def __init__(self, url: str, session: str) -> None:
        parts = urlsplit(url)
        super().__init__(parts.hostname or "localhost", parts.port or 6379)
        self._redis_client = connect(url)
        self._session = session

    def put(self, obj: BytesLike) -> RedisKey:
        key = RedisKey(f"{self._session}:{uuid.uuid4().hex}")
        with self._redis_client.pipeline() as pipe:
            pipe.set(key.redis_key, bytes(obj), ex=LIFETIME_S)
            pipe.sadd(self._session, key.redis_key)
            pipe.expire(self._session, LIFETIME_S)
            pipe.execute()
        return key

    def evict(self, key: RedisKey) -> None:
        with self._redis_client.pipeline() as pipe:
            pipe.unlink(key.redis_key)
            pipe.srem(self._session, key.redis_key)
            pipe.execute()

    def clear_session(self) -> None:
        """Forget all keys of the session."""
        while keys := self._redis_client.spop(self._session, _BATCH):
            self._redis_client.unlink(*keys)


class RedisObjects:
    """Objects on a Redis server; see `mofa.compute.ObjectStore`.

    Picklable: a copy in another process reaches the same objects, and what it puts belongs to the first store. An
    object that nobody fetches within a day is gone. Objects are signed with a secret that only the store and its
    copies hold, and one that is not is not given out: the caller will unpickle it.

    Args:
        settings: says where the server is.

    Raises:
        EngineError: the server cannot be reached.
    """

    def __init__(self, settings: ServerSettings) -> None:
        check_redis(settings.redis_url)
        self._open(settings.redis_url, f"mofa:objects:{uuid.uuid4().hex}", new_secret(), owner=True)

    def __reduce__(self) -> tuple[object, ...]:
        return _objects_copy, (self._url, self._session, self._secret)

    def put(self, data: bytes) -> str:
        """Store bytes; see `ObjectStore.put`.

        Raises:
            EngineError: the server was lost, is full, or takes no value of this size.
        """
        signed = sign(data, secret=self._secret)
        if len(signed) > MAX_BYTES:
            raise EngineError(
                f"a value of {len(data)} bytes is too large for Redis, which takes {MAX_BYTES}",
                where=shown(self._url),
                action='Choose objects = "file"',
            )
        with reaching(self._url):
            return str(self._connector.put(signed).redis_key)

    def get(self, key: str) -> bytes:
        """The bytes of a key; see `ObjectStore.get`.

        Raises:
            LookupError: there are none, or they are not from a holder of the store's secret.
            EngineError: the server was lost.
        """
        with reaching(self._url):
            signed = self._connector.get(RedisKey(key))
        if signed is None:
            raise LookupError(f"the object {key} is gone")
        data = verify(bytes(signed), secret=self._secret)
        if data is None:
            raise LookupError(f"the object {key} was not put by this campaign, or was changed")
        return data

    def evict(self, key: str) -> None:
        """Forget a key; see `ObjectStore.evict`."""
        with reaching(self._url):
            self._connector.evict(RedisKey(key))

    def close(self) -> None:
        """Forget everything that this store and its copies have put; a copy only lets go. May be repeated."""
        try:
            if self._owner:
                with reaching(self._url):
                    self._connector.clear_session()
        finally:
            self._connector.close()

    def _open(self, url: str, session: str, secret: str, *, owner: bool) -> None:
        self._url, self._session, self._secret, self._owner = url, session, secret, owner
        self._connector = _Connector(url, session)


def _objects_copy(url: str, session: str, secret: str) -> RedisObjects:
    store = RedisObjects.__new__(RedisObjects)
    store._open(url, session, secret, owner=False)
    return store


class RedisStream:
    """A stream of items through a list on a Redis server; see `mofa.compute.Stream`.

    Messages are signed, and those that are not from holders of the address are dropped unread.

    Args:
        settings: says where the server is.

    Raises:
        EngineError: the server cannot be reached.
    """

    def __init__(self, settings: ServerSettings) -> None:
        check_redis(settings.redis_url)
        self._url = settings.redis_url
        self._name = f"mofa:stream:{uuid.uuid4().hex}"
        self._secret = new_secret()
        self._client = connect(self._url)

    @property
    def address(self) -> str:
        """URL of the server, name of the list, secret; see `Stream.address`."""
        return f"{self._url}#{self._name}/{self._secret}"

    def receive(self, timeout_s: float) -> list[tuple[str, Any]]:
        """Items that have arrived; see `Stream.receive`.

        Raises:
            EngineError: the server was lost.
        """
        deadline = time.monotonic() + timeout_s
        with reaching(self._url):
            while True:
                messages = self._waiting()
                left = deadline - time.monotonic()
                if messages or left <= 0:
                    break
                first = self._client.blpop([self._name], max(min(left, _BLOCK_S), 0.001))
                if first is not None:
                    messages = [cast(bytes, first[1]), *self._waiting()]
                    break
        verified = (verify(message, secret=self._secret) for message in messages)
        return [pickle.loads(data) for data in verified if data is not None]

    def close(self) -> None:
        """Stop listening and drop what was not received; a list that is written later expires. May be repeated."""
        try:
            with reaching(self._url):
                self._client.unlink(self._name)
        finally:
            self._client.close()

    def _waiting(self) -> list[bytes]:
        return cast(list[bytes], self._client.lpop(self._name, _BATCH) or [])


def send(address: str, key: str, item: object) -> None:
    """Send an item to a `RedisStream`: the worker's end.

    Args:
        address: `RedisStream.address`.
        key: names the call.
        item: picklable.

    Raises:
        EngineError: the server was lost.
    """
    url, _, rest = address.rpartition("#")
    name, _, secret = rest.rpartition("/")
    message = sign(pickle.dumps((key, item), pickle.HIGHEST_PROTOCOL), secret=secret)
    with reaching(url), _sender(url).pipeline() as pipe:
        pipe.rpush(name, message)
        pipe.expire(name, LIFETIME_S)
        pipe.execute()


@lru_cache(maxsize=8)
def _sender(url: str) -> Redis:
    """A client for each server; it may be used by several threads, and in a fork."""
    return connect(url)
