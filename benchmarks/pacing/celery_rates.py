"""Celery's own ``rate_limit``: a task with one, as its documentation shows it. Workers import this module."""

from __future__ import annotations

import os
import time
from pathlib import Path

from celery import Celery

app = Celery("rates", broker=os.environ.get("PACING_BROKER", ""))
app.conf.update(task_default_queue="rates", task_ignore_result=True, worker_send_task_events=False)
RATE = os.environ.get("PACING_RATE", "1/m")
TO = os.environ.get("PACING_TO", "")


@app.task(name="rates.request", rate_limit=RATE)
def request() -> None:
    """One request leaves."""
    with (Path(TO) / str(os.getpid())).open("a", encoding="utf-8") as out:
        out.write(f"{time.monotonic_ns()}\n")
