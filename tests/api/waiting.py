"""Waiting without sleeping: conditions, threads that start together, and work in the background."""

import concurrent.futures
import contextlib
import threading
import time


def poll(condition, what="the condition holds", seconds=10):
    """Asks until the condition is true and returns its value; fails when that takes too long."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        threading.Event().wait(0.01)


def together(count, work):
    """Calls work(0) ... work(count - 1) in as many threads, all at the same moment; returns their results in order."""
    start = threading.Barrier(count)

    def one(index):
        start.wait()
        return work(index)

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        return [job.result() for job in [pool.submit(one, index) for index in range(count)]]


@contextlib.contextmanager
def meanwhile(work, *arguments):
    """Runs work(*arguments) beside the block, which gets its future; at the end waits, and raises what work raised."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        job = pool.submit(work, *arguments)
        yield job
        job.result()


class Stopwatch:
    """`with Stopwatch() as watch: ...`, then watch.seconds"""

    def __enter__(self):
        self.start = time.monotonic()
        return self

    def __exit__(self, *exception):
        self.seconds = time.monotonic() - self.start
