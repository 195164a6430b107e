#!/usr/bin/env python3
"""Speed of compressed tables in inference: each kind scores the training part of a data set folder in turns, four times; the
fastest is kept.

usage: compression_inference.py FOLDER        (FOLDER of dlrm generate or dlrm preprocess; DLRM names the tool, ./dlrm)

Prints a table: the time in the tables a batch of 2048 on one thread, and the speed of the tables and of the whole pass beside
full tables.
"""
import os, re, subprocess, sys, tempfile

TOOL = os.environ.get("DLRM", "./dlrm").split()
OPTIONS = ["--data-generation=dataset", f"--data-set={sys.argv[1]}", "--arch-sparse-feature-size=16", "--arch-mlp-bot=13-64-16",
           "--arch-mlp-top=64-1", "--loss-function=bce", "--mini-batch-size=2048", "--test-mini-batch-size=2048", "--num-threads=1"]
QR = ["--qr-flag", "--qr-threshold=200", "--qr-collisions=4"]
MD = ["--md-flag", "--md-threshold=200"]
KINDS = {
    "full": [],
    "QR mult": [*QR, "--qr-operation=mult"],
    "QR add": [*QR, "--qr-operation=add"],
    "QR concat": [*QR, "--qr-operation=concat", "--arch-sparse-feature-size=8"],
    "MD 0.1": [*MD, "--md-temperature=0.1"],
    "MD 0.3": [*MD, "--md-temperature=0.3"],
    "MD 0.5": [*MD, "--md-temperature=0.5"],
}


def run(*arguments):
    ended = subprocess.run([*TOOL, *arguments], capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(ended.stderr)
    return ended.stdout + ended.stderr


def number(text, pattern):
    return float(re.search(pattern, text).group(1).replace(",", ""))


with tempfile.TemporaryDirectory() as scratch:
    for name, options in KINDS.items():
        run("train", *OPTIONS, *options, "--num-batches=5", f"--output-dir={scratch}/{name}")
    best = {name: [float("inf"), float("inf")] for name in KINDS}
    for _ in range(4):
        for name in KINDS:
            text = run("evaluate", f"{scratch}/{name}", "--enable-profiling", "--num-batches=0", "--data-set-split=train",
                       f"--output-dir={scratch}/scored")
            tables = number(text, r"embedding forward .*?([\d,.]+)\n")
            whole = number(text, r"batches in ([\d,.]+) m?s") * (1 if re.search(r"batches in [\d,.]+ ms", text) else 1000)
            best[name] = [min(best[name][0], tables), min(best[name][1], whole)]
    print("| tables | a batch | tables | whole pass |\n| --- | --- | --- | --- |")
    for name, (tables, whole) in best.items():
        print(f"| {name} | {tables:,.0f} µs | {best['full'][0] / tables:.2f} × | {best['full'][1] / whole:.2f} × |")
