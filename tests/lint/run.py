#!/usr/bin/env python3
"""
Checks what no compiler knows: the directions between the layers, the house style's limits, calls that are never right,
the SQL files, and the scripts. Prints one line for each fault.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

LINES_MAX = 400
COLUMNS_MAX = 120
TAB = 8
GENERATED = {"queries.h": "db", "migrations.h": "db"}

# Layers beside a layer's own that it may include; app may include all. A name with a slash is one header.
MAY_INCLUDE = {
    "base": [],
    "domain": ["base/rng.h"],
    "db": ["base"],
    "http": ["base"],
    "service": ["domain", "db", "base", "http/client.h"],
    "api": ["service", "http", "db", "domain", "base"],
}

# Libraries that only some files know.
LIBRARIES = [
    (r"event2/", r"(src|include)/http/|src/base/(loop|turns|lookup)\.c|tests/unit/fake_request\.c|tests/fuzz/framing\.c"),
    (r"libpq", r"src/db/|tests/db/"),
    (r"json-c/", r"(src|include)/(http|api)/|tests/unit/|tests/fuzz/(json|bulk)\.c"),
    (r"openssl/", r"src/(base|http|tools)/|src/api/cursor\.c"),
    (r"check\.h", r"tests/"),
]

# Calls that are never right here, and what is.
BANNED = {
    "strcpy": "buf.h or arena_copy()", "strcat": "buf.h", "strncpy": "memcpy() with a known length", "strncat": "buf.h",
    "sprintf": "snprintf(), buf_printf() or arena_printf()", "vsprintf": "vsnprintf()", "gets": "fgets()",
    "atoi": "strtol() and its end", "atol": "strtol() and its end", "atoll": "strtoll() and its end",
    "atof": "strtod() and its end", "strtok": "strtok_r()", "rand": "rng.h", "srand": "rng.h", "random": "rng.h",
    "system": "app/child.h", "popen": "app/child.h", "sleep": "a timer of the loop", "usleep": "a timer of the loop",
    "alloca": "an arena", "localtime": "localtime_r()", "gmtime": "gmtime_r()", "ctime": "strftime()",
    "asctime": "strftime()", "strerror_r": "strerror()", "setjmp": "an error value", "tmpnam": "mkstemp()",
    "mktemp": "mkstemp()",
}
OWN_MEMORY = {"malloc", "calloc", "realloc", "free", "strdup", "strndup", "asprintf", "vasprintf"}
OWN_MEMORY_FILES = re.compile(r"src/base/mem\.c|tests/")

SQL_IN_C_FILES = {
    "src/db/migrate.c",  # its own table must exist before the first migration
    "src/app/database.c",  # settings of the sessions, which come before the statements are prepared
}
SQL_IN_C = re.compile(r'"\s*(select\s|insert into\s|update \w+\s+set\s|delete from\s|with \w+ as)', re.IGNORECASE)

faults = []


def fault(path, line, message):
    faults.append(f"{path}:{line}: {message}" if line else f"{path}: {message}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def without_comments(text, keep_strings):
    """The same lines without comments, and without the content of texts unless they are kept."""

    def blank(match):
        token = match.group(0)
        if token[0] in "\"'":
            return token if keep_strings or len(token) < 2 else token[0] + token[-1]
        return "\n" * token.count("\n")

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.DOTALL)


def layer_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] in ("src", "include") and len(parts) > 2 else None


def check_quoted_include(path, number, name, layers):
    own = layer_of(path)
    folder = name.split("/")[0] if "/" in name else GENERATED.get(name)
    if folder is None:
        fault(path, number, f'"{name}": an include names its folder')
        return
    if own is None or folder == own or folder == "tools" == own:
        return
    if "/" in name and not os.path.exists(f"include/{name}") and os.path.exists(f"src/{name}"):
        fault(path, number, f'"{name}" is private to {folder}')
    if own == "tools":
        allowed = ["base"]
    elif own == layers[-1]:
        allowed = layers
    else:
        allowed = MAY_INCLUDE[own]
    if folder not in allowed and name not in allowed:
        fault(path, number, f'{own} must not know "{name}" (it may include {", ".join(allowed) or "nothing of ours"})')


def check_includes(path, text, layers):
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', line)
        if not match:
            continue
        if match[1]:
            check_quoted_include(path, number, match[1], layers)
            continue
        for library, places in LIBRARIES:
            if re.match(library, match[2]) and not re.match(places, path):
                fault(path, number, f"<{match[2]}> belongs to {places} only")


def check_text_limits(path, text):
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(TAB)) > COLUMNS_MAX:
            fault(path, number, f"longer than {COLUMNS_MAX} columns")
        if line != line.rstrip():
            fault(path, number, "blanks at the end of the line")
    if text and not text.endswith("\n"):
        fault(path, len(lines), "the last line has no end")
    return len(lines)


def check_c_file(path, layers):
    text = read(path)
    check_includes(path, text, layers)
    if check_text_limits(path, text) > LINES_MAX:
        fault(path, 0, f"{len(text.splitlines())} lines, at most {LINES_MAX}")
    if not text.startswith("/*"):
        fault(path, 1, "the first comment says why the file exists")
    code = without_comments(text, keep_strings=False)
    for number, line in enumerate(code.splitlines(), 1):
        for name in re.findall(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(", line):
            if name in BANNED:
                fault(path, number, f"{name}(): use {BANNED[name]}")
            if name in OWN_MEMORY and not OWN_MEMORY_FILES.match(path):
                fault(path, number, f"{name}(): memory comes from base/mem.h")
    if path.startswith("src/") and path not in SQL_IN_C_FILES:
        for number, line in enumerate(without_comments(text, keep_strings=True).splitlines(), 1):
            if SQL_IN_C.search(line):
                fault(path, number, "SQL lives in sql/, not in C texts")
    if path.endswith(".h") and not re.search(r"^#ifndef (LEADD_\w+_H)\n#define \1\n", text, re.MULTILINE):
        fault(path, 0, "no include guard LEADD_..._H")


def check_sql():
    used = "".join(read(path) for path in glob.glob("src/*/*.[ch]") + glob.glob("include/*/*.h"))
    names = set(re.findall(r"\bQ_[A-Z0-9_]+", used))
    queries = sorted(glob.glob("sql/queries/*.sql") + glob.glob("sql/once/*.sql"))
    fragments = sorted(glob.glob("sql/fragments/*.sql"))
    for path in queries + fragments + sorted(glob.glob("sql/migrations/*.sql")):
        text = read(path)
        check_text_limits(path, text)
        if not text.startswith("--"):
            fault(path, 1, "the first comment says what it is for")
        body = re.sub(r"--[^\n]*", "", text)
        if re.search(r"select\s+\*", body):
            fault(path, 0, "no select *: columns have names")
    for path in queries:
        name = os.path.basename(path).removesuffix(".sql")
        if f"Q_{name.upper()}" not in names:
            fault(path, 0, f"Q_{name.upper()} is used nowhere in src")
    texts = "".join(read(path) for path in queries + fragments)
    for path in fragments:
        name = os.path.basename(path).removesuffix(".sql")
        if not re.search(r"\{\{" + name + r"[ }]", texts):
            fault(path, 0, "is used nowhere")


def run(command, what):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        fault(what, 0, (done.stdout + done.stderr).strip())


def check_scripts():
    shell = glob.glob("scripts/*.sh") + glob.glob("deploy/**/*.sh", recursive=True) + glob.glob(".ci/run")
    run(["shellcheck", *sorted(shell)], "shellcheck")
    for path in sorted(glob.glob("tests/**/*.py", recursive=True) + glob.glob("scripts/*.py")):
        try:
            compile(read(path), path, "exec")
        except SyntaxError as error:
            fault(path, error.lineno, error.msg)
    if shutil.which("node"):
        pages = glob.glob("src/console/**/*.*js", recursive=True)
        for path in sorted(pages + glob.glob("tests/browser/**/*.mjs", recursive=True)):
            run(["node", "--check", path], path)


def check_console():
    """The console's files keep to the limits of the house, and each is named where it has to be."""
    embedded = read("src/console/assets.txt").split()
    page = read("src/console/console.html")
    for path in sorted(glob.glob("src/console/app/*")):
        name = os.path.basename(path)
        if check_text_limits(path, read(path)) > LINES_MAX:
            fault(path, 0, f"more than {LINES_MAX} lines")
        if f"app/{name}" not in embedded:
            fault(path, 0, "is not in src/console/assets.txt")
        if f'"/assets/console/{name}"' not in page:
            fault(path, 0, "is not in src/console/console.html, so it is asked for late")


