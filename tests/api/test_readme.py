"""The README's walk-through, typed as it stands there, and the table of settings: both must be what the program says.
The Russian README must show the same as the English one."""

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


def walk_through():
    """(commands, answers) of each step; the commands of blocks that show no answer go in front of all later ones."""
    section = read("README.md").split("\n## Walk-through\n")[1].split("\n## ")[0]
    blocks = BLOCK.findall(section)
    assert {kind for kind, _ in blocks} <= {"sh", "json", "text"}, "blocks are sh, or json or text behind them"
    settings = ""
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
    return "time" if isinstance(value, str) and TIME.fullmatch(value) else value


def shape(line):
    """What has to be the same of a line: JSON by its values, of tables the columns, of headers all but ids and dates."""
    if line.startswith("{"):
        return masked(json.loads(line))
    if " | " in line:
        return [re.sub(r"^\d+$", "number", cell.strip()) for cell in line.split("|")]
    return re.sub(r"^(X-Request-Id|Date): .*", r"\1", line.rstrip())


def typed(commands, api, lab, database):
    """What a shell prints, on the test's server and database instead of the README's."""
    commands = commands.replace("127.0.0.1:8000", f"127.0.0.1:{api.port}")
    place = f"PGHOST={lab.postgres.folder} PGUSER=postgres PGDATABASE={database}"
    commands = re.sub(r"PGHOST=\S+ PGUSER=\S+ PGDATABASE=\S+", place, commands)
    environment = {"PATH": f"{lab.postgres.bin}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
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
    steps = list(walk_through())
    assert len(steps) > 10, "the walk-through was not found"
    for commands, answer in steps:
        got = typed(commands, api, lab, database)
        assert shapes(got) == shapes(answer), f"{commands}\n{got}"


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
