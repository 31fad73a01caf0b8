"""Diffusion model: a network that denoises images or 2-D points, sampled by the reverse process or as a flow."""
