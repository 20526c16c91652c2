"""The command line as a shell sees it: what is taken, what is refused, and with which exit code."""

import os
import subprocess

import server as leadd
from harness import test
from postgres import clean_environment
from waiting import Stopwatch

EXIT_ARGUMENTS, EXIT_CONFIG = 2, 3


def must_refuse(done, code, said):
    """With that exit code and one line that holds the words."""
    assert (done.returncode, done.stdout) == (code, "") and done.stderr.count("\n") == 1, done
    assert said in done.stderr, done


@test
def help_version_and_settings_are_told_whatever_the_environment_holds():
    for word, said in (("--help", "usage: leadd"), ("--version", "leadd "), ("settings", "| `BATCH_MAX` |")):
        done = leadd.command([word], BATCH_MAX="none", PORT="http")
        assert (done.returncode, done.stderr) == (0, "") and said in done.stdout, done


@test
def words_too_many_are_refused_and_nothing_is_served(lab):
    url = lab.postgres.url(lab.database)
    must_refuse(leadd.command(["migrate", "serve"], DATABASE_URL=url), EXIT_ARGUMENTS, '"serve" is a second command')
    must_refuse(leadd.command(["explain", "1", "2"], DATABASE_URL=url), EXIT_ARGUMENTS, '"2" is one too many')


@test
def an_empty_database_url_makes_no_private_database(lab):
    folder = f"{lab.folder}/never"
    for arguments, settings in (([], {"DATABASE_URL": ""}), (["--database-url", ""], {}), (["audit"], {"DATABASE_URL": ""})):
        must_refuse(leadd.command(arguments, DATA_DIR=folder, **settings), EXIT_CONFIG, "DATABASE_URL is empty")
    assert not os.path.exists(folder)


@test
def a_database_url_that_can_never_work_is_a_wrong_setting():
    for url, said in (("host=/nowhere port=abc", "the option port"), ("postgresql:///x?sslmode=foo", "the option sslmode"),
                      ("service=nope", "the option service"), ("postgres://u:secret@[x", "malformed")):
        for command in ("serve", "migrate", "audit"):
            with Stopwatch() as watch:
                done = leadd.command([command], DATABASE_URL=url)
            must_refuse(done, EXIT_CONFIG, f"DATABASE_URL cannot work: {'it is ' * (said == 'malformed')}{said}")
            assert watch.seconds < 10 and "secret" not in done.stderr, done


@test
def a_limit_of_open_files_that_does_not_suffice_is_told(lab):
    environment = {**clean_environment(), "DATABASE_URL": lab.postgres.url(lab.database), "PORT": "0"}

    def serve(limits, **settings):
        """What it has said when it serves; then it is stopped."""
        process = subprocess.Popen(["sh", "-c", f'{limits}; exec "$0"', leadd.binary()], text=True, cwd="/",
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**environment, **settings})
        assert "listening" in process.stdout.readline()
        process.terminate()
        said = process.communicate(timeout=60)[1]
        assert process.returncode == 0, said
        return said

    assert " warn  app.few_descriptors limit=40 wanted=20036 connections_max=20000\n" in serve("ulimit -n 40")
    assert "limit=135 wanted=136" in serve("ulimit -Sn 40; ulimit -Hn 135", CONNECTIONS_MAX="100")
    assert "descriptors" not in serve("ulimit -Sn 40; ulimit -Hn 136", CONNECTIONS_MAX="100"), "the soft limit is not raised"
