#!/usr/bin/env python3
"""Writes reference-files.json: usage: make_reference_files.py REFERENCE_DIR CRITEO_TINY_TSV (Debian's python3-torch)

The reference's CriteoDataset on the first 211 rows: the files it leaves (base64), and the training and test batches of its
loader for --data-randomize=none and total.
"""
import base64, json, os, sys, tempfile
import numpy as np, torch

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.abspath(sys.argv[1]))
import dlrm_data_pytorch as data
import data_loader_terabyte as terabyte

folder = tempfile.mkdtemp()
raw = os.path.join(folder, 'train.txt')
open(raw, 'w').writelines(open(sys.argv[2]).readlines()[:211])
processed = os.path.join(folder, 'kaggleAdDisplayChallenge_processed.npz')
orders = {}
for randomize in ('none', 'total'):
    np.random.seed(123)
    sets = [data.CriteoDataset('kaggle', -1, 0.0, randomize, split, raw, processed, False, False) for split in ('train', 'test')]
    batches = []
    for s in sets:
        rows = [s[i] for i in range(len(s))][:20]
        dense, offsets, indices, labels = data.collate_wrapper_criteo_offset(rows)
        batches.append({'rows': len(s), 'dense': dense.flatten().tolist(), 'indices': [i.tolist() for i in indices],
                        'labels': labels.flatten().tolist()})
    orders[randomize] = batches
z = np.load(processed)
names = {}
for i in range(7):
    z = np.load(os.path.join(folder, 'train_day_%d_processed.npz' % i))
    path = os.path.join(folder, 'day_%d_reordered.npz' % i)
    np.savez_compressed(path, X_int=z['X_int'], X_cat=z['X_cat'], y=z['y'])
binary = os.path.join(folder, 'terabyte_processed_train.bin')
terabyte.numpy_to_binary([os.path.join(folder, 'day_%d_reordered.npz' % i) for i in range(6)], binary)
loader = terabyte.CriteoBinDataset(binary, os.path.join(folder, 'train_fea_count.npz'), 50, 10)
dense, _, indices, labels = loader[3]
files = ['kaggleAdDisplayChallenge_processed.npz', 'train_day_count.npz', 'train_fea_count.npz', 'day_6_reordered.npz']
json.dump({'files': {n: base64.b64encode(open(os.path.join(folder, n), 'rb').read()).decode() for n in files}, 'orders': orders,
           'bin': {'rows': os.path.getsize(binary) // 160, 'dense': dense.flatten().tolist(), 'indices': indices.tolist(),
                   'labels': labels.flatten().tolist()}},
          open(os.path.join(here, 'reference-files.json'), 'w'), separators=(',', ':'))