def check_documents():
    """Links inside the project lead somewhere."""
    for path in sorted(glob.glob("*.md") + glob.glob("docs/*.md")):
        for number, line in enumerate(read(path).splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)", line):
                if "://" not in target and not os.path.exists(os.path.join(os.path.dirname(path), target)):
                    fault(path, number, f"{target} does not exist")


# How a line gets into the log: by a level's own call, or by one that is given the level.
EVENT_CALLS = re.compile(
    r'\blog_(?P<own>warn|error)\(\s*"(?P<event>[\w.]+)"'
    r'|\blog_line\((?P<given>[^";]+),\s*"(?P<given_event>[\w.]+)"'
    r'|\b\w+\(\s*"(?P<told_event>[\w.]+)",\s*LOG_(?P<told>WARN|ERROR)')


def logged_events():
    """What the source writes at warn or error: event, the levels that it may have, and the file."""
    for path in sorted(glob.glob("src/*/*.c")):
        for match in EVENT_CALLS.finditer(without_comments(read(path), keep_strings=True)):
            given = match["given"] or ""
            levels = {level for level in ("warn", "error") if f"LOG_{level.upper()}" in given}
            if match["own"] or match["told"]:
                levels = {(match["own"] or match["told"]).lower()}
            # One that is computed may be any.
            yield match["event"] or match["given_event"] or match["told_event"], levels or {"warn", "error"}, path


