"""The figures of a bundle's model card, made from what evaluations wrote."""
