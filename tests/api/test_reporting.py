"""Schema `reporting`: each view against data made by hand, and the role that can read the views and nothing else."""

import functools
import json
import os
import re

import server as leadd
from harness import test
from postgres import Postgres, Psql
from waiting import meanwhile, poll, together

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ANNA, BORIS, CLARA = 1, 2, 3
BOT, FORM = 1, 2

# In Berlin the clocks go forward on 2026-03-29, at 2:00. Triggers are off, so that times are as they stand here.
WORLD = """
set session_replication_role = replica;
set timezone = 'Europe/Berlin';
update history_start set at = '2026-03-28', after_contact_id = 100;
insert into operators (id, name, is_active, max_load_limit) values
    (1, 'Anna', true, 4), (2, 'Boris', false, 4), (3, 'Clara', true, 0);
insert into operator_loads (operator_id, active_load) values (1, 1), (2, 0), (3, 2);
insert into operator_departures (operator_id, active_contacts) values (2, 'release');
insert into sources (id, name, strategy, backlog) values (1, 'Bot', 'weighted_random', 'manual'),
    (2, 'Form', 'least_recent', 'auto'), (3, 'Unused', 'least_loaded', 'manual');
insert into leads (id, external_id, name) values (1, 'tg:1', 'Ann'), (2, 'tg:2', null);
insert into contacts (id, lead_id, source_id, operator_id, status, waiting_reason, created_at, assigned_at, closed_at,
    version) values
    (50, 2, 1, 2, 'closed', null, '2026-03-20 10:00', '2026-03-20 10:05', '2026-03-20 10:25', 2),
    (101, 1, 1, 1, 'closed', null, '2026-03-28 10:00', '2026-03-28 10:00', '2026-03-28 10:30', 2),
    (102, 2, 1, 1, 'closed', null, '2026-03-28 10:20', '2026-03-28 11:00', '2026-03-29 08:10', 6),
    (103, 1, 2, null, 'waiting', 'inactive', '2026-03-29 09:15', null, null, 1),
    (104, 2, 1, 1, 'active', null, '2026-03-29 23:30', '2026-03-29 23:30', null, 1),
    (105, 1, 1, null, 'waiting', 'released', '2026-03-30 08:00', null, null, 2);
insert into contact_history (contact_id, at, kind, actor, reason, from_operator_id, to_operator_id) values
    (101, '2026-03-28 10:00', 'assigned', 'api', 'weighted_random', null, 1),
    (102, '2026-03-28 10:20', 'waiting', 'api', 'full', null, null),
    (101, '2026-03-28 10:30', 'closed', 'api', null, 1, 1),
    (102, '2026-03-28 10:50', 'assigned', 'system', 'manual', null, 2),
    (102, '2026-03-28 11:00', 'transferred', 'api', 'holiday', 2, 1),
    (102, '2026-03-28 11:10', 'closed', 'api', null, 1, 1),
    (102, '2026-03-29 08:00', 'reopened', 'maria', null, 1, 1),
    (102, '2026-03-29 08:05', 'assigned', 'system', 'weighted_random', 1, 1),
    (102, '2026-03-29 08:10', 'closed', 'maria', null, 1, 1),
    (103, '2026-03-29 09:15', 'waiting', 'api', 'inactive', null, null),
    (104, '2026-03-29 23:30', 'assigned', 'api', 'weighted_random', null, 1),
    (105, '2026-03-30 08:00', 'assigned', 'api', 'weighted_random', null, 2),
    (105, '2026-03-30 08:30', 'released', 'api', 'ill', 2, null),
    (99, '2026-03-30 09:00', 'deleted', 'maria', null, 2, null);
update distribution_progress set summed_until = '2026-03-29 12:00';
insert into distribution_hours (source_id, hour, operator_id, expected, assigned) values
    (1, '2026-03-28 10:00', 1, 1.5, 1), (1, '2026-03-28 10:00', 2, 0.5, 1), (1, '2026-03-28 11:00', 1, 2, 2),
    (1, '2026-03-29 11:00', 2, 1, 1);
insert into assignment_decisions (batch_id, source_id, at, strategy, operator_ids, weights, are_active, limits, loads,
    expected, assigned, waiting) values
    (1, 1, '2026-03-28 10:00', 'weighted_random', '{1,2}', '{3,1}', '{t,t}', '{4,4}', '{0,0}', '{1.5,0.5}', '{1,1}', 0),
    (2, 1, '2026-03-29 23:30', 'weighted_random', '{1,2}', '{3,1}', '{t,t}', '{4,4}', '{0,0}', '{0.75,0.25}', '{1,0}', 0);
"""

