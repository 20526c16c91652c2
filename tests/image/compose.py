#!/usr/bin/env python3
"""docker-compose.yml against the specification's schema, and against what the other files say. compose.py SCHEMA"""

import json
import os
import re
import sys
import warnings

import yaml

warnings.simplefilter("ignore", DeprecationWarning)
import jsonschema  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def seconds(text):
    return float(re.fullmatch(r"([\d.]+)s", text)[1])


def schema_faults(compose, path):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.validators.validator_for(schema, jsonschema.Draft7Validator)(schema)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(compose)]


def pin_faults(services):
    version = re.search(r"^VERSION := (\S+)$", read("Makefile"), re.MULTILINE)[1]
    built = [service["image"] for service in services.values() if "build" in service]
    for image in set(built):
        if built.count(image) > 1:
            yield f"{image} is built more than once: the second fails where both are made at a time"
    for name, service in services.items():
        # The makers of images build a version anew when what is below it changes: only a digest stays the same.
        if service["image"] in built:
            if not service["image"].endswith(":" + version):
                yield f"{name}: the Makefile's version is {version}"
        elif not re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", service["image"]):
            yield f"{name}: the image {service['image']} is not pinned"
    if not re.search(r"^ARG DEBIAN=debian:[\w.-]+@sha256:[0-9a-f]{64}$", read("Dockerfile"), re.MULTILINE):
        yield "Dockerfile: the base is not pinned"
    if f"ARG VERSION={version}\n" not in read("Dockerfile"):
        yield f"Dockerfile: the Makefile's version is {version}"


def drain_faults(services):
    """A replica has to go on serving until the balancer has seen that it stops, and to be let to its end."""
    settings = services["service"]["environment"]
    drain, shutdown = float(settings["DRAIN_SECONDS"]), float(settings["SHUTDOWN_SECONDS"])
    interval, fall = re.search(r"check inter (\S+) .*fall (\d+)", read("deploy/haproxy.cfg")).groups()
    if drain < seconds(interval) * int(fall) + 1:
        yield "DRAIN_SECONDS is too short for the balancer's checks"
    if seconds(services["service"]["stop_grace_period"]) < drain + shutdown:
        yield "stop_grace_period of the service is shorter than its DRAIN_SECONDS and SHUTDOWN_SECONDS"
    hard_stop = re.search(r"hard-stop-after (\S+)", read("deploy/haproxy.cfg"))[1]
    if seconds(services["balancer"]["stop_grace_period"]) <= seconds(hard_stop):
        yield "stop_grace_period of the balancer is shorter than its hard-stop-after"


def setting_faults(services):
    known = set(re.findall(r"^\| `(\w+)`", read("docs/CONFIG.md"), re.MULTILINE))
    for name in ("migrate", "service"):
        for setting in services[name]["environment"]:
            if setting not in known:
                yield f"{name}: docs/CONFIG.md knows no {setting}"
    for name, service in services.items():
        for setting, value in service.get("environment", {}).items():
            if "PASSWORD" in setting and not str(value).startswith("/run/secrets/"):
                yield f"{name}: a password in the environment"


def access_faults(services):
    """Whoever opens the port to a network opens it to bearers of keys only, unless somebody says otherwise."""
    if services["service"]["environment"].get("AUTH") != "${LEADD_AUTH:-keys}":
        yield "service: AUTH is not keys unless LEADD_AUTH says otherwise"
    for port in services["balancer"]["ports"]:
        if not port.startswith("${LEADD_BIND:-127.0.0.1}:"):
            yield f"balancer: {port} is open to the network"


def limit_faults(services):
    """Each connection is a file, and through the balancer two."""
    most = int(re.search(r"^\| `CONNECTIONS_MAX` \|.*?\| `(\d+)`", read("docs/CONFIG.md"), re.MULTILINE)[1])
    passed_on = int(re.search(r"^global$.*?^\tmaxconn (\d+)$", read("deploy/haproxy.cfg"), re.MULTILINE | re.DOTALL)[1])
    for name, least in (("service", most + 100), ("balancer", 2 * passed_on + 500)):
        if services[name].get("ulimits", {}).get("nofile", 0) < least:
            yield f"{name}: ulimits.nofile is below {least}"


def file_faults(services):
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not os.path.exists(os.path.join(ROOT, source)):
                yield f"{name}: {source} does not exist"
            if source.endswith(".sh") and not os.access(os.path.join(ROOT, source), os.X_OK):
                yield f"{name}: {source} cannot be executed"


def order_faults(services):
    wanted = {("service", "migrate"): "service_completed_successfully", ("service", "postgres"): "service_healthy",
              ("migrate", "postgres"): "service_healthy", ("balancer", "service"): "service_healthy"}
    for (name, other), condition in wanted.items():
        if services[name]["depends_on"].get(other, {}).get("condition") != condition:
            yield f"{name} does not wait for {other}"


def main():
    compose = yaml.safe_load(read("docker-compose.yml"))
    services = compose["services"]
    checks = {
        "is valid by the specification": schema_faults(compose, sys.argv[1]),
        "pins its images, and has the version of the program": pin_faults(services),
        "gives a stopping replica the time that it needs": drain_faults(services),
        "has settings that exist, and no password": setting_faults(services),
        "asks for keys, and stays on this machine unless told otherwise": access_faults(services),
        "allows the files that the connections need": limit_faults(services),
        "mounts files that exist": file_faults(services),
        "starts things in their order": order_faults(services),
    }
    failed = 0
    for claim, faults in checks.items():
        faults = list(faults)
        failed += bool(faults)
        print("FAILED" if faults else "ok", "docker-compose.yml", claim)
        for fault in faults:
            print("  ", fault)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
