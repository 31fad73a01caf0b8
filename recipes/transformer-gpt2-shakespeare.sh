#!/bin/sh
# A pretrained GPT-2 continues in the style of a text: its weights are imported, and fine-tuned on the text.
#
#   usage     recipes/transformer-gpt2-shakespeare.sh TEXT MODEL [RATE]: TEXT is a text file; MODEL is a folder of Hugging
#             Face with the layout of GPT-2 (config.json, model.safetensors, tokenizer.json, tokenizer_config.json) and a
#             context of at least 256 tokens; RATE is the peak learning rate, 3e-5 by default, which suits GPT-2 small
#   data      tinyshakespeare, 1.1 MB: its end is the validation split
set -eu
text=${1:?usage: recipes/transformer-gpt2-shakespeare.sh TEXT MODEL [RATE]}
model=${2:?usage: recipes/transformer-gpt2-shakespeare.sh TEXT MODEL [RATE]}
dlcli import "$model" --name gpt2
dlcli train transformer --init-from gpt2 --dataset "$text" --context 256 --batch-size 8 --steps 200 \
  --learning-rate "${3:-3e-5}" --warmup-steps 20 --weight-decay 0.01 --dropout 0.1 --validate-every 50 --name gpt2-tuned
dlcli eval gpt2-tuned
dlcli sample transformer --run gpt2-tuned --prompt "ROMEO:" --temperature 0.8 --top-p 0.95
