using System.Diagnostics.Metrics;

namespace Studio.Observability;

/// <summary>What the studio counts about itself. The names follow OpenTelemetry's habits; /metrics shows them in Prometheus' form.</summary>
public sealed class StudioMetrics : IDisposable
{
    public const string MeterName = "Studio";

    private readonly Meter _meter;
    private readonly Counter<long> _answers;
    private readonly Counter<long> _tokens;
    private readonly Histogram<double> _answerSeconds;
    private readonly Counter<long> _uploads;
    private readonly Counter<long> _signIns;

    public StudioMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        _meter = meters.Create(MeterName);
        _answers = _meter.CreateCounter<long>("studio.answers", "{answer}", "Answers that ended, by state and model.");
        _tokens = _meter.CreateCounter<long>("studio.tokens.generated", "{token}", "Tokens generated, by model.");
        _answerSeconds = _meter.CreateHistogram("studio.answer.duration", "s", "From the beginning of an answer's work to its end, without waiting.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600] });
        _uploads = _meter.CreateCounter<long>("studio.upload.received", "By", "Bytes of uploads received.");
        _signIns = _meter.CreateCounter<long>("studio.sign_ins", "{attempt}", "Attempts to sign in with a password, by result.");
    }

    /// <param name="state">done, stopped or failed.</param>
    public void AnswerEnded(string state, string model, long tokens, TimeSpan duration)
    {
        _answers.Add(1, new("state", state), new("model", model));
        _tokens.Add(tokens, new KeyValuePair<string, object?>("model", model));
        _answerSeconds.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("model", model));
    }

    public void UploadReceived(long bytes) => _uploads.Add(bytes);

    public void SignedIn(bool succeeded) => _signIns.Add(1, new KeyValuePair<string, object?>("result", succeeded ? "success" : "refused"));

    /// <summary>Shows what somebody else keeps count of, asked for at each scrape.</summary>
    public void Watch(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> values) =>
        _ = _meter.CreateObservableGauge(name, values, unit, description);

    public void Dispose() => _meter.Dispose();
}
