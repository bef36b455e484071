using System.Diagnostics.Metrics;

namespace Studio.Observability;

/// <summary>Labels of one series, sorted by name.</summary>
public sealed record LabelSet(IReadOnlyList<(string Name, string Value)> Labels)
{
    public static LabelSet Overflow { get; } = new([("overflow", "true")]);

    public bool Equals(LabelSet? other) => other is not null && Labels.SequenceEqual(other.Labels);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var label in Labels) hash.Add(label);
        return hash.ToHashCode();
    }
}

/// <summary>One series as it stood when it was read.</summary>
/// <param name="Value">Of a gauge or counter; the sum of a histogram.</param>
/// <param name="Buckets">Of a histogram: measurements up to each bound, those above all of them last. Not cumulative.</param>
public sealed record MetricSeries(LabelSet Labels, double Value, long Count, IReadOnlyList<long> Buckets);

public enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <summary>All series of one instrument.</summary>
public sealed class MetricFamily
{
    private readonly Dictionary<LabelSet, State> _series = [];
    private readonly Lock _gate = new();
    private readonly bool _isObserved;
    private readonly bool _isDelta;

    /// <param name="bounds">Upper bounds of a histogram's buckets; null for what is none.</param>
    internal MetricFamily(Instrument instrument, IReadOnlyList<double>? bounds)
    {
        var type = instrument.GetType().Name;
        _isObserved = instrument.IsObservable;
        _isDelta = !_isObserved && !type.StartsWith("Gauge", StringComparison.Ordinal);
        (Name, Unit, Description, Bounds) = (instrument.Name, instrument.Unit ?? "", instrument.Description ?? "", bounds ?? []);
        Kind = bounds is not null ? MetricKind.Histogram
            : type.StartsWith("Counter", StringComparison.Ordinal) || type.StartsWith("ObservableCounter", StringComparison.Ordinal) ? MetricKind.Counter
            : MetricKind.Gauge;
    }

    public string Name { get; }

    /// <summary>As the instrument says: s, By, {request} …</summary>
    public string Unit { get; }

    public string Description { get; }

    public MetricKind Kind { get; }

    /// <summary>Upper bounds of a histogram's buckets, rising; the last bucket has none.</summary>
    public IReadOnlyList<double> Bounds { get; }

    public IReadOnlyList<MetricSeries> Series
    {
        get
        {
            lock (_gate) return [.. _series.Select(s => new MetricSeries(s.Key, s.Value.Value, s.Value.Count, [.. s.Value.Buckets]))];
        }
    }

    /// <summary>What is asked for at each scrape begins anew: a series that is gone is not shown any more.</summary>
    internal void BeginObserving()
    {
        if (!_isObserved) return;
        lock (_gate) _series.Clear();
    }

    internal void Add(double value, LabelSet labels)
    {
        lock (_gate)
        {
            if (!_series.TryGetValue(labels, out var state))
            {
                if (_series.Count >= MetricsCollector.MaxSeries) labels = LabelSet.Overflow;
                if (!_series.TryGetValue(labels, out state)) _series[labels] = state = new(Kind == MetricKind.Histogram ? Bounds.Count + 1 : 0);
            }

            // Of an observed instrument several measurements may fall into the overflow: they add up.
            state.Value = _isDelta || (_isObserved && labels == LabelSet.Overflow) ? state.Value + value : value;
            state.Count++;
            if (Kind != MetricKind.Histogram) return;
            var bucket = 0;
            while (bucket < Bounds.Count && value > Bounds[bucket]) bucket++;
            state.Buckets[bucket]++;
        }
    }

    private sealed class State(int buckets)
    {
        public double Value { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
