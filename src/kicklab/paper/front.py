"""Title, abstract, introduction and related work."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kickitout._version import __version__
from kicklab.paper.context import Paper, section
from kicklab.paper.words import counted, listed
from kicklab.study import study_names

TITLE = "Can a DCGAN learn the click and the rumble of a kick drum, and where does it fall short?"
FindingOf = Callable[[Paper], list[str]]  # sentences, the most important first
BRIEF = {"shortcomings": 4, "upconv": 2, "sine": 2}  # how many of them stand in the abstract and the README; else 1


def origin(paper: Paper) -> str:
    """Where the results come from."""
    machines = {f"{p['machine']['system']}, {p['machine']['cores']} cores" for p in paper.plans.values()}
    versions = {p["machine"]["kickitout"] for p in paper.plans.values()}
    return (
        f"Written by kickitout {__version__} from {counted(len(paper.results.all), 'score')} of "
        f"{counted(len({r['cell'] for r in paper.results.all}), 'run')} by version {', '.join(sorted(versions))} on "
        f"{'; '.join(sorted(machines))}. Every number, and every sentence that ranks or compares, is computed from "
        "them."
    )


def abstract(paper: Paper, findings: Mapping[str, FindingOf]) -> str:
    """What was asked, on what, and one sentence of each study that was run."""
    data = paper.data
    parts = [
        "Deep convolutional generative adversarial networks (DCGANs) learn images, and a spectrogram is an image. How "
        "far does that carry for the kick drum, the shortest of sounds with the widest of spectra: 500 ms at 44.1 "
        "kHz, a click of some milliseconds over a falling tone near 50 Hz?"
    ]
    if data is not None:
        groups = len({row.group for row in data.train.rows})
        parts.append(
            f"We train on at most {counted(len(data.train), 'recording')} in "
            f"{counted(groups, 'group', 'groups')} "
            f"of near-duplicates and score against {counted(len(data.test), 'other')}."
        )
    if paper.plans:
        parts.append(f"All rows of a study have the same budget, of {span_of_budgets(paper)}.")
    run = [name for name in study_names() if paper.has(name)]
    parts += [brief(paper, findings, name) for name in run if name in findings]
    absent = [f"“{paper.study(name).title}”" for name in study_names() if name not in run]
    if absent:
        parts.append(f"Not yet run in this laboratory: {listed(absent)}.")
    return " ".join(p for p in parts if p)


def span_of_budgets(paper: Paper) -> str:
    """How long runs are, from the shortest to the longest.

    Plans say "2 min" or "500 steps".
    """
    found = sorted({p["budget"] for p in paper.plans.values()}, key=lambda b: float(b.split()[0]))
    units = {b.split()[1] for b in found}
    if len(units) > 1:
        return listed(found)
    text = found[0] if len(found) == 1 else f"{found[0].split()[0]} to {found[-1]}"
    return f"{text} of one processor core a run" if units == {"min"} else f"{text} a run"


def brief(paper: Paper, findings: Mapping[str, FindingOf], study: str) -> str:
    """What a study found, in few sentences."""
    return " ".join(findings[study](paper)[: BRIEF.get(study, 1)])


def introduction(paper: Paper) -> str:
    c = paper.cite
    return section(
        "introduction",
        "1 Introduction",
        f"A generative adversarial network {c('goodfellow')} with the convolutions of a DCGAN {c('radford')} was the "
        "first "
        "image generator that trained reliably, and it is still the first that many try on spectrograms. For audio "
        "the best-known models left it behind at once: WaveGAN and "
        "SpecGAN "
        f"{c('donahue')} keep its layers but change the objective, the kernels and the normalisation together, so "
        "that nobody knows which of the changes was needed. Nor is it known how much is lost before any network is "
        "trained, in a representation without phase.",
        "A kick drum makes the question sharp. Its body moves at 40 to 60 Hz, its click lasts a few milliseconds. A "
        "window of 512 samples (11.6 ms) has one bin between DC and 120 Hz; one of 2048 samples smears the click over "
        "46 ms. And it makes the question small: half a second, one channel, a few hundred examples, so that each "
        "change can be made alone and repeated with other seeds.",
        "We contribute (1) an ablation of the DCGAN on kick drums, one change at a time, each row read against the "
        "ceiling "
        "of its representation; (2) a factorial experiment on the spectral artefacts of up-convolution in audio, with "
        "the spectral loss "
        "in "
        "the form that its paper states and in the form that its code has; (3) a test on pure tones, where errors of "
        "frequency, phase and envelope have names; (4) measures of how click and rumble depend on each other, in real "
        "and in generated kicks; (5) quality against the number of recordings and against minutes; and (6) the "
        "program that repeats all of it and writes this page from what it finds.",
    )


def related(paper: Paper) -> str:
    c = paper.cite
    return section(
        "related",
        "2 Related work",
        "<b>Adversarial audio.</b> WaveGAN generates waveforms with kernels of 25 samples and strides of four, "
        f"SpecGAN log-magnitude spectrograms of 128 × 128, both with a gradient penalty instead of batch normalisation "
        f"{c('donahue', 'gulrajani')}. GANSynth {c('engel')} generates magnitude and instantaneous frequency; TiFGAN "
        f"{c('marafioti')} magnitudes whose phase is rebuilt with care. A comparison of representations on single "
        f"notes found complex and instantaneous-frequency spectrograms best {c('nistal-representations')}.",
        f"<b>Drums.</b> DrumGAN {c('nistal')} trains a progressive GAN {c('karras')} on complex spectrograms with "
        "perceptual "
        f"conditions; its successor at 44.1 kHz {c('nistal-vst')} uses windows of 2048 samples at an overlap of 75 % "
        "and "
        f"adds an encoder. The Neural Drum Machine {c('aouameur')} is a Wasserstein auto-encoder on mel spectrograms, "
        f"CRASH {c('rouard')} a diffusion model on waveforms. Numbers from these papers are not repeated here: data, "
        "classifiers and padding differ, so that they cannot stand beside ours.",
        f"<b>Up-convolution.</b> Transposed convolutions leave checkerboards when kernels and strides do not match "
        f"{c('odena')}; sub-pixel convolutions {c('shi')} and resizing avoid them in part. Durall et al. "
        f"{c('durall')} show "
        "that generated images miss the high end of the spectrum and propose a spectral loss; the code published "
        "with the paper computes that loss outside of the graph, so that it scales the adversarial loss and has no "
        "gradient of "
        f"its own. Chandrasegaran et al. {c('chandrasegaran')} report that the discrepancy goes away when the last "
        "up-sampling step is changed. No replication on audio is known to us.",
        f"<b>Few data.</b> Differentiable augmentation {c('zhao')}, the R1 penalty {c('mescheder')} and the hinge "
        "objective "
        f"{c('lim')} stabilise adversarial training with few examples; adversarial auto-encoders {c('makhzani')} let "
        "reconstruction teach from the first step.",
    )