# Of each view a question and its whole answer, in Berlin.
ANSWERS = [
    ("operator, is_active, active_load, max_load_limit, free, percent_used, is_leaving from load_now order by 1",
     ["Anna|t|1|4|3|25|f", "Boris|f|0|4|0|0|t", "Clara|t|2|0|0||f"]),
    ("contact_id, source, lead, lead_name, reason, came_at, waiting_since, now() - age - came_at < '1s',"
     " now() - waiting_for - waiting_since < '1s' from backlog order by 1",
     ["103|Form|tg:1|Ann|inactive|2026-03-29 09:15:00+02|2026-03-29 09:15:00+02|t|t",
      "105|Bot|tg:1|Ann|released|2026-03-30 08:00:00+02|2026-03-30 08:30:00+02|t|t"]),
    ("source, reason, contacts, oldest_came_at, oldest_age = median_age from waiting_now order by 1",
     ["Bot|released|1|2026-03-30 08:00:00+02|t", "Form|inactive|1|2026-03-29 09:15:00+02|t"]),
    ("contact_id, lead, source, operator, status, waiting_reason, time_to_assignment, handling_time, changes"
     " from contacts order by 1",
     ["50|tg:2|Bot|Boris|closed||00:05:00|00:20:00|1", "101|tg:1|Bot|Anna|closed||00:00:00|00:30:00|1",
      "102|tg:2|Bot|Anna|closed||00:30:00|20:10:00|5", "103|tg:1|Form||waiting|inactive|||0",
      "104|tg:2|Bot|Anna|active||00:00:00||0", "105|tg:1|Bot||waiting|released|00:00:00||1"]),
    ("hour, source, operator, contacts, active, waiting, closed from contacts_by_hour order by 1, 2",
     ["2026-03-20 10:00:00+01|Bot|Boris|1|0|0|1", "2026-03-28 10:00:00+01|Bot|Anna|2|0|0|2",
      "2026-03-29 09:00:00+02|Form||1|0|1|0", "2026-03-29 23:00:00+02|Bot|Anna|1|1|0|0",
      "2026-03-30 08:00:00+02|Bot||1|0|1|0"]),
    ("day, source, operator, contacts, leads, active, waiting, closed from contacts_by_day order by 1, 2",
     ["2026-03-20|Bot|Boris|1|1|0|0|1", "2026-03-28|Bot|Anna|2|2|0|0|2", "2026-03-29|Bot|Anna|1|1|1|0|0",
      "2026-03-29|Form||1|1|0|1|0", "2026-03-30|Bot||1|1|0|1|0"]),
    ("day, source, operator, expected, assigned, expected_share, actual_share from shares_by_day order by 1, 3",
     ["2026-03-28|Bot|Anna|3.500000|3|0.8750|0.7500", "2026-03-28|Bot|Boris|0.500000|1|0.1250|0.2500",
      "2026-03-29|Bot|Anna|0.750000|1|0.3750|0.5000", "2026-03-29|Bot|Boris|1.250000|1|0.6250|0.5000"]),
    ("day, source, contacts, assigned, mean, p50, p90, p99, longest from assignment_time_by_source order by 1, 2",
     ["2026-03-20|Bot|1|1|00:05:00|00:05:00|00:05:00|00:05:00|00:05:00",
      "2026-03-28|Bot|2|2|00:15:00|00:15:00|00:27:00|00:29:42|00:30:00",
      "2026-03-29|Bot|1|1|00:00:00|00:00:00|00:00:00|00:00:00|00:00:00", "2026-03-29|Form|1|0|||||",
      "2026-03-30|Bot|1|1|00:00:00|00:00:00|00:00:00|00:00:00|00:00:00"]),
    ("day, operator, contacts, p50, longest from assignment_time_by_operator order by 1, 2",
     ["2026-03-20|Boris|1|00:05:00|00:05:00", "2026-03-28|Anna|2|00:15:00|00:30:00",
      "2026-03-29|Anna|1|00:00:00|00:00:00"]),
    ("closed_at, contact_id, source, lead, operator, handled_since, handling_time, actor from closings order by 1",
     ["2026-03-28 10:30:00+01|101|Bot|tg:1|Anna|2026-03-28 10:00:00+01|00:30:00|api",
      "2026-03-28 11:10:00+01|102|Bot|tg:2|Anna|2026-03-28 11:00:00+01|00:10:00|api",
      "2026-03-29 08:10:00+02|102|Bot|tg:2|Anna|2026-03-29 08:00:00+02|00:10:00|maria"]),
    ("day, source, closings, mean, p50, p90, p99, longest from handling_time_by_source order by 1",
     ["2026-03-28|Bot|2|00:20:00|00:20:00|00:28:00|00:29:48|00:30:00",
      "2026-03-29|Bot|1|00:10:00|00:10:00|00:10:00|00:10:00|00:10:00"]),
    ("day, operator, closings, p50, longest from handling_time_by_operator order by 1",
     ["2026-03-28|Anna|2|00:20:00|00:30:00", "2026-03-29|Anna|1|00:10:00|00:10:00"]),
    ("day, source, reason, contacts from waiting_by_day order by 1",
     ["2026-03-28|Bot|full|1", "2026-03-29|Form|inactive|1", "2026-03-30|Bot|released|1"]),
    ("day, operator, assigned, received, handed_over, released, closed, reopened, first_closing, last_closing"
     " from operator_activity order by 1, 2",
     ["2026-03-28|Anna|1|1|0|0|2|0|2026-03-28 10:30:00+01|2026-03-28 11:10:00+01", "2026-03-28|Boris|1|0|1|0|0|0||",
      "2026-03-29|Anna|1|0|0|0|1|1|2026-03-29 08:10:00+02|2026-03-29 08:10:00+02", "2026-03-30|Boris|1|0|0|1|0|0||"]),
    ("lead_name, at, source, event, from_operator, to_operator, reason, actor from lead_history"
     " where lead = 'tg:1' order by event_id",
     ["Ann|2026-03-28 10:00:00+01|Bot|assigned||Anna|weighted_random|api",
      "Ann|2026-03-28 10:30:00+01|Bot|closed|Anna|Anna||api",
      "Ann|2026-03-29 09:15:00+02|Form|waiting|||inactive|api",
      "Ann|2026-03-30 08:00:00+02|Bot|assigned||Boris|weighted_random|api",
      "Ann|2026-03-30 08:30:00+02|Bot|released|Boris||ill|api"]),
    ("lead, event, from_operator, actor from lead_history where contact_id = 99", ["|deleted|Boris|maria"]),
    ("source, strategy, backlog_mode, contacts, active, waiting, closed, newest_contact_at from source_totals order by 1",
     ["Bot|weighted_random|manual|5|1|1|3|2026-03-30 08:00:00+02",
      "Form|least_recent|auto|1|0|1|0|2026-03-29 09:15:00+02", "Unused|least_loaded|manual|0|0|0|0|"]),
    ("day, begins, ends from calendar_days where day between '2026-03-28' and '2026-03-29' order by 1",
     ["2026-03-28|2026-03-28 00:00:00+01|2026-03-29 00:00:00+01",
      "2026-03-29|2026-03-29 00:00:00+01|2026-03-30 00:00:00+02"]),
    ("min(hour), max(ends), count(*) from calendar_hours where hour >= '2026-03-29' and hour < '2026-03-30'",
     ["2026-03-29 00:00:00+01|2026-03-30 00:00:00+02|23"]),
]


