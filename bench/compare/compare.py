"""Runs PyTorch here and Dlrm.NET in a child process, in turns, and prints medians and ratios. Started by `run`."""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

import torch
from threadpoolctl import threadpool_info

from torch_dlrm import Workload

CASES = ['kaggle:1:1', 'kaggle:128:1', 'kaggle:128:2', 'kaggle:2048:1', 'kaggle:2048:2', 'embedding-heavy:2048:1',
         'embedding-heavy:2048:2', 'dcnv2:2048:2']
SETTLE = 0.05  # seconds between turns: the other side's idle threads stop spinning


class Ours:
    """`dlrm bench --serve-rounds`: a line in, a JSON line out."""

    def __init__(self, tool):
        self.process = subprocess.Popen([tool, 'bench', '--serve-rounds'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit('compare.py: dlrm bench ended at "%s"' % line)
        return json.loads(answer)

    def load(self, preset, batch, threads):
        return self.ask('load %s %d %d' % (preset, batch, threads))

    def time(self, kind, count):
        return self.ask('%s %d' % (kind, count))['ms']

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def compare(ours, preset, batch, threads, rounds, seconds):
    loaded = ours.load(preset, batch, threads)
    theirs = Workload(preset, batch, threads)
    row = {'preset': preset, 'batch': batch, 'threads': threads, 'instruction_set': loaded['instruction_set']}
    for kind in ('train', 'infer'):
        sides = {'torch': getattr(theirs, kind), 'ours': lambda n: ours.time(kind, n)}
        # Warm up, and find how many steps fill a turn.
        counts = {side: max(1, int(seconds / (1e-3 * statistics.median(step(3))))) for side, step in sides.items()}
        for side, step in sides.items():
            step(min(30, counts[side]))
        medians = {side: [] for side in sides}
        best = {side: float('inf') for side in sides}
        for turn in range(rounds):
            # The first place changes, so that neither side always follows the other.
            for side in sorted(sides, reverse=turn % 2 == 0):
                time.sleep(SETTLE)
                sides[side](1)  # finds the cache full of the other side's data
                times = sides[side](counts[side])
                medians[side].append(statistics.median(times))
                best[side] = min(best[side], *times)
        row[kind] = {
            'torch_ms': statistics.median(medians['torch']),
            'ours_ms': statistics.median(medians['ours']),
            # Pairs of neighbouring turns: what slows the machine for a while slows both.
            'ratio': statistics.median(t / o for t, o in zip(medians['torch'], medians['ours'])),
            # On a machine busy with other work, only the fastest steps are undisturbed.
            'torch_best_ms': best['torch'],
            'ours_best_ms': best['ours'],
            'best_ratio': best['torch'] / best['ours'],
            'rounds': medians,
        }
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--json', metavar='FILE', help='also write everything measured')
    parser.add_argument('--quick', action='store_true', help='short turns, for trying it out')
    parser.add_argument('--only', metavar='PRESET:BATCH:THREADS,…', default=','.join(CASES))
    args = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    blas = [pool for pool in threadpool_info() if pool['user_api'] == 'blas']
    machine = {
        'processor': next((line.split(':')[1].strip() for line in open('/proc/cpuinfo') if 'model name' in line), platform.machine()),
        'cores': cores,
        'torch': torch.__version__,
        'blas': ['%s %s, %s kernels, %s threads' % (p['internal_api'], p['version'], p.get('architecture'), p.get('threading_layer')) for p in blas],
    }
    print('%s, %d cores; PyTorch %s with %s' % (machine['processor'], cores, machine['torch'], '; '.join(machine['blas'])))
    if not any(pool.get('threading_layer') == 'openmp' for pool in blas):
        print('warning: PyTorch does not use the OpenMP OpenBLAS: its two-thread figures mean nothing', file=sys.stderr)

    ours = Ours(os.environ['DLRM_TOOL'])
    line = '%-16s %6s %8s' + 2 * '   %9s %9s %6s %8s'
    print(line % ('', '', '', 'train ms', '', '', 'ratio of', 'infer ms', '', '', 'ratio of'))
    print(line % ('preset', 'batch', 'threads', *2 * ('PyTorch', 'Dlrm.NET', 'ratio', 'fastest')))
    rows = []
    for case in args.only.split(','):
        preset, batch, threads = case.split(':')
        if int(threads) > cores:
            print('%s: left out, there are %d cores' % (case, cores), file=sys.stderr)
            continue
        row = compare(ours, preset, int(batch), int(threads), 3 if args.quick else 9, 0.05 if args.quick else 0.4)
        rows.append(row)
        cells = ['%.2f' % row[kind][name] for kind in ('train', 'infer') for name in ('torch_ms', 'ours_ms', 'ratio', 'best_ratio')]
        print(line % (preset, batch, threads, *cells), flush=True)
    ours.close()
    if args.json:
        with open(args.json, 'w') as file:
            json.dump({'machine': machine, 'rows': rows}, file, indent=1)


if __name__ == '__main__':
    main()
