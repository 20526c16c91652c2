"""Bearers of keys, for tests of a server with AUTH=keys."""

import secrets

import server as leadd


def make_key(lab, role="admin", *arguments, name=None, database=None):
    """A key that the command line made."""
    url = lab.postgres.url(database or lab.database)
    name = name or f"{role} {secrets.token_hex(4)}"
    done = leadd.command(["key", "create", "--role", role, "--name", name, *arguments], DATABASE_URL=url)
    assert done.returncode == 0, done
    return done.stdout.strip()


def as_admin(lab, client):
    """The same client with an admin's key, one for each test file."""
    if not hasattr(lab, "admin_key"):
        lab.admin_key = make_key(lab, name="tests")
    return client.bearing(lab.admin_key)


def bearer(admin, role, **members):
    """A client with a new key of that role."""
    made = admin.post("keys/", {"name": admin.unique(role), "role": role, **members}).must(201)
    holder = admin.bearing(made["key"])
    holder.key_name, holder.key_id = made["name"], made["id"]
    return holder
