#!/bin/sh
# Shakespeare, character by character: an LSTM whose state is carried on, trained with Muon.
#
#   usage     recipes/rnn-shakespeare.sh FOLDER, which holds tinyshakespeare.txt
#   data      tinyshakespeare: 1,115,394 characters, the first 90 % to train on, the rest to validate
#   machine   one core of an AMD EPYC, shared with other work; Python 3.11, jax 0.10.2
#   time      37 min there, which took 20 min of processor time
#   result    1.450 nats a character (1.4501) on the validation split, 720,645 parameters
#   limit     1.45 in 15 minutes was looked for. 256 units, dropout 0.2 and 3,000 steps gave 1.498 in 9 min on 2 cores;
#             384 units, dropout 0.4 and 6,000 steps 1.462 in 27 min of one core. With dropout 0.3 the training loss is
#             1.214: it overfits. With Adam and a learning rate of 4e-3, 5,000 steps of 256 units gave 1.645
set -eu
data=${1:?usage: recipes/rnn-shakespeare.sh FOLDER}
dlcli train rnn --dataset "$data"/tinyshakespeare.txt --embedding-dim 64 --hidden 384 --dropout 0.3 \
  --optimizer muon --learning-rate 1e-2 --schedule cosine --warmup-steps 50 --steps 4500 --validate-every 750
dlcli eval rnn
dlcli sample rnn --prompt 'ROMEO:' --temperature 0.7