def as_role(role, postgres, database):
    """psql as that role."""
    psql = Psql(postgres, database)
    psql.command[-1] = psql.command[-1].replace("user=postgres", f"user={role}")
    return psql


def ask(psql, question, zone="Europe/Berlin"):
    """The rows of `select <question>` in that time zone, as texts with | between the columns."""
    rows = psql.run(f"set timezone = '{zone}'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; select {question}")
    return ["|".join(row) for row in rows]


def refusal(psql, sql):
    """What PostgreSQL says against it."""
    try:
        psql.run(sql)
    except AssertionError as said:
        return str(said)
    raise AssertionError(f"it was allowed: {sql}")


@functools.cache
def world(lab):
    """The role's psql on the world from above."""
    lab.psql(lab.new_database("reporting_world")).run(WORLD)
    return as_role("reporting", lab.postgres, "reporting_world")


def queries_of_the_docs():
    with open(f"{ROOT}/docs/REPORTING.md", encoding="utf-8") as file:
        queries = re.findall(r"```sql\n(.*?)```", file.read(), re.DOTALL)
    assert len(queries) > 15
    return queries


def views(psql):
    return {name for (name,) in psql.run("select viewname from pg_views where schemaname = 'reporting'")}


# -- the views ------------------------------------------------------------------------------------------------

@test
def every_view_answers_rightly(lab):
    psql = world(lab)
    asked = {question.split(" from ")[1].split()[0] for question, _ in ANSWERS}
    assert asked == views(psql), asked ^ views(psql)
    for question, answer in ANSWERS:
        got = ask(psql, question)
        assert got == answer, f"{question}\n" + "\n".join(got)


@test
def days_and_hours_are_those_of_the_sessions_time_zone(lab):
    psql = world(lab)
    days = "day, sum(contacts) from contacts_by_day group by day order by day"
    assert ask(psql, days, "Asia/Tokyo") == ["2026-03-20|1", "2026-03-28|2", "2026-03-29|1", "2026-03-30|2"]
    hours = "hour, contacts from contacts_by_hour where source = 'Form'"
    assert ask(psql, hours, "Asia/Kathmandu") == ["2026-03-29 13:00:00+05:45|1"]
    assert ask(psql, hours.replace("Form", "Bot") + " and hour < '2026-03-28'", "Asia/Kathmandu") == [
        "2026-03-20 14:00:00+05:45|1"]