def check_log_events():
    """Each line at warn and above has its row in OPERATIONS.md, under a level that it has, and each row its line."""
    document = "docs/OPERATIONS.md"
    documented = {}
    for level in ("error", "warn"):
        section = re.search(rf"^### {level}\n(.*?)^###", read(document), re.MULTILINE | re.DOTALL)
        cells = re.findall(r"^\| (`[^|]+) \|", section[1], re.MULTILINE)
        documented[level] = {name for cell in cells for name in re.findall(r"`([a-z]+(?:\.[a-z_]+)?)`", cell)}
    logged = list(logged_events())
    for event, levels, path in logged:
        if not any(event in documented[level] for level in levels):
            fault(path, 0, f"{event} has no row under {' or '.join(sorted(levels))} in {document}")
    for level, events in documented.items():
        for event in sorted(events - {event for event, levels, _ in logged if level in levels}):
            fault(document, 0, f"{event} is logged nowhere at {level}")


def check_settings():
    """docs/CONFIG.md is printed by the program; OPERATIONS.md says of each setting what it is good for."""
    path = "docs/OPERATIONS.md"
    text = read(path)
    for name in re.findall(r"^\| `(\w+)`", read("docs/CONFIG.md"), re.MULTILINE):
        if f"`{name}`" not in text and f"`{name}=" not in text:
            fault(path, 0, f"{name} is a setting, and not explained")


def tracked_files():
    """What git knows or would add; without git, what lies in the source folders."""
    done = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [path for path in done.stdout.splitlines() if os.path.isfile(path)]
    tops = ("src", "include", "tests", "sql", "docs", "scripts")
    paths = [path for top in tops for path in glob.glob(f"{top}/**", recursive=True)]
    return [path for path in paths if os.path.isfile(path)]


def check_leftovers():
    words = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    for path in tracked_files():
        if path.endswith("package-lock.json"):
            continue
        try:
            text = read(path)
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if words.search(line):
                fault(path, number, "something was left for later")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", required=True, help="from the lowest to the highest, as the Makefile lists them")
    layers = parser.parse_args().layers.split()
    os.chdir(ROOT)
    for folder in sorted(glob.glob("src/*/") + glob.glob("include/*/")):
        name = folder.split("/")[1]
        if name not in [*layers, "tools", "console"]:
            fault(folder, 0, f"{name} is not one of the Makefile's LAYERS")
    for path in sorted(glob.glob("src/*/*.[ch]") + glob.glob("include/*/*.h") + glob.glob("tests/*/*.[ch]")):
        check_c_file(path, layers)
    check_sql()
    check_scripts()
    check_console()
    check_documents()
    check_log_events()
    check_settings()
    check_leftovers()
    print("\n".join(faults) if faults else "lint: no faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
