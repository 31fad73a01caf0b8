#!/bin/sh
# A pretrained GPT-2 continues in the style of a text: its weights are imported, and fine-tuned on the text.
#
#   usage     recipes/transformer-gpt2-shakespeare.sh TEXT MODEL [RATE]: TEXT is a text file; MODEL is a folder of Hugging
#             Face with the layout of GPT-2 (config.json, model.safetensors, tokenizer.json, tokenizer_config.json) and a
#             context of at least 256 tokens; RATE is the peak learning rate, 3e-5 by default, which suits GPT-2 small
#   data      tinyshakespeare, 1.1 MB: its end, 56,652 tokens of the model below, is the validation split
#   machine   2 cores of an AMD EPYC, shared with other work; Python 3.11, jax 0.10.2; for GPT-2 small a GPU
#   time      77 s of processor time, 15 min of training beside other programs, with the model below
#   result    validation loss 5.645 -> 4.354 nats per token, 4.136 -> 3.190 bits per character, with RATE 1e-3, of a small
#             model of GPT-2's layout, 247,552 parameters, which these two commands made of docstrings in 400 steps:
#               dlcli train transformer --preset gpt2 --tokenizer bpe --vocab-size 2048 --context 256 --batch-size 4 \
#                 --layers 2 --d-model 64 --steps 400 --learning-rate 3e-3 --name small
#               dlcli export small --format huggingface --out small-gpt2
#   limit     with the weights of GPT-2 itself, which were not at hand, nothing was measured
set -eu
text=${1:?usage: recipes/transformer-gpt2-shakespeare.sh TEXT MODEL [RATE]}
model=${2:?usage: recipes/transformer-gpt2-shakespeare.sh TEXT MODEL [RATE]}
dlcli import "$model" --name gpt2
dlcli eval gpt2 --dataset "$text"
dlcli train transformer --init-from gpt2 --dataset "$text" --context 256 --batch-size 8 --steps 200 \
  --learning-rate "${3:-3e-5}" --warmup-steps 20 --weight-decay 0.01 --dropout 0.1 --validate-every 50 --name gpt2-tuned
dlcli eval gpt2-tuned
dlcli sample transformer --run gpt2-tuned --prompt "ROMEO:" --temperature 0.8 --top-p 0.95
