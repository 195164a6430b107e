#!/usr/bin/env python3
"""Packs the golden traces that the tests need into Golden/cases, one gzip'd JSON file a case.

usage: pack_golden.py GOLDEN_DIR

GOLDEN_DIR holds what the reference computed (its README.md describes the fields). Nothing is left out or rounded: a
number that is exactly a float32 is written with the fewest digits that give the same float32 back. The files bear no
time of making, so packing the same traces again changes nothing.
"""
import gzip, json, os, struct, sys

CASES = (
    'readme readme-seed7 dot dot-itself cat bce wbce bce-threshold sgd-bce-long ragged-last lookups-fixed gaussian '
    'lr-policy eval mlperf-eval epochs kaggle-shape criteo-none criteo-total criteo-day criteo-maxind '
    'criteo-subsample adagrad rwsadagrad criteo-mlperf bad-dim bad-op units qr-mult qr-add qr-concat md md-round '
    'weighted-fixed weighted-learned dcn').split()

# Fields that the reference computed in double precision: written as they are.
DOUBLES = {'lrs', 'sum', 'abs_sum', 'test_acc', 'test_auc', 'numpy', 'metrics', 'trace', 'md_solver'}


def single(value):
    """The fewest digits that round to the same float32; the value itself where it is none."""
    bits = struct.pack('<f', value)
    if struct.unpack('<f', bits)[0] != value:
        return value
    for digits in range(1, 10):
        short = float('%.*g' % (digits, value))
        if struct.pack('<f', short) == bits:
            return short
    return value


def pack(value, key=None):
    if isinstance(value, dict):
        return {k: pack(v, k) for k, v in value.items()}
    if key in DOUBLES:
        return value
    if isinstance(value, list):
        return [pack(v) for v in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else single(value)
    return value


def write(path, content):
    with open(path, 'wb') as file, gzip.GzipFile('', 'wb', 9, file, mtime=0) as packed:
        packed.write(content)


def main():
    source = sys.argv[1]
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'cases')
    os.makedirs(target, exist_ok=True)
    total = 0
    for name in CASES:
        with open(os.path.join(source, name + '.json')) as file:
            text = json.dumps(pack(json.load(file)), separators=(',', ':'))
        path = os.path.join(target, name + '.json.gz')
        write(path, text.encode())
        total += os.path.getsize(path)
    with gzip.open(os.path.join(source, 'criteo-tiny.tsv.gz')) as file:
        path = os.path.join(target, 'criteo-tiny.tsv.gz')
        write(path, file.read())
    print('%d cases, %d bytes; criteo-tiny %d bytes' % (len(CASES), total, os.path.getsize(path)))


if __name__ == '__main__':
    main()