@test
def contacts_that_were_entered_late_or_early_are_counted(lab):
    name = lab.new_database("reporting_times")
    lab.psql(name).run(WORLD + """
        insert into contacts (id, lead_id, source_id, operator_id, status, created_at, assigned_at, closed_at)
        values (200, 1, 1, 1, 'closed', '2019-12-31 12:00', '2019-12-31 12:00', '2019-12-31 13:00'),
            (201, 1, 1, 1, 'active', now() + interval '3 days', now(), null)""")
    psql = as_role("reporting", lab.postgres, name)
    assert ask(psql, "day, contacts from contacts_by_day where day < '2026-01-01'") == ["2019-12-31|1"]
    assert ask(psql, "sum(contacts) from contacts_by_day") == ["8"] == ask(psql, "sum(contacts) from contacts_by_hour")
    assert ask(psql, "max(day) - current_date from contacts_by_day") == ["3"]


@test
def closings_from_before_the_history_have_no_time_rather_than_a_wrong_one(lab):
    name = lab.new_database("reporting_closings")
    lab.psql(name).run(WORLD + """
        insert into contacts (id, lead_id, source_id, operator_id, status, created_at, assigned_at)
        values (60, 1, 1, 1, 'active', '2026-03-20 11:00', '2026-03-29 10:00');
        insert into contact_history (contact_id, at, kind, actor, from_operator_id, to_operator_id) values
            (60, '2026-03-28 09:00', 'closed', 'api', 2, 2), (60, '2026-03-29 09:50', 'reopened', 'api', 2, 2),
            (60, '2026-03-29 10:00', 'transferred', 'api', 2, 1)""")
    psql = as_role("reporting", lab.postgres, name)
    assert ask(psql, "operator, handled_since, handling_time from closings where contact_id = 60") == ["Boris||"]
    assert ask(psql, "day, closings, p50 from handling_time_by_operator where operator = 'Boris'") == ["2026-03-28|1|"]


ENTERED = """
set timezone = 'Europe/Berlin';
insert into operators (id, name) values (1, 'Anna'), (2, 'Boris');
insert into sources (id, name) values (1, 'Bot');
insert into leads (id, external_id) values (1, 'tg:1');
insert into contacts (id, lead_id, source_id, operator_id, status, waiting_reason, created_at, assigned_at, closed_at)
values (11, 1, 1, 1, 'closed', null, '2025-03-03 10:00', '2025-03-03 10:05', '2025-03-03 10:35'),
    (12, 1, 1, 1, 'closed', null, '2025-03-03 11:00', null, '2025-03-03 11:30'),
    (13, 1, 1, 1, 'active', null, '2025-03-04 10:00', '2025-03-04 10:02', null),
    (14, 1, 1, null, 'waiting', 'full', '2025-03-05 10:00', null, null),
    (15, 1, 1, null, 'waiting', 'full', now() + interval '2 days', null, null);
"""


@test
def contacts_that_are_entered_with_a_past_of_their_own_keep_it(lab):
    """They count on their own days, and with their own times, not with that of their entering."""
    name = lab.new_database("reporting_entered")
    psql = lab.psql(name)
    psql.run(ENTERED)
    psql.run("""
        set timezone = 'Europe/Berlin';
        update contacts set status = 'closed', closed_at = '2025-03-04 10:12' where id = 13;
        set session_replication_role = replica;
        alter table contact_history disable trigger contact_history_is_final;
        update contact_history set at = '2025-03-04 10:12' where contact_id = 13 and kind = 'closed'""")
    psql = as_role("reporting", lab.postgres, name)
    assert ask(psql, "contact_id, time_to_assignment, handling_time from contacts where contact_id < 15 order by 1") == [
        "11|00:05:00|00:30:00", "12||", "13|00:02:00|00:10:00", "14||"]
    assert ask(psql, "contact_id, closed_at, handled_since, handling_time from closings order by 1") == [
        "11|2025-03-03 10:35:00+01|2025-03-03 10:05:00+01|00:30:00", "12|2025-03-03 11:30:00+01||",
        "13|2025-03-04 10:12:00+01|2025-03-04 10:02:00+01|00:10:00"]
    assert ask(psql, "day, closings, mean, longest from handling_time_by_operator order by 1") == [
        "2025-03-03|2|00:30:00|00:30:00", "2025-03-04|1|00:10:00|00:10:00"]
    times = "day, contacts, assigned, mean from assignment_time_by_source where day < '2025-03-05' order by 1"
    assert ask(psql, times) == ["2025-03-03|2|1|00:05:00", "2025-03-04|1|1|00:02:00"]
    assert ask(psql, "day, reason, contacts from waiting_by_day where day < '2025-04-01'") == ["2025-03-05|full|1"]
    assert ask(psql, "contact_id, waiting_since <= now() from backlog where contact_id = 15") == ["15|t"]


