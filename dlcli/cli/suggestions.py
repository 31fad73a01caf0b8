"""Suggestions for a wrong word on the command line: names of other tools and of earlier versions, and similar names."""

from __future__ import annotations

from collections.abc import Collection

from dlcli import figures, studies, techniques
from dlcli.nearest import nearest
from dlcli.options.fields import flag

# dlcli's option -> what other tools and earlier versions call it. The first match that the command has is suggested.
_OPTIONS = {
    "--learning-rate": "lr eta step-size initial-lr init-lr base-lr",
    "--batch-size": "batch bs batchsize train-batch-size per-device-train-batch-size minibatch",
    "--device gpu": "gpu gpus cuda use-gpu use-cuda",
    "--device cpu": "cpu no-cuda no-gpu use-cpu",
    "--d-model": "width hidden-size hidden-dim n-embd dim embed-dim model-dim embedding-dim",
    "--channels": "width filters num-filters base-channels ngf ndf features model-channels",
    "--hidden": "hidden-size hidden-dim hidden-units num-hidden rnn-size width units d-model",
    "--vector-size": "dimensions embedding-dim embedding-size emb-dim size dim width",
    "--embedding-dim": "embedding embedding-size emb-dim embed-dim",
    "--tie-embeddings": "tied tie-weights tie-word-embeddings weight-tying",
    "--layers": "n-layers num-layers n-layer nlayers num-hidden-layers blocks num-blocks depth",
    "--depth": "n-layers num-layers layers",
    "--stages": "n-stages num-stages levels num-blocks layers",
    "--heads": "n-heads num-heads n-head nhead num-attention-heads attention-heads",
    "--steps": "max-steps iters iterations max-iters num-steps n-steps train-steps training-steps total-steps",
    "--epochs": "num-epochs n-epochs num-train-epochs max-epochs epoch nepochs",
    "--weight-decay": "wd decay l2-reg l2-penalty",
    "--out": "output output-dir outdir out-dir save-dir save-path save logdir log-dir run-dir output-file file",
    "--dataset": "data data-path train-file dataset-name corpus train-data input-data data-file training-data",
    "--optimizer": "opt optim solver",
    "--schedule": "scheduler lr-scheduler lr-schedule lr-scheduler-type lr-decay",
    "--warmup-steps": "warmup num-warmup-steps lr-warmup warmup-iters",
    "--max-grad-norm": "clip-norm grad-clip clip gradient-clip clip-grad gradient-clip-val clip-grad-norm max-norm",
    "--gradient-accumulation-steps": "accumulate grad-accum accumulation-steps accumulate-grad-batches",
    "--context": "seq-len block-size max-length max-seq-length sequence-length bptt max-seq-len context-length ctx",
    "--max-new-tokens": "length max-tokens num-tokens max-length gen-length",
    "--vocab-size": "vocabulary vocab vocabulary-size n-vocab max-vocab",
    "--dropout": "dropout-rate drop drop-rate droprate p-dropout",
    "--dtype bfloat16": "precision mixed-precision amp fp16 bf16 half",
    "--patience": "early-stopping early-stop early-stopping-patience",
    "--latent-dim": "latent z-dim noise-dim nz z-size noise",
    "--count": "num-samples n-samples num n samples number",
    "--temperature": "temp t",
    "--top-k": "topk k",
    "--top-p": "topp nucleus nucleus-p",
    "--top": "topk top-k k n-best",
    "--seed": "random-seed random-state manual-seed rng-seed",
    "--arch": "model architecture network backbone net model-name",
    "--cell": "model rnn-type cell-type architecture",
    "--shape": "model architecture type model-type",
    "--run": "checkpoint ckpt model model-path weights load checkpoint-path resume pretrained run-id",
    "--image-size": "img-size imgsz resolution image-resolution size input-size",
    "--save-every": "save-steps checkpoint-every save-freq save-interval ckpt-every",
    "--report-every": "log-every log-interval logging-steps log-freq print-every print-freq",
    "--validate-every": "eval-every eval-steps eval-interval val-every val-interval validation-every eval-freq",
    "--keep": "max-checkpoints save-total-limit keep-checkpoints",
    "--timesteps": "num-diffusion-steps diffusion-steps num-timesteps noise-steps",
    "--sampler-steps": "num-inference-steps inference-steps sampling-steps num-steps steps ddim-steps",
    "--guidance-scale": "guidance cfg cfg-scale scale",
    "--class": "label y class-label",
    "--prompt": "text start start-text input primer prefix",
    "--beams": "beam-size num-beams beam-width beam",
    "--ema-decay": "ema average average-decay",
    "--critic-steps": "n-critic discriminator-steps d-steps disc-steps num-critic",
    "--gradient-penalty": "gp gp-weight lambda-gp r1 r1-gamma",
    "--parameterization": "prediction-type objective prediction formulation preconditioning",
    "--time-distribution": "time-sampling timestep-sampling weighting-scheme noise-distribution",
    "--attention-stages": "attention-resolutions attn-resolutions attention-levels",
    "--init-image": "init-img img2img input-image source-image",
    "--strength": "denoising-strength edit-strength",
    "--inpaint": "mask mask-image inpainting",
    "--resamplings": "jump-n-sample resample resampling-steps",
    "--show-nearest": "nearest nearest-neighbors nearest-neighbours neighbors",
    "--tta": "test-time-augmentation",
    "--noise-schedule": "beta-schedule noise-scheduler",
    "--label-dropout": "class-dropout-prob cond-drop-prob class-dropout uncond-prob",
    "--conditional": "class-cond class-conditional cond",
    "--mc-dropout": "mc-samples monte-carlo-dropout",
    "--freeze-backbone": "freeze frozen",
    "--backbone-from": "pretrained finetune fine-tune transfer init-from",
    "--config": "config-file conf cfg-file yaml",
    "--plan": "dry-run summary check",
    "--augment": "augmentation augmentations transforms transform aug data-augmentation",
    "--max-time": "time-limit max-hours timeout budget time",
    "--label-smoothing": "smooth smoothing ls",
    "--window": "window-size",
    "--min-count": "min-freq mincount min-frequency",
    "--negative": "neg negative-samples num-negatives negatives",
    "--restrict-vocab": "restrict restrict-vocabulary",
    "--model cbow": "cbow",
    "--model skip-gram": "skipgram sg skip-gram",
    "--help-all": "help-full full-help all-options",
}
# What other tools or earlier versions do by an option, and dlcli by another command.
_COMMANDS = {"vectors": "dlcli export word2vec --format word2vec --out vectors.bin writes all vectors"}
_VERBS = {
    "eval": "test evaluate validate measure benchmark",
    "sample": "generate create synthesize write",
    "predict": "infer inference classify translate apply nearest",
    "train": "fit learn run start",
    "viz": "plot visualize visualise draw figure show display picture vis",
    "resume": "continue restart",
    "score": "perplexity logprob likelihood probability",
    "study": "experiment ablation sweep",
    "tune": "search optimize optimise hpo optuna hyperparameters",
    "check": "verify prove",
    "export": "save convert publish push",
    "data": "dataset datasets",
    "doctor": "info env environment version devices system",
    "runs list": "list ls history",
    "runs compare": "compare diff",
    "predict tokenizer": "tokenize encode",
}
_SUBJECTS = {
    "train cnn": "classifier image images convnet vgg mnist cifar vision conv",
    "train mlp": "perceptron dense feedforward ffn dnn tabular moons iris logistic-regression",
    "train cnn --arch resnet": "resnet resnet18 resnet34 resnet50",
    "train cnn --arch convnext": "convnext",
    "train cnn --arch airbench": "airbench cifarnet",
    "train transformer --shape encoder": "bert roberta encoder distilbert",
    "train transformer": "gpt gpt2 gpt-2 nanogpt llama lm llm decoder language-model",
    "train transformer --shape encoder-decoder": "t5 seq2seq translation translator nmt bart encoder-decoder",
    "train rnn": "lstm char-rnn recurrent language",
    "train rnn --cell gru": "gru",
    "train rnn --task classify": "sentiment text-classifier",
    "train diffusion": "ddpm ddim unet stable-diffusion flow flow-matching score-model vae autoencoder",
    "train diffusion --parameterization edm": "edm karras",
    "train gan": "dcgan",
    "train gan --arch resnet": "sngan resnet-gan",
    "train gan --loss wasserstein": "wgan wgan-gp",
    "train word2vec": "w2v skipgram skip-gram cbow fasttext glove embedding embeddings word-embeddings",
    "train tokenizer": "bpe wordpiece unigram subword subwords sentencepiece",
    "viz learning-curves": "loss curves curve history training losses accuracy",
    "viz confusion": "confusion-matrix matrix",
    "viz decision-boundary": "boundary decision-surface playground",
    "viz saliency": "gradcam grad-cam heatmap cam",
    "viz activations": "feature-maps features maps",
    "viz filters": "kernels weights",
    "viz embeddings": "tsne t-sne pca umap vectors",
    "viz schedule": "lr learning-rate lr-schedule",
    "viz optimizer-surface": "optimizer optimizers surface loss-landscape",
    "viz augmentation": "augment augmentations",
    "viz denoising": "reverse-process sampling",
    "viz forward-process": "diffusion-process noising noise-schedule diffusion-schedule",
    "viz latent-interpolation": "latent-walk interpolation slerp latent-space",
    "viz attention-mask": "attention-pattern mask masks causal-mask padding-mask",
    "runs list": "ls all",
    "runs show": "info view cat",
    "runs compare": "diff",
    "runs remove": "rm delete del",
    "runs rename": "mv move",
    "data list": "ls all",
    "data show": "info view describe stats",
    "data check": "validate verify lint",
    "data prepare": "download get fetch install",
}
_READING = ("predict", "sample", "score")  # what a trained run can be used for


