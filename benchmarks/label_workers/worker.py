"""What both sides of `benchmarks/label.py` share: a process that answers commands, and a clock of stages.

A worker reads one JSON object a line, with "do" naming what to do, and answers with one. Only the standard library is
used, because the other side's Python has other packages.
"""

import json
import os
import resource
import sys
import threading
import time
from collections import defaultdict


class Stages:
    """Seconds of the main thread by stage. Where stages nest, what runs inside an inner one counts for that alone."""

    def __init__(self):
        self.seconds = defaultdict(float)
        self._open = []
        self._since = 0.0

    def wrap(self, owner, name, stage):
        """Let calls of `owner.name` count for `stage`."""
        inner = getattr(owner, name)

        def timed(*arguments, **options):
            if threading.current_thread() is not threading.main_thread():
                return inner(*arguments, **options)
            with self(stage):
                return inner(*arguments, **options)

        setattr(owner, name, timed)

    def __call__(self, stage):
        self._entering = stage
        return self

    def __enter__(self):
        self._turn()
        self._open.append(self._entering)

    def __exit__(self, *_):
        self._turn()
        self._open.pop()

    def _turn(self):
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now


def measured(work):
    """What `work` returns, with the wall and processor seconds that it took."""
    wall, before = time.perf_counter(), os.times()
    answer = work()
    after = os.times()
    processor = after.user + after.system - before.user - before.system
    return answer | {"wall": time.perf_counter() - wall, "processor": processor}


def serve(commands):
    """Answer until the input ends; `commands` are functions by name. What libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        arguments = json.loads(line)
        answer = commands[arguments.pop("do")](**arguments)
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
