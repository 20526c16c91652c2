"""The history of contacts as it is stored."""


def optional(text):
    return int(text) if text else None


def steps_of(api, contact):
    """[(kind, actor, reason, from, to)], oldest first."""
    rows = api.psql.run(f"""select kind, actor, coalesce(reason, ''), from_operator_id, to_operator_id
                              from contact_history where contact_id = {contact['id']} order by id""")
    return [(kind, actor, reason, optional(before), optional(after)) for kind, actor, reason, before, after in rows]


def last_step_of(api, contact):
    return steps_of(api, contact)[-1]


def choice_of(api, contact):
    """(batch, ordinal, draw) of the newest step; None for what is not there."""
    row = api.psql.run(f"""select batch_id, ordinal, draw from contact_history
                            where contact_id = {contact['id']} order by id desc limit 1""")[0]
    return tuple(optional(text) for text in row)
