#!/usr/bin/env python3
"""The build tool that turns SQL and the console's files into C: what it makes, and what it refuses with file and line."""

import os
import re
import subprocess
import sys
import tempfile

EMBED = os.path.abspath(os.path.join(os.environ.get("BUILD", "build"), "embed"))
TESTS = []


def test(function):
    TESTS.append(function)
    return function


class Folder:
    """Input files, and the tool run on them."""

    base = None  # all of them are made in here

    def __init__(self, files):
        self.path = tempfile.mkdtemp(dir=self.base)
        for folder in ("queries", "once", "fragments", "migrations", "out"):
            os.mkdir(f"{self.path}/{folder}")
        for name, text in files.items():
            with open(f"{self.path}/{name}", "w", encoding="utf-8") as file:
                file.write(text)

    def run(self, *arguments):
        return subprocess.run([EMBED, *arguments], cwd=self.path, capture_output=True, text=True, check=False)

    def queries(self):
        return self.run("queries", "out", "queries", "once", "fragments")

    def migrations(self):
        return self.run("migrations", "out", "migrations")

    def assets(self):
        return self.run("assets", "out", "list", ".", "queries")

    def read(self, name):
        with open(f"{self.path}/out/{name}", encoding="utf-8") as file:
            return file.read()

    def sql(self):
        """name -> (text, number of parameters)"""
        return {name: row[:2] for name, row in self.rows().items()}

    def rows(self):
        """name -> (text, number of parameters, bits of those that are lists)"""
        rows = re.findall(r'\{ "(\w+)",\n\t((?:"(?:[^"\\]|\\.)*"\s*)+),\n\t(\d+), (\w+) \}', self.read("queries.c"))
        joined = {name: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', text)) for name, text, _, _ in rows}
        return {name: (joined[name].replace("\\n", "\n").replace("\\?", "?"), int(count), int(bits, 0))
                for name, _, count, bits in rows}


def must(done, said=None):
    """It did it; or, with `said`, it refused and said that."""
    if said is None:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode != 0 and said in done.stderr, (done.returncode, done.stderr)


def query(sql, **fragments):
    folder = Folder({"queries/q.sql": sql, **{f"fragments/{name}.sql": text for name, text in fragments.items()}})
    return folder, folder.queries()


@test
def comments_and_the_last_semicolon_are_dropped():
    folder, done = query("-- Reads. $9\n-- $1 id\nselect a, -- why\n\n       b\n  from t\n where id = $1;\n")
    must(done)
    assert folder.sql() == {"q": ("select a,\n       b\n  from t\n where id = $1", 1)}


@test
def texts_in_quotes_are_kept():
    folder, done = query("select '--$7 {{x}} ?', \"odd -- name\" where $2 = 1")
    must(done)
    assert folder.sql() == {"q": ("select '--$7 {{x}} ?', \\\"odd -- name\\\" where $2 = 1", 2)}


@test
def the_enum_is_sorted_by_name():
    folder = Folder({"queries/b.sql": "select 2", "queries/a_c.sql": "select 1", "queries/note.txt": "no"})
    must(folder.queries())
    assert re.findall(r"Q_\w+", folder.read("queries.h"))[:3] == ["Q_A_C", "Q_B", "Q_COUNT"]


@test
def those_that_run_once_come_behind_all_others():
    folder = Folder({"queries/b.sql": "select 2", "once/a.sql": "select {{x}}", "fragments/x.sql": "1"})
    must(folder.queries())
    assert re.findall(r"Q_\w+", folder.read("queries.h"))[:5] == ["Q_B", "Q_COUNT", "Q_POOLS_LAST", "Q_COUNT", "Q_A"]
    assert list(folder.sql().items()) == [("b", ("select 2", 0)), ("a", ("select 1", 0))]


@test
def fragments_are_put_in_with_their_arguments():
    folder, done = query("select {{pair o 7}} from o", pair="-- $1 no\n%1.a,\n%1.b + {{plus %2}}\n", plus="%1 + $3\n")
    must(done)
    assert folder.sql() == {"q": ("select o.a,\no.b + 7 + $3 from o", 3)}


@test
def a_statement_over_lists_gets_a_twin_for_one_item_of_each():
    folder, done = query("insert into t\nselect $1::bigint, a, b\n  from unnest($2::bigint[], $3::text[]::numeric[])\n"
                         "    as given (a, b)\n where c = any ($4::text[]) and d ~ '^x$'")
    must(done)
    assert folder.rows()["q"][2] == 0b1110
    assert folder.rows()["q_one"] == ("insert into t\nselect $1::bigint, a, b\n  from (select $2::bigint, $3::text::numeric)\n"
                                      "    as given (a, b)\n where c = $4::text and d ~ '^x$'", 4, 0)
    assert re.findall(r"Q_\w+", folder.read("queries.h"))[:2] == ["Q_Q", "Q_Q_ONE"]


@test
def a_list_that_is_used_in_any_other_way_too_has_no_twin():
    for sql in ("select from t where a = any ($1::bigint[]) or cardinality($1) = 0", "select from t where a = any ($1)",
                "select from unnest($1::text[]) with ordinality as given (a, n)", "select from unnest(t.list) as given (a)"):
        folder, done = query(sql)
        must(done)
        assert folder.rows() == {"q": (sql, sql.count("$1") and 1, 0)}


@test
def what_is_no_parameter_is_left_alone_in_a_twin():
    folder, done = query("select from t, unnest(t.a) as x from unnest(t.b) as given (c) where d = any ($1::bigint[])")
    must(done)
    assert folder.rows()["q_one"][0] == "select from t, unnest(t.a) as x from unnest(t.b) as given (c) where d = $1::bigint"


@test
def wrong_fragments_are_refused_with_their_place():
    must(query("-- c\n\nselect {{nope}}")[1], "queries/q.sql:3: no fragment \"nope\"")
    must(query("select {{a}}", a="1,\n{{b}}", b="\n\n{{a}}")[1], "fragments/b.sql:3: fragment \"a\" uses itself")
    must(query("select {{a x}}", a="%1\n%2")[1], "fragments/a.sql:2: %2, but the use gives 1 arguments")
    must(query("select {{a")[1], "queries/q.sql:1: {{ without }}")
    must(query("select {{../queries/q}}")[1], "no fragment")


@test
def files_without_a_statement_are_refused():
    must(query("-- only words\n")[1], "queries/q.sql: no statement")
    must(query("select 'x")[1], "queries/q.sql:1: a quote is not closed")
    folder = Folder({"queries/Big.sql": "select 1"})
    must(folder.queries(), "names are lower case")


@test
def what_did_not_change_is_not_written_again():
    folder, done = query("select 1")
    must(done)
    os.utime(f"{folder.path}/out/queries.h", (1, 1))
    must(folder.queries())
    assert os.stat(f"{folder.path}/out/queries.h").st_mtime == 1


@test
def migrations_are_numbered_without_gaps():
    folder = Folder({"migrations/0001_core.sql": "create table t (a text);\n", "migrations/0002_b.sql": "x"})
    must(folder.migrations())
    text = folder.read("migrations.c")
    assert '{ 1, "core",' in text and '{ 2, "b",' in text and "migration_count = 2" in text
    assert "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" in text  # sha256 of "x"
    must(Folder({"migrations/0002_b.sql": "x"}).migrations(), "number 0002 where 0001 is expected")
    must(Folder({"migrations/0001_a.sql": "x", "migrations/0001_b.sql": "x"}).migrations(), "0002 is expected")
    must(Folder({"migrations/1_a.sql": "x"}).migrations(), "NNNN_name.sql")


@test
def assets_are_packed_where_that_saves():
    folder = Folder({"list": "# a note\nd/big.css big.css\nsmall.js small.js\n", "big.css": "a {}\n" * 500,
                     "queries/small.js": "hi\n"})
    must(folder.assets())
    rows = re.findall(r'\{ "([^"]+)", "([^"]+)", "[^,]+", ("gzip"|0), asset_\d, (\d+) \}', folder.read("assets.c"))
    assert [row[:3] for row in rows] == [("d/big.css", "text/css; charset=utf-8", '"gzip"'),
                                         ("small.js", "text/javascript; charset=utf-8", "0")]
    assert int(rows[0][3]) < 200 and rows[1][3] == "3"
    with open(f"{folder.path}/out/assets/1.bin", "rb") as file:
        assert file.read() == b"hi\n"


@test
def assets_that_are_missing_or_of_an_unknown_kind_are_refused():
    must(Folder({"list": "a.js gone.js\n"}).assets(), "gone.js: in none of the folders")
    must(Folder({"list": "a.exe a\n", "a": "x"}).assets(), "no content type")
    must(Folder({"list": "a.js\n"}).assets(), 'a line is "asset/path file"')


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="leadd-embed-") as Folder.base:
        for function in TESTS:
            try:
                function()
            except Exception as error:  # a test fails in whatever way it likes
                failed += 1
                print(f"FAILED {function.__name__}: {error!r}")
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
