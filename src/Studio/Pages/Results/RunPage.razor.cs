using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Reports;
using Studio.Boards;
using Studio.Components;
using Studio.Hosting;

namespace Studio.Pages.Results;

/// <summary>One evaluation: its numbers, and every sample. Filters stand in the address.</summary>
public sealed partial class RunPage(ResultsService results, RunJobs runJobs, StudioOptions options, Toasts toasts, NavigationManager navigation, TimeProvider time) : LivePage(toasts, time)
{
    private const int OnAPage = 25;

    /// <summary>Labels that samples are narrowed by at once: a needle cell has two.</summary>
    private const int MaxGroups = 4;

    /// <summary>Where the samples are listed.</summary>
    private const string Anchor = "#samples";

    /// <summary>How often an unfinished run is read again: it may be another program's, which tells nobody.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(3);

    private CurrentUser? _user;
    private Run? _run;
    private RunLine? _line;
    private RunSummary? _summary;
    private IReadOnlyList<RunGroup> _groups = [];
    private Paged<Sample>? _samples;
    private ConfirmDialog? _confirm;
    private string? _text, _job;
    private string _note = "";
    private bool _isMissing, _canChange;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Parameter] public string RunId { get; set; } = "";

    [SupplyParameterFromQuery(Name = "show")] private string? Show { get; set; }

    /// <summary>Each label:value; all of them hold.</summary>
    [SupplyParameterFromQuery(Name = "group")] private string[]? GroupTexts { get; set; }

    [SupplyParameterFromQuery(Name = "q")] private string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageNumber { get; set; }

    private NavigationManager Navigation => navigation;

    private StudioOptions Options => options;

    private string[] Groups => [.. (GroupTexts ?? []).Where(g => SampleLabel.TryParse(g) is not null).Take(MaxGroups)];

    private SampleQuery Query => new(
        Enum.TryParse<SampleShow>(Show, ignoreCase: true, out var wanted) && Enum.IsDefined(wanted) ? wanted : SampleShow.All, [.. Groups.Select(g => SampleLabel.TryParse(g)!)], string.IsNullOrWhiteSpace(Text) ? null : Text);

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        _text = Text;
        await LoadAsync();
        if (_run is not null) _note = _run.Note;
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (_run is { State: RunState.Running or RunState.Open }) Again(s_again);
    }

    protected override async Task ReadAsync()
    {
        if (await results.FindAsync(RunId, Gone) is not { } run)
        {
            (_run, _isMissing) = (null, true);
            return;
        }

        _line = await results.LineAsync(run, Gone);
        _summary = run.Summary is { } text ? RecordJson.Read<RunSummary>(text) : null;
        if (_groups.Count == 0 || _run?.Id != run.Id || _run.State != run.State) _groups = await results.GroupsAsync(run.Id, Gone);
        var page = Math.Clamp(PageNumber ?? 1, 1, 1_000_000);
        _samples = await results.SamplesAsync(run.Id, Query, page, OnAPage, Gone);
        if (_samples.Items.Count == 0 && _samples.Total > 0) _samples = await results.SamplesAsync(run.Id, Query, _samples.Pages, OnAPage, Gone);
        _job = (await runJobs.OfAsync(_user!, [_line], Gone)).GetValueOrDefault(run.Id);
        (_run, _isMissing, _canChange) = (run, false, ResultsService.CanChange(_user!, run));
    }

    /// <summary>The labels of a cell's samples.</summary>
    private static string[] CellGroups(NeedleCell cell) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"frames:{cell.Frames}"),
        .. cell.Depth is { } depth ? [string.Create(CultureInfo.InvariantCulture, $"depth:{depth}")] : Array.Empty<string>(),
        .. cell.Hops is { } hops ? [string.Create(CultureInfo.InvariantCulture, $"hops:{hops}")] : Array.Empty<string>(),
    ];

    private static string Version(int number) => number == 0 ? "unknown" : number.ToString(CultureInfo.InvariantCulture);

    private async Task SaveNoteAsync()
    {
        if (await TryAsync(() => results.SetNoteAsync(_user!, RunId, _note, Gone))) Toasts.Info("The note is saved.");
    }

    private async Task DeleteAsync()
    {
        if (!await _confirm!.AskAsync()) return;
        if (await TryAsync(() => results.DeleteAsync(_user!, RunId, Gone))) navigation.NavigateTo("results");
    }

    private async Task RerunAsync()
    {
        string? job = null;
        if (await TryAsync(async () => job = (await Evaluations.RerunAsync(_user!, RunId, Gone)).Id)) navigation.NavigateTo($"jobs/{job}");
    }

    private string Export(string format) => $"api/v1/eval/runs/{RunId}/export?format={format}";

    private string Address(SampleShow? show = null, string[]? groups = null, string? text = null, int? page = null) => navigation.GetUriWithQueryParameters($"results/{RunId}", new Dictionary<string, object?>
    {
        ["show"] = (show ?? Query.Show) is var shown && shown == SampleShow.All ? null : shown.ToString().ToLowerInvariant(),
        ["group"] = groups ?? Groups,
        ["q"] = string.IsNullOrEmpty(text ?? Text) ? null : text ?? Text,
        ["page"] = page is > 1 ? page : null,
    });
}
