"""The task of a generator and a critic: what one step of an adversarial family does.

The loop knows nothing but `Task`, so a family with other losses is another task, not another loop.
"""

from __future__ import annotations

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from kickitout.models.families import (
    finished,
    make_critic,
    make_generator,
    make_scale,
    whole_shape,
)
from kickitout.models.output import mode_under_tanh
from kickitout.models.player import Player, make_player, make_prior
from kickitout.representations import make_representation
from kickitout.training.config import AdversarialTrainingConfig, LabelsConfig
from kickitout.training.critic_augmentation import augment, draws
from kickitout.training.engine import mean_of, parts_of
from kickitout.training.networks import Tally, Task, descend, measure_batch_norm
from kickitout.training.objectives import OBJECTIVES, gradient_penalty, r1_penalty
from kickitout.training.randomness import noise, stream
from kickitout.training.spectral_loss import with_spectrum

FITTED = 64  # kicks encoded at once when a scale is fitted
LAYOUT = torch.channels_last  # maps side by side in memory: 15 to 40 % less time a step on a CPU


class AdversarialTask(Task):
    """A generator against a critic on a representation of kicks."""

    config: AdversarialTrainingConfig

    def __init__(self, config: AdversarialTrainingConfig, accelerator: Accelerator, waves: Tensor) -> None:
        self.config, self.accelerator, self.model = config, accelerator, config.model
        self.prior, self.waves, self.losses = make_prior(self.model), waves, OBJECTIVES[config.objective]
        torch.manual_seed(stream(config.seed, "weights"))
        self.representation = make_representation(config.representation).to(accelerator.device)
        self.shape = whole_shape(self.model, self.representation.representation_shape)
        self.scale = make_scale(self.model, self.shape)
        if self.scale is not None:
            with torch.no_grad():
                self.scale.fit(torch.cat([self.representation.encode(part[:, 0]) for part in waves.split(FITTED)]))
            self.scale.to(accelerator.device)
        g, d = make_generator(self.model, self.shape), make_critic(self.model, self.shape)
        if getattr(self.model, "output_bias", 0) == "data":
            mode = mode_under_tanh(torch.cat([self.encoded(part) for part in waves.split(FITTED)]))
            g.get_buffer("output_bias").copy_(mode)
        for network in (g, d):
            network.to(memory_format=LAYOUT)  # type: ignore[call-overload]
        self.own(g, d)

    @property
    def networks(self) -> dict[str, nn.Module]:
        return super().networks | ({} if self.scale is None else {"scale": self.scale})

    def encoded(self, waves: Tensor) -> Tensor:
        """[B, 1 or 2, T] -> [B, C or 2C, H, W]: the mid alone, or mid and side; as the critic sees them."""
        with torch.no_grad():
            encoded = torch.cat([self.representation.encode(waves[:, i]) for i in range(waves.shape[1])], dim=1)
            seen = encoded if self.scale is None else self.scale.normalise(encoded)
            return seen.contiguous(memory_format=LAYOUT)

    def step(self, rows: Tensor, step: int, share: slice) -> dict[str, float]:
        """One or more critic updates, then one of the generator. rows: this process's share of the global batch."""
        r = self.config
        torch.manual_seed(stream(r.seed, "layers", step))  # for layers that draw: the same after a resume
        parts = [
            (self.encoded(self.waves[part].to(self.accelerator.device)), place)
            for part, place in parts_of(self.accelerator, rows, share)
        ]
        figures = self._update_generator(parts, step) if r.generator_first else {}
        self.d.requires_grad_(True)  # also after a step that ended early
        for turn in range(r.critic_steps):
            figures |= self._update_critic(parts, step, turn)
        return figures if r.generator_first else figures | self._update_generator(parts, step)

    def _update_generator(self, parts: list[tuple[Tensor, slice]], step: int) -> dict[str, float]:
        self.d.requires_grad_(False)
        tally = Tally()
        norm = descend(
            self.accelerator, self.opt_g, self.g, lambda i: self._generator_loss(*parts[i], step, tally), "generator"
        )
        if self.average is not None:
            self.average.update_parameters(self.networks["generator"])
        return tally.means() | {"grad/g": norm}

    def _generator_loss(self, real: Tensor, share: slice, step: int, tally: Tally) -> Tensor:
        r = self.config
        fake = self.g(self.latents(step, -1, share))
        loss = total = self.losses.generator(self.d(self._shown(fake, step, "fake", -1, share)))
        if r.spectral.loss != "none":
            total, distance = with_spectrum(loss, real, fake, r.spectral, lambda x: mean_of(self.accelerator, x))
            tally.add(**{"loss/spectrum": distance.item()})
        tally.add(**{"loss/g": loss.item()})
        return total

    def _update_critic(self, parts: list[tuple[Tensor, slice]], step: int, turn: int) -> dict[str, float]:
        tally = Tally()
        norm = descend(
            self.accelerator, self.opt_d, self.d, lambda i: self._critic_loss(*parts[i], step, turn, tally), "critic"
        )
        return tally.means() | {"grad/d": norm}

    def _critic_loss(self, real: Tensor, share: slice, step: int, turn: int, tally: Tally) -> Tensor:
        r = self.config
        with torch.no_grad():
            fake = self.g(self.latents(step, turn, share))
        real, fake = self._shown(real, step, "real", turn, share), self._shown(fake, step, "fake", turn, share)
        on_real, on_fake = self.d(real), self.d(fake)
        loss = total = self._judged(on_real, on_fake, step, turn, share)
        if self.losses.penalised and r.gradient_penalty:
            mix = self._draws(step, "mix", turn, share)[0]
            total = total + r.gradient_penalty * gradient_penalty(self.d, real, fake, mix)
        if r.drift:
            total = total + r.drift * on_real.square().mean()
        if r.r1 and step % r.r1_every == 0:
            total = total + 0.5 * r.r1 * r.r1_every * r1_penalty(self.d, real)
        right = 0.5 * ((on_real > 0).float().mean() + (on_fake < 0).float().mean()).item()
        tally.add(**{"loss/d": loss.item(), "critic/right": right})
        return total

    def _shown(self, encoded: Tensor, step: int, kind: str, turn: int, share: slice) -> Tensor:
        """Representations [B, C, H, W] as the critic sees them: augmented, and under noise. kind: a frozen label."""
        seen = augment(encoded, self.config.augment, self._draws(step, kind, turn, share))
        if not self.config.instance_noise:
            return seen
        drawn = torch.randn(self.config.batch, *encoded.shape[1:], generator=self._noise(step, f"hiss {kind}", turn))
        return seen + self.config.instance_noise * drawn[share].to(encoded.device, encoded.dtype)

    def _judged(self, on_real: Tensor, on_fake: Tensor, step: int, turn: int, share: slice) -> Tensor:
        """The critic's loss on its logits [B]."""
        labels = self.config.labels
        if labels == LabelsConfig() or self.losses.to_labels is None:
            return self.losses.critic(on_real, on_fake)
        u = self._draws(step, "labels", turn, share)[:2]
        real, fake = (
            low + (high - low) * drawn for (low, high), drawn in zip((labels.real, labels.fake), u, strict=True)
        )
        return self.losses.to_labels(on_real, on_fake, real, fake)

    def latents(self, step: int, turn: int, share: slice) -> Tensor:
        """This process's share of the latents of a step: [B, Z]."""
        eps = torch.randn(self.config.batch, self.model.latent, generator=self._noise(step, "latents", turn))
        return self.prior(eps[share].to(self.accelerator.device))

    def _noise(self, step: int, purpose: str, turn: int) -> torch.Generator:
        """purpose: a frozen label, see `training.randomness`."""
        return noise(self.config.seed, purpose, step, turn)

    def _draws(self, step: int, purpose: str, turn: int, share: slice) -> Tensor:
        like = next(self.networks["generator"].parameters())
        return draws(self.config.batch, self._noise(step, purpose, turn), share, like)

    def player(self, most: int = 0, *, averaged: bool = True) -> Player:
        """The averaged generator (or the generator where there is no average) with its decoder, ready to play.

        most: training kicks it may be made from; it needs none. averaged: False plays the generator itself.
        """
        device = self.accelerator.device
        generator = make_generator(self.model, self.shape).to(device)
        source = self.average.module if self.average is not None and averaged else self.networks["generator"]
        generator.load_state_dict(source.state_dict())
        measure_batch_norm(
            generator,
            (torch.randn(32, self.model.latent, generator=noise(self.config.seed, "norm", i)) for i in range(8)),
            lambda eps: generator(self.prior(eps.to(device))),
        )
        return make_player(self.model, finished(generator, self.scale), self.representation).to(device)
