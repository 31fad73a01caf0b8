#!/bin/sh
# CIFAR-10 as JPEG files in folders, in 20 minutes on two cores: three stages of 3×3 convolutions, batch norm, Muon.
#
#   usage     recipes/cnn-cifar10.sh FOLDER, which holds train/CLASS/N.jpg and test/CLASS/N.jpg
#   data      CIFAR-10, whose pixels went through JPEG: 45,000 images to train, 5,000 to validate, 10,000 for the test
#   machine   2 cores of an Intel Xeon, shared with other work; Python 3.11, jax 0.10.2
#   time      20 min, interrupted once and resumed
#   result    test accuracy 79.92 %, 95 % interval 79.12 – 80.69 %, 211,258 parameters
set -eu
data=${1:?usage: recipes/cnn-cifar10.sh FOLDER}
dlcli train cnn --dataset folder:"$data" \
  --stages 3 --channels 48 --norm batch --hidden 0 --dropout 0.1 --augment shift:2,flip \
  --optimizer muon --learning-rate 1e-2 --weight-decay 0.02 --schedule cosine --warmup-steps 100 \
  --epochs 8 --validate-every 352
dlcli eval cnn
