"""The document itself. That answers agree with it is checked on every answer of every test, see schema.py."""

import re

from harness import test
from schema import ANNOTATIONS, FORMATS, KEYWORDS, TYPES, resolve, validate

METHODS = {"get", "post", "put", "patch", "delete"}
ROUTES = {
    "/api/v1/operators/": {"get", "post"}, "/api/v1/operators/{id}": {"get", "patch", "delete"},
    "/api/v1/sources/": {"get", "post"}, "/api/v1/sources/{id}": {"get", "patch", "delete"},
    "/api/v1/sources/{id}/weights/": {"get", "put"}, "/api/v1/sources/{id}/weights/{operator_id}": {"put", "delete"},
    "/api/v1/leads/": {"get"}, "/api/v1/leads/{id}": {"get", "patch"},
    "/api/v1/contacts/": {"get", "post"}, "/api/v1/contacts/{id}": {"get", "patch"},
    "/api/v1/contacts/batch": {"post"},
    "/api/v1/contacts/{id}/assign": {"post"}, "/api/v1/contacts/{id}/release": {"post"},
    "/api/v1/contacts/{id}/history": {"get"},
    "/api/v1/distribution/load/": {"get"}, "/api/v1/distribution/sources/{id}": {"get"},
    "/api/v1/events": {"get"},
    "/api/v1/keys/": {"get", "post"}, "/api/v1/keys/{id}": {"get", "delete"}, "/api/v1/keys/current": {"get"},
    "/health/live": {"get"}, "/health/ready": {"get"}, "/metrics": {"get"},
}
CREATIONS = {"POST /api/v1/operators/", "POST /api/v1/sources/", "POST /api/v1/contacts/", "POST /api/v1/keys/"}


def document_of(api):
    return api.get("/openapi.json").must(200)


def operations(document):
    """("GET /path", operation)"""
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            yield f"{method.upper()} {path}", item[method]


def walk(value, at=""):
    """Every object in the document with its place."""
    if isinstance(value, dict):
        yield at, value
        for name, member in value.items():
            yield from walk(member, f"{at}/{name}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from walk(member, f"{at}/{index}")


def schemas(document):
    """Every schema that is used or defined, with its place; not what is inside of them."""
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield f"#/components/schemas/{name}", schema
    for at, value in walk(document["paths"]):
        if isinstance(value.get("schema"), (dict, bool)):
            yield at, value["schema"]


def parts(schema, at):
    """A schema and all schemas inside of it."""
    yield at, schema
    if isinstance(schema, bool):
        return
    for name in ("properties",):
        for member, inner in schema.get(name, {}).items():
            yield from parts(inner, f"{at}.{member}")
    for name in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(name), dict):
            yield from parts(schema[name], f"{at}.{name}")
    for name in ("anyOf", "oneOf", "allOf"):
        for index, inner in enumerate(schema.get(name, [])):
            yield from parts(inner, f"{at}.{name}[{index}]")


@test
def it_is_an_openapi_document(api):
    document = document_of(api)
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert document["info"]["title"] and document["info"]["version"]
    assert set(document) <= {"openapi", "info", "servers", "paths", "components", "tags", "security", "externalDocs",
                             "jsonSchemaDialect", "webhooks"}
    assert all(path.startswith("/") for path in document["paths"])


@test
def all_routes_are_described(api):
    document = document_of(api)
    normal = {re.sub(r"\{[^}]+\}", "{}", path).rstrip("/"): METHODS & set(item)
              for path, item in document["paths"].items()}
    for path, methods in ROUTES.items():
        assert normal.get(re.sub(r"\{[^}]+\}", "{}", path).rstrip("/"), set()) >= methods, path


@test
def every_reference_leads_somewhere(api):
    document = document_of(api)
    for at, value in walk(document):
        if "$ref" in value and isinstance(value["$ref"], str):
            assert value["$ref"].startswith("#/"), at
            assert isinstance(resolve(value, document), (dict, bool)), at


@test
def operations_have_names_of_their_own(api):
    ids = [operation["operationId"] for _, operation in operations(document_of(api))]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) for name in ids), ids


@test
def operations_say_what_they_are_for(api):
    document = document_of(api)
    tags = {tag["name"] for tag in document.get("tags", [])}
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["tags"] and set(operation["tags"]) <= tags, name
        assert set(operation) <= {"operationId", "summary", "description", "tags", "parameters", "requestBody",
                                  "responses",
                                  "deprecated", "security"}, name


@test
def path_parameters_agree_with_the_path(api):
    document = document_of(api)
    for path, item in document["paths"].items():
        for method in METHODS & set(item):
            declared = item.get("parameters", []) + item[method].get("parameters", [])
            declared = [resolve(parameter, document) for parameter in declared]
            in_path = [parameter["name"] for parameter in declared if parameter["in"] == "path"]
            assert sorted(in_path) == sorted(re.findall(r"\{([^}]+)\}", path)), (method, path)
            places = [(parameter["in"], parameter["name"]) for parameter in declared]
            assert len(places) == len(set(places)), (method, path)
            for parameter in declared:
                assert parameter["in"] in ("path", "query", "header"), (method, path)
                assert parameter["in"] != "path" or parameter["required"] is True, (method, path)
                assert "schema" in parameter, (method, path, parameter["name"])


