#!/bin/sh
# The pictures of the course: each technique trained with its default options, then every figure drawn of it.
#
#   usage     recipes/gallery.sh [FOLDER]: where the pictures go, by default .gallery; runs that are there are used again
#   data      embedded
#   machine   2 cores of an AMD EPYC, shared with other work (load 3 to 17); Python 3.11, jax 0.10.2
#   time      about 140 min on that machine, summed: 48 min of training, 10 min of figures, 82 min of nine studies.
#             times.txt has the seconds of each figure on one core and of each study: `capacity`, `augmentation` (these
#             two to the minute), `depth`, `dropout-ensemble`, `batch-size` and `sample-size` in earlier runs
#   result    47 pictures: of 38 figures and of nine studies; gallery-images.sh draws five of them of real images instead
set -eu
out=${1:-.gallery}
mkdir -p "$out"
missing() { [ ! -f "runs/gallery-$1/run.json" ]; }

# times.txt has the seconds of each command.
: > "$out/times.txt"
dlcli() {
  began=$(date +%s)
  command dlcli "$@"
  printf '%6d s  %s %s\n' $(($(date +%s) - began)) "$1" "$2" >> "$out/times.txt"
}

dlcli viz schedule --no-show --out "$out/schedule.png"
dlcli viz optimizer-surface --surface himmelblau --no-show --out "$out/optimizer-surface.png"
dlcli viz basins --no-show --out "$out/basins.png"
dlcli viz convolution --no-show --out "$out/convolution.png"
dlcli viz gradient-flow --no-show --out "$out/gradient-flow.png"
dlcli viz positions --no-show --out "$out/positions.png"
dlcli viz noise-schedule --no-show --out "$out/noise-schedule.png"
dlcli viz augmentation --no-show --out "$out/augmentation.png"
dlcli viz pooling --no-show --out "$out/pooling.png"
dlcli viz attention-mask --no-show --out "$out/attention-mask.png"
dlcli viz forward-process --no-show --out "$out/forward-process.png"

if missing mlp; then
  dlcli train mlp --save-every 100 --keep 20 --out runs/gallery-mlp
fi
dlcli viz decision-boundary --run runs/gallery-mlp --no-show --out "$out/decision-boundary.png"
dlcli viz loss-landscape --run runs/gallery-mlp --no-show --out "$out/loss-landscape.png"
dlcli viz curvature --run runs/gallery-mlp --no-show --out "$out/curvature.png"

if missing autoencoder; then
  dlcli train autoencoder --variational --latent-dim 2 --out runs/gallery-autoencoder
fi
dlcli viz reconstructions --run runs/gallery-autoencoder --no-show --out "$out/reconstructions.png"
dlcli viz latent-space --run runs/gallery-autoencoder --no-show --out "$out/latent-space.png"

if missing cnn; then
  dlcli train cnn --dataset shapes --out runs/gallery-cnn
fi
dlcli viz learning-curves --run runs/gallery-cnn --no-show --out "$out/learning-curves.png"
dlcli viz receptive-field --run runs/gallery-cnn --no-show --out "$out/receptive-field.png"
dlcli viz filters --run runs/gallery-cnn --no-show --out "$out/filters.png"
dlcli viz activations --run runs/gallery-cnn --no-show --out "$out/activations.png"
dlcli viz saliency --run runs/gallery-cnn --no-show --out "$out/saliency.png"
dlcli viz dropout-masks --run runs/gallery-cnn --no-show --out "$out/dropout-masks.png"
dlcli viz confusion --run runs/gallery-cnn --no-show --out "$out/confusion.png"
dlcli viz reliability --run runs/gallery-cnn --no-show --out "$out/reliability.png"
dlcli viz roc --run runs/gallery-cnn --no-show --out "$out/roc.png"
dlcli viz features --run runs/gallery-cnn --no-show --out "$out/features.png"
dlcli viz representation --run runs/gallery-cnn --no-show --out "$out/representation.png"

if missing tokenizer; then
  dlcli train tokenizer --out runs/gallery-tokenizer
fi
dlcli viz subwords --run runs/gallery-tokenizer --no-show --out "$out/subwords.png"

if missing word2vec; then
  dlcli train word2vec --out runs/gallery-word2vec
fi
dlcli viz embeddings --run runs/gallery-word2vec --no-show --out "$out/embeddings.png"

if missing rnn; then
  dlcli train rnn --out runs/gallery-rnn
fi
dlcli viz token-probabilities 'Return the sum of the elements.' --run runs/gallery-rnn --no-show --out "$out/token-probabilities.png"
dlcli viz hidden-state 'Return the sum (or mean) of "x".' --run runs/gallery-rnn --no-show --out "$out/hidden-state.png"

if missing transformer; then
  dlcli train transformer --shape encoder-decoder --out runs/gallery-transformer
fi
dlcli viz attention --run runs/gallery-transformer --no-show --out "$out/attention.png"

if missing gan; then
  dlcli train gan --conditional --out runs/gallery-gan
fi
dlcli viz gan-training --run runs/gallery-gan --no-show --out "$out/gan-training.png"
dlcli viz latent-interpolation --run runs/gallery-gan --no-show --out "$out/latent-interpolation.png"

if missing diffusion; then
  dlcli train diffusion --conditional --out runs/gallery-diffusion
fi
dlcli viz denoising --run runs/gallery-diffusion --no-show --out "$out/denoising.png"
dlcli viz sampler-quality --run runs/gallery-diffusion --no-show --out "$out/sampler-quality.png"

if missing gan-ring; then
  dlcli train gan --dataset ring --out runs/gallery-gan-ring
fi
dlcli viz discriminator-field --run runs/gallery-gan-ring --no-show --out "$out/discriminator-field.png"

if missing diffusion-ring; then
  dlcli train diffusion --dataset ring --out runs/gallery-diffusion-ring
fi
dlcli viz score-field --run runs/gallery-diffusion-ring --no-show --out "$out/score-field.png"

dlcli study regularization --no-show --out runs/gallery-regularization
cp runs/gallery-regularization/regularization.png "$out/regularization.png"
dlcli study optimizers --no-show --out runs/gallery-optimizers
cp runs/gallery-optimizers/optimizers.png "$out/optimizers.png"
dlcli study capacity --label-noise 0.2 --widths 7 --train-examples 200 --seeds 3 --steps 600 --no-show --out runs/gallery-capacity
cp runs/gallery-capacity/capacity.png "$out/capacity.png"
dlcli study augmentation --change rotate --change shift --change noise --strengths 1 --seeds 5 --no-show \
  --out runs/gallery-augmentation
cp runs/gallery-augmentation/augmentation.png "$out/augmentation-study.png"
dlcli study depth --no-show --out runs/gallery-depth
cp runs/gallery-depth/depth.png "$out/depth.png"
dlcli study dropout-ensemble --no-show --out runs/gallery-dropout-ensemble
cp runs/gallery-dropout-ensemble/dropout-ensemble.png "$out/dropout-ensemble.png"
dlcli study learning-rate --no-show --out runs/gallery-learning-rate
cp runs/gallery-learning-rate/learning-rate.png "$out/learning-rate.png"
dlcli study batch-size --no-show --out runs/gallery-batch-size
cp runs/gallery-batch-size/batch-size.png "$out/batch-size.png"
dlcli study sample-size --no-show --out runs/gallery-sample-size
cp runs/gallery-sample-size/sample-size.png "$out/sample-size.png"
