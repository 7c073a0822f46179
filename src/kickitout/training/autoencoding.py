"""The task of KickGAN: make real kicks again from a latent, and please the critics in between.

For the first steps only the reconstruction teaches; then two critics, on sub-bands and on log-mel pictures, judge what
the decoder makes of latents on the lines between real kicks. The prior is a mixture over the latents of the real kicks.
"""

from __future__ import annotations

from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from kickitout.codecs import MelConfig, make_codec
from kickitout.errors import UserError
from kickitout.models.dcgan import Critic, DCGANConfig
from kickitout.models.kickgan import Decoder, Encoder, KickGANConfig
from kickitout.models.player import Player
from kickitout.models.priors import MixturePrior
from kickitout.training.adversarial import adam, descend
from kickitout.training.augment import augment, draws
from kickitout.training.objectives import hinge_critic, r1_penalty, wasserstein_generator
from kickitout.training.randomness import noise, stream
from kickitout.training.recipe import Recipe
from kickitout.training.reconstruction import band_loss, spectral_loss

LEAST_VARIANCE = 0.02  # of a component of the prior, in each direction: the latents' own is 1


class AutoencodingTask:
    """An encoder and a decoder, and two critics."""

    def __init__(self, recipe: Recipe, accelerator: Accelerator, waves: Tensor) -> None:
        if not isinstance(recipe.model, KickGANConfig) or recipe.codec.name != "pqmf":
            raise UserError(f"recipe {recipe.name}: KickGAN makes sub-bands; set codec.name: pqmf")
        self.recipe, self.accelerator, self.model, self.waves = recipe, accelerator, recipe.model, waves[:, 0]
        torch.manual_seed(stream(recipe.seed, "weights"))
        self.codec = make_codec(recipe.codec).to(accelerator.device)
        self.mel = make_codec(MelConfig()).to(accelerator.device)
        bands, mel = self.codec.picture_shape, self.mel.picture_shape
        encoder, decoder = Encoder(self.model, bands[0], mel), Decoder(self.model, bands[0])
        wide = recipe.critic_channels
        critics = nn.ModuleDict({
            "bands": Critic(DCGANConfig(channels=wide, least_channels=wide // 4, critic_norm="none"), bands),
            "mel": Critic(DCGANConfig(channels=wide, least_channels=wide // 8, critic_norm="none"), mel),
        })  # fmt: skip
        both = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
        self.g, self.d, self.opt_g, self.opt_d = accelerator.prepare(
            both, critics, adam(both, recipe.optim_g), adam(critics, recipe.optim_d)
        )
        self.average = AveragedModel(both, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema or 0.99))

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
        for group in self.opt_d.param_groups:
            group["lr"] = self.recipe.optim_d.lr * factor

    def step(self, waves: Tensor, step: int, share: slice) -> dict[str, float]:
        """One update of encoder and decoder; once the critics are on, one of theirs before it."""
        r, real_wave = self.recipe, waves[:, 0]
        with torch.no_grad():
            real, real_mel = self.codec.encode(real_wave), self.mel.encode(real_wave)
        z = self.g["encoder"](real, real_mel)
        jitter = torch.randn(r.batch, z.shape[1], generator=self._noise(step, "jitter"))[share].to(z.device)
        again = self.g["decoder"](z + self.model.noise * jitter)
        again_wave = self.codec.decode(again)
        bands, spectra = band_loss(real, again), spectral_loss(real_wave, again_wave)
        total = r.weights.bands * bands + r.weights.spectra * spectra
        figures = {"loss/bands": bands.item(), "loss/spectra": spectra.item()}
        if step >= r.critics_from:
            other = z.detach().roll(1, dims=0)
            t = torch.rand(r.batch, 1, generator=self._noise(step, "between"))[share].to(z.device)
            between = self.g["decoder"](torch.lerp(z.detach(), other, t) + self.model.noise * jitter.roll(1, dims=0))
            fake = torch.cat([again, between])
            fake_mel = self.mel.encode(torch.cat([again_wave, self.codec.decode(between)]))
            figures |= self._update_critics(real, real_mel, fake.detach(), fake_mel.detach(), step, share)
            self.d.requires_grad_(False)
            judged = self._judge(fake, fake_mel, step, share, "fake")
            self.d.requires_grad_(True)
            loss = torch.stack([wasserstein_generator(j) for j in judged]).mean()
            total = total + r.weights.critics * loss
            figures["loss/g"] = float(loss.detach())
        figures["grad/g"] = descend(self.accelerator, self.opt_g, self.g, total, "generator")
        self.average.update_parameters(self.networks["generator"])
        return figures

    def _judge(self, bands: Tensor, mel: Tensor, step: int, share: slice, which: str) -> list[Tensor]:
        """Logits of both critics, on augmented pictures."""
        judged = []
        for name, picture in (("bands", bands), ("mel", mel)):
            u = draws(self.recipe.batch, self._noise(step, f"see {which} {name}"), share, picture)
            u = u.repeat(1, len(picture) // u.shape[1])
            judged.append(self.d[name](augment(picture, self.recipe.augment, u)))
        return judged

    def _update_critics(
        self, real: Tensor, real_mel: Tensor, fake: Tensor, fake_mel: Tensor, step: int, share: slice
    ) -> dict[str, float]:
        r = self.recipe
        on_real = self._judge(real, real_mel, step, share, "real")
        on_fake = self._judge(fake, fake_mel, step, share, "fake")
        loss = sum((hinge_critic(a, b) for a, b in zip(on_real, on_fake, strict=True)), real.new_zeros(())) / 2
        total = loss
        if r.r1 and step % r.r1_every == 0:
            penalties = r1_penalty(self.d["bands"], real) + r1_penalty(self.d["mel"], real_mel)
            total = total + 0.5 * r.r1 * r.r1_every * penalties
        norm = descend(self.accelerator, self.opt_d, self.d, total, "critic")
        right = [0.5 * ((a > 0).float().mean() + (b < 0).float().mean()) for a, b in zip(on_real, on_fake, strict=True)]
        return {"loss/d": loss.item(), "grad/d": norm, "critic/right": float(sum(right) / len(right))}

    def _noise(self, step: int, purpose: str) -> torch.Generator:
        return noise(self.recipe.seed, purpose, step)

    def player(self) -> Player:
        """The averaged decoder behind a mixture that is fitted to the latents of the training kicks."""
        encoder, decoder = self._averaged()
        with torch.no_grad():
            z = torch.cat([encoder(*pictures) for pictures in self._pictures()])
        prior = MixturePrior(min(self.model.components, max(1, len(z) // 6)), self.model.latent).to(z.device)
        prior.fill(*fit_mixture(z, len(prior.means), self.model.noise))
        return Player(decoder, self.codec, prior).eval()

    def _pictures(self) -> list[tuple[Tensor, Tensor]]:
        blocks = self.waves.to(self.accelerator.device).split(64)
        with torch.no_grad():
            return [(self.codec.encode(w), self.mel.encode(w)) for w in blocks]

    def _averaged(self) -> tuple[nn.Module, nn.Module]:
        """Copies of the averaged networks, with batch norm measured afresh on the training kicks."""
        encoder, decoder = Encoder(self.model, self.codec.picture_shape[0], self.mel.picture_shape), None
        decoder = Decoder(self.model, self.codec.picture_shape[0])
        pair = nn.ModuleDict({"encoder": encoder, "decoder": decoder}).to(self.accelerator.device)
        pair.load_state_dict(self.average.module.state_dict())
        for m in pair.modules():
            if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
                m.reset_running_stats()
                m.momentum = None  # a plain mean over the batches below
        pair.train()
        with torch.no_grad():
            for i, pictures in enumerate(self._pictures()):
                if len(pictures[0]) > 1:
                    z = encoder(*pictures)
                    jitter = torch.randn(z.shape, generator=noise(self.recipe.seed, "batch norm", i)).to(z.device)
                    decoder(z + self.model.noise * jitter)
        pair.eval()
        return encoder, decoder


def fit_mixture(z: Tensor, components: int, spread: float, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Weights [K], means [K, Z] and Cholesky factors [K, Z, Z] of a mixture of Gaussians over latents [n, Z].

    The covariances are those of the latents plus what the decoder has learned to hear as the same, `spread` squared.
    """
    from sklearn.mixture import GaussianMixture

    found: Any = GaussianMixture(components, covariance_type="tied", reg_covar=LEAST_VARIANCE, random_state=seed)
    found.fit(z.cpu().double().numpy())
    covariance = torch.from_numpy(found.covariances_) + spread**2 * torch.eye(z.shape[1], dtype=torch.float64)
    factor = torch.linalg.cholesky(covariance).to(z.dtype).repeat(components, 1, 1)
    means = torch.from_numpy(found.means_).to(z.dtype)
    return torch.from_numpy(found.weights_).to(z.dtype), means, factor
