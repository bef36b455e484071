using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Studio.Accounts;
using Studio.Observability;
using Studio.Tests.Accounts;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Observability;

public sealed partial class MetricsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Text_FollowsPrometheusFormat()
    {
        using var own = Own();
        using var metrics = new StudioMetrics(own.Factory);
        metrics.AnswerEnded("done", "2b \"quoted\"\\\n", 7, TimeSpan.FromSeconds(2));
        metrics.AnswerEnded("done", "2b \"quoted\"\\\n", 3, TimeSpan.FromSeconds(700));
        metrics.AnswerEnded("failed", "x", 0, TimeSpan.Zero);
        metrics.UploadReceived(1 << 20);
        metrics.Watch("studio.queue.waiting", "{question}", "Waiting.", () => [new(3)]);
        var text = PrometheusText.Write(own.Collector.Collect());
        Assert.Contains("# TYPE studio_answers_total counter\nstudio_answers_total{model=\"2b \\\"quoted\\\"\\\\\\n\",state=\"done\"} 2\nstudio_answers_total{model=\"x\",state=\"failed\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("studio_tokens_generated_total{model=\"2b \\\"quoted\\\"\\\\\\n\"} 10\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE studio_upload_received_bytes_total counter\nstudio_upload_received_bytes_total 1048576\n", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE studio_queue_waiting gauge\nstudio_queue_waiting 3\n", text, StringComparison.Ordinal);
        Assert.Contains("studio_answer_duration_seconds_bucket{model=\"x\",le=\"0.25\"} 1\n", text, StringComparison.Ordinal);
        var quoted = text.Split('\n').Where(l => l.StartsWith("studio_answer_duration_seconds", StringComparison.Ordinal) && l.Contains("quoted", StringComparison.Ordinal)).Select(l => l[(l.LastIndexOf(' ') + 1)..]);
        Assert.Equal(["0", "0", "0", "1", "1", "1", "1", "1", "1", "1", "1", "2", "702", "2"], quoted);
        foreach (var line in text.TrimEnd('\n').Split('\n')) Assert.Matches(Line(), line);
    }

    [Fact]
    public void Series_AreBounded_FurtherOnesAreCountedTogether()
    {
        using var own = Own();
        using var metrics = new StudioMetrics(own.Factory);
        for (var i = 0; i < MetricsCollector.MaxSeries + 50; i++) metrics.AnswerEnded("done", $"model {i}", 1, TimeSpan.Zero);
        var family = own.Collector.Collect().Single(f => f.Name == "studio.answers");
        Assert.Equal(MetricsCollector.MaxSeries + 1, family.Series.Count);
        Assert.Equal(50, family.Series.Single(s => s.Labels == LabelSet.Overflow).Value);
        Assert.Equal(MetricsCollector.MaxSeries + 50, family.Series.Sum(s => s.Value));
    }

    [Fact]
    public void LabelsThatClientsCouldInvent_AreNotKept()
    {
        using var own = Own();
        using var meter = own.Factory.Create(StudioMetrics.MeterName);
        meter.CreateCounter<long>("studio.test").Add(1, new("user.agent", "anything"), new("state", "done"));
        Assert.Equal([("state", "done")], own.Collector.Collect().Single(f => f.Name == "studio.test").Series.Single().Labels.Labels);
    }

    [Fact]
    public void Gauge_ThatFails_HidesNoOther_AndOneThatIsGoneIsNotShown()
    {
        using var own = Own();
        using var metrics = new StudioMetrics(own.Factory);
        var shown = true;
        metrics.Watch("studio.test.broken", "By", "Breaks.", () => throw new InvalidOperationException("broken"));
        metrics.Watch("studio.test.there", "By", "Comes and goes.", () => shown ? [new(5, new KeyValuePair<string, object?>("kind", "a"))] : []);
        Assert.Contains("studio_test_there_bytes{kind=\"a\"} 5\n", PrometheusText.Write(own.Collector.Collect()), StringComparison.Ordinal);
        shown = false;
        Assert.DoesNotContain("studio_test_there", PrometheusText.Write(own.Collector.Collect()), StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherServersMeters_AreNotOurs()
    {
        using var own = Own();
        using var other = Own();
        using var metrics = new StudioMetrics(other.Factory);
        metrics.UploadReceived(5);
        Assert.DoesNotContain(own.Collector.Collect(), f => f.Name == "studio.upload.received" && f.Series.Count > 0);
    }

    [Fact]
    public async Task Server_CountsRequests_QueueAndCaches()
    {
        await using var studio = await TestStudio.StartAsync();
        for (var i = 0; i < 3; i++) _ = await studio.Http.GetStringAsync("/api/v1/me", Ct);
        await Wait.UntilAsync(async () => Value(await studio.Http.GetStringAsync("/metrics", Ct), "http_server_request_duration_seconds_count", "http_route=\"/api/v1/me\"") == 3, "three requests are counted");
        var text = await studio.Http.GetStringAsync("/metrics", Ct);
        Assert.Equal(0, Value(text, "studio_queue_waiting"));
        Assert.Equal(0, Value(text, "studio_device_memory_bytes", "kind=\"weights\""));
        Assert.True(Value(text, "dotnet_process_memory_working_set_bytes") > 1 << 20);
        foreach (var line in text.TrimEnd('\n').Split('\n')) Assert.Matches(Line(), line);
    }

    [Fact]
    public async Task Metrics_AreForThisMachineAndAdministrators()
    {
        await using var server = await AccountServer.StartAsync();
        _ = await server.Accounts.CreateAsync(new("ada", null, Roles.Admin, AccountServer.Password), Ct);
        _ = await server.Accounts.CreateAsync(new("rea", null, Roles.Viewer, AccountServer.Password), Ct);
        using var anyone = server.Program(null);
        using var ada = await server.ProgramAsync("ada");
        using var rea = await server.ProgramAsync("rea");
        Assert.Equal(HttpStatusCode.OK, await AskAsync(anyone));
        // As seen through a proxy on this machine, or by a name that only somebody else's page would use.
        foreach (var (name, value) in new[] { ("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7"), ("Via", "1.1 proxy"), ("X-Real-IP", "203.0.113.7"), ("Host", "studio.example.org") })
        {
            Assert.Equal((name, HttpStatusCode.Unauthorized), (name, await AskAsync(anyone, name, value)));
            Assert.Equal((name, HttpStatusCode.Forbidden), (name, await AskAsync(rea, name, value)));
            Assert.Equal((name, HttpStatusCode.OK), (name, await AskAsync(ada, name, value)));
        }
    }

    private static async Task<HttpStatusCode> AskAsync(HttpClient client, string? header = null, string value = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (header is not null) _ = request.Headers.TryAddWithoutValidation(header, value);
        using var answer = await client.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    private static double? Value(string text, string name, string label = "") =>
        text.Split('\n').FirstOrDefault(l => (l.StartsWith(name + " ", StringComparison.Ordinal) || l.StartsWith(name + "{", StringComparison.Ordinal)) && l.Contains(label, StringComparison.Ordinal)) is { } line
            ? double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture) : null;

    private static Meters Own()
    {
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        return new(services, factory, new(factory, NullLogger<MetricsCollector>.Instance));
    }

    [GeneratedRegex("""\A(# (HELP|TYPE) [a-z_0-9]+ .*|[a-z_0-9]+(\{[a-z_0-9]+="([^"\\]|\\.)*"(,[a-z_0-9]+="([^"\\]|\\.)*")*\})? (-?[0-9.]+(E[+-][0-9]+)?|\+Inf|NaN))\z""")]
    private static partial Regex Line();

    private sealed record Meters(ServiceProvider Services, IMeterFactory Factory, MetricsCollector Collector) : IDisposable
    {
        public void Dispose()
        {
            Collector.Dispose();
            Services.Dispose();
        }
    }
}
