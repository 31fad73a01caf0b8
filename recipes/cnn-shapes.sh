#!/bin/sh
# Drawn colour images of ten geometric shapes: a small CNN with the default options.
#
#   data      embedded: 11,000 images of 32×32 pixels, drawn from a seed; 2,000 of them for the test
#   machine   2 cores of an Intel Xeon, shared with other work; Python 3.11, jax 0.10.2
#   time      3 min 33 s of training on a busy machine
#   result    test accuracy 95.20 %, 95 % interval 94.17 – 96.05 %, 545,098 parameters
set -eu
dlcli train cnn --dataset shapes
dlcli eval cnn
dlcli viz saliency
