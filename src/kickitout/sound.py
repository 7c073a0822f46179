"""The sound that this project speaks of, in numbers that everything else imports.

A kick is a waveform of LENGTH float32 samples at SAMPLE_RATE, mono, in [-1, 1], with its onset at sample ONSET and a
peak of PEAK. 500 ms holds the click and all of the rumble of most kicks; 64 samples (1.5 ms) before the onset leave
room for the rise of a filtered transient.
"""

SAMPLE_RATE = 44_100  # Hz
LENGTH = 22_050  # samples: 500 ms
FADE_OUT = SAMPLE_RATE // 100  # samples: 10 ms, over which a model fades the end of its kicks
ONSET = 64  # samples: 1.45 ms before the sound begins
LONGEST_S = 4.0  # seconds a kick rings at most: a TR-808 on its longest decay has fallen by 60 dB
PEAK = 0.97  # of full scale: -0.26 dB, leaves room for resampling overshoot
