#!/bin/sh
# Handwritten digits, drawn by class: a conditional GAN with the default options.
#
#   data      embedded: scikit-learn's 1,797 digits, 359 of them for the test
#   machine   2 cores of an Intel Xeon, shared with other work; Python 3.11, jax 0.10.2
#   time      1 min 53 s, the first compilation included
#   result    99.22 % of 1,795 samples are of the class asked for, 95 % interval 98.70 – 99.53 %, by a classifier that
#             was trained on the same data; Fréchet distance 3.66 to the test images (training images: 3.56)
set -eu
dlcli train gan --conditional
dlcli eval gan
dlcli sample gan --count 80 --grid 10
dlcli viz gan-training
dlcli viz latent-walk
