"""measure: what every benchmark shares: interleaved runs, medians, one table."""
import os
import platform
import statistics
import time

RUNS = int(os.environ.get("BENCH_RUNS", "15"))


def machine():
    """How the README names the machine: its cores and kernel."""
    return f"{len(os.sched_getaffinity(0))} cores, Linux {platform.release().split('-')[0]}"


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def interleaved(cases, runs=RUNS):
    """Runs each of {name: function returning a number} in turn, `runs` rounds after
    one that does not count, so that a busy moment hits all alike. {name: [number...]}"""
    results = {name: [] for name in cases}
    for n in range(runs + 1):
        for name, run in cases.items():
            value = run()
            if n:
                results[name].append(value)
    return results


def timed(run):
    """Seconds that run() takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def median(values):
    return statistics.median(values)


def table(title, head, rows):
    """Prints rows of text and numbers in columns, numbers with three significant figures."""
    cells = [[c if isinstance(c, str) else f"{c:.3g}" for c in row] for row in [head] + rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    print(f"\n{title} ({machine()})")
    for row in cells:
        print("  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))))