@test
def what_was_entered_closed_before_history_heeded_that_has_its_own_times(lab):
    name = lab.new_database("reporting_entered_before")
    psql = lab.psql(name)
    psql.run(ENTERED + """
        alter table contact_history disable trigger contact_history_is_final;
        update contact_history set at = now();
        alter table contact_history enable trigger contact_history_is_final""")
    assert ask(psql, "contact_id, time_to_assignment from reporting.contacts where contact_id < 13 order by 1") == [
        "11|00:05:00", "12|"]
    closings = "contact_id, handled_since, handling_time from reporting.closings where contact_id = 11"
    assert ask(psql, closings) == ["11|2025-03-03 10:05:00+01|00:30:00"]
    psql.run("update contacts set operator_id = 2 where id = 11")
    assert ask(psql, closings) == ["11||"]
    assert ask(psql, "time_to_assignment, handling_time from reporting.contacts where contact_id = 11") == ["|"]


@test
def a_closed_contact_given_to_somebody_else_has_no_negative_handling_time(api):
    _, source = api.desk()
    contact = api.close(api.contact(source))
    mine = f"reporting.contacts where contact_id = {contact['id']}"
    assert ask(api.psql, f"handling_time >= '0s' from {mine}") == ["t"]
    api.psql.run(f"update contacts set operator_id = {api.operator()['id']} where id = {contact['id']}")
    assert ask(api.psql, f"handling_time, time_to_assignment from {mine}") == ["|00:00:00"]


@test
def contacts_that_a_redistribution_could_not_place_wait_for_one_reason_in_all_views(api):
    leaver, full, away = api.operator(), api.operator(max_load_limit=0), api.operator(is_active=False)
    sources = [api.source([(leaver, 1), (full, 1)]), api.source([(leaver, 1), (away, 1)])]
    for source in sources:
        api.contact(source)
    api.patch(f"operators/{leaver['id']}", {"is_active": False, "active_contacts": "redistribute"}).must(200)
    poll(lambda: api.load(leaver) == 0, "nobody takes the contacts")
    for source, reason in zip(sources, ("full", "inactive")):
        for view in ("backlog", "waiting_now", "waiting_by_day"):
            assert ask(api.psql, f"reason from reporting.{view} where source_id = {source['id']}") == [reason], view


@test
def a_day_whose_midnight_comes_twice_begins_with_the_first(lab):
    """On the Azores the clocks go back from 1:00 to 0:00; in Asuncion they went back from 0:00 to 23:00."""
    name = lab.new_database("reporting_midnights")
    lab.psql(name).run("""
        insert into sources (name) values ('Bot'); insert into leads (external_id) values ('tg:1');
        insert into contacts (lead_id, source_id, status, created_at)
        select 1, 1, 'waiting', at
          from (values ('2023-03-25'), ('2026-10-24')) as list (day)
         cross join generate_series(day::timestamptz, day::timestamptz + interval '3 days', '30 minutes') as at""")
    psql = as_role("reporting", lab.postgres, name)
    for zone in ("Atlantic/Azores", "America/Asuncion", "America/Havana", "Europe/Berlin", "Asia/Kathmandu"):
        by_day = ask(psql, "day, contacts from contacts_by_day order by 1", zone)
        assert by_day == ask(psql, "came_at::date, count(*) from contacts group by 1 order by 1", zone), zone
        assert ask(psql, "sum(contacts) from contacts_by_hour", zone) == ask(psql, "count(*) from contacts", zone), zone
        assert ask(psql, "count(*) from calendar_days where begins::date <> day or (begins - interval '1 s')::date >= day"
                   " or ends::date <> day + 1 or (ends - interval '1 s')::date <> day", zone) == ["0"], zone
    assert ask(psql, "count(*) from calendar_hours where hour::date = '2026-10-25'", "Atlantic/Azores") == ["25"]


@test
def a_contact_that_is_reopened_and_has_nobody_begins_to_wait(lab):
    name = lab.new_database("reporting_waits")
    psql = lab.psql(name)
    psql.run("""
        insert into sources (name) values ('Bot'); insert into leads (external_id) values ('tg:1');
        insert into contacts (lead_id, source_id, status, waiting_reason) values (1, 1, 'waiting', 'full');
        update contacts set status = 'closed'""")
    assert ask(psql, "reason, contacts from reporting.waiting_by_day") == ["full|1"]
    psql.run("update contacts set status = 'waiting'")
    assert ask(psql, "reason, contacts from reporting.waiting_by_day order by 1") == ["full|1", "released|1"]
    assert ask(psql, "reason from reporting.backlog") == ["released"]


