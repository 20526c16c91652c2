"""The ground rules of HTTP: bodies, types, methods, sizes, framing, queries, request ids."""

import json

from harness import test

LIMIT = 128 * 1024


def request(method, path, *headers, body=b""):
    """One request, byte for byte."""
    lines = [f"{method} {path} HTTP/1.1", "Host: test", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def post_of(size):
    """A valid draft of exactly that many bytes."""
    return b'{"name": "x"}'.rjust(size)


@test
def unknown_paths_are_404(api):
    for path in ("/nothing", "/api", "/api/v1", "/api/v1/nothing/", "/api/v2/operators/", "/api/v1/operators/1/x",
                 "/API/V1/operators/", "/api/v1/sources/1/weights/2/3"):
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            answer = api.request(method, path, {} if method == "POST" else None)
            assert answer.status == 404, answer
    api.get("/problems/nothing").must(404)


@test
def other_methods_are_405_with_allow(api):
    for method, path in (("DELETE", "operators/"), ("PUT", "operators/1"), ("PATCH", "contacts/"), ("POST", "leads/"),
                         ("POST", "/health/live")):
        answer = api.request(method, path, {} if method in ("PUT", "POST", "PATCH") else None)
        assert answer.status == 405, answer
        allowed = answer.headers["allow"].replace(" ", "").split(",")
        assert method not in allowed and {"GET", "HEAD", "OPTIONS"} <= set(allowed)


@test
def odd_methods_do_no_harm(api):
    for method in ("TRACE", "PROPFIND", "LOCK", "BREW", "get"):
        answer = api.raw(request(method, "/api/v1/operators/"))
        assert answer.status in (400, 405, 501), answer


@test
def a_body_needs_its_type(api):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json", "", None,
                 "application/ndjson", "multipart/form-data; boundary=x", "application/problem+json"):
        answer = api.post("operators/", {"name": "x"}, {"Content-Type": kind})
        assert answer.status == 415, answer


@test
def parameters_of_the_type_are_accepted(api):
    for kind in ("application/json; charset=utf-8", "application/json;charset=UTF-8", "Application/JSON",
                 'application/json ; charset="utf-8"; x=y'):
        api.post("operators/", {"name": "x"}, {"Content-Type": kind}).must(201)


@test
def a_missing_body_is_no_json(api):
    for method, path in (("POST", "operators/"), ("PATCH", f"operators/{api.operator()['id']}")):
        assert api.request(method, path, b"").status == 400
        assert api.raw(request(method, f"/api/v1/{path}", "Content-Length: 0")).status in (400, 415)


@test
def bodies_have_at_most_128_kib(api):
    api.post("operators/", post_of(LIMIT)).must(201)
    assert api.post("operators/", post_of(LIMIT + 1)).status == 413
    announced = request("POST", "/api/v1/operators/", "Content-Type: application/json", "Content-Length: 1000000000000")
    assert api.raw(announced).status == 413


@test
def a_connection_lives_on_after_an_error(api):
    def request_with(first_line, *headers, body=b""):
        return "\r\n".join([f"{first_line} HTTP/1.1", "Host: x", *headers, "", ""]).encode() + body

    broken = request_with("POST /api/v1/operators/", "Content-Type: application/json", "Content-Length: 1", body=b"{")
    with api.connect() as plug:
        for raw, status in ((request_with("GET /api/v1/operators/?x=1"), 422), (broken, 400),
                            (request_with("DELETE /api/v1/leads/"), 405), (request_with("GET /health/live"), 200)):
            plug.sendall(raw)
            assert api.read_answer(plug, raw).status == status


def chunked(*chunks, path="/api/v1/operators/"):
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    return request("POST", path, "Content-Type: application/json", "Transfer-Encoding: chunked", body=body)


