"""cold: from process start to the first and to all five models' answers, with the CPU and memory it took."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from benchkit.proc import age_s, usage
from benchkit.report import Outcome
from benchkit.rows import MODELS
from benchkit.servers import first_answer, install, running, server

if TYPE_CHECKING:
    from benchkit.options import Options


def run(options: Options) -> Outcome:
    outcome = Outcome()
    install(*options.servers)
    outcome.head("server", "first answer s", "all five answer s", "CPU-s", "PSS MB", "processes")
    for _ in range(options.rounds):
        for name in options.servers:
            one = server(name)
            with running(one):
                times = []
                for model in reversed(MODELS):
                    first_answer(one, model, model, options.patience)
                    times.append(age_s(one.pid or 0))
                loaded = usage(one.pid)
            cells = [f"{times[0]:.2f}", f"{times[-1]:.2f}", f"{loaded.cpu_s:.1f}", f"{loaded.pss_mb:.0f}"]
            outcome.row([name, *cells, str(loaded.processes)])
            outcome.results.append({"server": name, "answers_s": times, "loaded": asdict(loaded)})
    return outcome
