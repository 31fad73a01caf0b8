#!/bin/sh
# Handwritten digits: a small CNN with the default options.
#
#   data      embedded: scikit-learn's 1,797 digits, 359 of them for the test
#   machine   2 cores of an Intel Xeon, shared with other work; Python 3.11, jax 0.10.2
#   time      16 s with an empty cache of compilations, 15 s with a full one
#   result    test accuracy 98.89 %, 95 % interval 97.17 – 99.57 %, 53,002 parameters
set -eu
dlcli train cnn
dlcli eval cnn