@test
def what_the_service_does_appears_in_the_views(api):
    operator, source = api.desk(max_load_limit=1)
    closed = api.close(api.contact(source))
    api.contact(source)
    waiting = api.contact(source)
    psql = api.psql
    mine = f"operator_id = {operator['id']}"

    assert ask(psql, f"active_load, free from reporting.load_now where {mine}") == ["1|0"]
    assert ask(psql, f"contact_id, reason from reporting.backlog where source_id = {source['id']}") == [
        f"{waiting['id']}|full"]
    assert ask(psql, f"assigned, closed from reporting.operator_activity where {mine}") == ["2|1"]
    assert ask(psql, f"expected, assigned, actual_share from reporting.shares_by_day where {mine}") == ["2.000000|2|1.0000"]
    assert ask(psql, f"contact_id from reporting.closings where {mine}") == [str(closed["id"])]
    assert ask(psql, f"contacts, waiting from reporting.source_totals where source_id = {source['id']}") == ["3|1"]


@test
def every_view_and_column_says_what_it_is(lab):
    psql = lab.psql(lab.database)
    silent = psql.run("""
        select class.relname, attribute.attname
          from pg_class as class
          join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum >= 0
         where class.relnamespace = 'reporting'::regnamespace
           and coalesce(col_description(class.oid, attribute.attnum), '') = ''
        union all
        select relname, 'the view itself' from pg_class
         where relnamespace = 'reporting'::regnamespace and coalesce(obj_description(oid, 'pg_class'), '') = ''""")
    assert len(views(psql)) > 10 and not silent, silent


# Questions that must not read a table as a whole, but the rows of a day or two: 720 contacts each.
LAST_DAY = [
    "contacts where came_at >= now() - interval '1 day'",
    "contacts_by_hour where hour >= now() - interval '1 day'",
    "contacts_by_day where day >= current_date - 1",
    "shares_by_day where day >= current_date - 1",
    "assignment_time_by_source where day >= current_date - 1",
    "assignment_time_by_operator where day >= current_date - 1",
    "closings where closed_at >= now() - interval '1 day'",
    "handling_time_by_source where day >= current_date - 1",
    "handling_time_by_operator where day >= current_date - 1",
    "waiting_by_day where day >= current_date - 1",
    "operator_activity where day >= current_date - 1",
    "lead_history where at >= now() - interval '1 day'",
    "lead_history where lead = 'lead:7'",
    "contacts where lead = 'lead:7'",
    "backlog",
]
DAY_MOST = 15_000
WEEK_MOST = 40_000
BIG = ("contacts", "contact_history", "distribution_hours")
MANY = """
set session_replication_role = replica;
insert into operators (id, name) select n, 'Operator ' || n from generate_series(1, 10) as n;
insert into sources (id, name) select n, 'Source ' || n from generate_series(1, 4) as n;
insert into leads (id, external_id) select n, 'lead:' || n from generate_series(1, 20000) as n;
insert into contacts (id, lead_id, source_id, operator_id, status, created_at, assigned_at, closed_at)
select n, 1 + n % 20000, 1 + n % 4, 1 + n % 10, 'closed', at, at, at
  from (select n, now() - (100001 - n) * interval '2 minutes' as at from generate_series(1, 100000) as n) as numbers;
insert into contact_history (contact_id, at, kind, actor, from_operator_id, to_operator_id)
select id, created_at, kind, 'api', operator_id, operator_id
  from contacts cross join unnest('{assigned,closed}'::text[]) as kind order by id, kind;
-- As after transactions that were rolled back: later rows have filled the room in old pages.
delete from contact_history where id % 50 = 0;
vacuum contact_history;
insert into contact_history (contact_id, at, kind, actor)
select 1, now() - n % 130 * interval '1 day', 'edited', 'api' from generate_series(1, 4000) as n;
update history_start set at = now() - interval '150 days', after_contact_id = 0;
insert into distribution_hours
select source, hour, operator, 1, 1
  from generate_series(1, 4) as source, generate_series(1, 10) as operator,
       generate_series(date_trunc('hour', now()) - interval '130 days', now(), '1 hour') as hour;
vacuum analyze;
"""


def rows_read(node):
    """Of the big tables, by this part of a plan."""
    own = 0
    if node.get("Relation Name") in BIG:
        kinds = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        own = node["Actual Loops"] * sum(node.get(kind, 0) for kind in kinds)
    return own + sum(rows_read(child) for child in node.get("Plans", []))


