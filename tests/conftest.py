"""What the tests share: no assertion on a time, and NumPy in one thread, for workers wait for one another's."""
import os

import hypothesis

os.environ["OPENBLAS_NUM_THREADS"] = "1"
hypothesis.settings.register_profile("course", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("course")
