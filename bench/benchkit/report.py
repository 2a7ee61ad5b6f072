"""Tables, checks, the machine line, and the files under results/."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchkit.places import BENCH, HOSTLER_PYTHON, PEERS_DIR, RESULTS, ROOT, node

if TYPE_CHECKING:
    from collections.abc import Iterable

WATCHED = {
    "mlserver": ("mlserver", "scikit-learn", "xgboost"),
    "triton": ("nvidia-pytriton", "tritonclient", "scikit-learn", "xgboost-cpu"),
    "fastapi": ("fastapi", "uvicorn", "uvloop", "orjson", "scikit-learn", "xgboost-cpu"),
    "azmlinfsrv": ("azureml-inference-server-http", "scikit-learn", "xgboost-cpu"),
    "mms": ("multi-model-server", "sagemaker-inference", "scikit-learn", "xgboost"),
}
HOSTLER_WATCHED = ("numpy", "orjson", "scikit-learn", "xgboost-cpu", "xgboost")


@dataclass(frozen=True)
class Check:
    """One bound, what was measured against it, and whether it holds; a `note` fails nothing."""

    name: str
    bound: str
    measured: str
    holds: bool
    note: bool = False

    def __str__(self) -> str:
        verdict = "PASS" if self.holds else "NOTE" if self.note else "FAIL"
        return f"{verdict}  {self.name}: {self.measured} (bound {self.bound})"


@dataclass
class Outcome:
    """What a scenario found. Tables are printed while they are made."""

    results: list[dict[str, Any]] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    markdown: list[str] = field(default_factory=list)

    def line(self, text: str = "") -> None:
        print(text, flush=True)
        self.markdown.append(text)

    def head(self, *titles: str) -> None:
        self.line()
        self.row(titles)
        self.row(["---"] * len(titles))

    def row(self, cells: Iterable[str]) -> None:
        self.line("| " + " | ".join(cells) + " |")

    def check(self, name: str, bound: str, measured: str, holds: bool, note: bool = False) -> None:
        self.checks.append(Check(name, bound, measured, holds, note))

    def at_most(
        self, name: str, value: float, limit: float, unit: str = "", aim: float | None = None
    ) -> None:
        self.check(name, bound("≤", limit, unit, aim), f"{value:.4g}{unit}", value <= limit)

    def at_least(
        self, name: str, value: float, limit: float, unit: str = "", aim: float | None = None
    ) -> None:
        self.check(name, bound("≥", limit, unit, aim), f"{value:.4g}{unit}", value >= limit)


def bound(sign: str, limit: float, unit: str, aim: float | None) -> str:
    return f"{sign} {limit:.4g}{unit}" + ("" if aim is None else f", aim {aim:.4g}{unit}")


def distributions(site_packages: Iterable[Path], watched: tuple[str, ...]) -> str:
    """Versions of installed packages, read without starting their Python."""
    found = {}
    for folder in site_packages:
        for entry in folder.glob("*.dist-info"):
            name, _, version = entry.name.removesuffix(".dist-info").rpartition("-")
            found[name.lower().replace("_", "-")] = version
    return ", ".join(f"{name} {found[name]}" for name in watched if name in found)


def said(*line: str) -> str:
    """What a command answers, or that it cannot."""
    try:
        return (
            subprocess.run(line, capture_output=True, text=True, cwd=ROOT, timeout=20).stdout.strip()
            or "unknown"
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def machine() -> dict[str, str]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    load = f"{os.getloadavg()[0]:.2f}"
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "cpu": cpu[1] if cpu else "unknown",
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory_kib / 2**20:.1f} GiB",
        "kernel": platform.release(),
        "load average before": load,
    }


def versions() -> dict[str, str]:
    package = ROOT / "package.json"
    version = json.loads(package.read_text())["version"] if package.exists() else "unknown"
    found = {
        "hostler": f"{version} ({said('git', 'describe', '--always', '--dirty')})",
        "hostler's Node": said(node(), "--version"),
        "hostler's Python": said(str(HOSTLER_PYTHON), "--version").removeprefix("Python "),
        "hostler's libraries": distributions(
            HOSTLER_PYTHON.parents[1].glob("lib/python*/site-packages"), HOSTLER_WATCHED
        ),
        "wrk": said("wrk", "--version").split(" [")[0].removeprefix("wrk "),
    }
    for name, watched in WATCHED.items():
        folders = list((PEERS_DIR / "venvs" / name).glob("lib/python*/site-packages"))
        if folders:
            python = said(str(PEERS_DIR / "venvs" / name / "bin" / "python"), "--version")
            found[name] = f"{distributions(folders, watched)}, {python}"
    return found


def machine_line(about: dict[str, str]) -> str:
    return "Machine: " + ", ".join(
        [about["cpu"], f"{about['cores']} cores", about["memory"], f"kernel {about['kernel']}", about["date"]]
    )


def finish(
    scenario: str, options: dict[str, Any], about: dict[str, str], outcome: Outcome, folder: Path
) -> bool:
    """Print the checks and write the file; true when every bound holds."""
    print()
    for check in outcome.checks:
        print(check)
    print(f"\n{machine_line(about)}")
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "scenario": scenario,
        "machine": about,
        "versions": versions(),
        "options": options,
        "checks": [asdict(check) for check in outcome.checks],
        "markdown": outcome.markdown,
        "results": outcome.results,
    }
    file = folder / f"{scenario}.json"
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")
    print(f"written to {file.relative_to(BENCH) if file.is_relative_to(BENCH) else file}")
    return all(check.holds or check.note for check in outcome.checks)


def markdown_of(file: Path) -> list[str]:
    """One results file as a section of the README."""
    found = json.loads(file.read_text())
    packages = "; ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [
        f"### {found['scenario']}",
        "",
        f"{machine_line(found['machine'])}.",
        "",
        f"Versions: {packages}.",
    ]
    lines += found["markdown"]
    if found["checks"]:
        lines += ["", "| check | bound | measured | |", "| --- | --- | --- | --- |"]
        for check in found["checks"]:
            verdict = "pass" if check["holds"] else "note" if check["note"] else "**fail**"
            lines.append(f"| {check['name']} | {check['bound']} | {check['measured']} | {verdict} |")
    return [*lines, ""]


def fill_readme(order: Iterable[str], check_only: bool) -> bool:
    """Put what results/ holds between the README's two marks; true when nothing changes."""
    readme = BENCH / "README.md"
    text = readme.read_text()
    begin, end = "<!-- results: begin -->", "<!-- results: end -->"
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    lines = [
        line
        for name in order
        if (RESULTS / f"{name}.json").exists()
        for line in markdown_of(RESULTS / f"{name}.json")
    ]
    made = (
        f"{before}{begin}\n" + "\n".join(lines or ["", "No results are recorded yet.", ""]) + f"{end}{after}"
    )
    if made != text and not check_only:
        readme.write_text(made)
    return made == text
