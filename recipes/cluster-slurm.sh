#!/bin/bash
# One run on several hosts under SLURM, requeued when it is preempted: sbatch recipes/cluster-slurm.sh
#
#   data      embedded: scikit-learn's 1,797 digits
#   machine   not run: no SLURM was at hand; jax reads SLURM's variables, which the tests simulate
#   time      not measured
#   result    not measured
#
# SLURM sends SIGTERM 120 s before the time limit and at preemption: the run is saved and exits with 143, which
# --requeue starts again; --resume-if-exists then continues it.
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --time=01:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu
srun dlcli train cnn --out runs/cluster-slurm --batch-size 128 --resume-if-exists
