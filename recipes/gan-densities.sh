#!/bin/sh
# Eight Gaussians on a ring and twenty-five on a grid: a GAN where the truth is known, with the default options.
#
#   data      embedded: points are drawn as they are needed; 2,500 for the test
#   machine   2 cores of an AMD EPYC, shared with other work; Python 3.11, jax 0.10.2
#   time      4 min
#   result    ring: 8 of 8 modes, 93.28 % of the samples within 3 standard deviations of one; grid: 25 of 25 and 64.00 %
set -eu
for density in ring grid; do
  dlcli train gan --dataset $density
  dlcli eval gan
  dlcli viz gan-training
done
