"""The service itself: health, front page, documentation, and what holds for every documented route."""

import json

from harness import test

BIGGEST_ID = 2**63 - 1
METHODS = ("get", "post", "put", "patch", "delete")


def paths_of(api):
    """Each documented path with ids that exist put in, and its methods."""
    operator, source = api.desk()
    contact = api.contact(source)
    ids = {"operators": operator["id"], "sources": source["id"], "leads": contact["lead_id"], "contacts": contact["id"],
           "weights": operator["id"], "keys": api.post("keys/", {"name": api.unique("key"), "role": "ingest"}).must(201)["id"]}
    slug = "validation"
    for template, item in api.contract.document["paths"].items():
        segments, previous = [], ""
        for segment in template.split("/"):
            segments.append(str(ids.get(previous, slug)) if segment.startswith("{") else segment)
            previous = segment
        yield "/".join(segments), {method.upper() for method in METHODS if method in item}


def get_paths(api):
    """Without the event stream, which has no end."""
    return [path for path, methods in paths_of(api) if "GET" in methods and path != "/api/v1/events"]


def other_spelling(path):
    return (path.rstrip("/") or "/") if path.endswith("/") else path + "/"


@test
def it_lives_and_is_ready(api):
    assert api.get("/health/live").status == 200
    assert api.get("/health/ready").status == 200


@test
def the_front_page_depends_on_who_asks(api):
    browser = api.get("/", {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})
    assert browser.status == 200 and browser.media_type == "text/html"
    assert "/assets/console/main.mjs" in browser.body.decode()
    for accept in ("application/json", "*/*", None):
        assert api.get("/", {"Accept": accept}).must(200) == {"status": "ok"}


@test
def the_documentation_needs_no_other_host(api):
    for path in ("/docs", "/redoc"):
        page = api.get(path)
        assert page.status == 200 and page.media_type == "text/html"
        text = page.body.decode()
        assert "openapi.json" in text or ".js" in text
        assert "//cdn" not in text and "https://" not in text.replace("https://www.w3.org", "")


@test
def the_parts_of_the_pages_are_there(api):
    for path in ("/", "/docs", "/redoc"):
        text = api.get(path, {"Accept": "text/html"}).body.decode()
        links = [part.split('"')[0] for mark in ('src="', 'href="') for part in text.split(mark)[1:]]
        for link in links:
            if link.startswith("data:"):
                continue
            part = api.get(link)
            assert part.status == 200 and part.body, link
            if link.startswith("/assets/"):
                assert api.get(link, {"If-None-Match": part.headers["etag"]}).status == 304, link


@test
def pages_come_with_their_policy_or_not_at_all(api):
    assert "frame-ancestors 'none'" in api.get("/", {"Accept": "text/html"}).headers["content-security-policy"]
    for page in ("console.html", "docs.html", "redoc.html"):
        api.get(f"/assets/{page}").must(404)


@test
def parts_of_pages_have_a_slash_or_none(api):
    for path in ("/assets/console/base.css", "/assets/third-party-notices.txt"):
        assert api.get(path).body == api.get(path + "/").body != b""


@test
def parts_of_pages_are_packed_for_whom_that_suits(api):
    path = "/assets/console/base.css"
    for accepted, is_packed in (("gzip", True), ("GZIP;q=0.5", True), ("br, *", True), ("gzip;q=0, *", False),
                                ("*;q=0, gzip", True), ("*;q=0", False), ("gzip;q=0.0", False), ("identity", False)):
        assert ("content-encoding" in api.get(path, {"Accept-Encoding": accepted}).headers) == is_packed, accepted


@test
def the_document_is_json(api):
    answer = api.get("/openapi.json")
    assert answer.media_type == "application/json"
    assert answer.must(200)["openapi"].startswith("3.1.")


@test
def every_path_is_served_with_and_without_its_slash(api):
    for path in get_paths(api):
        one, other = api.get(path), api.get(other_spelling(path))
        assert one.status == other.status, (path, str(other))
        if one.media_type == "application/json" and not path.startswith("/health"):
            assert one.json == other.json, path


@test
def head_is_get_without_a_body(api):
    for path in get_paths(api):
        full, head = api.get(path), api.head(path)
        assert head.status == full.status, path
        assert head.headers.get("content-type") == full.headers.get("content-type"), path
        if full.status == 200 and path != "/metrics":  # which also counts those who ask for it
            assert head.headers.get("content-length") == full.headers.get("content-length", str(len(full.body))), path


@test
def head_tells_what_is_missing(api):
    assert api.head(f"operators/{BIGGEST_ID}").status == 404
    assert api.head("operators/", nonsense="1").status == 422


@test
def options_tells_the_methods(api):
    for path, methods in paths_of(api):
        for spelling in (path, other_spelling(path)):
            answer = api.options(spelling)
            assert answer.status == 204, str(answer)
            allowed = set(answer.headers["allow"].replace(" ", "").split(","))
            assert allowed == methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()), str(answer)


@test
def what_is_not_documented_is_405(api):
    for path, methods in paths_of(api):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if method not in methods:
                answer = api.request(method, path, {} if method in ("POST", "PUT", "PATCH") else None)
                assert answer.status == 405, str(answer)
                assert method not in answer.headers["allow"]


@test
def every_problem_explains_itself(api):
    problems = [api.get("/nothing"), api.post("/health/live", {}), api.post("operators/", {}),
                api.post("operators/", b"{"),
                api.post("operators/", b"{}", {"Content-Type": "text/plain"}), api.post("operators/", b" " * 200000),
                api.post("sources/", {"name": api.source()["name"]})]
    assert [problem.status for problem in problems] == [404, 405, 422, 400, 415, 413, 409]
    types = {problem.json["type"] for problem in problems} | {"/problems/unavailable", "/problems/outcome-unknown"}
    assert len(types) == 9
    for path in types:
        page = api.get(path)
        assert page.status == 200 and len(page.body) > 50, str(page)
        assert api.get(path + "/").status == 200


@test
def times_and_ids_survive_a_client_of_any_kind(api):
    """Nothing in an answer depends on the server's time zone or locale."""
    operator = api.operator()
    (created,) = api.psql.run(f"select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
                              f"from operators where id = {operator['id']}")
    assert (operator["created_at"],) == created


@test
def ids_of_64_bits_are_told_exactly(api):
    number = BIGGEST_ID - 1
    api.psql.run(f"insert into sources (id, name) overriding system value values ({number}, 'far')")
    raw = api.get(f"sources/{number}")
    assert raw.must(200)["id"] == number and str(number).encode() in raw.body
    assert json.loads(raw.body)["name"] == "far"
    api.delete(f"sources/{number}").must(204)
