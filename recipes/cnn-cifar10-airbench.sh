#!/bin/sh
# CIFAR-10 as JPEG files in folders with the network of airbench: whitening, three blocks, Muon, alternating flips.
#
#   usage     recipes/cnn-cifar10-airbench.sh FOLDER, which holds train/CLASS/N.jpg and test/CLASS/N.jpg
#   data      CIFAR-10, whose pixels went through JPEG: 45,000 images to train, 5,000 to validate, 10,000 for the test
#   machine   2 cores of an AMD EPYC, shared with other work; Python 3.11, jax 0.10.2
#   time      not measured as a whole: with 32 channels, a step of 256 images took 1.28 s of processor time
#             beside other programs, so that 8 epochs (1,407 steps) would take about 15 minutes on two quiet cores
#   result    not measured
set -eu
data=${1:?usage: recipes/cnn-cifar10-airbench.sh FOLDER}
dlcli train cnn --dataset folder:"$data" \
  --arch airbench --channels 32 --dropout 0 --label-smoothing 0.1 --augment shift:2,alternating-flip \
  --optimizer muon --learning-rate 2e-2 --weight-decay 0.02 --schedule linear --warmup-steps 50 \
  --batch-size 256 --epochs 8 --validate-every 176 --validate-examples 1000
dlcli eval cnn --tta flip-shift
