"""leadd as a child process: started on a free port, judged when it ends."""

import os
import re
import signal
import subprocess
import time

from postgres import clean_environment
from waiting import poll

SANITIZER = re.compile(r"ERROR: \w+Sanitizer|WARNING: \w+Sanitizer|runtime error:|Assertion .* failed")


def binary():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    return os.path.abspath(os.environ.get("LEADD", os.path.join(root, "build", "leadd")))


def is_sanitized():
    """Whether the binary was built with AddressSanitizer."""
    with open(binary(), "rb") as file:
        return b"__asan_init" in file.read()


class Server:
    def __init__(self, folder, name, database_url, settings):
        self.out_path, self.log = (os.path.join(folder, f"{name}.{kind}") for kind in ("out", "log"))
        self.environment = {**clean_environment(), "TZ": "America/St_Johns", "DATABASE_URL": database_url,
                            "HOST": "127.0.0.1", "PORT": "0", "AUTH": "open",
                            "UBSAN_OPTIONS": "print_stacktrace=1", "ASAN_OPTIONS": "detect_leaks=1",
                            **{name: str(value) for name, value in settings.items()}}
        self.process = self._spawn([])

    def _spawn(self, arguments):
        with open(self.out_path, "wb") as out, open(self.log, "ab") as log:
            return subprocess.Popen([binary(), *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=log, cwd="/",
                                    env=self.environment)

    @property
    def auth(self):
        return self.environment["AUTH"]

    @property
    def runs(self):
        return self.process.poll() is None

    def port(self, seconds=20):
        """The port that it printed; waits for the line."""

        def printed():
            with open(self.out_path, encoding="utf-8") as out:
                return re.search(r"http://127\.0\.0\.1:(\d+)", out.read())

        def printed_or_gone():
            return printed() or not self.runs

        poll(printed_or_gone, "leadd prints its port", seconds)
        assert printed(), f"leadd ended with {self.process.returncode}:\n{self.log_text()}"
        return int(printed()[1])

    def tell(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """Its exit code."""
        return self.process.wait(timeout=seconds)

    def log_text(self, start=0):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(start)
            return log.read()

    def must_leave_cleanly(self, number=signal.SIGTERM):
        """Asks it to stop; it has to exit 0 in time, with nothing that a sanitizer would complain about."""
        started = time.monotonic()
        if self.runs:
            self.tell(number)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"leadd did not stop within {time.monotonic() - started:.0f} s") from None
        self.must_be_sane()
        assert code == 0, f"leadd left with {code}"

    def must_be_sane(self):
        report = SANITIZER.search(self.log_text())
        assert not report, self.log_text(max(0, report.start() - 200))[:6000]

    def kill(self):
        if self.runs:
            self.process.kill()
            self.process.wait()


def migrate(database_url, log_path):
    """`leadd migrate`: its exit code."""
    environment = {**clean_environment(), "DATABASE_URL": database_url}
    with open(log_path, "ab") as log:
        return subprocess.run([binary(), "migrate"], stdout=log, stderr=log, env=environment, cwd="/", timeout=60,
                              check=False).returncode


def command(arguments, **settings):
    """Another command of leadd, to its end: what it left with and printed; nothing that a sanitizer would complain of."""
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, cwd="/", timeout=120,
                          env={**clean_environment(), **settings}, check=False)
    assert not SANITIZER.search(done.stderr), done.stderr[:6000]
    return done
