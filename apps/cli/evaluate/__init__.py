"""``nodulescope evaluate``: how well marks, grades and outlines agree with the truth."""
