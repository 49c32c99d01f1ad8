"""What the proxy costs and how exact it is, measured on this machine: ``python -m tests.bench``. Not part of the suite."""
