#!/usr/bin/env python3
"""What compressed tables cost and save: trains and quantizes each kind on one data set and prints docs/compression.md's table.

usage: compression.py SEEDS [--option=value ...]   e.g. compression.py 2 --raw-data-file=criteo_kaggle.tsv.gz
The options name the data (a Criteo file, or --data-set=FOLDER). DLRM names the tool (default ./dlrm), ONLY the rows (part of
their names, separated by commas). Every seed runs all kinds in turn, so their speeds are measured side by side: the fastest
of the stretches of 5 steps that a run reports, over that of the full tables.
"""
import json, os, shutil, subprocess, sys, tempfile, time

TOOL = os.environ.get("DLRM", "./dlrm").split()
SEEDS = int(sys.argv[1])
DATA = ["--data-generation=dataset", *sys.argv[2:]]
if any(option.startswith("--raw-data-file") for option in DATA):
    DATA.append("--test-fraction=0.2")
RECIPE = ["--recipe=tuned", "--arch-mlp-bot=13-64-16", "--arch-mlp-top=64-1", "--num-threads=1", "--print-freq=5",
          "--test-freq=1000000", *DATA]
QR = ["--qr-flag", "--qr-threshold=200", "--qr-collisions=4"]
MD = ["--md-flag", "--md-threshold=200"]
TRAINED = {
    "full": [],
    "QR mult": [*QR, "--qr-operation=mult"],
    "QR add": [*QR, "--qr-operation=add"],
    "QR concat": [*QR, "--qr-operation=concat", "--arch-sparse-feature-size=8"],
    "QR mult, 64 collisions": ["--qr-flag", "--qr-threshold=200", "--qr-collisions=64", "--qr-operation=mult"],
    "MD 0.1": [*MD, "--md-temperature=0.1"],
    "MD 0.3": [*MD, "--md-temperature=0.3"],
    "MD 0.5": [*MD, "--md-temperature=0.5"],
    "fp16": ["--embedding-dtype=fp16"],
    "bf16": ["--embedding-dtype=bf16"],
    "full, dimension 8": ["--arch-sparse-feature-size=8", "--arch-mlp-bot=13-64-8"],
    "warm-up of 100 steps": ["--lr-num-warmup-steps=100"],
    "weighted loss 1-3": ["--loss-function=wbce", "--loss-weights=1-3"],
}
QUANTIZED = {"8 bit": 8, "4 bit": 4}


def run(*arguments):
    ended = subprocess.run([*TOOL, *arguments], capture_output=True, text=True)
    if ended.returncode:
        sys.exit(f"{' '.join(arguments)}: {ended.stderr}")


def table_bytes(model):
    with open(os.path.join(model, "model.safetensors"), "rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return sum(t["data_offsets"][1] - t["data_offsets"][0] for name, t in head.items() if name.startswith("emb_l"))


def result(name, out, model):
    lines = [json.loads(line) for line in open(os.path.join(out, "metrics.jsonl"))]
    test = [line for line in lines if line["kind"] == "eval"][-1]
    steps = [line["ms_per_it"] for line in lines if line["kind"] == "train"]
    return {"auc": test["auc"], "log_loss": test["log_loss"], "bytes": table_bytes(model), "ms": min(steps, default=None)}


def main():
    wanted = [part for part in os.environ.get("ONLY", "").split(",") if part]
    results = {}
    for seed in range(1, SEEDS + 1):
        for name, options in TRAINED.items():
            if wanted and name != "full" and not any(part in name for part in wanted):
                continue
            scratch = tempfile.mkdtemp(prefix="compression-")
            out, model = os.path.join(scratch, "out"), os.path.join(scratch, "model")
            chosen = [o for o in RECIPE if o.split("=")[0] not in {p.split("=")[0] for p in options}]
            run("train", *chosen, *options, f"--numpy-rand-seed={seed}", f"--output-dir={out}", f"--save-model={model}")
            results.setdefault(name, []).append(result(name, out, model))
            for kind, bits in QUANTIZED.items() if name == "full" else ():
                small, again = os.path.join(scratch, f"q{bits}"), os.path.join(scratch, f"out{bits}")
                run("quantize", f"--load-model={model}", f"--save-model={small}", f"--quantize-emb-with-bit={bits}")
                run("train", *chosen, f"--numpy-rand-seed={seed}", "--inference-only", f"--load-model={small}", f"--output-dir={again}")
                results.setdefault(kind, []).append(result(kind, again, small))
            shutil.rmtree(scratch)
            print(seed, name, results[name][-1], file=sys.stderr, flush=True)

    base = results["full"]
    mean = lambda rows, field: sum(row[field] for row in rows) / len(rows)
    print("| tables | AUC | log loss | bytes of tables | training speed |\n| --- | --- | --- | --- | --- |")
    for name, rows in results.items():
        fastest = min((row["ms"] for row in rows if row["ms"]), default=None)
        speed = f"{min(row['ms'] for row in base) / fastest:.2f} ×" if fastest else ""
        size = mean(rows, "bytes")
        print(f"| {name} | {mean(rows, 'auc'):.4f} ({mean(rows, 'auc') - mean(base, 'auc'):+.4f}) "
              f"| {mean(rows, 'log_loss'):.4f} ({mean(rows, 'log_loss') - mean(base, 'log_loss'):+.4f}) "
              f"| {size / 1e6:.1f} MB ({size / mean(base, 'bytes'):.0%}) | {speed} |")


main()