def rows_of(psql, query):
    """How many rows of the big tables the query reads, where it has the choice."""
    lines = psql.run(f"""
        set search_path = reporting, public;
        set jit = off; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;
        set max_parallel_workers_per_gather = 0;
        explain (analyze, timing off, format json) {query}""")
    return rows_read(json.loads("".join(line for (line,) in lines))[0]["Plan"])


@functools.cache
def many(lab):
    name = lab.new_database("reporting_many")
    lab.psql(name).run(MANY)
    return lab.psql(name)


@test
def the_last_day_is_found_without_reading_all(lab):
    psql = many(lab)
    for question in LAST_DAY:
        read = rows_of(psql, f"select * from {question}")
        assert read <= DAY_MOST, f"{question}: {read} rows"
    psql = as_role("reporting", lab.postgres, "reporting_many")
    (contacts,) = ask(psql, "sum(contacts) from contacts_by_hour where hour >= now() - interval '1 day'")
    assert 690 <= int(contacts) <= 721


@test
def the_queries_of_the_docs_read_no_more_than_they_ask_for(lab):
    for query in queries_of_the_docs():
        if "source_totals" not in query:
            read = rows_of(many(lab), query)
            assert read <= WEEK_MOST, f"{query}\n{read} rows"


@test
def an_index_that_was_built_before_the_upgrade_is_taken(lab):
    """As docs/OPERATIONS.md says for large histories; one that is not what is needed stays, and a new one is built."""
    name = lab.new_database("reporting_index")
    psql = lab.psql(name)
    with open(f"{ROOT}/docs/OPERATIONS.md", encoding="utf-8") as file:
        (beforehand,) = re.findall(r"create index concurrently [^;`]+;", file.read())
    for build, is_taken in ((beforehand, True), ("create index contact_history_at_next on contact_history (kind);", False)):
        psql.run("""
            delete from schema_migrations where name = 'reporting_mends';
            drop index contact_history_at; create index contact_history_at on contact_history using brin (at)""")
        psql.run(build)
        built = psql.value("select 'contact_history_at_next'::regclass::oid")
        assert leadd.migrate(lab.postgres.url(name), f"{lab.folder}/{name}.log") == 0
        assert (psql.value("select 'contact_history_at'::regclass::oid") == built) == is_taken
        assert psql.value("select pg_get_indexdef('contact_history_at'::regclass)").endswith("USING btree (at)")


# -- the role -------------------------------------------------------------------------------------------------

@test
def the_role_can_read_the_views_and_nothing_else(lab):
    psql = world(lab)
    for name in views(psql):
        psql.run(f"select * from {name}")
    assert ask(psql, "current_setting('statement_timeout'), current_setting('default_transaction_read_only'),"
               " current_setting('search_path')") == ["1min|on|reporting"]
    everything = lab.psql("reporting_world").run("""
        select format('%I.%I', schemaname, tablename) from pg_tables
         where schemaname not in ('pg_catalog', 'information_schema')""")
    assert ("public.contacts",) in everything
    for (table,) in everything:
        assert "permission denied" in refusal(psql, f"select from {table}"), table
        assert "permission denied" in refusal(psql, f"begin read write; delete from {table}"), table
    assert "read-only transaction" in refusal(psql, "create temporary table mine ()")


@test
def a_role_that_lifts_its_own_settings_still_changes_nothing(lab):
    name = "reporting_rights"
    lab.postgres.create(name)
    assert leadd.migrate(lab.postgres.url(name), f"{lab.folder}/{name}.log") == 0
    psql = as_role("reporting", lab.postgres, name)
    free = "set default_transaction_read_only = off; set search_path = public, reporting;\n"
    for sql in ("create temporary table mine ()", "create table mine ()", "create table reporting.mine ()",
                "create schema mine", "insert into operators (name) values ('me')", "update contacts set status = 'closed'",
                "update load_now set active_load = 0", "delete from load_now", "select nextval('contacts_id_seq')",
                "alter view load_now rename to mine", "create role mine"):
        said = refusal(psql, free + sql)
        assert "permission denied" in said or "must be owner" in said or "cannot" in said, said


@test
def nobody_else_reads_the_views_unasked(lab):
    psql = lab.psql(lab.database)
    psql.run("create role stranger login")
    stranger = as_role("stranger", lab.postgres, lab.database)
    assert "permission denied" in refusal(stranger, "select from reporting.load_now")
    psql.run("grant reporting to stranger")
    stranger.run("select from reporting.load_now")


# -- the making of the role, on servers of their own ----------------------------------------------------------

