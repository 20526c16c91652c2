"""The OpenAPI document as a judge: every answer of a documented route is held against its schemas."""

import decimal
import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")

# Answers about HTTP itself, given before anybody knows which operation was meant.
BELOW_OPERATIONS = {414, 431, 501, 505}

# What validate() understands, and what it may ignore because it restricts nothing.
KEYWORDS = {"$ref", "type", "properties", "required", "additionalProperties", "enum", "const", "items", "anyOf",
            "oneOf", "allOf", "not", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
            "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties",
            "maxProperties", "format"}
ANNOTATIONS = {"title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly",
               "$comment", "contentMediaType"}
FORMATS = {"int64", "int32", "date-time", "uri", "uri-reference", "double", "email", "binary"}

TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
}


def resolve(schema, document):
    while isinstance(schema, dict) and "$ref" in schema:
        target = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        schema = target
    return schema


def validate(value, schema, document, at="$", closed=False):
    """Yields one sentence per fault. closed: objects have no members beyond those that are described."""
    schema = resolve(schema, document)
    if isinstance(schema, bool):
        if not schema:
            yield f"{at}: nothing is allowed here"
        return
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(TYPES[name](value) for name in types):
        yield f"{at}: {value!r:.80} is not {' or '.join(types)}"
        return
    if "enum" in schema and not any(same(value, one) for one in schema["enum"]):
        yield f"{at}: {value!r:.80} is not one of {schema['enum']}"
    if "const" in schema and not same(value, schema["const"]):
        yield f"{at}: {value!r:.80} is not {schema['const']!r}"
    yield from combined(value, schema, document, at, closed)
    if isinstance(value, dict):
        yield from validate_object(value, schema, document, at, closed)
    elif isinstance(value, list):
        yield from validate_list(value, schema, document, at, closed)
    elif isinstance(value, str):
        yield from validate_text(value, schema, at)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from validate_number(value, schema, at)


def same(left, right):
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def combined(value, schema, document, at, closed):
    def fits(part):
        return not any(True for _ in validate(value, part, document, at, closed))

    for part in schema.get("allOf", []):
        yield from validate(value, part, document, at)  # each part describes only some members
    if "anyOf" in schema and not any(fits(part) for part in schema["anyOf"]):
        yield f"{at}: {value!r:.80} fits none of anyOf"
    if "oneOf" in schema and sum(fits(part) for part in schema["oneOf"]) != 1:
        yield f"{at}: {value!r:.80} does not fit exactly one of oneOf"
    if "not" in schema and fits(schema["not"]):
        yield f"{at}: {value!r:.80} is what `not` forbids"


def validate_object(value, schema, document, at, closed):
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{at}: {name} is missing"
    if not schema.get("minProperties", 0) <= len(value) <= schema.get("maxProperties", len(value)):
        yield f"{at}: {len(value)} members"
    for name, member in value.items():
        rule = properties.get(name, schema.get("additionalProperties", not (closed and properties)))
        if rule is False:
            yield f"{at}: {name} is not documented"
        else:
            yield from validate(member, rule, document, f"{at}.{name}", closed)


def validate_list(value, schema, document, at, closed):
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
        yield f"{at}: {len(value)} items"
    if schema.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
        yield f"{at}: an item twice"
    for index, item in enumerate(value):
        yield from validate(item, schema.get("items", True), document, f"{at}[{index}]", closed)


def validate_text(value, schema, at):
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        yield f"{at}: {len(value)} characters"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at}: {value!r:.80} does not match {schema['pattern']}"
    if schema.get("format") == "date-time" and not TIME.fullmatch(value):
        yield f"{at}: {value!r:.80} is not a time"


def validate_number(value, schema, at):
    exact = decimal.Decimal(str(value))
    if schema.get("format") == "int64" and not -2**63 <= value < 2**63:
        yield f"{at}: {value} is beyond 64 bits"
    if not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{at}: {value} is out of range"
    if value <= schema.get("exclusiveMinimum", value - 1) or value >= schema.get("exclusiveMaximum", value + 1):
        yield f"{at}: {value} is out of range"
    if "multipleOf" in schema and exact % decimal.Decimal(str(schema["multipleOf"])):
        yield f"{at}: {value} is not a multiple of {schema['multipleOf']}"


def trimmed(value):
    """Lengths are meant after trimming, which a schema cannot say."""
    if isinstance(value, dict):
        return {name: trimmed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [trimmed(item) for item in value]
    return value.strip() if isinstance(value, str) else value


class Contract:
    """The document and, for an answer, what in it disagrees with the document."""

    def __init__(self, document):
        self.document = document
        templates = sorted(document["paths"], key=lambda path: path.count("{"))
        self.routes = [(re.compile(self._pattern(path)), path) for path in templates]

    @staticmethod
    def _pattern(path):
        return re.sub(r"\\{[^/]+\\}", r"[^/]+", re.escape(path.rstrip("/"))) + "/?"

    def operation(self, method, path):
        """The documented operation or None."""
        for pattern, template in self.routes:
            if pattern.fullmatch(path):
                item = self.document["paths"][template]
                return item.get(method.lower()) if method.isupper() else None
        return None

    def faults(self, answer):
        operation = self.operation(answer.method, answer.target.partition("?")[0])
        if operation is None or answer.status in BELOW_OPERATIONS:
            return []
        responses = operation["responses"]
        status = str(answer.status)
        response = responses.get(status) or responses.get(status[0] + "XX") or responses.get("default")
        if response is None:
            return [f"{answer.status} is not documented"]
        return [*self._body_faults(answer, resolve(response, self.document)), *self._header_faults(answer, response),
                *self._accepted_faults(answer, operation)]

    def _body_faults(self, answer, response):
        content = response.get("content", {})
        if not answer.body:
            return ["a body is documented"] if content and answer.status != 304 else []
        media = content.get(answer.media_type)
        if media is None:
            return [f"{answer.media_type} is not documented for {answer.status}, only {list(content)}"]
        if not answer.media_type.endswith("json"):
            return []
        return list(validate(answer.json, media.get("schema", True), self.document, closed=answer.status < 300))

    def _header_faults(self, answer, response):
        documented = resolve(response, self.document).get("headers", {})
        return [f"header {name} is documented, yet missing" for name, header in documented.items()
                if resolve(header, self.document).get("required") and name.lower() not in answer.headers]

    def _accepted_faults(self, answer, operation):
        """What the service accepted the document must allow."""
        if answer.status >= 300 or not isinstance(answer.sent, (dict, list)):
            return []
        body = resolve(operation.get("requestBody", {}), self.document)
        media = body.get("content", {}).get("application/json")
        if media is None:
            return ["a body was accepted, but none is documented"]
        return [f"accepted, but not by the document: {fault}" for fault in
                validate(trimmed(answer.sent), media["schema"], self.document)]
