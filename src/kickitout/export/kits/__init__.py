"""Kicks -> a kit for samplers: tuned, equally loud, in velocity layers and round robins, with its documents.

sources   seeds of a model, or sound files    -> one aligned kick each
tuning    where each kick is to sound         -> cents
velocity  layers and round robins             -> level, tilt, click, cents of each of their sounds
shaping   a kick and those numbers            -> samples; the numbers are the recipe that is written into each WAV
levels    how loud, in LUFS or dBTP           -> a number
build     all of it, matched in loudness      -> a Kit
formats   sfz, hydrogen, ..., renoise         -> the files that players read
documents                                     -> those that people read
package   everything                          -> a folder and archives, whole or not at all
"""
