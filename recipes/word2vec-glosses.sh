#!/bin/sh
# Word vectors of dictionary entries: skip-gram with gensim's settings, measured by human similarities and analogies.
#
#   usage     recipes/word2vec-glosses.sh FOLDER, which holds glosses.txt.xz and, as gensim ships them, wordsim353.tsv,
#             simlex999.txt and questions-words.txt
#   data      entries of WordNet and GCIDE, one a line: 9.1 million words, 8.4 million of them to train on
#   machine   2 cores of an AMD EPYC, otherwise idle; Python 3.11, jax 0.10.2
#   time      70 s, of which 46 s of training
#   result    Spearman's ρ 0.647 on WordSim-353 and 0.446 on SimLex-999, analogies among the first 30,000 words 21.8 %;
#             gensim 4.4.0 with these settings on the whole text: 0.601, 0.415 and 21.7 %. With `--model cbow`: 0.647,
#             0.397 and 16.5 %; gensim: 0.556, 0.300 and 20.0 %
set -eu
data=${1:?usage: recipes/word2vec-glosses.sh FOLDER}
dlcli train word2vec --dataset "$data"/glosses.txt.xz --pattern "[a-z']+"
dlcli eval word2vec --pairs "$data"/wordsim353.tsv --pairs "$data"/simlex999.txt --analogies "$data"/questions-words.txt
dlcli predict word2vec --nearest music --nearest water --top 5
dlcli viz embeddings --words king,water,music,red,seven,doctor --neighbors 12
