"""The only Celery code: app, booking tasks, sweeps, schedules, the worker runtime."""
