"""Whether those who drain backlogs are woken, as somebody sees it who listens beside them."""

from waiting import poll


def wakes(api, act):
    """Whether act() notified them. Notifications arrive in the order of the commits: what comes behind it ends it."""
    with api.psql.session() as session:
        session.run("listen leadd_backlog; listen over")
        act()
        api.psql.run("notify over")
        heard = []

        def is_over():
            heard.extend(session.run("select 1"))
            return any('"over"' in line for line in heard)

        poll(is_over, "the end is heard")
        return any('"leadd_backlog"' in line for line in heard)
