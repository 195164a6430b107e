#!/usr/bin/env python3
"""Writes traces.json beside this script: usage: make_traces.py REFERENCE_DIR (Debian's python3-torch, python3-numpy)

Runs the reference's dlrm_data_pytorch.py: as a program on three traces (the distribution and the synthetic trace that it
writes), and its generate_synthetic_input_batch on distributions of them.
"""
import json, os, subprocess, sys, tempfile
import numpy as np

reference, here = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, reference)
import dlrm_data_pytorch as data

draw = np.random.RandomState(5)
traces = [
    draw.zipf(1.3, 400) % 60,
    draw.randint(0, 25, 300),
    np.repeat(np.arange(9), 3),
]
programs, files = [], []
folder = tempfile.mkdtemp()
for number, trace in enumerate(traces):
    names = {k: os.path.join(folder, '%s_%d.log' % (k, number)) for k in ('trace', 'dist', 'out')}
    open(names['trace'], 'w').write(', '.join(str(x) for x in trace))
    subprocess.run([sys.executable, os.path.join(reference, 'dlrm_data_pytorch.py'), '--trace-file=' + names['trace'],
                    '--dist-file=' + names['dist'], '--synthetic-file=' + names['out'], '--numpy-rand-seed=123'], check=True)
    programs.append({k: open(names[k]).read() for k in names})

batches = []
pattern = os.path.join(folder, 'dist_j.log')
rows = [60, 8, 9]
for fixed in (False, True):
    for padding in (False, True):
        np.random.seed(77)
        read = []
        for size in (4, 3):
            dense, offsets, indices = data.generate_synthetic_input_batch(2, rows, size, 12, fixed, pattern, padding)
            labels = data.generate_random_output_batch(size, 1, False)
            read.append({
                'dense': [float(x) for x in dense.flatten()],
                'offsets': [o.tolist() for o in offsets],
                'indices': [i.tolist() for i in indices],
                'labels': [float(x) for x in labels.flatten()],
            })
        batches.append({'fixed': fixed, 'padding': padding, 'batches': read})
json.dump({'programs': programs, 'rows': rows, 'lookups': 12, 'seed': 77, 'sources': batches},
          open(os.path.join(here, 'traces.json'), 'w'), separators=(',', ':'))
