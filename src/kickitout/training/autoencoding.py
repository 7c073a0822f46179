"""The task of KickAE: reconstruct real kicks from a latent.

The reconstruction teaches. Where a config lets them join, two critics (`critics`), on sub-bands and on log-mel
spectrograms, judge what the decoder makes of real kicks' latents, and of latents between them or drawn from the prior.
The prior is a mixture over the latents of the training kicks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from kickitout.descriptors.contour import SIZE as CONTOUR
from kickitout.descriptors.contour import Contours, contours
from kickitout.errors import UserError
from kickitout.models.kickae.encoder import AutoEncoder, EncoderExport
from kickitout.models.kickae.player import ControllablePlayer
from kickitout.models.kickae.prior import MixturePrior, fit_mixture, recordings_first
from kickitout.models.player import FADE_OUT, finish_window
from kickitout.representations import LogMelConfig, make_representation
from kickitout.representations.pqmf import SubBands
from kickitout.sound import LENGTH
from kickitout.training.config import KickAETrainingConfig
from kickitout.training.critic_augmentation import augment, draws
from kickitout.training.critics import CriticInput, Critics, FinishedSight, feature_distance
from kickitout.training.engine import mean_of, parts_of
from kickitout.training.networks import Tally, Task, descend, measure_batch_norm, set_rate
from kickitout.training.objectives import OBJECTIVES, r1_penalty
from kickitout.training.randomness import noise, stream
from kickitout.training.reconstruction_loss import (
    Known,
    STFTFeatures,
    energy_score,
    harmonic_distance,
    level_bias,
    level_distance,
    spectral_distance,
)
from kickitout.training.start import load_start

WINDOW_KNOWN = LENGTH - FADE_OUT  # samples from which on a kick ends with the window, as what is generated does
ENCODED_BLOCK = 64  # kicks encoded at once
MEASURED = 1024  # kicks that the batch norms are measured on
PRIOR_KICKS = 10_000  # that the mixture is fitted to
WARM_UP = 50  # steps
SHIFTS = 48  # samples by which the frames of the spectral loss move
FOLLOWED_TURNS = 0.3  # a contour that is further off its body does not define the scale of the others
KICKS_A_COMPONENT = 6  # at least, in a cluster of the mixture
PRIOR_STEPS = 500  # between two fits of the prior that the critics see draws of


class EncodedKicks(NamedTuple):
    """What a task measures of its kicks before the first step: log-mels [n, C, 128, 128], on the CPU, and contours."""

    mels: Tensor
    contours: Contours


class Kicks(NamedTuple):
    """A batch and what was made of it: sub-bands [B, C, 1, L], log-mel [B, 1 or 2, 128, 128], and waveforms [B, 1 or 2,
    T] as the player fades them; of each set that was made, its sub-bands, those of its mid, its waveforms [B, T]."""

    real: Tensor
    real_mel: Tensor
    finished: Tensor
    made: list[Tensor]
    mids: list[Tensor]
    waves: tuple[Tensor, ...]


class AutoencodingTask(Task):
    """An encoder and a decoder, and two critics."""

    losses = OBJECTIVES["hinge"]
    config: KickAETrainingConfig

    def __init__(
        self, config: KickAETrainingConfig, accelerator: Accelerator, waves: Tensor, known: Tensor | None = None,
        recorded: Tensor | None = None, measured: EncodedKicks | None = None,
    ) -> None:  # fmt: skip
        """waves: [n, C, T]; known: samples [n] of each that its recording speaks for, None where that is all. recorded:
        [m] what each recording counts, which are the first m of the waves; None: all are, and count alike. measured: by
        another task with the same waves."""
        self.config, self.accelerator, self.model, self.waves = config, accelerator, config.model, waves
        self.known = known if config.mask_cut else None
        torch.manual_seed(stream(config.seed, "weights"))
        self.representation = make_representation(config.representation).to(accelerator.device)
        self.mel = make_representation(LogMelConfig()).to(accelerator.device)
        # Sounds are compared as the player finishes them: what a click spreads before its onset is cut off there, and
        # where that was compared, clicks stayed too quiet, the loudest by 5 dB.
        self.finish = finish_window().to(accelerator.device)
        # What the encoder reads of each kick beside its sub-bands is measured once: half of a step went into it.
        self.measured = measured or EncodedKicks(self._mels(), contours(self.waves[:, 0].numpy()))
        self.mels, found = self.measured
        numbers = torch.from_numpy(found.numbers)
        self.bands = self.representation.representation_shape[0]  # of the mid; those of the side come behind them
        g = self._auto_encoder()
        if config.starts_from is None:
            g.decoder.body.fit(numbers[_followed(found.off)])
        else:
            load_start(g, config.starts_from)
        self.codes = g.decoder.body.codes(numbers)
        d = Critics(config.critic_channels, self.representation.representation_shape, self.mel.representation_shape)
        self.own(g, d)
        self.recorded = torch.ones(len(waves)) if recorded is None else recorded
        self.critic_prior: MixturePrior | None = None  # a part of the state, for it is not fitted at each step
        if config.critics_compare == "recordings":
            self.sight = FinishedSight(self.representation, self.mel).to(accelerator.device)
            self.critic_prior = self._prior(min(len(waves), PRIOR_KICKS)).to(accelerator.device)
            self.deviations = self._deviations()

    def _auto_encoder(self) -> AutoEncoder:
        return AutoEncoder(self.model, self.bands, self.mel.representation_shape)

    def _mels(self) -> Tensor:
        """[n, C, 128, 128], on the CPU."""
        blocks = self.waves.split(ENCODED_BLOCK)
        with torch.no_grad():
            return torch.cat([self.mel.encode_channels(b.to(self.accelerator.device)).cpu() for b in blocks])

    @property
    def networks(self) -> dict[str, nn.Module]:
        return super().networks | ({} if self.critic_prior is None else {"critic prior": self.critic_prior})

    def _deviations(self) -> CriticInput:
        """Of the recordings as the critics see them, over all cells: [] each. What `instance_noise` is re."""
        some = self.waves[: min(len(self.recorded), MEASURED), 0]
        with torch.no_grad():
            seen = [self.sight(part.to(self.accelerator.device) * self.finish) for part in some.split(ENCODED_BLOCK)]
        bands, mel = (torch.cat(parts).std() for parts in zip(*seen, strict=True))
        return CriticInput(bands, mel)

    def step(self, rows: Tensor, step: int, share: slice) -> dict[str, float]:
        """One update of encoder and decoder; once the critics are on, one of theirs before it, or theirs alone."""
        r, tally = self.config, Tally()
        parts = parts_of(self.accelerator, rows, share)
        judged = step >= r.critics_from
        if len(parts) > 1 and judged:
            raise UserError("accumulate: KickAE's critics judge a whole batch; leave it out, or set critics_from")
        if judged and self.critic_prior is not None and (step - r.critics_from) % PRIOR_STEPS == 0:
            self._fit(self.critic_prior, self.auto_encoder(), PRIOR_KICKS)
        if judged and step < r.critics_from + r.critics_ahead:
            return self._critics_alone(*parts[0], step)
        set_rate(self.opt_g, r.optim_g.lr * pace(step, r.settle))
        norm = descend(
            self.accelerator, self.opt_g, self.g, lambda i: self._loss(*parts[i], step, tally), "generator", r.clip
        )
        self.average.update_parameters(self.networks["generator"])
        return tally.means() | {"grad/g": norm}

    def _loss(self, rows: Tensor, share: slice, step: int, tally: Tally) -> Tensor:
        """What encoder and decoder descend; the critics, once they are on, learn in between."""
        judged = step >= self.config.critics_from
        kicks = self._made(rows, share, step, judged)
        samples, shift = slice(self._samples), step % SHIFTS
        bands, wave = kicks.real[:, : self.bands], kicks.finished[:, 0]
        with torch.no_grad():
            known = self._known(rows)
            wanted = STFTFeatures(bands, wave, shift, known)
        found = [
            STFTFeatures(one, sound, shift, known)
            for one, sound in zip(kicks.mids[samples], kicks.waves[samples], strict=True)
        ]
        total, figures = self._reconstruction(wanted, found)
        if self.model.stereo:
            side = kicks.real[:, self.bands :], kicks.finished[:, 1]
            loss = self._sides(wanted, *side, kicks.made[samples], shift, known)
            total = total + loss
            figures["loss/side"] = loss.item()
        if judged:  # of what is in the middle
            loss, more = self._verdict(kicks, step, share)
            total = total + self.config.weights.critics * loss
            figures |= more
        tally.add(**figures)
        return total

    def _made(self, rows: Tensor, share: slice, step: int, judged: bool) -> Kicks:
        """The batch, and what is made of it; judged: and one more set of kicks, that are nobody's reconstruction."""
        device = self.accelerator.device
        real_wave, real_mel, code = (x[rows].to(device) for x in (self.waves, self.mels, self.codes))
        with torch.no_grad():
            real = self.representation.encode_channels(real_wave)
        jitter, noise_codes, between = (part[..., share, :].to(device) for part in self._draws(step))
        drawn = None
        if judged and self.critic_prior is not None:
            eps = torch.randn(self.config.batch, self.critic_prior.inputs, generator=self._noise(step, "prior"))
            with torch.no_grad():
                drawn = self.critic_prior(eps[share][len(rows) // 2 :].to(device))
        path = between if judged and drawn is None else None
        made = self.g(real, real_mel, code, self.model.noise * jitter, noise_codes, path, drawn)
        mids = [one[:, : self.bands] for one in made]
        waves = (self.representation.decode(torch.cat(mids)) * self.finish).split([len(one) for one in mids])
        return Kicks(real, real_mel, real_wave * self.finish, made, mids, waves)

    def _reconstruction(self, wanted: STFTFeatures, found: list[STFTFeatures]) -> tuple[Tensor, dict[str, float]]:
        """The weighted loss of samples of the same kicks, and its parts by name."""
        weights = self.config.weights
        half = 0.5 * weights.spectra
        parts = {  # what is the same in every sample is compared by distance alone
            "harmonic": (weights.harmonic, 0.0, harmonic_distance(wanted)),
            "click": (weights.click, weights.repulsion, spectral_distance(wanted, "click")),
            "low spectra": (half, 0.0, spectral_distance(wanted, "low")),
            "spectra": (half, weights.repulsion, spectral_distance(wanted, "whole")),
            "levels": (weights.levels, 0.0, level_distance(wanted)),
        }
        losses = {name: energy_score(wanted, found, d, by) for name, (_, by, d) in parts.items()}
        total = torch.stack([weight * losses[name] for name, (weight, _, _) in parts.items()]).sum()
        losses["bias"] = level_bias(wanted, found, lambda figure: mean_of(self.accelerator, figure))
        total = total + weights.levels * losses["bias"]
        return total, {f"loss/{name}": loss.item() for name, loss in losses.items()}

    def _known(self, rows: Tensor) -> Known | None:
        """What the loss may compare of the kicks `rows`; None: all. Behind the window all kicks are faded alike."""
        if self.known is None or bool((self.known[rows] >= WINDOW_KNOWN).all()):
            return None
        assert isinstance(self.representation, SubBands)  # see the config
        samples = self.known[rows].where(self.known[rows] < WINDOW_KNOWN, 2 * LENGTH).to(self.accelerator.device)
        return Known(samples, self.representation.known_frames(samples))

    def _sides(
        self, mid: STFTFeatures, real: Tensor, wave: Tensor, made: Sequence[Tensor], shift: int, known: Known | None
    ) -> Tensor:
        """The weighted loss of the sides, bands [B, 16, 1, L] and waveforms [B, T], on the scale of their mids."""
        weights = self.config.weights
        with torch.no_grad():
            wanted = STFTFeatures(real, wave, shift, known)
        sides = [one[:, self.bands :] for one in made]
        found = [STFTFeatures(bands, self.representation.decode(bands) * self.finish, shift, known) for bands in sides]
        click, whole, in_bands = spectral_distance(mid, "click"), spectral_distance(mid, "whole"), level_distance(mid)
        loss = weights.click * energy_score(wanted, found, click, weights.repulsion)
        loss = loss + 0.5 * weights.spectra * energy_score(wanted, found, whole, weights.repulsion)
        return loss + weights.levels * energy_score(wanted, found, in_bands, 0.0)

    @property
    def _samples(self) -> int:
        """Times that each kick is reconstructed in a step."""
        return 2 if self.config.weights.repulsion else 1

    def _draws(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """For the whole batch: jitter [B, latent], noise codes [samples, B, noise code]; between [B, 1], uniform."""
        size = self.config.batch
        return (
            torch.randn(size, self.model.latent, generator=self._noise(step, "jitter")),
            torch.randn(self._samples, size, self.model.noise_code, generator=self._noise(step, "grain")),
            torch.rand(size, 1, generator=self._noise(step, "between")),
        )

    def _seen(self, inputs: CriticInput, step: int, share: slice, which: str) -> list[Tensor]:
        """Both representations as the critics see them: augmented, each kick on its own, and under noise."""
        seen, r = [], self.config
        for name, encoded in zip(inputs._fields, inputs, strict=True):  # of the frozen labels, as are real and fake
            u = draws(r.batch, self._noise(step, f"see {which} {name}"), share, encoded)
            seen.append(augment(encoded, r.augment, u.repeat(1, len(encoded) // u.shape[1])))
        if r.instance_noise:
            for i, (name, deviation) in enumerate(zip(inputs._fields, self.deviations, strict=True)):
                size = r.batch, len(seen[i]) // (share.stop - share.start), *seen[i].shape[1:]
                drawn = torch.randn(size, generator=self._noise(step, f"hiss {which} {name}"))[share]
                hiss = drawn.transpose(0, 1).flatten(0, 1).to(seen[i])  # the sets one after another
                seen[i] = seen[i] + r.instance_noise * deviation * hiss
        return seen

    def _compared(self, kicks: Kicks, step: int, share: slice) -> tuple[CriticInput, CriticInput]:
        """Real sounds and made ones, as the critics see them before augmentation: of kicks between latents as many as
        of reconstructions, of draws of the prior for each kick the one or the other."""
        if self.critic_prior is None:
            waves = torch.cat([kicks.waves[0], kicks.waves[-1]])
            made = CriticInput(torch.cat([kicks.mids[0], kicks.mids[-1]]), self.mel.encode(waves))
            return CriticInput(kicks.real[:, : self.bands], kicks.real_mel[:, :1]), made
        chosen = torch.multinomial(
            self.recorded, self.config.batch, replacement=True, generator=self._noise(step, "recordings")
        )[share]
        with torch.no_grad():
            real = self.sight(self.waves[chosen, 0].to(self.accelerator.device) * self.finish)
        drawn = kicks.waves[-1]
        return real, self.sight(torch.cat([kicks.waves[0][: len(kicks.real) - len(drawn)], drawn]))

    def _verdict(self, kicks: Kicks, step: int, share: slice) -> tuple[Tensor, dict[str, float]]:
        """What the critics have the decoder descend, unweighted, after an update of theirs unless they are frozen."""
        r = self.config
        real, made = self._compared(kicks, step, share)
        if r.critics_teach == "features":
            self.d.requires_grad_(False)
            critics: Critics = self.accelerator.unwrap_model(self.d)
            with torch.no_grad():
                wanted = critics.features(CriticInput(*self._seen(real, step, share, "real")))
            loss = feature_distance(wanted, critics.features(CriticInput(*self._seen(made, step, share, "fake"))))
            return loss, {"loss/features": loss.item()}
        figures = self._update_critics(real, made, step, share)
        loss = self.losses.generator(self.d(*self._seen(made, step, share, "fake")))
        return loss, figures | {"loss/g": loss.item()}

    def _critics_alone(self, rows: Tensor, share: slice, step: int) -> dict[str, float]:
        with torch.no_grad():
            real, made = self._compared(self._made(rows, share, step, judged=True), step, share)
        return self._update_critics(real, made, step, share)

    def _update_critics(self, real: CriticInput, made: CriticInput, step: int, share: slice) -> dict[str, float]:
        r = self.config
        self.d.requires_grad_(True)
        seen = self._seen(real, step, share, "real")
        on_real = self.d(*seen)
        on_fake = self.d(*self._seen(CriticInput(*(one.detach() for one in made)), step, share, "fake"))
        loss = total = self.losses.critic(on_real, on_fake)
        if r.r1 and step % r.r1_every == 0:
            total = total + 0.5 * r.r1 * r.r1_every * 0.5 * r1_penalty(self.d, *seen)  # the mean of two critics
        norm = descend(self.accelerator, self.opt_d, self.d, lambda _: total, "critic")
        self.d.requires_grad_(False)
        right = 0.5 * ((on_real > 0).float().mean() + (on_fake < 0).float().mean()).item()
        return {"loss/d": loss.item(), "grad/d": norm, "critic/right": right}

    def _noise(self, step: int, purpose: str) -> torch.Generator:
        """purpose: a frozen label, see `training.randomness`."""
        return noise(self.config.seed, purpose, step)

    def player(self, most: int = PRIOR_KICKS) -> ControllablePlayer:
        """The averaged decoder behind a mixture that is fitted to the latents of the training kicks, `most` of them."""
        both = self.auto_encoder(min(most, MEASURED))
        prior = self._prior(min(len(self.waves), most))
        self._fit(prior, both, most)
        encoder = EncoderExport(both, self.representation, self.mel)
        player = ControllablePlayer(both.decoder, self.representation, prior, encoder, stereo=self.model.stereo)
        return player.eval().to(self.accelerator.device)

    def _prior(self, kicks: int) -> MixturePrior:
        """For so many kicks, with its numbers still to be found."""
        most = kicks if self.model.component_means == "latents" else max(1, kicks // KICKS_A_COMPONENT)
        return MixturePrior(min(self.model.components, most), self.model.latent_size, self.model.noise_code)

    def _fit(self, prior: MixturePrior, both: AutoEncoder, most: int) -> None:
        z, width, components = self.latents(both, most).cpu(), self.model.component_widths, len(prior.means)
        if self.model.component_means == "clusters":
            prior.fill(*fit_mixture(z, components, width=width))
            return
        recorded = round(len(self.recorded) * len(z) / len(self.waves))
        means = z[recordings_first(recorded, len(z), components)]
        prior.fill(*fit_mixture(z, max(1, len(z) // KICKS_A_COMPONENT), means=means, width=width))

    def auto_encoder(self, most: int = MEASURED) -> AutoEncoder:
        """The averaged networks, with batch norms that were measured on them, and on `most` kicks."""
        device = self.accelerator.device
        both = self._auto_encoder().to(device)
        both.load_state_dict(self.average.module.state_dict())
        with torch.no_grad():  # the networks are kept in half precision: what is measured and heard is what is shipped
            for weight in both.parameters():
                weight.copy_(weight.half())
        rows = torch.linspace(0, len(self.waves) - 1, min(len(self.waves), most)).long()
        batches = torch.tensor_split(rows, max(1, math.ceil(len(rows) / ENCODED_BLOCK)))

        def play(rows: Tensor) -> None:
            wave, mel, code = (x[rows].to(device) for x in (self.waves, self.mels, self.codes))
            seeded = self._noise(0, "norm")
            sizes = self.model.latent, self.model.noise_code
            jitter, noise_code = (torch.randn(len(rows), size, generator=seeded) for size in sizes)
            jitter = (self.model.noise * jitter).to(device)
            both(self.representation.encode_channels(wave), mel, code, jitter, noise_code[None].to(device))

        measure_batch_norm(both, batches, play)
        return both

    def latents(self, both: AutoEncoder, most: int = PRIOR_KICKS) -> Tensor:
        """[n, known]: contour code and latent of training kicks, `most` of them."""
        device = self.accelerator.device
        rows = torch.linspace(0, len(self.waves) - 1, min(len(self.waves), most)).long()
        blocks = rows.split(ENCODED_BLOCK)
        with torch.no_grad():
            z = [
                both.encoder(self.representation.encode_channels(self.waves[b].to(device)), self.mels[b].to(device))
                for b in blocks
            ]
        return torch.cat([self.codes[rows].to(device), torch.cat(z)], dim=1)


def pace(step: int, settle: float) -> float:
    """Share of the config's learning rate at a step: up in WARM_UP steps, and from `settle` on like 1 / sqrt(step).

    It knows nothing of where training will end, so a run that goes on is the run that never stopped.
    """
    return min(1.0, (step + 1) / WARM_UP) * (min(1.0, settle / (step + 1)) ** 0.5 if settle else 1.0)


def _followed(off: np.ndarray) -> np.ndarray:
    """[n] bool: sounds whose pitch is known well enough to scale the contours by; all of them if those are few."""
    good = np.nan_to_num(off, nan=np.inf) < FOLLOWED_TURNS
    return good if good.sum() >= 4 * CONTOUR else np.ones(len(off), bool)
