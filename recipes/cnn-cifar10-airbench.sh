#!/bin/sh
# CIFAR-10 as JPEG files in folders with the network of airbench: whitening, three blocks, Muon, alternating flips.
#
#   usage     recipes/cnn-cifar10-airbench.sh FOLDER, which holds train/CLASS/N.jpg and test/CLASS/N.jpg
#   data      CIFAR-10, whose pixels went through JPEG: 45,000 images to train, 5,000 to validate, 10,000 for the test
#   machine   2 cores of an AMD EPYC, nothing else running; Python 3.11, jax 0.10.2
#   time      55 min to train, which took 108 min of processor time, and 3 min of processor time to evaluate
#   result    test accuracy 90.37 %, 95 % interval 89.78 – 90.93 %, 1,971,362 parameters
#   limit     92 % in an hour and 88 % in 15 minutes were looked for. 32 channels, 13 epochs: 87.99 % (87.34 – 88.61) in
#             15.6 min; 10 epochs: 87.79 %. 48 channels, 12 epochs and a weight decay of 0.02: 88.70 %. After 16 epochs the
#             network has 95 % of the augmented training images. On a quarter of them (32 channels, 16 epochs), 82.18 % of
#             the validation images; with cutout, which slows that, 81.48 %; 48 channels in the same time 81.26 %. The
#             files are JPEG with halved colours, so that of the 12 variances of the patches that are whitened 6 are
#             noise: compressed once more, with the blocks shifted by 4 pixels, the quarter gives 80.64 %
set -eu
data=${1:?usage: recipes/cnn-cifar10-airbench.sh FOLDER}
dlcli train cnn --dataset folder:"$data" \
  --arch airbench --channels 64 --dropout 0 --label-smoothing 0.2 --augment shift:2,alternating-flip \
  --optimizer muon --learning-rate 2e-2 --weight-decay 0.5 --schedule linear --warmup-steps 50 \
  --batch-size 256 --epochs 16 --validate-every 880 --validate-examples 1000
dlcli eval cnn --tta flip-shift
