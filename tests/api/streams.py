"""A client of GET /api/v1/events that reads at its own pace, message by message."""

import contextlib
import itertools
import json
import select
import socket
import time

from client import PREFIX
from waiting import poll

SETTLED_S = 6.5


class Message:
    def __init__(self, lines):
        fields = dict(line.split(": ", 1) for line in lines)
        self.id, self.event, self.retry = fields.get("id"), fields.get("event"), fields.get("retry")
        self.data = json.loads(fields["data"])

    def __repr__(self):
        return f"{self.event} {self.data}"


class Stream:
    """An open stream. `head` is what came before the first message."""

    def __init__(self, api, last_id=None, small=False, path="events", **query):
        self.plug = socket.socket()
        if small:  # the kernel keeps little for who does not read
            self.plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.plug.settimeout(12)
        self.plug.connect(("127.0.0.1", api.port))
        target = PREFIX + path + "".join(f"{'&' if i else '?'}{k}={v}" for i, (k, v) in enumerate(query.items()))
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        resume += f"X-API-Key: {api.key}\r\n" if api.key else ""
        self.plug.sendall(f"GET {target} HTTP/1.1\r\nHost: test\r\n{resume}\r\n".encode())
        self.bytes, self.text, self.is_over = b"", "", False
        self.comments = 0
        head = self._until(b"\r\n\r\n").decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:])}
        self.last_id = last_id

    def _read(self):
        got = self.plug.recv(65536)
        if not got:
            raise EOFError
        self.bytes += got

    def _until(self, end):
        while end not in self.bytes:
            self._read()
        part, self.bytes = self.bytes.split(end, 1)
        return part

    def _read_chunk(self):
        length = int(self._until(b"\r\n"), 16)
        while len(self.bytes) < length + 2:
            self._read()
        self.text += self.bytes[:length].decode()
        assert self.bytes[length:length + 2] == b"\r\n"
        self.bytes = self.bytes[length + 2:]
        self.is_over |= length == 0

    def next(self, seconds=10):
        """The next message; None: the stream has come to its orderly end."""
        self.plug.settimeout(seconds)
        while True:
            while "\n\n" not in self.text:
                if self.is_over:
                    return None
                self._read_chunk()
            block, self.text = self.text.split("\n\n", 1)
            if block.startswith(":"):
                self.comments += 1
                continue
            message = Message(block.split("\n"))
            self.last_id = message.id or self.last_id
            return message

    def take(self, count, but=()):
        """So many messages, those with these names left out."""
        messages = []
        while len(messages) < count:
            message = self.next()
            assert message, f"the stream ended after {messages}"
            if message.event not in but:
                messages.append(message)
        return messages

    def until(self, wanted, seconds=10):
        """All messages up to the one for which wanted(message) holds."""
        deadline, messages = time.monotonic() + seconds, []
        while True:
            messages.append(self.next(max(0.01, deadline - time.monotonic())))
            assert messages[-1], f"the stream ended after {messages[-5:]}"
            if wanted(messages[-1]):
                return messages

    def is_quiet(self, seconds=0.3):
        return not self.text and not self.bytes and not select.select([self.plug], [], [], seconds)[0]

    def close(self):
        self.plug.close()


_marks = itertools.count(10**12)


def hears(api):
    """Waits until the process listens to the database, which it may do a moment after it is ready."""
    poll(lambda: api.head("events").status == 200, "the process listens")


def catch_up(api):
    """Waits until the process has heard all that is committed: notifications come in that order."""
    mark = next(_marks)
    with contextlib.closing(Stream(api, source_id=mark)) as probe:
        probe.next()
        api.psql.run(f"select pg_notify('leadd_events', '1 {mark} 0;s {mark}')")
        probe.until(lambda message: message.event == "source.changed")


@contextlib.contextmanager
def stream(api, last_id=None, **options):
    """An open stream that has said its first word; what was done before is not told there, unless it is resumed."""
    hears(api)
    if not last_id:
        catch_up(api)
    opened = Stream(api, last_id, **options)
    try:
        assert opened.status == 200, opened.status
        opened.first = opened.next()
        yield opened
    finally:
        opened.close()


def settle(*apis):
    """
    A while after the first listener came, all are told to read anew, unless nobody listened to the process then. After
    that the feed is quiet, until nobody has listened to any process for most of a minute.
    """
    fresh = [api for api in apis if not getattr(api, "has_settled", False)]
    end = time.monotonic() + SETTLED_S
    with contextlib.ExitStack() as leaving:
        for opened in [leaving.enter_context(stream(api)) for api in fresh]:
            with contextlib.suppress(TimeoutError):
                opened.until(lambda message: message.event == "reload", end - time.monotonic())
    for api in fresh:
        api.has_settled = True
