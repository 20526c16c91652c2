"""active_load stays right whatever an administrator does in psql."""

from harness import test


def insert(api, operator, source, count, status="active"):
    """Contacts made by hand, in one statement."""
    lead = api.psql.value(f"insert into leads (external_id) values ('{api.unique('psql')}') returning id")
    holder = operator["id"] if operator else "null"
    assigned = "now()" if operator else "null"
    closed = "now()" if status == "closed" else "null"
    api.psql.run(f"""insert into contacts (lead_id, source_id, operator_id, status, assigned_at, closed_at)
                     select {lead}, {source['id']}, {holder}, '{status}', {assigned}, {closed}
                       from generate_series(1, {count})""")


@test
def inserted_contacts_count(api):
    operator, source = api.desk()
    insert(api, operator, source, 4)
    insert(api, operator, source, 3, "closed")
    insert(api, None, source, 2, "waiting")
    assert api.load(operator) == 4
    api.loads_must_match()


@test
def a_limit_holds_against_contacts_made_by_hand(api):
    operator, source = api.desk(max_load_limit=5)
    insert(api, operator, source, 4)
    assert [api.contact(source)["operator_id"] for _ in range(2)] == [operator["id"], None]


@test
def updated_contacts_count(api):
    (anna, source), boris = api.desk(), api.operator()
    insert(api, anna, source, 6)

    api.psql.run(f"update contacts set operator_id = {boris['id']} where id in "
                 f"(select id from contacts where operator_id = {anna['id']} order by id limit 2)")
    assert (api.load(anna), api.load(boris)) == (4, 2)

    api.psql.run(f"update contacts set status = 'closed', closed_at = now() where operator_id = {boris['id']}")
    assert (api.load(anna), api.load(boris)) == (4, 0)

    api.psql.run(f"update contacts set status = 'active', closed_at = null where operator_id = {boris['id']}")
    api.psql.run(f"update contacts set status = 'waiting', operator_id = null where operator_id = {anna['id']}")
    assert (api.load(anna), api.load(boris)) == (0, 2)

    api.psql.run(f"update contacts set message = 'x' where source_id = {source['id']}")
    assert (api.load(anna), api.load(boris)) == (0, 2)
    api.loads_must_match()


@test
def a_change_of_many_contacts_takes_no_longer_behind_one_of_a_single_contact(api):
    """20,000 rows take half a second. Were each compared with each other, it would be half a minute."""
    operator, source = api.desk(max_load_limit=1000000)
    insert(api, operator, source, 20000)
    newest = f"(select max(id) from contacts where source_id = {source['id']})"
    with api.psql.session() as session:
        session.run("set statement_timeout = '10s'")
        session.run(f"update contacts set status = 'closed' where id = {newest}")
        session.run(f"update contacts set message = 'x' where source_id = {source['id']}")
        session.run(f"update contacts set status = 'closed' where source_id = {source['id']} and id < {newest}")
    assert api.load(operator) == 0
    api.loads_must_match()


@test
def deleted_contacts_count(api):
    operator, source = api.desk()
    insert(api, operator, source, 3)
    insert(api, operator, source, 2, "closed")
    api.psql.run(f"delete from contacts where operator_id = {operator['id']} and status = 'closed'")
    assert api.load(operator) == 3
    api.psql.run(f"delete from contacts where operator_id = {operator['id']}")
    assert api.load(operator) == 0
    api.loads_must_match()


@test
def what_is_rolled_back_does_not_count(api):
    operator, source = api.desk()
    insert(api, operator, source, 2)
    api.psql.run(f"begin; delete from contacts where operator_id = {operator['id']}; rollback;")
    assert api.load(operator) == 2


@test
def operators_made_by_hand_are_operators(api):
    number = int(api.psql.value("insert into operators (name, max_load_limit) values ('by hand', 2) returning id"))
    operator = api.get(f"operators/{number}").must(200)
    source = api.source([(operator, 1)])
    assert operator["active_load"] == 0
    assert [api.contact(source)["operator_id"] for _ in range(3)] == [number, number, None]


@test
def status_and_operator_cannot_disagree(api):
    operator, source = api.desk()
    insert(api, operator, source, 1)
    for wrong in ("operator_id = null", "status = 'waiting'", "status = 'open'"):
        done = api.psql.run(f"""do $$ begin
              update contacts set {wrong} where operator_id = {operator['id']};
              raise exception 'allowed: {wrong.replace("'", "''")}';
            exception when check_violation or invalid_text_representation then null;
            end $$""")
        assert done == []
    assert api.load(operator) == 1


@test
def truncate_frees_everybody(api):
    operator, source = api.desk(max_load_limit=2)
    insert(api, operator, source, 2)
    api.psql.run("truncate contacts cascade")
    assert api.load(operator) == 0
    assert api.psql.count("operator_loads where active_load <> 0") == 0
    assert api.contact(source)["operator_id"] == operator["id"]
