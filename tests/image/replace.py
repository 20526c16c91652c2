#!/usr/bin/env python3
"""What deploy/replace.sh asks Docker to do, and in which order: a stand-in for `docker` notes it, and answers."""

import os
import subprocess
import sys
import tempfile
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLD = ["aaa1", "aaa2"]
NEW = ["bbb1", "bbb2"]

# `ps --all` is asked once new ones were made; FAILS names what fails.
DOCKER = """#!/bin/sh
echo "$*" >>"$NOTES"
case "$*" in
"compose ps -q service") printf '%s\\n' $RUNNING ;;
"compose ps -q --all service") printf '%s\\n' $RUNNING $MADE ;;
esac
case "$*" in $FAILS) exit 1 ;; esac
"""


def replace(running=(), fails=""):
    """Exit code, what it printed, and the commands that it gave."""
    with tempfile.TemporaryDirectory() as folder:
        docker, notes = os.path.join(folder, "docker"), os.path.join(folder, "notes")
        with open(docker, "w", encoding="utf-8") as file:
            file.write(DOCKER)
        os.chmod(docker, 0o755)
        environment = {"PATH": f"{folder}:{os.environ['PATH']}", "NOTES": notes, "RUNNING": " ".join(running),
                       "MADE": " ".join(NEW), "FAILS": fails}
        done = subprocess.run([os.path.join(ROOT, "deploy", "replace.sh")], capture_output=True, text=True, cwd="/",
                              env=environment, check=False)
        with open(notes, encoding="utf-8") as file:
            return done.returncode, done.stdout + done.stderr, file.read().splitlines()


def old_ones_go_one_by_one_when_as_many_new_ones_are_healthy():
    code, said, commands = replace(OLD)
    assert code == 0, said
    assert commands[1].startswith("compose run --rm --no-deps migrate"), commands
    assert commands[2].startswith("compose up -d --wait") and "--scale service=4" in commands[2], commands
    assert "--no-recreate" in commands[2] and "--no-deps" in commands[2], commands
    assert commands[3:] == ["stop aaa1", "rm aaa1", "stop aaa2", "rm aaa2"], commands


def new_ones_that_are_not_healthy_are_removed():
    code, said, commands = replace(OLD, fails="compose up*")
    assert code == 1 and "old ones go on" in said, said
    assert commands[-2:] == [f"rm --force {name}" for name in NEW], commands
    assert not [command for command in commands if command.startswith("stop")], commands


def nothing_is_replaced_when_the_migration_fails():
    code, _, commands = replace(OLD, fails="compose run*")
    assert code == 1 and len(commands) == 2, commands


def without_replicas_it_says_how_to_start_them():
    code, said, commands = replace()
    assert code == 1 and "docker compose up" in said and len(commands) == 1, said


def main():
    failed = 0
    tests = [old_ones_go_one_by_one_when_as_many_new_ones_are_healthy, new_ones_that_are_not_healthy_are_removed,
             nothing_is_replaced_when_the_migration_fails, without_replicas_it_says_how_to_start_them]
    for test in tests:
        try:
            test()
            print("ok", test.__name__.replace("_", " "))
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print("FAILED", test.__name__.replace("_", " "))
            traceback.print_exc(file=sys.stdout)
    print(f"{len(tests) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
