#!/bin/sh
# Fashion-MNIST by class: a conditional GAN of residual blocks with the R1 penalty.
#
#   usage     recipes/gan-fashion-mnist.sh FOLDER, where tensorflow-datasets prepared fashion_mnist
#   data      Fashion-MNIST: 55,000 images to train, 5,000 to validate, 10,000 for the test
#   machine   2 cores of an AMD EPYC; Python 3.11, jax 0.10.2
#   time      not measured
#   result    not measured
set -eu
data=${1:?usage: recipes/gan-fashion-mnist.sh FOLDER}
dlcli train gan --dataset tfds:fashion_mnist --data-dir "$data" --conditional \
  --arch resnet --channels 32 --gradient-penalty 1 --augment shift:2 \
  --batch-size 64 --steps 6000 --ema-decay 0.999 --validate-every 1000 --validate-examples 1000
dlcli eval gan
dlcli sample gan --count 80 --grid 10 --show-nearest --out fashion.png
