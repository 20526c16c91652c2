"""What counts as JSON: RFC 8259 to the letter, and only what can be stored truthfully."""

from harness import test


def post(api, raw):
    return api.post("operators/", raw)


def with_value(raw):
    return b'{"name": "x", "max_load_limit": %s}' % raw


def contact_with(api, payload):
    """Posts a contact whose payload is {"x": <these bytes>}."""
    draft = b'{"lead_external_id": "x", "source_id": %d, "payload": {"x": %s}}'
    return api.post("contacts/", draft % (api.source()["id"], payload))


@test
def what_is_not_json_is_400(api):
    for raw in (b"", b" ", b"{", b"}", b"[", b"x", b'"', b"{name: 1}", b"{'name': 'x'}", b'{"name" "x"}', b'{"name": }',
                b'{"name": "x",}', b'{,"name": "x"}', b'{"name": "x" "y": 1}', b'{"name": "x"} x', b'{"name": "x"}}',
                b'{"name": "x"}{}', b'{"name": "x"}\x0b', b'/* c */ {"name": "x"}', b'{"name": "x"} // c',
                b'{"name": "x\n"}', b'{"name": "x\t"}', b'{"name": "\\x41"}', b'{"name": "\\u12"}',
                b'{"name": "\\u12G4"}', b'{"name": "x}', b'{"name": "\\"}', b"\xef\xbb\xbf{}"):
        assert post(api, raw).status == 400, raw


@test
def literals_and_numbers_have_one_spelling(api):
    for raw in (b"NaN", b"Infinity", b"-Infinity", b"01", b"-01", b"1.", b".5", b"+1", b"0x10", b"1e", b"1e+", b"--1",
                b"- 1", b"1_000", b"TRUE", b"True", b"nul", b"nulll", b"undefined", b"1 2", b"[1,]", b"[,1]", b"[1 2]",
                b"-", b"1.e5", b"\xd9\xa1"):
        assert post(api, with_value(raw)).status == 400, raw


@test
def text_is_utf8(api):
    for raw in (b"\xff", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf",
                b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80",
                b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x99"):
        assert post(api, b'{"name": "x%s"}' % raw).status == 400, raw
        assert post(api, b'{"name": "x", "%s": 1}' % raw).status == 400, raw
    for text in ("\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"):
        assert api.operator(name=f"x{text}x")["name"] == f"x{text}x"


@test
def escapes_are_understood(api):
    assert post(api, rb'{"name": "\u0041\"\\\/\u00e9\ud83d\ude42"}').must(201)["name"] == 'A"\\/é🙂'
    assert post(api, rb'{"n\u0061me": "x"}').must(201)["name"] == "x"
    assert post(api, b' \r\n\t{"name" : "x"}\r\n ').must(201)["name"] == "x"


@test
def nothing_but_one_object_is_taken(api):
    for raw in (b"[]", b"1", b'"x"', b"null", b"true", b'[{"name": "x"}]'):
        answer = post(api, raw)
        assert answer.fields == {""}, raw


@test
def members_given_twice_are_refused(api):
    assert post(api, b'{"name": "x", "name": "x"}').fields == {"name"}
    assert post(api, rb'{"name": "x", "n\u0061me": "y"}').fields == {"name"}
    assert post(api, b'{"name": "x", "stranger": 1, "stranger": 2}').fields == {"stranger"}
    weights = b'{"name": "x", "weights": [{"operator_id": 1, "weight": 1, "weight": 2}]}'
    assert api.post("sources/", weights).fields == {"weights[0].weight"}
    assert contact_with(api, b'{"a": 1, "b": {"c": 1, "c": 2}}').fields == {"payload.x.b.c"}


@test
def the_character_nul_is_refused_everywhere(api):
    assert post(api, rb'{"name": "x\u0000"}').fields == {"name"}
    assert post(api, rb'{"name": "\u0000"}').fields == {"name"}
    assert contact_with(api, rb'"\u0000"').fields == {"payload.x"}
    contact_with(api, rb'{"a\u0000": 1}').must(422)
    assert post(api, b'{"name": "x\x00"}').status == 400


@test
def lone_surrogates_are_refused_everywhere(api):
    for raw in (rb"\ud800", rb"\udfff", rb"\ud800\ud800", rb"\ude42\ud83d", rb"\ud83dx", rb"\ud83d\u0041"):
        assert post(api, b'{"name": "%s"}' % raw).fields == {"name"}, raw
        assert contact_with(api, b'["%s"]' % raw).fields == {"payload.x[0]"}, raw
        contact_with(api, b'{"%s": 1}' % raw).must(422)


@test
def integers_have_64_bits(api):
    for text in (b"9223372036854775807", b"-9223372036854775808", b"0", b"-1"):
        assert contact_with(api, text).must(201)["payload"] == {"x": int(text)}
    for text in (b"9223372036854775808", b"-9223372036854775809", b"1" * 40, b"1" * 500):
        assert contact_with(api, text).fields == {"payload.x"}, text
        assert post(api, with_value(text)).fields == {"max_load_limit"}, text


@test
def numbers_that_no_double_holds_are_refused(api):
    for text in (b"1e400", b"-1e400", b"1e999999999", b"1e-20000", b"1e-999999999", b"0." + b"1" * 400):
        assert contact_with(api, text).fields == {"payload.x"}, text


@test
def numbers_that_the_database_would_write_out_at_length_are_refused(api):
    for text in (b"1e300", b"-1.5e-300", b"1.7976931348623157e308", b"1e19", b"1e-21", b"[[{\"y\": 1e23}]]"):
        assert contact_with(api, text).fields == {"payload"}, text


@test
def they_are_told_beside_other_faults(api):
    draft = {"lead_external_id": " ", "source_id": 0, "payload": {"x": 1e300}}
    assert api.post("contacts/", draft).fields == set(draft)


@test
def other_numbers_are_kept_and_can_be_sent_back(api):
    for text in (b"1e18", b"-1.5e-20", b"0.1", b"123456789.125", b"9.2e18", b"-0.0"):
        contact = contact_with(api, text).must(201)
        kept = api.get(f"contacts/{contact['id']}").must(200)["payload"]
        assert float(contact["payload"]["x"]) == float(kept["x"]) == float(text), text
        assert api.patch(f"contacts/{contact['id']}", {"payload": kept}).must(200)["version"] == 1


@test
def nesting_ends_somewhere(api):
    deep = b"[" * 12 + b"]" * 12
    contact_with(api, deep).must(201)
    for depth in (17, 100, 60000):
        answer = contact_with(api, b"[" * depth + b"]" * depth)
        assert answer.status in (400, 422), depth
    assert contact_with(api, b'{"a":' * 10000 + b"1" + b"}" * 10000).status in (400, 422)


@test
def many_faults_are_still_one_answer(api):
    strangers = b", ".join(b'"stranger%d": 1' % number for number in range(3000))
    faults = post(api, b"{%s}" % strangers).must(422)["errors"]
    assert 50 <= len(faults) <= 3001


@test
def a_field_may_have_any_name(api):
    for name in ("a.b", "a[0]", "", "\"", "<script>", "ё", "\n"):
        assert name in api.post("operators/", {"name": "x", name: 1}).fields or name == ""
