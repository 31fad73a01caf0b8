#!/bin/sh
# Fashion-MNIST out of noise by flow matching: a U-Net told the classes, with attention at its lowest resolution.
#
#   usage     recipes/diffusion-fashion-mnist.sh FOLDER, where tensorflow-datasets prepared fashion_mnist
#   data      Fashion-MNIST: 55,000 images to train, 5,000 to validate, 10,000 for the test
#   machine   2 cores of an AMD EPYC; Python 3.11, jax 0.10.2
#   time      not measured
#   result    not measured
set -eu
data=${1:?usage: recipes/diffusion-fashion-mnist.sh FOLDER}
dlcli train diffusion --dataset tfds:fashion_mnist --data-dir "$data" --conditional \
  --parameterization flow --time-distribution logit-normal --channels 32 --stages 3 --attention-stages 1 \
  --batch-size 64 --steps 4000 --learning-rate 1e-3 --ema-decay 0.999 --validate-every 500 --validate-examples 1000
dlcli eval diffusion --sampler heun --sampler-steps 20 --samples 2000
dlcli sample diffusion --sampler heun --sampler-steps 20 --count 80 --grid 10 --show-nearest --out fashion.png
