"""Writes reference-lines.json: the reference's command lines and what it printed, from a folder of golden traces.

usage: make.py GOLDEN_DIR > reference-lines.json
One object a case: name, args, batch sizes of the steps where they differ, losses of the steps, accuracy (and AUC) of
the tests, and the lines that speak of training and testing.
"""
import glob, json, os, sys

folder = sys.argv[1]
cases = []
for case in json.load(open(os.path.join(folder, 'cases.json'))):
    trace = json.load(open(os.path.join(folder, case['name'] + '.json')))
    sizes = None  # equal but for these
    if case['name'] == 'ragged-last':
        sizes = [16] * 8 + [2]
    if case['name'] == 'criteo-subsample':
        sizes = [64] * 27 + [26]  # 2045 rows are left, 291 of them in the last day
    cases.append({
        'name': case['name'],
        'args': case['args'],
        'exit': trace.get('exit'),
        'sizes': sizes,
        'losses': [float('%.9g' % x) for x in trace['losses']],
        'evals': [{k: e[k] for k in ('test_acc', 'test_auc') if k in e} for e in trace['evals']],
        'lines': [l for l in trace['stdout'] if l.startswith(('Finished', 'Testing at', ' accuracy', 'recall'))],
    })
print('[\n' + ',\n'.join(json.dumps(c, separators=(',', ':')) for c in cases) + '\n]')
