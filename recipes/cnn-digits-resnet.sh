#!/bin/sh
# Handwritten digits, as exactly as they can be told: a residual network of 20 layers, Muon, images changed at random.
#
#   data      embedded: scikit-learn's 1,797 digits, 359 of them for the test
#   machine   2 cores of an AMD EPYC, shared with other work (load 5 to 9); Python 3.11, jax 0.10.2
#   time      14 min there, which took 7 min of processor time
#   result    test accuracy 99.72 %, 95 % interval 98.44 – 99.95 %: one of 359 is wrong; 1,073,386 parameters
set -eu
dlcli train cnn --dataset digits --arch resnet --depth 20 --channels 32 --dropout 0 --label-smoothing 0.1 \
  --augment shift:1,rotate:10,zoom:0.1 --optimizer muon --learning-rate 2e-2 --weight-decay 0.1 \
  --schedule linear --warmup-steps 50 --batch-size 128 --steps 600 --validate-every 200
dlcli eval cnn
