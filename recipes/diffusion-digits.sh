#!/bin/sh
# Handwritten digits out of noise: a small U-Net told the classes, with the default options.
#
#   data      embedded: scikit-learn's 1,797 digits, 359 of them for the test
#   machine   2 cores of an Intel Xeon, shared with other work; Python 3.11, jax 0.10.2
#   time      2 min for 1,500 steps
#   result    97.10 % of 1,000 samples are of the class asked for, 95 % interval 95.87 – 97.97 %, by a classifier that names
#             97.21 % of the test images rightly; Fréchet distance 3.38 to the test images, by its features (1,000
#             training images: 4.10); 471,073 parameters
set -eu
dlcli train diffusion --conditional
dlcli eval diffusion
dlcli sample diffusion --out digits.png
dlcli viz denoising
