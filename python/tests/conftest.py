"""The tests' own process gets the environment that the front gives its workers."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before anything imports a framework
    os.environ.setdefault(name, "1")
