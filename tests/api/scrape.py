"""Reads Prometheus' text format (version 0.0.4), and refuses whatever a strict reader would."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HELP = re.compile(rf"# HELP ({NAME}) (\S.*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram)")
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="([^"\\\n]*)"')
SUFFIXES = {"counter": {""}, "gauge": {""}, "histogram": {"_bucket", "_sum", "_count"}}


def labels_of(text):
    """{name: value}; None stands for no braces."""
    if text is None:
        return {}
    pairs = [LABEL.fullmatch(part) for part in re.split(r",(?=[a-zA-Z_][a-zA-Z0-9_]*=)", text)]
    assert all(pairs), f"labels {{{text}}}"
    labels = {pair[1]: pair[2] for pair in pairs}
    assert len(labels) == len(pairs), f"a label twice: {text}"
    return labels


class Metrics:
    """One scrape."""

    def __init__(self, text):
        assert text.endswith("\n"), "the last line has no end"
        self.types, self.values = {}, {}
        self._name, self._helped = None, None
        for line in text[:-1].split("\n"):
            self._read(line)
        self._check_histograms()

    def _read(self, line):
        if helped := HELP.fullmatch(line):
            assert helped[1] not in self.types, f"{helped[1]} comes twice"
            self._helped = helped[1]
        elif typed := TYPE.fullmatch(line):
            assert self._helped == typed[1], f"no HELP before: {line}"
            self._name = typed[1]
            self.types[typed[1]] = typed[2]
            assert (typed[2] == "counter") == typed[1].endswith("_total"), f"a counter is called _total: {line}"
        else:
            self._read_sample(line)

    def _read_sample(self, line):
        sample = SAMPLE.fullmatch(line)
        assert sample, f"not a line of the format: {line!r}"
        assert self._name and sample[1].startswith(self._name), f"outside of its metric: {line}"
        assert sample[1][len(self._name):] in SUFFIXES[self.types[self._name]], f"not of this type: {line}"
        key = sample[1], frozenset(labels_of(sample[2]).items())
        assert key not in self.values, f"twice: {line}"
        self.values[key] = float(sample[3])

    def _check_histograms(self):
        """Buckets grow, and the last one is the count."""
        buckets = {}
        for (name, labels), value in self.values.items():
            if name.endswith("_bucket"):
                rest = frozenset(pair for pair in labels if pair[0] != "le")
                buckets.setdefault((name.removesuffix("_bucket"), rest), []).append((float(dict(labels)["le"]), value))
        for (name, rest), row in buckets.items():
            assert row == sorted(row) and [value for _, value in row] == sorted(value for _, value in row), (name, row)
            assert row[-1][0] == float("inf") and row[-1][1] == self.values[f"{name}_count", rest], (name, row)
            assert (f"{name}_sum", rest) in self.values, name

    def value(self, name, **labels):
        """Of that sample; 0 when it is not there."""
        return self.values.get((name, frozenset(labels.items())), 0)

    def labels(self, name):
        """All values of each label: {label: {values}}."""
        found = {}
        for (sample, labels) in self.values:
            if sample == name:
                for label, value in labels:
                    found.setdefault(label, set()).add(value)
        return found


def metric(api, name, **labels):
    """Of a scrape that is made for it."""
    return Metrics(api.get("/metrics").body.decode()).value(name, **labels)
