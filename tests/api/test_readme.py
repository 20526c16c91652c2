"""The README's walk-through and its way to keys, typed as they stand there, the tables of roles and of settings: all must
be what the program says. The Russian README must show the same as the English one."""

import fnmatch
import itertools
import json
import os
import re
import shutil
import subprocess

import server as leadd
from harness import test

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"^```\w+\n(?s:.*?)^```\n|(?<=\n\n)(?: {4}.*\n)+", re.MULTILINE)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\.\d{6}Z")
MINUTE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d|\bnever\b")
KEY = re.compile(r"leadd_[0-9a-f]{64}")
DRAWN = ("operator_id", "instance", "waiting_seconds", "expected", "expected_share")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def parts(path, translation):
    """What both languages have in common: code, levels of headings, rows of tables, where links lead."""
    text = read(path)
    prose = CODE.sub("", text)
    headings = re.findall(r"^(#+) (.+)$", prose, re.MULTILINE)
    anchors = ["#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for _, title in headings]
    links = [target for target in re.findall(r"\]\(([^)\s]+)\)", prose) if target != translation]
    assert f"]({translation})" in prose, f"{path} does not lead to {translation}"
    for target in links:
        assert target[0] != "#" or target in anchors, f"{path}: there is no heading for {target}"
    return {
        "code": CODE.findall(text),
        "headings": [len(level) for level, _ in headings],
        "rows": [row.count("|") for row in re.findall(r"^\|.*", prose, re.MULTILINE)],
        "links": [anchors.index(target) if target[0] == "#" else target for target in links],
    }


def section(title):
    return read("README.md").split(f"\n## {title}\n")[1].split("\n## ")[0]


def steps_of(title, settings=""):
    """(commands, answers) of each step; the commands of blocks that show no answer go in front of all later ones."""
    blocks = BLOCK.findall(section(title))
    assert {kind for kind, _ in blocks} <= {"sh", "json", "text"}, "blocks are sh, or json or text behind them"
    for (kind, text), (next_kind, answer) in zip(blocks, [*blocks[1:], ("sh", "")]):
        if kind == "sh" and next_kind != "sh":
            yield settings + text, answer
        elif kind == "sh":
            settings += text


def masked(value, name=""):
    """Times, request ids and what was drawn are replaced by words; whether there is an operator remains."""
    if isinstance(value, dict):
        kept = {"operator_id"} if "operator_name" in value else set()
        return {key: member if key in kept else masked(member, key) for key, member in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    if value is not None and name in DRAWN:
        return name
    if isinstance(value, str) and TIME.fullmatch(value):
        return "time"
    return "key" if isinstance(value, str) and KEY.fullmatch(value) else value


def shape(line):
    """What has to be the same of a line: JSON by its values, of tables the columns, of headers all but ids and dates."""
    if line.startswith("{"):
        return masked(json.loads(line))
    if " | " in line:
        return [re.sub(r"^\d+$", "number", cell.strip()) for cell in line.split("|")]
    if MINUTE.search(line):
        return MINUTE.sub("minute", line).split()
    return re.sub(r"^(X-Request-Id|Date): .*", r"\1", line.rstrip())


def typed(commands, api, lab, database):
    """What a shell prints, on the test's server and database instead of the README's."""
    commands = commands.replace("127.0.0.1:8000", f"127.0.0.1:{api.port}")
    place = f"PGHOST={lab.postgres.folder} PGUSER=postgres PGDATABASE={database}"
    commands = re.sub(r"PGHOST=\S+ PGUSER=\S+ PGDATABASE=\S+", place, commands)
    commands = commands.replace("build/leadd", leadd.binary()).replace("$(mktemp -d)", lab.folder)
    environment = {"PATH": f"{lab.postgres.bin}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent",
                   "DATABASE_URL": lab.postgres.url(database)}
    done = subprocess.run(["bash", "-euc", commands], capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def shapes(text):
    """Of each line that is not blank; a list of the service may go on behind a comma at the end of a line."""
    lines = re.sub(r", *\n", ", ", text.replace("\r", "")).splitlines()
    return [shape(line) for line in lines if line.strip()]


@test
def the_walk_through_says_what_happens(lab):
    if not shutil.which("curl"):
        print("left out: the README's walk-through, for want of curl")
        return
    database = lab.new_database("readme")
    api = lab.serve(database)
    steps = list(steps_of("Walk-through"))
    assert len(steps) > 10, "the walk-through was not found"
    must_answer(steps, api, lab, database)
    api.server.must_leave_cleanly()
    settings = BLOCK.findall(section("Walk-through"))[0][1]
    must_answer(key_steps(settings), lab.serve(database, AUTH="keys"), lab, database)


def must_answer(steps, api, lab, database):
    for commands, answer in steps:
        got = typed(commands, api, lab, database)
        assert shapes(got) == shapes(answer), f"{commands}\n{got}"


def key_steps(settings):
    """In one shell, since the key is in a variable of it."""
    steps = list(steps_of("Keys and roles", settings))
    assert len(steps) == 3, "the steps to a key were not found"
    commands = [commands.removeprefix(settings) for commands, _ in steps]
    return [(settings + "".join(commands), "".join(answer for _, answer in steps))]


@test
def the_table_of_settings_is_the_programs():
    printed = subprocess.run([leadd.binary(), "settings"], capture_output=True, text=True, check=True, env={}).stdout
    assert printed == read("docs/CONFIG.md"), "make it anew: leadd settings > docs/CONFIG.md"


@test
def the_russian_readme_shows_the_same_as_the_english_one():
    english, russian = parts("README.md", "README.ru.md"), parts("README.ru.md", "README.md")
    assert len(english["code"]) > 30 and len(english["links"]) > 10, "code and links were not found"
    for name in english:
        for there, here in itertools.zip_longest(english[name], russian[name]):
            assert here == there, f"{name}: README.ru.md has\n{here}\nwhere README.md has\n{there}"


@test
def the_table_of_roles_is_the_programs(lab):
    """Who opens what, by the OpenAPI document, and by the README's words `METHOD /path`."""
    paths = lab.serve(AUTH="keys").get("/openapi.json").must(200)["paths"]
    opened = {"ingest": set(), "operator": set(), "supervisor": set(), "admin": set()}
    open_to_all = set()
    for path, operations in paths.items():
        for method, operation in operations.items():
            name = f"{method.upper()} {path.removeprefix('/api/v1')}"
            roles = re.search(r"\n\nFor keys with one of these roles: ([a-z, ]+)\.$", operation["description"])
            if not roles:
                open_to_all.add(path)
            for role in roles[1].split(", ") if roles else []:
                opened[role].add(name)
    text = section("Keys and roles")
    words = re.compile(r"`((?:GET|POST|PATCH|PUT|DELETE) /[^`]*)`")
    table = {role: set(words.findall(row)) for role, row in re.findall(r"^\| `(\w+)` (.*)$", text, re.MULTILINE)}
    everybodys = set(words.findall(re.search(r"^Every key opens .*?\.", text, re.MULTILINE)[0]))
    assert everybodys == set.intersection(*opened.values()), everybodys
    assert table.keys() == opened.keys() and opened["admin"] >= set.union(*opened.values())
    assert table["ingest"] | everybodys == opened["ingest"], opened["ingest"]
    assert table["operator"] | everybodys == opened["operator"], opened["operator"]
    assert not table["supervisor"] and table["admin"] == opened["admin"] - opened["supervisor"], table
    patterns = re.findall(r"`(/[^`]+)`", re.search(r"No key is needed for (?s:.*?)\.\s", text)[0]) + ["/", "/assets/*"]
    for path in open_to_all:
        assert any(fnmatch.fnmatch(path, pattern) for pattern in patterns), f"{path} is open, and the README does not say so"
