"""Federated training across hospitals: the same bundles, the scans stay where they are.

How the parts fit together:

- :mod:`~nodulescope.federated.settings` holds what one job asks of every site (:class:`JobSettings`); it travels, so it carries no path.
- :mod:`~nodulescope.federated.sites` holds what belongs to one site and never leaves it: its datalist, its own settings, its state.
- :mod:`~nodulescope.federated.client` trains the bundle at a site with the bundle's own trainer; it is an NVFlare executor.
- :mod:`~nodulescope.federated.server` leads the rounds, combines what the sites send and judges it; it is an NVFlare controller.
- :mod:`~nodulescope.federated.ledger` records who took part in each round, and with what.
- :mod:`~nodulescope.federated.wire` makes what travels small.
- :mod:`~nodulescope.federated.recipe` makes the NVFlare job of all that, and takes filters that protect privacy
  (:class:`~nodulescope.federated.recipe.SiteFilters`).
- :mod:`~nodulescope.federated.environments` runs the job: in the simulator, on one machine, or in a provisioned federation.

A job holds no code, only names of classes that every site has installed and the hash of the bundle; a site refuses any other.
"""
