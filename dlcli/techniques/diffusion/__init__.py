"""A diffusion model: learns to take noise off data, and draws new ones out of pure noise."""
