"""Many clients at once in one thread: each keeps one connection alive and has one request in flight."""

import json
import selectors

from client import Answer, check_ground_rules, encode, target_of

SILENCE_S = 30


def storm(apis, requests, clients=64, then=None):
    """
    Sends every (method, path, body) of the iterable, spread over the servers, and returns the answers as they came.

    then(answer): a further request to send because of it, or None.
    """
    queue, follow_ups, answers = iter(requests), [], []
    selector = selectors.DefaultSelector()
    lines = [Line(apis[index % len(apis)]) for index in range(clients)]

    def next_request():
        return follow_ups.pop() if follow_ups else next(queue, None)

    def send_next(line):
        request = next_request()
        if request:
            line.send(request)
        elif line.plug in selector.get_map():
            selector.unregister(line.plug)

    try:
        for line in lines:
            selector.register(line.plug, selectors.EVENT_READ, line)
            send_next(line)
        while selector.get_map():
            ready = selector.select(SILENCE_S)
            assert ready, f"no answer within {SILENCE_S} s for {len(selector.get_map())} clients"
            for key, _ in ready:
                answer = key.data.receive()
                if answer is None:
                    continue
                answers.append(answer)
                follow_up = then(answer) if then else None
                if follow_up:
                    follow_ups.append(follow_up)
                send_next(key.data)
    finally:
        for line in lines:
            line.plug.close()
        selector.close()
    return answers


class Line:
    """One client."""

    def __init__(self, api):
        self.api = api
        self.plug = api.connect()
        self.received = b""
        self.request = None

    def send(self, request):
        method, path, body = request
        raw = encode(body)
        self.request = request
        self.plug.sendall(f"{method} {target_of(path)} HTTP/1.1\r\nHost: storm\r\nContent-Type: application/json\r\n"
                          f"Content-Length: {len(raw)}\r\n\r\n".encode() + raw)

    def receive(self):
        """Reads what is there; the answer once it is whole."""
        data = self.plug.recv(65536)
        assert data, f"the connection was closed instead of an answer to {self.request}"
        self.received += data
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        length = int(next(value for name, value in headers if name.lower() == "content-length"))
        if len(rest) < length:
            return None
        assert len(rest) == length, f"more than one answer: {self.received!r:.500}"
        self.received = b""
        method, path, body = self.request
        answer = Answer(method, target_of(path), body, int(first.split(" ")[1]), headers, rest)
        check_ground_rules(answer, self.api.contract)
        return answer


def contacts(api, source, count, prefix=None):
    """So many contacts for one source, each of a lead of its own, as requests for storm()."""
    prefix = prefix or api.unique("lead")
    return [("POST", "contacts/", {"lead_external_id": f"{prefix}-{index}", "source_id": source["id"],
                                   "message": json.dumps(index)}) for index in range(count)]
