"""What was timed, as Markdown: one function per benchmark, from its result to lines."""

import statistics

RIVALS = ("pillow", "torchvision", "kornia")


def operations(result: dict) -> list[str]:
    """Images per second, and our speed relative to each rival's."""
    lines = [
        f"Batches of {result['batch']}; each image has its own value. Ours gives Pillow's bytes, "
        "which is checked before timing; torchvision's and kornia's functions give others, and "
        "torchvision's take one value for the whole batch. Picture by picture: a policy's "
        "transform on PIL images, as in a DataLoader's worker, against the same policy written "
        "directly in Pillow, both on one thread, drawing included. Ratios are our speed over "
        "theirs.",
        "",
        "| side | operation | images/s |"
        + " GB/s |" * (result["device"] == "cuda")
        + " over Pillow | quartiles | over torchvision | over kornia |",
        "|---:|---|---:|" + "---:|" * (result["device"] == "cuda") + "---:|---|---:|---:|",
    ]
    for key, times in result.items():
        if "/" not in key:
            continue
        side, name = key.split("/")
        ours, pillow = times["ours"], times["pillow"]
        cells = [side, name, f"{result['batch'] / ours['median']:,.0f}"]
        if result["device"] == "cuda":
            size = 2 * result["batch"] * 3 * int(side) ** 2
            cells.append(f"{size / ours['median'] / 1e9:,.0f}")
        for rival in RIVALS:
            theirs = times.get(rival)
            cells.append(f"{theirs['median'] / ours['median']:.2f}" if theirs else "–")
            if rival == "pillow":
                low, high = pillow["low"] / ours["high"], pillow["high"] / ours["low"]
                cells.append(f"{low:.2f} to {high:.2f}")
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def photographs(result: dict) -> list[str]:
    """Milliseconds per picture in each form, ours and another library's."""
    lines = [
        f"The policy `{result['policy']}` on photographs of {result['side']} × {result['side']} "
        "pixels, on one thread, drawing included: milliseconds per picture, with quartiles. Our "
        "bytes are Pillow's in every form; torchvision's are on PIL images only, albumentations' "
        "are not. albumentations runs the same policy as exported by `dada export`, and draws for "
        "itself. In a batch ours draws for every image, torchvision once for all of them. Ratios "
        "are our speed over theirs.",
        "",
        "| | ours, ms | quartiles | other library | ms | quartiles | ratio |",
        "|---|---:|---|---|---:|---|---:|",
    ]
    for form, times in result["forms"].items():
        ours = times["ours"]
        cells = [form, *_milliseconds(ours)]
        for name in times.keys() - {"ours"}:
            label = f"{name} {result['albumentations']}" if name == "albumentations" else name
            ratio = times[name]["median"] / ours["median"]
            cells += [label, *_milliseconds(times[name]), f"{ratio:.2f}"]
        lines.append("| " + " | ".join(cells + ["–"] * (7 - len(cells))) + " |")
    return lines


def _milliseconds(times: dict) -> list[str]:
    return [f"{times['median']:.3f}", f"{times['low']:.3f} to {times['high']:.3f}"]


def search_step(result: dict) -> list[str]:
    """Seconds per step of each alternative."""
    times = result["quartiles"]
    known = (name for name in ("published", "plain") if name in times)
    slowest = next(known, next(reversed(times)))
    lines = [
        f"| | seconds | quartiles | times as fast as {slowest} |",
        "|---|---:|---|---:|",
    ]
    for name, t in times.items():
        ratio = times[slowest]["median"] / t["median"]
        spread = f"{t['low']:.3f} to {t['high']:.3f}"
        lines.append(f"| {name} | {t['median']:.3f} | {spread} | {ratio:.2f} |")
    return lines


def search(result: dict) -> list[str]:
    """Where the time of a whole search goes."""
    epochs, unit = result["epochs"], result["unit"]
    each = ", ".join(f"{seconds:.0f}" for seconds in epochs)
    if len(epochs) > 4:
        each = f"fastest {min(epochs):.1f} s, slowest {max(epochs):.1f} s"
    lines = [
        f"{result['words']}: {result['seconds']:.0f} s for {len(epochs)} {unit}s ({each}), peak "
        f"memory per process {result['peak_mib']:,.0f} MiB.",
    ]
    if result["shares"]:
        lines += ["", "| | seconds | share |", "|---|---:|---:|"]
    for name, seconds in sorted(result["shares"].items(), key=lambda item: -item[1]):
        lines.append(f"| {name} | {seconds:.1f} | {100 * seconds / result['seconds']:.1f} % |")
    return lines


def trials(result: dict) -> list[str]:
    """Seconds per round of trials, in each way of running it."""
    times = result["quartiles"]
    ours = next(iter(times.values()))["median"]
    lines = [
        f"A round of {result['trials']} trials with {result['epochs']} epochs each.",
        "",
        "| | seconds | quartiles | times as long |",
        "|---|---:|---|---:|",
    ]
    for name, t in times.items():
        spread = f"{t['low']:.2f} to {t['high']:.2f}"
        lines.append(f"| {name} | {t['median']:.2f} | {spread} | {t['median'] / ours:.2f} |")
    return lines


def scaling(result: dict) -> list[str]:
    """A step's time and memory as one quantity grows."""
    lines = ["| | sub-policies | seconds | quartiles | peak MiB |", "|---|---:|---:|---|---:|"]
    for key, found in result.items():
        if "=" in key:
            spread = f"{found['low']:.3f} to {found['high']:.3f}"
            lines.append(
                f"| {key.replace('=', ' ')} | {found['sub_policies']:,} | {found['median']:.3f} | "
                f"{spread} | {found['peak_mib']:,.0f} |"
            )
    return lines


def training_throughput(result: dict) -> list[str]:
    """Images per second of a training from files, ours and by timm's script."""
    lines = [
        f"{result['model']} at {result['side']} pixels, batches of {result['batch']}, "
        f"{result['workers']} workers, {result['precision']}, against timm {result['timm']}'s "
        "`train.py` with channels last. Only training is timed: no test, no checkpoint, not the "
        "first epoch. One ratio per round, of two processes in turn; smallest and largest beside "
        "the median.",
        "",
        "| policy | ours, images/s | timm, images/s | ours over timm | rounds |",
        "|---|---:|---:|---|---:|",
    ]
    for policy, rates in result["policies"].items():
        ratios = sorted(a / b for a, b in zip(rates["ours"], rates["timm"], strict=True))
        ours, timm = (statistics.median(rates[name]) for name in ("ours", "timm"))
        lines.append(
            f"| {policy} | {ours:.0f} | {timm:.0f} | {statistics.median(ratios):.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}) | {len(ratios)} |"
        )
    return lines


def memory(result: dict) -> list[str]:
    """The most memory that a search and a training take, by the number of pictures."""
    lines = [
        f"`dada search` with `{result['search']}`, and `dada train` with `{result['train']}`, "
        "worker processes included, what processes share counted once. To the beginning: until "
        "the first iteration starts, listing and decoding included.",
        "",
        "| pictures | search, MiB | to the beginning, s | training, MiB | to the beginning, s |",
        "|---:|---:|---:|---:|---:|",
    ]
    for count, row in result["counts"].items():
        cells = [f"{int(count):,}"]
        for name in ("search", "train"):
            cells += [f"{row[name]['peak'] / 2**20:,.0f}", f"{row[name]['began']:.0f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, *(["", result["note"]] if "note" in result else [])]
