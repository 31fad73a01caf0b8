#!/bin/sh
# Handwritten digits out of noise: a small U-Net told the classes, with the default options.
#
#   data      embedded: scikit-learn's 1,797 digits, 359 of them for the test
#   machine   2 cores of an Intel Xeon, shared with other work; Python 3.11, jax 0.10.2
#   time      5 min 44 s of CPU time for training, the first compilation included; 35 s for the evaluation
#   result    Fréchet distance 3.02 of 1,000 samples to the test images, by a classifier's features (1,000 training
#             images: 4.10); 97.30 % of the samples are of the class asked for, by that classifier, which names
#             97.21 % of the test images rightly; 471,073 parameters
set -eu
dlcli train diffusion --conditional
dlcli eval diffusion
dlcli sample diffusion --out digits.png
dlcli viz denoising
