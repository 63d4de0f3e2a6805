"""How different the sites are, before anything is trained: counts and histograms leave a site, scans do not."""
