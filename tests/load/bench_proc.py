"""What the kernel knows of processes, the disk and the machine; from /proc, so Linux only."""

import contextlib
import mmap
import os
import platform
import resource
import socket
import statistics
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
FLUSH_BYTES = 8192
FLUSHES, FAULTS_TRIED, ROUND_TRIPS = 50, 500, 200


def stat_fields(pid):
    """
    The fields after the command's name; None: it is gone. [0] state, [1] parent, [7:9] own page faults without reading and
    those of reaped children, [11:15] own and reaped CPU ticks
    """
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_seconds(pid):
    """User and system time of a process without its children."""
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) * TICK_S


FAULTS, TICKS = slice(7, 9), slice(11, 15)
REAPED = 8, 13, 14  # of those the places that are of reaped children


def family_sums(pid):
    """
    Page faults and CPU ticks of a process, its children that live and those that it has reaped: nothing of a server is
    forgotten.
    """
    while True:
        before = stat_fields(pid)
        others = [stat_fields(name) for name in os.listdir("/proc") if name.isdigit()]
        fields = stat_fields(pid)
        # Else a child ended meanwhile, and may be missing or counted twice.
        if all(fields[place] == before[place] for place in REAPED):
            family = [fields, *(its for its in others if its and int(its[1]) == pid)]
            return [sum(sum(map(int, its[part])) for its in family) for part in (FAULTS, TICKS)]


def waited_children_cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def machine_busy_seconds():
    """Of all CPUs together, also what the host took away (steal)."""
    with open("/proc/stat", encoding="utf-8") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * TICK_S


def memory_mb(pid, key="VmRSS"):
    """Resident memory now, or with VmHWM its peak."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    raise AssertionError(f"no {key} of {pid}")


def forget_memory_peak(pid):
    """The peak starts anew from what is resident now; where that is not allowed it stays the peak since the start."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/clear_refs", "w", encoding="utf-8") as file:
        file.write("5")


class Usage:
    """CPU seconds used between two looks, by whom; and PostgreSQL's page faults."""

    def __init__(self, postgres_pid, server_pids=()):
        self.pids = postgres_pid, server_pids
        self.start = self._look()
        self.end = None

    def _look(self):
        postgres, servers = self.pids
        faults, ticks = family_sums(postgres)
        return {"at": time.monotonic(), "postgres": ticks * TICK_S, "faults": faults,
                "server": sum(cpu_seconds(server) for server in servers),
                "generator": waited_children_cpu_seconds(), "machine": machine_busy_seconds()}

    def stop(self):
        self.end = self._look()

    def seconds(self, whose):
        return self.end[whose] - self.start[whose]

    def faults(self):
        return self.end["faults"] - self.start["faults"]

    def others_share(self):
        """The part of all CPUs' time that went to processes which are none of ours."""
        ours = sum(self.seconds(whose) for whose in ("postgres", "server", "generator"))
        whole = self.seconds("at") * os.cpu_count()
        return max(0.0, self.seconds("machine") - ours) / whole


def prices(folder):
    """What this machine takes now for that by which the two sides differ most."""
    return {"flush_ms": flush_ms(folder), "fault_us": fault_us(), "round_trip_us": round_trip_us()}


def median_of(times, work):
    """Median seconds of work(0), work(1), ..."""
    spent = []
    for index in range(times):
        start = time.perf_counter()
        work(index)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def flush_ms(folder):
    """Of one flush: a page written over, as the write-ahead log is, and fdatasync."""
    path = os.path.join(folder, "flush")
    page = os.urandom(FLUSH_BYTES)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def flush(index):
        os.pwrite(descriptor, page, index % 64 * FLUSH_BYTES)
        os.fdatasync(descriptor)

    try:
        for _ in range(64):
            os.write(descriptor, page)
        os.fsync(descriptor)
        return median_of(FLUSHES, flush) * 1e3
    finally:
        os.close(descriptor)
        os.unlink(path)


def fault_us():
    """Of the first touch of a page of shared memory."""
    with mmap.mmap(-1, FAULTS_TRIED * mmap.PAGESIZE) as memory:
        def touch(index):
            memory[index * mmap.PAGESIZE] = 1

        return median_of(FAULTS_TRIED, touch) * 1e6


def round_trip_us():
    """Of one byte to another process, which sleeps until then, and back."""
    ours, its = socket.socketpair()
    child = os.fork()
    if not child:
        try:
            ours.close()
            while its.recv(1):
                its.send(b".")
        finally:
            os._exit(0)
    its.close()

    def there_and_back(_index):
        ours.send(b".")
        ours.recv(1)

    with ours:
        spent = median_of(ROUND_TRIPS, there_and_back)
    os.waitpid(child, 0)
    return spent * 1e6


def file_system(folder):
    """Kind of the file system that holds a folder: tmpfs makes every figure of a durable database worthless."""
    best, kind = "", "unknown"
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, place, its_kind = line.split()[:3]
            if os.path.join(os.path.realpath(folder), "").startswith(os.path.join(place, "")) and len(place) >= len(best):
                best, kind = place, its_kind
    return kind


def machine():
    """(what, value) of the machine, for the report."""
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [("processor", f"{model}, {os.cpu_count()} cores, {platform.machine()}"),
            ("memory", f"{memory_gb:.0f} GB"), ("kernel", f"{platform.system()} {platform.release()}")]
