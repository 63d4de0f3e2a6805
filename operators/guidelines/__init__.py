"""Guidelines for lung nodules: Lung-RADS v2022, Fleischner 2017, BTS 2015 and the Brock model, as functions of values."""
