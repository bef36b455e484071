using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Studio.Observability;

/// <summary>
/// Listens to the meters of this server and of the process and keeps their sums, for <see cref="PrometheusText"/>.
/// </summary>
public sealed class MetricsCollector : IDisposable
{
    /// <summary>Series of one instrument: further ones are counted together as <c>overflow="true"</c>.</summary>
    public const int MaxSeries = 200;

    /// <summary>Labels that are kept; those that a client can invent values for are not among them.</summary>
    private static readonly HashSet<string> s_labels = new(StringComparer.Ordinal)
    {
        "http.request.method", "http.response.status_code", "http.route", "state", "model", "result", "cache", "device", "kind", "priority",
        "gc.heap.generation", "dotnet.gc.heap.generation", "cpu.mode",
    };

    private static readonly HashSet<string> s_meters = new(StringComparer.Ordinal)
    {
        StudioMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Components.Server.Circuits", "System.Runtime",
    };

    private static readonly double[] s_defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private readonly MeterListener _listener = new();
    private readonly ILogger<MetricsCollector> _log;
    private readonly ConcurrentDictionary<Instrument, MetricFamily> _families = new();

    /// <param name="meters">Meters of this server only: another one in the same process has a factory of its own.</param>
    public MetricsCollector(IMeterFactory meters, ILogger<MetricsCollector> log)
    {
        _log = log;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!s_meters.Contains(instrument.Meter.Name) || (instrument.Meter.Scope is { } scope && !ReferenceEquals(scope, meters))) return;
            var family = _families.GetOrAdd(instrument, i => new(i, BucketsOf(i)));
            listener.EnableMeasurementEvents(instrument, family);
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((MetricFamily)state!).Add(value, LabelsOf(tags)));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((MetricFamily)state!).Add(value, LabelsOf(tags)));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => ((MetricFamily)state!).Add(value, LabelsOf(tags)));
        _listener.Start();
    }

    /// <summary>Everything as it stands now, by name.</summary>
    public IReadOnlyList<MetricFamily> Collect()
    {
        lock (_listener)
        {
            foreach (var family in _families.Values) family.BeginObserving();
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException e)
            {
                // What could be asked was; one that cannot answer must not hide the others.
                _log.LogWarning(e, "some metrics could not be read");
            }
        }

        return [.. _families.Values.OrderBy(f => f.Name, StringComparer.Ordinal)];
    }

    public void Dispose() => _listener.Dispose();

    private static IReadOnlyList<double>? BucketsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> h => h.Advice?.HistogramBucketBoundaries ?? s_defaultBuckets,
        Histogram<long> h => h.Advice?.HistogramBucketBoundaries?.Select(b => (double)b).ToArray() ?? s_defaultBuckets,
        _ => null,
    };

    private static LabelSet LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<(string, string)>(tags.Length);
        foreach (var (name, value) in tags)
        {
            if (s_labels.Contains(name) && value is not null) labels.Add((name, Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? ""));
        }

        labels.Sort((a, b) => string.CompareOrdinal(a.Item1, b.Item1));
        return new(labels);
    }
}
