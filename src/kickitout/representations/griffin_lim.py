"""Magnitude -> waveform for kicks: a start that is nearly right, then a few iterations of fast Griffin-Lim.

The iteration is that of Perraudin, Balazs & Søndergaard (2013, doi.org/10.1109/WASPAA.2013.6701851): Griffin & Lim's
projections with momentum. From a start that knows nothing it needs about a hundred rounds. A kick tells its phase
better than most sounds: it is a decaying, falling sine that begins at a known sample. So the start is a phase vocoder
in one pass (after Beauregard, Harish & Wyse 2015, doi.org/10.1109/ICDSP.2015.7251907): every bin follows the
frequency of its nearest spectral peak, all of them count their phase from the onset, and the one number left open,
the phase at the onset, is the best of a few tries.

Nothing is random, and a kick alone is the same to the bit as in a batch: no step sums over kicks, and with a multiple
of 16 frames none of them begins in the middle of a vector register, where the CPU would round another way (with other
numbers of frames kicks are done one by one). Another number of threads may change the last bit, by 1e-8 of full
scale. A few kicks at a time keep the arrays in the cache.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kickitout.representations.stft import Stft, double_edges
from kickitout.sound import ONSET

ITERATIONS = 5  # kicks: nearer than 100 plain rounds from random phase, by 12 dB; 8 rounds gain another 1.4 dB
MOMENTUM = 0.99  # Perraudin et al. 2013, the value they recommend
ONSET_PHASES = 8  # tries over half a turn; the other half is the same magnitude with the sign turned
TRIED_BINS = 16  # the tries are compared where a kick has its energy
KICKS_TOGETHER = 4  # kicks at a time on the CPU
FOLLOWED_BINS = 32  # bins below follow peaks; above there is the click: bins start as of an impulse at the onset


class GriffinLim(nn.Module):
    """Finds the phase of a magnitude spectrogram. The waveform is differentiable in the magnitude, the phase is not."""

    high: Tensor

    def __init__(self, stft: Stft, iterations: int = ITERATIONS, momentum: float = MOMENTUM) -> None:
        super().__init__()
        self.stft, self.iterations, self.momentum = stft, iterations, momentum
        high = phasors(impulse_turns(stft)[:, FOLLOWED_BINS:])
        self.register_buffer("high", high.to(torch.complex64), persistent=False)  # [N, bins - FOLLOWED_BINS]

    def forward(self, magnitude: Tensor) -> Tensor:
        """Magnitude [B, N, n_fft / 2 + 1], 1.0 = full scale sine -> waveform [B, 22050]."""
        together = len(magnitude)
        if magnitude.device.type == "cpu":
            together = 1 if self.stft.frames % 16 else KICKS_TOGETHER
        with torch.no_grad():
            phases = [self.phase(part) for part in magnitude.detach().split(together)]
        wave = self.stft.inverse(magnitude * torch.cat(phases))
        return wave * upright(wave.detach())

    def phase(self, magnitude: Tensor) -> Tensor:
        """Magnitude [B, N, bins] -> unit phasors, complex [B, N, bins]."""
        target = double_edges(magnitude)  # as the FFT counts; the overall scale doesn't matter here
        low = phasors(vocoder_turns(magnitude[..., : FOLLOWED_BINS + 1], self.stft))  # [B, N, FOLLOWED_BINS]
        now = self.best_start(target, torch.cat([low, self.high.expand(len(low), -1, -1)], -1))
        ahead = now
        for _ in range(self.iterations - 1):
            before, now = now, self.project(target * ahead.sgn())
            ahead = extrapolate(before, now, self.momentum)
        return ahead.sgn()

    def project(self, spectrum: Tensor) -> Tensor:
        """Complex [..., N, bins] -> the nearest spectrum that belongs to a waveform, same shape."""
        frames = torch.fft.irfft(spectrum, self.stft.n_fft)
        return torch.fft.rfft(self.stft.framed(self.stft.unframed(frames)))

    def best_start(self, target: Tensor, phasor: Tensor) -> Tensor:
        """The first projection, with all phases turned by the angle that makes it look most like the target.

        The projection is linear over the reals, so its result for any angle is a mixture of two: that of the phasors
        themselves and that of the phasors a quarter turn on. Returns complex [B, N, bins].
        """
        start = target * phasor
        here, quarter = self.project(torch.cat([start, 1j * start])).chunk(2)
        angles = torch.arange(ONSET_PHASES, device=target.device) * (math.pi / ONSET_PHASES)  # [A]
        cos, sin = angles.cos(), angles.sin()
        a, b = here[..., :TRIED_BINS], quarter[..., :TRIED_BINS]
        both = 2 * (a.real * b.real + a.imag * b.imag)
        mixed = torch.addcmul((cos**2).view(-1, 1, 1) * square(a)[:, None], (sin**2).view(-1, 1, 1), square(b)[:, None])
        mixed = torch.addcmul(mixed, (cos * sin).view(-1, 1, 1), both[:, None])  # |mixture|^2: [B, A, N, few]
        misses = mixed.clamp(min=0).sqrt() - target[:, None, :, :TRIED_BINS]
        best = misses.square().sum((-2, -1)).argmin(1)  # [B]
        return here * cos[best, None, None] + quarter * sin[best, None, None]


def upright(wave: Tensor) -> Tensor:
    """+1 or -1 [B, 1]: what makes the first strong half wave of the body point up.

    A magnitude says nothing about polarity; kicks are kept this way up. The body is the mean over 64 samples.
    """
    body = F.avg_pool1d(wave[:, None], 64, stride=16)[:, 0]  # [B, M]
    strong = body.abs() >= 0.5 * body.abs().amax(1, keepdim=True)
    early = torch.arange(body.shape[1], 0, -1, device=wave.device)
    first = (strong * early).argmax(1, keepdim=True)
    return torch.where(body.gather(1, first) < 0, -1.0, 1.0)


def impulse_turns(stft: Stft) -> Tensor:
    """Phase in turns [N, bins], double: what an impulse at the onset shows, or sines at the bins that start there."""
    starts = torch.tensor([stft.frame_start(n) for n in range(stft.frames)], dtype=torch.float64)
    return ((starts - ONSET) / stft.n_fft)[:, None] * torch.arange(stft.bins)


def vocoder_turns(magnitude: Tensor, stft: Stft) -> Tensor:
    """Magnitude [B, N, some bins] -> phase in turns [B, N, as many bins less one].

    Sines that start with phase 0 at the onset, each following the frequency of the peak that its bin belongs to.
    """
    cycles = peak_frequency(magnitude)  # [B, N, bins], in a frame's length
    turns = (cycles[:, 1:] + cycles[:, :-1]) * (0.5 * stft.hop / stft.n_fft)  # from frame to frame
    turns = F.pad(turns.frac().cumsum(1), (0, 0, 1, 0))  # whole turns don't matter, and large sums are rounded

    centre = [stft.frame_start(n) + stft.n_fft / 2 for n in range(stft.frames)]  # samples of the kick
    first = min(range(stft.frames), key=lambda n: abs(centre[n] - ONSET))  # the frame that is centred on the onset
    at_first = cycles[:, first] * ((centre[first] - ONSET) / stft.n_fft) - turns[:, first]  # [B, bins]
    bins = torch.arange(cycles.shape[-1], device=magnitude.device)
    return turns + (at_first - 0.5 * bins)[:, None]  # half a turn a bin: the FFT counts from a frame's start


def peak_frequency(magnitude: Tensor) -> Tensor:
    """Magnitude [..., bins] -> for each bin but the last the frequency of the nearest peak, in bins [..., bins - 1].

    Under a Hann window a sine d bins above bin k shows |X[k+1]| / |X[k]| = (1 + d) / (2 - d), which gives d.
    Bin 0 is not trusted: there the sine meets its mirror image. A peak at 0 or 1 is read from bins 1 and 2.
    """
    level = magnitude + 1e-9
    here, above = level[..., :-1], level[..., 1:]  # [..., bins - 1]
    below = torch.cat([level[..., 1:2], level[..., :-2]], -1)
    is_peak = (here >= below) & (here > above)
    is_peak[..., 1] |= is_peak[..., 0]
    is_peak[..., 0] = False

    own = torch.arange(here.shape[-1], device=magnitude.device, dtype=magnitude.dtype)
    up, down = hann_offset(above / here).clamp(0, 0.5), hann_offset(below / here).clamp(0, 0.5)
    frequency = own + torch.where(above >= below, up, -down)
    frequency[..., 1] = 1 + hann_offset(level[..., 2] / level[..., 1]).clamp(-1, 0.5)

    # Peaks stand in order of their frequency, so running extremes find the last one below and the next one above.
    far = 3.0 * magnitude.shape[-1]
    left = torch.where(is_peak, frequency, -far).cummax(-1).values
    right = torch.where(is_peak, frequency, far).flip(-1).cummin(-1).values.flip(-1)
    nearest = torch.where(own - left <= right - own, left, right)
    return torch.where(nearest.abs() < far, nearest, own)  # in a frame without peaks each has its own


def hann_offset(ratio: Tensor) -> Tensor:
    """|X[k+1]| / |X[k]| -> how far a sine lies above bin k, in bins: solves ratio = (1 + d) / (2 - d)."""
    return (2 * ratio - 1) / (1 + ratio)


def phasors(turns: Tensor) -> Tensor:
    """Turns -> unit complex numbers."""
    phase = turns.frac() * (2 * math.pi)
    return torch.complex(phase.cos(), phase.sin())


def square(x: Tensor) -> Tensor:
    """|x|^2 of complex numbers."""
    return x.real.square() + x.imag.square()


def extrapolate(before: Tensor, now: Tensor, momentum: float) -> Tensor:
    """now + momentum * (now - before), for complex numbers in one pass."""
    return torch.view_as_complex(torch.lerp(torch.view_as_real(before), torch.view_as_real(now), 1 + momentum))
