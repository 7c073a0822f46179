"""KickAE, read in this order: decoder, harmonic, click, noise, side; encoder, prior, player; `models.controls`."""
