#!/bin/sh
# A course in order: each line of it with its commands and the pictures that they draw, on one page for a lecture.
# The page, FOLDER/lecture.html, needs no network and no other file.
#
#   usage     recipes/lecture.sh [FOLDER]: where everything goes, by default lecture; the same command continues it
#   data      embedded
#   machine   one core of an AMD EPYC, while another program used the second one; Python 3.11, jax 0.10.2
#   time      23 min 4 s, with two seeds in the first study instead of three
#   result    a page of 10 MB: 34 pictures, 4 of which move, and 18 statements that hold
set -eu
out=${1:-lecture}
mkdir -p "$out"
export DLCLI_RUNS="$out/runs"
here=$(dirname "$0")

# A picture that is there is not drawn again; a run that is finished is not trained again.
dlcli() {
  for last; do :; done
  case $last in "$out"/*.png | "$out"/*.gif) [ ! -e "$last" ] || return 0 ;; esac
  command dlcli "$@"
}

## The first network
# A network of dense layers separates classes by a decision boundary, which its hidden units compose.
dlcli train mlp --dataset moons --keep 40 --save-every 25 --steps 1000 --name course-mlp --resume-if-exists
dlcli viz decision-boundary --run course-mlp --no-show --out "$out/decision-boundary.png"
# During training the boundary bends to the data.
dlcli viz decision-boundary --run course-mlp --no-show --out "$out/decision-boundary.gif"

## Convolutional networks
# A convolution moves a kernel over the image; the sums of the products fill a map.
dlcli viz convolution --no-show --out "$out/convolution.gif"
# A trained network has filters of its own; each makes an activation map.
dlcli train cnn --dataset shapes --steps 800 --name course-cnn --resume-if-exists
dlcli viz filters --run course-cnn --no-show --out "$out/filters.png"
# From layer to layer, maps become smaller and features larger.
dlcli viz activations --run course-cnn --no-show --out "$out/activations.png"
# Each unit has few connections; through layers it is connected to a growing part of the image.
dlcli viz receptive-field --run course-cnn --no-show --out "$out/receptive-field.png"
# Pooling keeps the maximum of each region, and drops what is redundant.
dlcli viz pooling --no-show --out "$out/pooling.png"
# The head classifies the features: where it errs, and how sure it is.
dlcli viz confusion --run course-cnn --no-show --out "$out/confusion.png"
# Which pixels speak for the class, by six methods.
dlcli viz saliency --run course-cnn --no-show --out "$out/saliency.png"

## Optimization
# An optimization surface has local minima, saddle points and plateaus.
dlcli viz optimizer-surface --surface himmelblau --no-show --out "$out/optimizer-surface.gif"
# Which minimum is reached depends on the start and on the optimizer.
dlcli viz basins --no-show --out "$out/basins.png"
# The surface of a real network, along two random directions around its weights.
dlcli viz loss-landscape --run course-mlp --no-show --out "$out/loss-landscape.png"
# A saddle point: gradient noise helps to escape from it.
dlcli viz optimizer-surface --surface saddle --gradient-noise 0.1 --no-show --out "$out/saddle.png"
# The learning rate changes over training.
dlcli viz schedule --warmup-steps 50 --no-show --out "$out/schedule.png"
# The error against the learning rate, and the rate that a range test chooses.
dlcli study learning-rate --seeds 3 --steps 150 --rates 5 --no-show --out "$out/study-learning-rate"

## Regularization
# Deep networks can overfit: without a penalty the boundary follows single examples; penalties and dropout smooth it.
dlcli train mlp --dataset moons --train-examples 40 --hidden-sizes 64,64 --steps 1500 --name plain --resume-if-exists
dlcli train mlp --dataset moons --train-examples 40 --hidden-sizes 64,64 --steps 1500 --l2 0.02 --name l2 --resume-if-exists
dlcli train mlp --dataset moons --train-examples 40 --hidden-sizes 64,64 --steps 1500 --l1 0.002 --name l1 --resume-if-exists
dlcli train mlp --dataset moons --train-examples 40 --hidden-sizes 64,64 --steps 1500 --weight-decay 1 --name decay --resume-if-exists
dlcli train mlp --dataset moons --train-examples 40 --hidden-sizes 64,64 --steps 1500 --dropout 0.5 --name dropout --resume-if-exists
dlcli train mlp --dataset moons --train-examples 40 --hidden-sizes 64,64 --steps 1500 --patience 3 --validate-every 25 --name early --resume-if-exists
dlcli viz decision-boundary --run plain --compare l2 --compare l1 --compare decay --compare dropout --compare early --no-show --out "$out/regularizers.png"
# Augmentation: rotated, lighter, larger and noisy images are further examples.
dlcli viz augmentation --no-show --out "$out/augmentation.png"
# Dropout leaves out random units of each minibatch; a prediction is the mean over many thinned networks.
dlcli viz dropout-masks --run course-cnn --no-show --out "$out/dropout-masks.png"
# What each method gains on few examples of digits, with its strength tuned on validation.
dlcli study regularization --strengths 1 --seeds 3 --steps 150 --no-show --out "$out/study-regularization"

## Words as vectors
# Words are broken into smaller units, frequent ones into fewer.
if [ ! -e "$DLCLI_RUNS/course-tokenizer/run.json" ]; then
  dlcli train tokenizer --name course-tokenizer
fi
dlcli viz subwords --run course-tokenizer --no-show --out "$out/subwords.png"
# Word2vec gives words of similar contexts similar vectors.
dlcli train word2vec --name course-word2vec --resume-if-exists
dlcli viz embeddings --run course-word2vec --no-show --out "$out/embeddings.png"

## Recurrent networks
# A recurrent state combines past and present: one unit over a text.
dlcli train rnn --steps 500 --name course-rnn --resume-if-exists
dlcli viz hidden-state 'Return the sum (or mean) of "x".' --run course-rnn --no-show --out "$out/hidden-state.png"
# The probability of a sequence is a product of conditional probabilities.
dlcli viz token-probabilities 'Return the sum of the elements.' --run course-rnn --no-show --out "$out/token-probabilities.png"
# Through time, the gradient of a simple cell vanishes; gates hold it.
dlcli viz gradient-flow --no-show --out "$out/gradient-flow.png"

## Attention and transformers
# A mask decides which positions a position may attend to.
dlcli viz attention-mask --no-show --out "$out/attention-mask.png"
# Attention has no order of its own: encodings of positions add it.
dlcli viz positions --no-show --out "$out/positions.png"
# Attention focuses on some parts and ignores others: from dates as people write them to ISO 8601.
dlcli train transformer --shape encoder-decoder --steps 1200 --name dates --resume-if-exists
dlcli viz attention --run dates --no-show --out "$out/attention.png"

## Generative adversarial networks
# A generator and a discriminator compete.
dlcli train gan --conditional --steps 1500 --name course-gan --resume-if-exists
dlcli viz gan-training --run course-gan --no-show --out "$out/gan-training.png"
# What the discriminator learns of a density, beside the optimum p / (p + q).
dlcli train gan --dataset ring --name gan-ring --resume-if-exists
dlcli viz discriminator-field --run gan-ring --no-show --out "$out/discriminator-field.png"

## Diffusion
# Noise is added step by step, in closed form.
dlcli viz forward-process --no-show --out "$out/forward-process.png"
# A network removes it again.
dlcli train diffusion --conditional --steps 1500 --name course-diffusion --resume-if-exists
dlcli viz denoising --run course-diffusion --no-show --out "$out/denoising.gif"
# Guidance trades variety for likeness to the class.
dlcli viz denoising --run course-diffusion --compare-guidance 0,1,3,6 --count 2 --no-show --out "$out/guidance.png"
# Over a plane, the network learns the score, the arrows towards the data.
dlcli train diffusion --dataset ring --name diffusion-ring --resume-if-exists
dlcli viz score-field --run diffusion-ring --no-show --out "$out/score-field.png"

## The statements, checked
# Each statement of the course that a computation can refute, with numbers, tolerance and verdict.
if [ ! -s "$out/checks.txt" ]; then
  {
    dlcli check
  } > "$out/checks.part"
  mv "$out/checks.part" "$out/checks.txt"
fi

python3 "$here/lecture.py" "$0" "$out"
