#!/bin/bash
# One run on several hosts under SLURM, requeued when it is preempted: sbatch recipes/cluster-slurm.sh
#
#   data      embedded: scikit-learn's 1,797 digits
#   machine   not run: no SLURM was at hand; jax reads SLURM's variables, which the tests simulate
#   time      not measured
#   result    not measured on a cluster
#
# What tests/bench/scaling.py shows (`make bench`; a transformer of 402,432 parameters, 32 windows of 64 characters per
# step, 36 steps each, once) on two cores of an AMD EPYC that did nothing else. One device computes on both cores
# already, so that more devices and processes there only show what dividing a step costs:
#   devices              1      2      4      8      2 processes
#   step                91     91     96     98    138 ms
#   tokens per second 22,432 22,457 21,377 20,841  14,806
#   efficiency          1.0    0.50   0.24   0.12   0.33
#   all-reduced          0     1.6    2.4    2.8    1.6 MB per step and device
# From the step of one device and these bytes, without overlap, hosts like this one would have an efficiency of 0.78
# (2 hosts), 0.54 (4) and 0.34 (8) at 1 Gbit/s, of 0.97, 0.92 and 0.84 at 10 Gbit/s, and of 0.98 or more at 100 Gbit/s.
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
