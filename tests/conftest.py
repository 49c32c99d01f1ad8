"""What all tests share: how hypothesis searches on a machine that is busy with other things."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A slow example says something of the machine, not of the code; times are measured elsewhere.
settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy machine")
