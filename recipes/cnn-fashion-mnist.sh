#!/bin/sh
# Fashion-MNIST with the network of airbench: whitening, three blocks, Muon, alternating flips.
#
#   usage     recipes/cnn-fashion-mnist.sh FOLDER, where tensorflow-datasets prepared fashion_mnist;
#             `dlcli data prepare tfds:fashion_mnist --data-dir FOLDER` prepares it
#   data      Fashion-MNIST: 55,000 images to train, 5,000 to validate, 10,000 for the test
#   machine   2 cores of an AMD EPYC; other work ran beside it for some minutes; Python 3.11, jax 0.10.2
#   time      15 min 12 s of training, which took 25 min of processor time
#   result    test accuracy 93.96 %, 95 % interval 93.48 – 94.41 %, 492,626 parameters
#             measured when the whitening added 5e-4 to the variances; now it adds 3e-2, which was not measured here
#   limit     94.0 % in 40 minutes was looked for; more epochs were not measured. Three plain stages of 3×3 convolutions
#             with batch norm, cutout and Muon gave 92.93 % in 29 min on 2 cores of an Intel Xeon
set -eu
data=${1:?usage: recipes/cnn-fashion-mnist.sh FOLDER}
dlcli train cnn --dataset tfds:fashion_mnist --data-dir "$data" \
  --arch airbench --channels 32 --dropout 0 --label-smoothing 0.1 --augment shift:2,alternating-flip \
  --optimizer muon --learning-rate 2e-2 --weight-decay 0.02 --schedule linear --warmup-steps 50 \
  --batch-size 256 --epochs 8 --validate-every 430 --validate-examples 1000
dlcli eval cnn --tta flip-shift