@test
def chunked_bodies_are_served(api):
    assert api.raw(chunked(b'{"name": "in one"}')).must(201)["name"] == "in one"
    letters = [bytes([byte]) for byte in b'{"name": "in many"}']
    assert api.raw(chunked(*letters)).must(201)["name"] == "in many"
    api.raw(chunked(post_of(LIMIT // 2), b" " * (LIMIT // 2))).must(201)


@test
def chunked_bodies_have_the_same_limit(api):
    answer = api.raw(chunked(post_of(LIMIT), b" "))
    assert answer.status == 413, answer


@test
def chunked_bodies_follow_the_same_rules(api):
    assert api.raw(chunked(b'{"name": ""}')).fields == {"name"}
    assert api.raw(chunked(b'{"name": ')).status == 400
    assert api.raw(chunked()).status == 400


@test
def broken_chunks_are_400(api):
    head = request("POST", "/api/v1/operators/", "Content-Type: application/json", "Transfer-Encoding: chunked")
    for body in (b"x\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"+2\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n",
                 b"2\r\n{}xx0\r\n\r\n", b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n"):
        assert api.raw(head + body).status in (400, 413), body


@test
def ambiguous_framing_is_refused(api):
    """Each of these could hide a second request from a balancer."""
    json_type, body = "Content-Type: application/json", b'{"name": "smuggled"}'
    size = f"Content-Length: {len(body)}"
    for headers in ([size, size.replace(":", ":  ")], [size, "Content-Length: 5"], [size, "Transfer-Encoding: chunked"],
                    ["Content-Length: +20"], ["Content-Length: -1"], ["Content-Length: 0x14"],
                    ["Content-Length: 20, 20"], ["Content-Length : 20"], ["Transfer-Encoding: gzip"],
                    ["Transfer-Encoding: chunked, chunked"], ["Transfer-Encoding: xchunked"]):
        answer = api.raw(request("POST", "/api/v1/operators/", json_type, *headers, body=body))
        assert answer.status in (400, 413, 501), (headers, str(answer))
        assert answer.headers.get("connection") == "close", str(answer)
    assert not [operator for operator in api.pages("operators/", limit=200) if operator["name"] == "smuggled"]


@test
def malformed_requests_are_400(api):
    for raw in (b"GET /health/live HTTP/1.1\r\n\r\n", b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                b"GET  /health/live HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /health/live%00 HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /health/%zz HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /health/%ff HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET //x/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET http://b/health/live HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /health/../health/live HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /api/v1/leads/?q=%00x HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /api/v1/leads/?q=%ff HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET /api/v1/leads/?q=%4 HTTP/1.1\r\nHost: a\r\n\r\n"):
        assert api.raw(raw).status == 400, raw


@test
def long_headers_are_refused(api):
    answer = api.raw(request("GET", "/health/live", "X-Long: " + "x" * 20000))
    assert answer.status in (400, 413, 431), answer
    answer = api.raw(request("GET", "/health/live?" + "x" * 20000))
    assert answer.status in (400, 413, 414, 431), answer


@test
def the_request_id_of_the_client_is_kept(api):
    for sane in ("a", "A-1_b.2", "x" * 64):
        assert api.get("/health/live", {"X-Request-Id": sane}).headers["x-request-id"] == sane
    problem = api.get("/nothing", {"X-Request-Id": "mine"})
    assert problem.headers["x-request-id"] == problem.json["instance"] == "mine"


@test
def a_strange_request_id_is_replaced(api):
    ids = {api.get("/health/live").headers["x-request-id"] for _ in range(20)}
    for strange in ("x" * 65, "a b", "a;b", "<b>", "", "é"):
        ids.add(api.get("/health/live", {"X-Request-Id": strange.encode("latin-1")}).headers["x-request-id"])
    assert len(ids) == 26 and not ids & {"x" * 65, "a b", "a;b", "<b>"}


@test
def pages_of_other_sites_change_nothing(api):
    """What browsers tell of them; a release has no body, so no browser would ask for leave first."""
    _, source = api.desk()
    contact = api.contact(source)
    for site in ("cross-site", "same-site"):
        refused = api.post(f"contacts/{contact['id']}/release", headers={"Sec-Fetch-Site": site})
        assert refused.must(403) and refused.problem == "cross-site"
        api.get(f"contacts/{contact['id']}", {"Sec-Fetch-Site": site}).must(200)
    assert api.get(f"contacts/{contact['id']}").must(200) == contact
    for site in ("same-origin", "none"):
        api.post(f"contacts/{contact['id']}/release", headers={"Sec-Fetch-Site": site}).must(200)


@test
def cursors_are_opaque_but_not_gullible(api):
    source = api.source([(api.operator(), 1) for _ in range(3)])
    good = api.get("operators/", source_id=source["id"], limit=1).must(200)["next_cursor"]
    waiting = [api.contact(api.source())["id"] for _ in range(3)]
    foreign = api.get("contacts/", status="waiting", limit=1).must(200)["next_cursor"]

    assert waiting and foreign
    for broken in ("x", "", good + "!", "!" + good, good + good, good.swapcase(), "0", "-1", "null", "../..", "x" * 999,
                   "é"):
        assert api.get("operators/", cursor=broken).status in (400, 422), broken
    assert api.get("operators/", cursor=foreign).fields == {"cursor"}
    assert api.get("contacts/", cursor=good).fields == {"cursor"}
    assert api.get("contacts/", cursor=foreign).fields == {"cursor"}
    assert api.get("contacts/", cursor=foreign, limit=0, x=1).fields == {"cursor", "limit", "x"}


@test
def unknown_query_parameters_are_refused(api):
    for path in ("operators/", f"operators/{api.operator()['id']}", "sources/", "leads/", "contacts/",
                 "distribution/load/"):
        assert api.get(path, nonsense="1").fields == {"nonsense"}, path
    assert api.request("POST", "operators/", {"name": "x"}, query={"dry_run": "1"}).fields == {"dry_run"}
    assert api.get("operators/?").status == 200


@test
def probes_and_pages_take_whatever_others_hang_on(api):
    """Monitors against caches, and links that were tracked."""
    for path in ("/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"):
        assert api.get(path, utm_source="mail").status == 200, path


@test
def a_condition_is_never_passed_over(api):
    """If-Match where there are no versions: changing it all the same would undo what somebody else did."""
    operator, source = api.desk()
    condition = {"If-Match": '"7"'}
    for method, path, body in (("PATCH", f"operators/{operator['id']}", {"name": "Ada"}),
                               ("PATCH", f"sources/{source['id']}", {"name": "New"}),
                               ("PUT", f"sources/{source['id']}/weights/", []),
                               ("DELETE", f"operators/{operator['id']}", None)):
        assert api.request(method, path, body, headers=condition).fields >= {"If-Match"}, path
    assert api.get(f"operators/{operator['id']}").must(200)["name"] == operator["name"]
    api.patch(f"operators/{operator['id']}", {"name": "Ada"}, headers={"If-Match": "*"}).must(200)
    contact = api.contact(source)
    for unquoted in ("1", "abc", ""):
        assert api.patch(f"contacts/{contact['id']}", {"message": "x"}, headers={"If-Match": unquoted}).fields == {
            "If-Match"}, unquoted
    api.patch(f"contacts/{contact['id']}", {"message": "x"}, headers={"If-Match": '"1"'}).must(200)


@test
def a_body_that_is_compressed_or_missing_is_told_so(api):
    packed = api.post("operators/", {"name": "Ada"}, headers={"Content-Encoding": "gzip"})
    assert (packed.status, packed.problem) == (415, "media-type")
    api.post("operators/", {"name": "Ada"}, headers={"Content-Encoding": "identity"}).must(201)
    missing = api.request("POST", "operators/", b"", headers={"Content-Type": "application/json"})
    assert (missing.status, json.loads(missing.body)["detail"]) == (400, "There is no body; a JSON object is wanted.")


@test
def queries_are_decoded(api):
    contact = api.contact(api.source(), lead_external_id="ä + b&c=d")
    for spelling in ("%C3%A4+%2B+b%26c%3Dd", "%c3%a4%20%2B%20b%26c%3Dd"):
        (lead,) = api.get(f"leads/?external_id={spelling}").must(200)["items"]
        assert lead["id"] == contact["lead_id"]


@test
def pipelined_requests_are_answered_in_order(api):
    first, second = (f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in ("/health/live", "/nothing"))
    with api.connect() as plug:
        plug.sendall(first + second + request("GET", "/"))
        received = b""
        while chunk := plug.recv(65536):
            received += chunk
    assert [part[:3] for part in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]


@test
def a_client_that_leaves_harms_nobody(api):
    source = api.source()
    body = b'{"lead_external_id": "left", "source_id": %d}' % source["id"]
    whole = request("POST", "/api/v1/contacts/", "Content-Type: application/json", f"Content-Length: {len(body)}",
                    body=body)
    for end in (1, 20, len(whole) - 1, len(whole)):
        with api.connect() as plug:
            plug.sendall(whole[:end])
    api.get("/health/ready").must(200)
    api.contact(source)


@test
def every_kind_of_fault_is_named_at_once(api):
    operator = api.operator()["id"]
    twice = [{"operator_id": operator, "weight": 1}, {"operator_id": operator, "weight": 2}]
    assert api.post("sources/", {"name": "", "weights": twice}).fields >= {"name", "weights[1].operator_id"}
    assert api.patch(f"operators/{operator}", {"name": "", "active_contacts": "keep"}).fields == {
        "name", "active_contacts"}
    raw = b'{"name": "a", "name": "b", "zz": 1, "max_load_limit": -1}'
    answer = api.post("operators/", raw)
    assert answer.fields == {"name", "zz", "max_load_limit"}
