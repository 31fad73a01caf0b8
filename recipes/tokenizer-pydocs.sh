#!/bin/sh
# Docstrings: a byte-level BPE tokenizer of 8,000 entries, and how it breaks words.
#
#   data      embedded: 26,028 docstrings of Python and its scientific stack, 15.9 million characters, 5,206 for the test
#   machine   2 cores of an Intel Xeon, shared with other work; Python 3.11, tokenizers 0.23.3
#   time      14 s of processor time for the training, 60 s by the clock with six times as much work as cores
#   result    test: 3.516 characters a token, 2.006 tokens a word, none unknown, 95.6 % of the entries used
set -eu
dlcli train tokenizer
dlcli eval tokenizer
dlcli viz subwords