@test
def every_operation_has_answers(api):
    document = document_of(api)
    for name, operation in operations(document):
        assert operation["responses"], name
        good = [status for status in operation["responses"] if status[0] in "23"]
        assert good, name
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5](\d\d|XX)|default", status), (name, status)
            response = resolve(response, document)
            assert response["description"], (name, status)
            for media, content in response.get("content", {}).items():
                if name.split()[1].startswith("/api/"):
                    assert "schema" in content, (name, status, media)


@test
def errors_are_problems(api):
    document = document_of(api)
    for name, operation in operations(document):
        for status, response in operation["responses"].items():
            if status[0] in "45" or status == "default":
                content = resolve(response, document)["content"]
                assert set(content) == {"application/problem+json"}, (name, status)
                schema = resolve(content["application/problem+json"]["schema"], document)
                assert {"type", "title", "status"} <= set(schema["required"]), (name, status)


@test
def bodies_are_described_where_they_are_taken(api):
    document = document_of(api)
    for name, operation in operations(document):
        method = name.split()[0]
        if method in ("PUT", "PATCH") or name in CREATIONS:
            body = resolve(operation["requestBody"], document)
            assert body["required"] is True and "application/json" in body["content"], name
        if method in ("GET", "DELETE"):
            assert "requestBody" not in operation, name


@test
def unknown_members_are_excluded_from_bodies(api):
    document = document_of(api)
    for name, operation in operations(document):
        if "requestBody" in operation:
            body = resolve(operation["requestBody"], document)["content"]["application/json"]["schema"]
            body = resolve(body, document)
            body = resolve(body["items"], document) if body["type"] == "array" else body
            assert body.get("additionalProperties") is False, name


@test
def schemas_use_only_what_the_validator_knows(api):
    for at, schema in schemas(document_of(api)):
        for place, part in parts(schema, at):
            if isinstance(part, bool):
                continue
            assert set(part) <= KEYWORDS | ANNOTATIONS, (place, set(part) - KEYWORDS - ANNOTATIONS)
            types = part.get("type", [])
            assert set([types] if isinstance(types, str) else types) <= set(TYPES), place
            assert part.get("format", "int64") in FORMATS, place
            assert set(part.get("required", [])) <= set(part.get("properties", part.get("required", []))), place


@test
def defaults_and_examples_fit_their_schemas(api):
    document = document_of(api)
    for at, schema in schemas(document):
        for place, part in parts(schema, at):
            if isinstance(part, bool):
                continue
            shown = [part[name] for name in ("default", "example") if name in part] + part.get("examples", [])
            for value in shown:
                assert not list(validate(value, part, document)), (place, value)


@test
def the_document_and_the_checks_agree_on_bounds(api):
    """A value just outside a documented bound is refused with exactly its field."""
    body = resolve(document_of(api)["paths"]["/api/v1/operators/"]["post"]["requestBody"], api.contract.document)
    schema = resolve(body["content"]["application/json"]["schema"], api.contract.document)
    limit, name = schema["properties"]["max_load_limit"], schema["properties"]["name"]
    assert schema["required"] == ["name"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (0, 1000000, 10)
    assert (name["minLength"], name["maxLength"]) == (1, 200)


@test
def the_original_requests_are_valid_by_the_document(api):
    document = document_of(api)
    drafts = {"/api/v1/contacts/": {"lead_external_id": "tg_1", "source_id": 1, "message": "Hi"},
              "/api/v1/sources/": {"name": "bot", "weights": [{"operator_id": 1, "weight": 10}]},
              "/api/v1/operators/": {"name": "Anna", "is_active": True, "max_load_limit": 5}}
    for path, draft in drafts.items():
        body = resolve(document["paths"][path]["post"]["requestBody"], document)
        assert not list(validate(draft, body["content"]["application/json"]["schema"], document)), path


@test
def the_examples_work_as_they_are_on_a_fresh_service(lab):
    """Whoever presses Execute in the pages without typing anything: operator, source, contact."""
    api = lab.serve(lab.new_database("examples"))
    answers = {}
    for path in ("/api/v1/operators/", "/api/v1/sources/", "/api/v1/contacts/"):
        content = document_of(api)["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        answers[path] = api.post(path, content["example"]).must(201)
    assert answers["/api/v1/contacts/"]["operator_id"] == answers["/api/v1/operators/"]["id"]
    content = document_of(api)["paths"]["/api/v1/contacts/batch"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-ndjson"}
    for media_type, form in content.items():
        body = form["example"].encode() if isinstance(form["example"], str) else form["example"]
        items = api.post("contacts/batch", body, {"Content-Type": media_type}).must(200)["items"]
        assert [item["status"] for item in items] == [201], media_type


@test
def forms_begin_with_nothing_that_does_harm(api):
    """What a parameter has for an example a form is filled with; a change says one thing only."""
    for name, operation in operations(document_of(api)):
        assert not [part for part in operation["parameters"] if "example" in part], name
        if name.startswith("PATCH"):
            assert len(operation["requestBody"]["content"]["application/json"]["example"]) == 1, name


@test
def keys_of_idempotency_are_described(api):
    document = document_of(api)
    for name, operation in operations(document):
        headers = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"}
        assert ("Idempotency-Key" in headers) == (name == "POST /api/v1/contacts/"), name
        replayed = [status for status, answer in operation["responses"].items()
                    if "Idempotency-Replayed" in answer.get("headers", {})]
        assert replayed == (["201"] if "Idempotency-Key" in headers else []), name
