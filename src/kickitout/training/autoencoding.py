"""The task of KickGAN: make real kicks again from a latent, and please the critics in between.

For the first steps only the reconstruction teaches; then two critics, on sub-bands and on log-mel pictures, judge what
the decoder makes of real kicks' latents and of latents on the lines between them. The prior is a mixture over the
latents of the training kicks.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from kickitout.codecs import MelConfig, make_codec
from kickitout.models.dcgan import Critic, DCGANConfig
from kickitout.models.kickgan import AutoEncoder, KickGANConfig
from kickitout.models.player import Player
from kickitout.models.priors import MixturePrior
from kickitout.training.augment import augment, draws
from kickitout.training.networks import adam, descend, measure_batch_norm, set_rate
from kickitout.training.objectives import hinge_critic, r1_penalty, wasserstein_generator
from kickitout.training.randomness import noise, stream
from kickitout.training.recipe import Recipe
from kickitout.training.reconstruction import body_loss, spectral_loss

LEAST_VARIANCE = 0.02  # of a component of the prior, in each direction: the latents' own is 1
BLOCK = 64  # kicks encoded at once when the prior is fitted
KICKS_A_COMPONENT = 6  # at least, of the mixture


class Critics(nn.Module):
    """Two critics as one module: of sub-bands, and of log-mel pictures."""

    def __init__(self, channels: int, bands: tuple[int, int, int], mel: tuple[int, int, int]) -> None:
        super().__init__()
        self.bands = Critic(DCGANConfig(channels=channels, least_channels=channels // 4, critic_norm="none"), bands)
        self.mel = Critic(DCGANConfig(channels=channels, least_channels=channels // 8, critic_norm="none"), mel)

    def forward(self, bands: Tensor, mel: Tensor) -> Tensor:
        """[B, 16, 1, 1408], [B, 1, 128, 128] -> logits [2, B]."""
        return torch.stack([self.bands(bands), self.mel(mel)])


class AutoencodingTask:
    """An encoder and a decoder, and two critics."""

    def __init__(self, recipe: Recipe, accelerator: Accelerator, waves: Tensor) -> None:
        assert isinstance(recipe.model, KickGANConfig)  # make_task sees to it
        self.recipe, self.accelerator, self.model, self.waves = recipe, accelerator, recipe.model, waves[:, 0]
        torch.manual_seed(stream(recipe.seed, "weights"))
        self.codec = make_codec(recipe.codec).to(accelerator.device)
        self.mel = make_codec(MelConfig()).to(accelerator.device)
        g = self._auto_encoder()
        d = Critics(recipe.critic_channels, self.codec.picture_shape, self.mel.picture_shape)
        self.g, self.d, self.opt_g, self.opt_d = accelerator.prepare(
            g, d, adam(g, recipe.optim_g), adam(d, recipe.optim_d)
        )
        self.average = AveragedModel(g, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema))

    def _auto_encoder(self) -> AutoEncoder:
        return AutoEncoder(self.model, self.codec.picture_shape[0], self.mel.picture_shape)

    @property
    def networks(self) -> dict[str, nn.Module]:
        """What a checkpoint holds, by name."""
        unwrap = self.accelerator.unwrap_model
        return {"generator": unwrap(self.g), "critic": unwrap(self.d), "average": self.average}

    @property
    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """What else a checkpoint holds."""
        return {"generator": self.opt_g, "critic": self.opt_d}

    def slow_critic(self, factor: float) -> None:
        """Let the critics learn at `factor` times their recipe's rate, from now on."""
        set_rate(self.opt_d, self.recipe.optim_d.lr * factor)

    def step(self, waves: Tensor, step: int, share: slice) -> dict[str, float]:
        """One update of encoder and decoder; once the critics are on, one of theirs before it."""
        r, real_wave = self.recipe, waves[:, 0]
        judged = step >= r.critics_from
        with torch.no_grad():
            real, real_mel = self.codec.encode(real_wave), self.mel.encode(real_wave)
        size = (r.batch, self.model.latent)
        jitter = self.model.noise * torch.randn(size, generator=self._noise(step, "jitter"))[share].to(real.device)
        between = torch.rand(r.batch, 1, generator=self._noise(step, "between"))[share].to(real.device)
        made = self.g(real, real_mel, jitter, between if judged else None)
        again_wave = self.codec.decode(made[0])
        body, spectra = body_loss(real, made[0]), spectral_loss(real_wave, again_wave)
        total = r.weights.body * body + r.weights.spectra * spectra
        figures = {"loss/body": body.item(), "loss/spectra": spectra.item()}
        if judged:
            fake = torch.cat(made)
            fake_mel = self.mel.encode(torch.cat([again_wave, self.codec.decode(made[1])]))
            self.d.requires_grad_(True)
            figures |= self._update_critics(real, real_mel, fake.detach(), fake_mel.detach(), step, share)
            self.d.requires_grad_(False)
            loss = wasserstein_generator(self.d(*self._seen(fake, fake_mel, step, share, "fake")))
            total = total + r.weights.critics * loss
            figures["loss/g"] = loss.item()
        figures["grad/g"] = descend(self.accelerator, self.opt_g, self.g, total, "generator")
        self.average.update_parameters(self.networks["generator"])
        return figures

    def _seen(self, bands: Tensor, mel: Tensor, step: int, share: slice, which: str) -> list[Tensor]:
        """Both pictures as the critics see them: augmented, each kick on its own."""
        seen = []
        for name, picture in (("bands", bands), ("mel", mel)):
            u = draws(self.recipe.batch, self._noise(step, f"see {which} {name}"), share, picture)
            seen.append(augment(picture, self.recipe.augment, u.repeat(1, len(picture) // u.shape[1])))
        return seen

    def _update_critics(
        self, real: Tensor, real_mel: Tensor, fake: Tensor, fake_mel: Tensor, step: int, share: slice
    ) -> dict[str, float]:
        r = self.recipe
        seen = self._seen(real, real_mel, step, share, "real")
        on_real = self.d(*seen)
        on_fake = self.d(*self._seen(fake, fake_mel, step, share, "fake"))
        loss = total = hinge_critic(on_real, on_fake)
        if r.r1 and step % r.r1_every == 0:
            total = total + 0.5 * r.r1 * r.r1_every * 0.5 * r1_penalty(self.d, *seen)  # the mean of two critics
        norm = descend(self.accelerator, self.opt_d, self.d, total, "critic")
        right = 0.5 * ((on_real > 0).float().mean() + (on_fake < 0).float().mean()).item()
        return {"loss/d": loss.item(), "grad/d": norm, "critic/right": right}

    def _noise(self, step: int, purpose: str) -> torch.Generator:
        return noise(self.recipe.seed, purpose, step)

    def player(self) -> Player:
        """The averaged decoder behind a mixture that is fitted to the latents of the training kicks."""
        device = self.accelerator.device
        both = self._auto_encoder().to(device)
        both.load_state_dict(self.average.module.state_dict())
        blocks = torch.tensor_split(self.waves, max(1, math.ceil(len(self.waves) / BLOCK)))
        with torch.no_grad():
            pictures = [(self.codec.encode(w), self.mel.encode(w)) for w in (b.to(device) for b in blocks)]

        def play(pair: tuple[Tensor, Tensor]) -> None:
            size = (len(pair[0]), self.model.latent)
            both(*pair, self.model.noise * torch.randn(size, generator=self._noise(0, "norm")).to(device))

        measure_batch_norm(both, pictures, play)
        with torch.no_grad():
            z = torch.cat([both.encoder(*pair) for pair in pictures])
        prior = MixturePrior(max(1, min(self.model.components, len(z) // KICKS_A_COMPONENT)), self.model.latent)
        prior.fill(*fit_mixture(z.cpu(), len(prior.means), self.model.noise))
        return Player(both.decoder, self.codec, prior).eval().to(device)


def fit_mixture(z: Tensor, components: int, spread: float, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Weights [K], means [K, Z] and Cholesky factors [K, Z, Z] of a mixture of Gaussians over latents [n, Z].

    The covariances are those of the latents plus what the decoder has learned to hear as the same, `spread` squared.
    """
    from sklearn.mixture import GaussianMixture

    found: Any = GaussianMixture(components, covariance_type="tied", reg_covar=LEAST_VARIANCE, random_state=seed)
    found.fit(z.double().numpy())
    covariance = torch.from_numpy(found.covariances_) + spread**2 * torch.eye(z.shape[1], dtype=torch.float64)
    factor = torch.linalg.cholesky(covariance).to(z.dtype).repeat(components, 1, 1)
    means = torch.from_numpy(found.means_).to(z.dtype)
    return torch.from_numpy(found.weights_).to(z.dtype), means, factor
