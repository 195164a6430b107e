#!/usr/bin/env python3
"""Packs what the loading of Criteo data is tested against: usage: pack.py GOLDEN_DIR

Reads the reference's golden traces (criteo-*.json) and writes criteo.json beside this script: for each case the options,
table sizes, head and checksum of the processed file, the first training batch, the number of rows tested with, and the
first initial weights of table 0, which tell where the random generator stood after loading.
"""
import json, os, struct, sys

def option(args, name, default):
    for a in args:
        if a.startswith('--' + name + '='):
            default = a.split('=', 1)[1]
    return default

def single(x):
    """The shortest decimal that reads back as the same float32."""
    for digits in range(1, 10):
        s = '%.*g' % (digits, x)
        if struct.unpack('f', struct.pack('f', float(s))) == struct.unpack('f', struct.pack('f', x)):
            return float(s)

cases = []
for name in ['none', 'total', 'day', 'maxind', 'subsample', 'mlperf', 'memmap']:
    g = json.load(open(os.path.join(sys.argv[1], 'criteo-%s.json' % name)))
    # The memory-mapped run leaves no processed file: its tables and batches are compared, not the head.
    a, b = g['args'], g['batches'][0]
    h = g.get('processed_head') or {'rows': 3000, 'X_cat_sum': 0, 'y': [], 'X_int': [], 'X_cat': []}
    tables = [g['parameters']['emb_l.%d.weight' % t][0] for t in range(26)]
    assert b['dense_shape'] == [64, 13] and all(o == list(range(64)) for o in b['offsets'])
    epochs = int(option(a, 'nepochs', '1'))
    cases.append({
        'name': name,
        'seed': int(option(a, 'numpy-rand-seed', '123')),
        'randomize': option(a, 'data-randomize', 'total'),
        'maxIndexRange': int(option(a, 'max-ind-range', '-1')),
        'subSampleRate': float(option(a, 'data-sub-sample-rate', '0')),
        'trainBatches': len(g['losses']) // epochs,
        'testRows': len(g['evals'][0]['scores']),
        'memoryMap': '--memory-map' in a,
        'counts': g.get('counts', tables),
        'rows': h['rows'],
        'indexSum': h['X_cat_sum'],
        'headLabels': h['y'],
        'headNumbers': h['X_int'],
        'headIndices': [[int(v) for v in row] for row in h['X_cat']],
        'batchDense': [single(v) for v in b['dense']],
        'batchIndices': b['indices'],
        'batchLabels': [int(v) for v in b['labels']],
        'tableRows': g['parameters']['emb_l.0.weight'][0],
        'firstWeights': [single(v) for v in (g['initial']['emb_l.0.weight']['first'])],
    })
text = json.dumps({'cases': cases}, separators=(',', ':')).replace('{"name"', '\n{"name"')
open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'criteo.json'), 'w').write(text + '\n')
