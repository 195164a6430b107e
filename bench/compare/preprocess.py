#!/usr/bin/env python3
"""Criteo Kaggle text to training-ready arrays: dlrm preprocess, pandas, and the reference's own data_utils.py.

    bench/compare/preprocess.py TRAIN.TXT [--reference=DATA_UTILS.PY] [--rounds=3]

All three read the same file with one thread and give what a training run starts from: labels, ln(x + 1) of 13 numbers,
26 columns of indices by first appearance. They take turns; of each, the round with the least processor time counts,
because wall time on a shared machine is its neighbours'. Needs python3-numpy, python3-pandas for the second; the reference's
script is not part of this repository.
"""
import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile

PANDAS = r"""
import sys
import numpy as np
import pandas as pd

numbers = [f"I{i}" for i in range(1, 14)]
hashes = [f"C{i}" for i in range(1, 27)]
rows = pd.read_csv(sys.argv[1], sep="\t", header=None, names=["label", *numbers, *hashes],
                   dtype={name: str for name in hashes}, keep_default_na=False, na_values={name: "" for name in numbers})
dense = np.log1p(rows[numbers].fillna(0).clip(lower=0).to_numpy(np.float32))
sparse = np.stack([pd.factorize(rows[name])[0] for name in hashes], axis=1).astype(np.int32)
np.savez(sys.argv[2], X_int=dense, X_cat=sparse, y=rows["label"].to_numpy(np.float32))
"""


def processor_seconds(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raw")
    parser.add_argument("--reference", default="")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    raw = os.path.abspath(arguments.raw)
    megabytes = os.path.getsize(raw) / 1e6
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "src", "Dlrm.Cli", "bin", "Release", "net10.0", "Dlrm.Cli.dll")
    python = "/usr/bin/python3"
    tools = {
        "dlrm preprocess": lambda folder: ["dotnet", tool, "preprocess", raw, "--preset=criteo-kaggle", "--output=set", "--num-threads=1", "--quiet"],
        "pandas": lambda folder: [python, "-c", PANDAS, raw, "out.npz"],
    }
    if arguments.reference:
        script = os.path.abspath(arguments.reference)
        # It writes its files beside the raw file, so it gets one of its own.
        tools["reference data_utils.py"] = lambda folder: [
            python, script, "--raw-data-file=" + os.path.join(folder, "train.txt"), "--processed-data-file=" + os.path.join(folder, "out.npz")]

    best = {}
    for _ in range(arguments.rounds):
        for name, command in tools.items():
            with tempfile.TemporaryDirectory() as folder:
                shutil.copy(raw, os.path.join(folder, "train.txt"))
                try:
                    seconds = processor_seconds(command(folder), folder)
                except (OSError, subprocess.CalledProcessError) as error:
                    print(f"{name}: {error}", file=sys.stderr)
                    continue
            best[name] = min(seconds, best.get(name, seconds))

    for name, seconds in best.items():
        print(f"{name:<26}{seconds:9.2f} s of processor time{megabytes / seconds:9.1f} MB/s{seconds / best['dlrm preprocess']:8.1f} times dlrm's")


if __name__ == "__main__":
    main()
