"""From samples to the figures that are quoted: medians, and medians of the ratios within one round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchmarks.overhead.candidate import Sample

Round = Mapping[str, Sample]


def figures(rounds: Sequence[Round], idle_ms_per_s: Mapping[str, float]) -> dict[str, object]:
    """The last line. Ratios are taken round by round, because other work on the machine comes and goes."""
    names = list(rounds[0])
    return {
        **{f"{name}_s": _middle(r[name].wall_s for r in rounds) for name in names},
        "farm_over_bare_cpu": _middle(r["farm"].cpu_s / r["bare"].cpu_s for r in rounds),
        "farm_over_bare_wall": _middle(r["farm"].wall_s / r["bare"].wall_s for r in rounds),
        "launch_over_farm": _middle(r["launch"].wall_s / r["farm"].wall_s for r in rounds),
        "launch_over_farm_cpu": _middle(r["launch"].cpu_s / r["farm"].cpu_s for r in rounds),
        "rounds": len(rounds),
        **{f"{name}_cpu_s": _middle(r[name].cpu_s for r in rounds) for name in names},
        "idle_cpu_ms_per_s": dict(idle_ms_per_s),
    }


def table_of_parts(rounds: Sequence[Round]) -> list[str]:
    """Mean CPU in ms per booking, by candidate and part."""
    names = list(rounds[0])
    parts = sorted({part for r in rounds for sample in r.values() for part in sample.parts_cpu_s})
    lines = [f"{'CPU, ms per booking':22}" + "".join(f"{name:>10}" for name in names)]
    for part in parts:
        means = [1000 * sum(r[name].parts_cpu_s.get(part, 0) for r in rounds) / len(rounds) for name in names]
        lines.append(f"  {part:20}" + "".join(f"{mean:10.0f}" for mean in means))
    return lines


def _middle(figures_of_rounds: Iterable[float]) -> float:
    return round(median(figures_of_rounds), 3)
