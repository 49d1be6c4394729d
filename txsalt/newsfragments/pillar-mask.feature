Values of the pillar can be masked, as Salt 3008 does: the option `pillar_mask_output` (off by default), and `unmask=True` or `unmask=False` of a call. The option `pillar_raise_on_missing` is heeded.
