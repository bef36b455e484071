using Microsoft.AspNetCore.Components;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Boards;
using Studio.Components;
using Studio.Pages.Results.Parts;

namespace Studio.Pages.Results;

/// <summary>Accuracy over what it costs, setting by setting; it grows while the sweep runs.</summary>
public sealed partial class SweepPage(ResultsService results, Toasts toasts, TimeProvider time) : LivePage(toasts, time)
{
    /// <summary>How often an unfinished sweep is read again: it may be another program's, which tells nobody.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(3);

    private SweepView? _sweep;
    private IReadOnlyList<SweepChart> _charts = [];
    private int _models;
    private bool _isMissing;

    [Parameter] public string SweepId { get; set; } = "";

    private string Counted
    {
        get
        {
            var sweep = _sweep!;
            var words = $"{sweep.Settings.Count} settings with numbers{(sweep.Waiting.Count > 0 ? $", {sweep.Waiting.Count} without" : "")}";
            var model = _models == 1 ? $"; {sweep.Settings.Select(r => r.Run).Concat(sweep.Waiting).First().Model}" : "";
            return words + model + (sweep.Total > sweep.Settings.Count + sweep.Waiting.Count ? $"; the latest of {sweep.Total} runs" : "");
        }
    }

    protected override Task OnParametersSetAsync() => LoadAsync();

    protected override void OnAfterRender(bool firstRender)
    {
        // Of a sweep that just began there is no run; one that was deleted costs a look at the database now and then.
        if (_isMissing || _sweep?.Waiting.Any(r => r.State is RunState.Running or RunState.Open) == true) Again(s_again);
    }

    protected override async Task ReadAsync()
    {
        try
        {
            var sweep = await results.SweepAsync(SweepId, Gone);
            // Charts are drawn again only where there is something new.
            if (_sweep is null || sweep.Id != _sweep.Id || sweep.Settings.Count != _sweep.Settings.Count) _charts = SweepCharts.Of(sweep);
            _models = sweep.Settings.Select(r => r.Run.Model).Concat(sweep.Waiting.Select(r => r.Model)).Distinct(StringComparer.Ordinal).Count();
            (_sweep, _isMissing) = (sweep, false);
        }
        catch (RequestException)
        {
            (_sweep, _isMissing) = (null, true);
        }
    }

    private string Export(string format) => $"api/v1/eval/sweeps/{Uri.EscapeDataString(SweepId)}/export?format={format}";
}
