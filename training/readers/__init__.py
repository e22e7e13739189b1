"""Readers of the community's sets of labelled light curves: each gives `training.curves.CurveSet`, whatever the source's form.

Two kinds. `tables` reads small prepared folders whole (MALLORN and samples of PLAsTiCC, ELAsTiCC2, SPCC, Foundation).
`plasticc`, `mallorn`, `snana` and `spcc` read the sets in the form in which their authors publish them, a chunk of whole
objects at a time, so that memory does not grow with the set; `write` keeps the chunks on disk and goes on after a stop.
`pull` asks a broker for named ZTF objects.

What they share: FLUXCAL (AB zero point 27.5), bands of `core.bands`, classes of `core.taxonomy` or "" where a source's
type belongs to none, `detected` as the source says it, Galactic dust left in (``mwebv`` beside it). The redshift is the one
that a broker would know; true redshifts of simulations are in a column of their own.
"""
