#!/bin/sh
# Makes part.pt, rest.pt and rest.txt with the reference and Debian's PyTorch: REFERENCE=…/dlrm ./make.sh
# part.pt stands after 20 batches of an epoch; the reference goes on from it to the epoch's 60th, and saves its best as rest.pt.
set -e
here=$(dirname "$0")
run() {
    /usr/bin/python3 "$here/../../../scripts/reference.py" --arch-mlp-bot=4-8-4 --arch-mlp-top=8-1 \
        --arch-embedding-size=60-50-3 --arch-sparse-feature-size=4 --mini-batch-size=8 --print-freq=7 --test-freq=20 \
        --round-targets=True --loss-function=bce --learning-rate=0.1 --optimizer=adagrad --numpy-rand-seed=2 "$@"
}
cd "$here"
run --data-size=160 --save-model=part.pt > /dev/null
run --data-size=480 --load-model=part.pt --save-model=rest.pt | grep -v 'world size' > rest.txt
