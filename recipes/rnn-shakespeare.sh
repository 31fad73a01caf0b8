#!/bin/sh
# Shakespeare, character by character: an LSTM whose state is carried on, trained with Muon.
#
#   usage     recipes/rnn-shakespeare.sh FOLDER, which holds tinyshakespeare.txt
#   data      tinyshakespeare: 1,115,394 characters, the first 90 % to train on, the rest to validate
#   machine   one core of an AMD EPYC, while another program used the second one; Python 3.11, jax 0.10.2
#   time      18 min of training
#   result    1.444 nats a character (1.4435) on the validation split, 954,693 parameters
#   limit     384 units, dropout 0.3 and 4,500 steps gave 1.450; dropout 0.4 and 6,000 steps 1.462; 256 units, dropout 0.2
#             and 3,000 steps 1.498. With Adam and a learning rate of 4e-3, 5,000 steps of 256 units gave 1.645
set -eu
data=${1:?usage: recipes/rnn-shakespeare.sh FOLDER}
dlcli train rnn --dataset "$data"/tinyshakespeare.txt --embedding-dim 64 --hidden 448 --dropout 0.35 \
  --optimizer muon --learning-rate 1e-2 --schedule cosine --warmup-steps 50 --steps 4800 --validate-every 800
dlcli eval rnn
dlcli sample rnn --prompt 'ROMEO:' --temperature 0.7
