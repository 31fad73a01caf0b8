#!/bin/sh
# Fashion-MNIST with the network of airbench: whitening, three blocks, Muon, alternating flips.
#
#   usage     recipes/cnn-fashion-mnist.sh FOLDER, where tensorflow-datasets prepared fashion_mnist;
#             `dlcli data prepare tfds:fashion_mnist --data-dir FOLDER` prepares it
#   data      Fashion-MNIST: 55,000 images to train, 5,000 to validate, 10,000 for the test
#   machine   one core of an AMD EPYC, while another program used the second one; Python 3.11, jax 0.10.2
#   time      19 min of processor time; with --seed 1 18.5 min by the clock
#   result    test accuracy 94.30 %, 95 % interval 93.83 – 94.74 %, 492,626 parameters; with --seed 1 94.13 %
#             (93.65 – 94.57 %), without --tta 93.79 %
#   limit     8 epochs and a weight decay of 0.02 gave 93.96 %. Three plain stages of 3×3 convolutions with batch norm,
#             cutout and Muon gave 92.93 % in 29 min on 2 cores of an Intel Xeon
set -eu
data=${1:?usage: recipes/cnn-fashion-mnist.sh FOLDER}
dlcli train cnn --dataset tfds:fashion_mnist --data-dir "$data" \
  --arch airbench --channels 32 --dropout 0 --label-smoothing 0.1 --augment shift:2,alternating-flip \
  --optimizer muon --learning-rate 2e-2 --weight-decay 0.5 --schedule linear --warmup-steps 50 \
  --batch-size 256 --epochs 12 --validate-every 645 --validate-examples 1000
dlcli eval cnn --tta flip-shift
