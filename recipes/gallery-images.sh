#!/bin/sh
# Five pictures of the course again, of real images: photographs of CIFAR-10, and clothing of Fashion-MNIST.
#
#   usage     recipes/gallery-images.sh FOLDER CNN GAN DIFFUSION [OUT]: the images of cnn-cifar10-airbench.sh, the runs of
#             cnn-cifar10-airbench.sh, gan-fashion-mnist.sh and diffusion-fashion-mnist.sh, and where the pictures go, by
#             default .gallery
#   data      CIFAR-10 as JPEG, and Fashion-MNIST where the runs found it
#   machine   2 cores of an AMD EPYC, one of them in use by another program; Python 3.11, jax 0.10.2
#   time      24 s
#   result    5 pictures, which replace those that gallery.sh draws of embedded data; the diffusion run had stopped at step
#             3,364 of its 4,000
set -eu
usage="usage: recipes/gallery-images.sh FOLDER CNN GAN DIFFUSION [OUT]"
data=${1:?$usage} cnn=${2:?$usage} gan=${3:?$usage} diffusion=${4:?$usage} out=${5:-.gallery}
mkdir -p "$out"
dlcli viz augmentation --dataset folder:"$data" --index 3505 --no-show --out "$out/augmentation.png"
dlcli viz activations --run "$cnn" --index 3505 --no-show --out "$out/activations.png"
dlcli viz saliency --run "$cnn" --index 3505 --no-show --out "$out/saliency.png"
dlcli viz gan-training --run "$gan" --no-show --out "$out/gan-training.png"
dlcli viz denoising --run "$diffusion" --no-show --out "$out/denoising.png"
