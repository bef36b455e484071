using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Studio.Benchmarks.Records;
using Studio.Pages.Results.Parts;
using Xunit;

namespace Studio.Tests.Pages;

/// <summary>The numbers of a run as the page and a share link show them.</summary>
public sealed class RunNumbersTests
{
    private static RunSummary Summary => new()
    {
        Rows = [new("overall", 60, 60, 8), new("empty", 0, 0, 0)], Scored = 8, Failed = 0, Accuracy = 0.6, Low = 0.3, High = 0.8, ClusteredError = 0.1, Interval = IntervalMethod.Wilson, Costs = new(12, 3, 4, 5, 6, 7, 8),
    };

    [Theory]
    [InlineData(IntervalMethod.Wilson, "(Wilson)")]
    [InlineData(IntervalMethod.GroupedWilson, "(Wilson, of the mean of the groups)")]
    [InlineData(IntervalMethod.Clustered, "(normal, by the standard error below)")]
    [InlineData(IntervalMethod.Reported, "(normal, by the reported standard error)")]
    public async Task Interval_IsNamedAsItWasFound(IntervalMethod method, string named) =>
        Assert.Contains($"30.0 % to 80.0 % {named}, n = 8", await RenderAsync(Summary with { Interval = method }), StringComparison.Ordinal);

    [Fact]
    public async Task Interval_OfAnOldSummary_IsNotNamed()
    {
        var html = await RenderAsync(Summary with { Interval = null });
        Assert.Contains("30.0 % to 80.0 %, n = 8", html, StringComparison.Ordinal);
        Assert.DoesNotContain("Wilson", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headline_HasTheTasksWord_AndRowsHaveSamples()
    {
        var html = await RenderAsync(Summary with { Measure = "mean IoU", Units = 2 });
        Assert.Contains("<strong>60.0 %</strong> mean IoU", html, StringComparison.Ordinal);
        Assert.Contains("n = 2 (8 samples)", html, StringComparison.Ordinal);
        Assert.DoesNotContain("empty", html, StringComparison.Ordinal);
        Assert.Contains("<strong>60.0 %</strong> right", await RenderAsync(Summary), StringComparison.Ordinal);
        Assert.DoesNotContain("0 ms", await RenderAsync(Summary with { Scored = 0, Accuracy = double.NaN, Costs = new(0, 0, 0, 0, 0, 0, 0) }), StringComparison.Ordinal);
    }

    private static async Task<string> RenderAsync(RunSummary summary)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
            (await renderer.RenderComponentAsync<RunNumbers>(ParameterView.FromDictionary(new Dictionary<string, object?> { [nameof(RunNumbers.Summary)] = summary }))).ToHtmlString());
        return System.Net.WebUtility.HtmlDecode(html);
    }
}
