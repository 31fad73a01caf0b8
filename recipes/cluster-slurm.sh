#!/bin/bash
# One run on several hosts under SLURM, requeued when it is preempted: sbatch recipes/cluster-slurm.sh
#
#   data      embedded: scikit-learn's 1,797 digits
#   machine   not run: no SLURM was at hand; jax reads SLURM's variables, which the tests simulate
#   time      not measured
#   result    not measured on a cluster
#
# What tests/bench/scaling.py shows (`make bench`; a transformer of 402,432 parameters, 32 windows of 64 characters per
# step, 36 steps each, once) on two cores of an AMD EPYC at a load of 8 to 9, which favours a run with more threads: the
# figures of 4 and 8 devices say nothing about real ones.
#   devices             1      2      4      8      2 processes
#   step               417    238    170    109    257 ms
#   tokens per second 4,912  8,622 12,047 18,854  7,966
#   efficiency         1.0    0.88   0.61   0.48   0.81
#   all-reduced         0     1.6    2.4    2.8    1.6 MB per step and device
# From the step of one device and these bytes, without overlap, hosts like this one would have an efficiency of 0.94
# (2 hosts), 0.84 (4) and 0.70 (8) at 1 Gbit/s, and of 0.99, 0.98 and 0.96 at 10 Gbit/s.
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
