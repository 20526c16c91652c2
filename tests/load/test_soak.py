"""
A short soak within the tests: SOAK_SECONDS says how long (15). `make test-endurance` has the long one.

Sanitizers keep freed memory for a while, so under them only the descriptors are judged; leaks they find themselves.
"""

import os

import server as leadd
from harness import test
from soak import Soak

SECONDS = float(os.environ.get("SOAK_SECONDS", "15"))


@test
def nothing_is_left_of_mixed_traffic(lab):
    api = lab.serve()
    soak = Soak(api, SECONDS)

    soak.run()

    print(f"  {soak.figures}", flush=True)
    complaints = [one for one in soak.complaints if "memory" not in one or not leadd.is_sanitized()]
    assert not complaints, complaints
    api.loads_must_match()