RIGHTS = """
select relname, array(select acl::text from unnest(relacl) as acl where acl::text like 'reporting=%')
  from pg_class where relnamespace = 'reporting'::regnamespace
union all
select 'schema', array(select acl::text from unnest(nspacl) as acl where acl::text like 'reporting=%')
  from pg_namespace where nspname = 'reporting'
union all
select 'connect', array[has_database_privilege('reporting', current_database(), 'connect')::text]
union all
select 'temporary', array[has_database_privilege('reporting', current_database(), 'temporary')::text]
union all
select 'settings', setconfig from pg_db_role_setting where setrole = 'reporting'::regrole and setdatabase = 0
union all
select 'limit', array[rolconnlimit::text, rolcanlogin::text, rolsuper::text] from pg_roles where rolname = 'reporting'
 order by 1
"""


def has_role(psql):
    return psql.count("pg_roles where rolname = 'reporting'") == 1


def owned(postgres, owner, database):
    """A database of that role; the URL to migrate it."""
    Psql(postgres, "postgres").run(f"create database {database} owner {owner}")
    return postgres.url(database).replace("user=postgres", f"user={owner}")


def log_of(lab, name):
    with open(f"{lab.folder}/{name}.log", encoding="utf-8") as log:
        return log.read()


@test
def without_the_right_to_make_roles_the_service_does_without_and_a_script_mends_it(lab):
    postgres = Postgres()
    try:
        root = Psql(postgres, "postgres")
        root.run("create role humble login; create role maker login createrole")
        assert leadd.migrate(owned(postgres, "humble", "first"), f"{lab.folder}/humble.log") == 0
        assert "migrate.notice" in log_of(lab, "humble") and "reporting_role.sql" in log_of(lab, "humble")
        assert not has_role(root)
        first = Psql(postgres, "first")
        as_role("humble", postgres, "first").run("select from reporting.load_now")

        with open(f"{ROOT}/deploy/reporting_role.sql", encoding="utf-8") as script:
            script = script.read()
        for _ in "twice":
            first.run(script)
        as_role("reporting", postgres, "first").run("select from load_now")
        as_role("humble", postgres, "first").run("create table still_mine ()")
        by_script = first.run(RIGHTS)

        first.run("drop owned by reporting; drop role reporting")
        assert leadd.migrate(owned(postgres, "maker", "second"), f"{lab.folder}/maker.log") == 0
        assert "migrate.notice" not in log_of(lab, "maker")
        by_migration = Psql(postgres, "second").run(RIGHTS)
        assert len(by_migration) > 20
        assert [(name, acl.replace("maker", "humble")) for name, acl in by_migration] == by_script

        # A role that exists is taken as it is, also by somebody who could not have made it.
        root.run("alter role reporting set statement_timeout = '5min'")
        assert leadd.migrate(owned(postgres, "humble", "third"), f"{lab.folder}/third.log") == 0
        assert "migrate.notice" not in log_of(lab, "third")
        as_role("humble", postgres, "third").run(script)
        third = as_role("reporting", postgres, "third")
        assert third.value("show statement_timeout") == "5min"
        third.run("select from load_now")
    finally:
        postgres.close()


@test
def databases_that_migrate_at_the_same_time_make_the_role_once(lab):
    postgres = Postgres()
    try:
        root = Psql(postgres, "postgres")
        names = [f"crowd{index}" for index in range(3)]
        for name in names:
            postgres.create(name)
        with root.session() as session:
            session.run("begin; create role reporting")
            with meanwhile(together, len(names), lambda index: leadd.migrate(
                    postgres.url(names[index]), f"{lab.folder}/{names[index]}.log")) as codes:
                poll(lambda: root.count("pg_stat_activity where wait_event = 'transactionid' and datname like 'crowd%'")
                     == len(names), "all wait for the role that somebody makes", seconds=30)
                session.run("rollback")
            assert codes.result() == [0] * len(names), [log_of(lab, name) for name in names]
        assert has_role(root)
        for name in names:
            assert "migrate.notice" not in log_of(lab, name)
            as_role("reporting", postgres, name).run("select from load_now")
    finally:
        postgres.close()


# -- what the docs show ---------------------------------------------------------------------------------------

@test
def every_query_of_the_docs_runs_as_the_role(lab):
    psql = world(lab)
    for query in queries_of_the_docs():
        psql.run(query)


@test
def every_shortcut_of_psqlrc_runs_as_the_role(lab):
    path = f"{ROOT}/deploy/psqlrc"
    with open(path, encoding="utf-8") as file:
        names = re.findall(r"^\\set (\w+) 'select", file.read(), re.MULTILINE)
    with open(f"{ROOT}/docs/REPORTING.md", encoding="utf-8") as file:
        assert len(names) > 8 and set(re.findall(r"`:(\w+)`", file.read())) == set(names)
    for name in names:
        world(lab).run(f"\\i {path}\n:{name}\n")
