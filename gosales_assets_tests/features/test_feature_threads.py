"""Linear algebra keeps to one thread wherever it may run beside other work."""

import subprocess
import sys

CHECK = """
from threadpoolctl import threadpool_info
from gosales_assets.features.layers import one_blas_thread

def threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

with one_blas_thread():
    import scipy.linalg  # what fits loads it late
    assert threads() == {1}, threads()
    with one_blas_thread():  # as a thread beside does, which is done first
        pass
    assert threads() == {1}, threads()
"""


def test_the_limit_holds_what_is_loaded_later_and_is_not_lifted_by_others() -> None:
    # A process of its own: nothing of scipy must be loaded yet.
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", CHECK], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
