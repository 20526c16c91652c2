"""A page is bounded in bytes, too: it ends early, and its cursor goes on."""

from harness import test

PAGE_BYTES = 4 << 20
ITEM_BYTES = 10 * 2 * 65536  # a lead with ten contacts, blanks between the members of their payloads included


def large_contacts(api, count, each):
    """count leads of a source with so many contacts of 60,000 bytes each; their ids."""
    source = api.source()
    prefix = api.unique("large")
    api.psql.run(f"""
        with made as (insert into leads (external_id) select '{prefix}-' || number from generate_series(1, {count}) as number
                      returning id)
        insert into contacts (lead_id, source_id, status, waiting_reason, payload)
        select made.id, {source['id']}, 'waiting', 'full', json_build_object('text', repeat('x', 60000))
          from made, generate_series(1, {each})""")
    return source, prefix


def pages(api, path, **query):
    """(bytes, items) of each page of a list."""
    cursor = {}
    while True:
        answer = api.get(path, **query, **cursor)
        page = answer.must(200)
        yield len(answer.body), page["items"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def must_be_bounded(found, item_bytes):
    assert len(found) > 2
    for size, items in found:
        assert items and size <= PAGE_BYTES + item_bytes, (size, len(items))
    assert all(size >= PAGE_BYTES for size, _ in found[:-1]), [size for size, _ in found]


@test
def leads_with_large_contacts_come_on_more_pages_and_none_is_missing(api):
    _, prefix = large_contacts(api, 24, 10)

    found = list(pages(api, "leads/", q=prefix, limit=200))

    must_be_bounded(found, ITEM_BYTES)
    shown = [lead for _, items in found for lead in items]
    assert [lead["id"] for lead in shown] == sorted({lead["id"] for lead in shown}, reverse=True) and len(shown) == 24
    assert all(len(lead["contacts"]) == 10 for lead in shown)


@test
def large_contacts_come_on_more_pages_and_none_is_missing(api):
    source, _ = large_contacts(api, 20, 10)

    for query, is_newest_first in (({}, True), ({"status": "waiting"}, False)):
        found = list(pages(api, "contacts/", source_id=source["id"], limit=200, **query))
        must_be_bounded(found, ITEM_BYTES // 10)
        ids = [contact["id"] for _, items in found for contact in items]
        assert ids == sorted(set(ids), reverse=is_newest_first) and len(ids) == 200


@test
def an_early_end_and_a_limit_go_together(api):
    _, prefix = large_contacts(api, 10, 10)
    sizes = [len(items) for _, items in pages(api, "leads/", q=prefix, limit=3)]
    assert sizes == [3, 3, 3, 1]
    assert [len(items) for _, items in pages(api, "leads/", q=prefix, limit=10)] == [7, 3]


@test
def small_pages_are_as_long_as_asked(api):
    source = api.source()
    for _ in range(7):
        api.contact(source)
    assert [len(items) for _, items in pages(api, "contacts/", source_id=source["id"], limit=3)] == [3, 3, 1]
    assert [len(items) for _, items in pages(api, "contacts/", source_id=source["id"], limit=7)] == [7]
