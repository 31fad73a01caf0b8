#!/bin/sh
# Handwritten digits, drawn by class: a conditional GAN with the default options.
#
#   data      embedded: scikit-learn's 1,797 digits, 359 of them for the test
#   machine   2 cores of an AMD EPYC, shared with other work; Python 3.11, jax 0.10.2
#   time      2 min 47 s of training beside another one; 1 min 53 s in all on two cores of an Intel Xeon
#   result    99.16 % of 1,795 samples are of the class asked for, 95 % interval 98.63 – 99.49 %, by a classifier that
#             was trained on the same data; Fréchet distance 3.64 to the test images (training images: 3.56)
set -eu
dlcli train gan --conditional
dlcli eval gan
dlcli sample gan --count 80 --grid 10
dlcli viz gan-training
dlcli viz latent-interpolation