def option(name: str, known: Collection[str]) -> str:
    """Return the option to suggest for an unknown one, or "".

    Args:
        name: as typed, such as "--lr".
        known: the options of the command.
    """
    plain = name.lstrip("-").lower().replace("_", "-")
    if flag(plain) in known:
        return flag(plain)
    synonyms = [meant for meant, words in _OPTIONS.items() if plain in words.split()]
    if synonyms:  # a word of another tool is not a misspelling
        return next((meant for meant in synonyms if meant.split()[0] in known), "")
    return "".join(f"--{each}" for each in nearest(plain, [each[2:] for each in known]))


def other_command(name: str) -> str:
    """Return the hint of another command for an unknown option, such as "--vectors", or ""."""
    return _COMMANDS.get(name.lstrip("-").lower(), "")


def verb(name: str, verbs: Collection[str]) -> str:
    """Return the start of the command to suggest for an unknown first word, or ""."""
    word = name.lower().replace("_", "-")
    for meant, words in _VERBS.items():
        if word in words.split():
            return meant
    if word in techniques.names():
        return f"train {word}"
    if word in figures.catalogue():
        return f"viz {word}"
    return next(iter(nearest(name, verbs)), "") or _subject_of_any(word)


def subject(of: str, name: str, subjects: Collection[str]) -> str:
    """Return the start of the command to suggest for an unknown subject of a verb, or "".

    Args:
        of: the verb.
        name: the subject as typed.
        subjects: those of the verb.
    """
    word = name.lower().replace("_", "-")
    if word in techniques.names():
        return _closest(of, word)
    if word in figures.catalogue():
        return f"viz {word}"
    if word in studies.catalogue():
        return f"study {word}"
    for meant, words in _SUBJECTS.items():
        first, second, *_ = meant.split()
        if word in words.split() and first == of and second in subjects:
            return meant
        if word in words.split() and first == "train" and of in _READING:
            return _closest(of, second)
    near = nearest(name, subjects)
    return f"{of} {near[0]}" if near else ""


def _closest(verb: str, technique: str) -> str:
    """Return the start of the command closest to `verb` that the technique has."""
    if verb == "viz":
        return f"viz {figures.main_figure(technique)}"
    verbs = [each for each in (verb, *_READING, "train") if technique in techniques.having(each)]
    return f"{verbs[0]} {technique}"


def _subject_of_any(word: str) -> str:
    return next((meant for meant, words in _SUBJECTS.items() if word in words.split() and len(word) > 2), "")
