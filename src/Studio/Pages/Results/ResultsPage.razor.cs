using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Reports;
using Studio.Benchmarks.Records.Store;
using Studio.Boards;
using Studio.Components;
using Studio.Hosting;
using Studio.Pages.Results.Parts;

namespace Studio.Pages.Results;

/// <summary>Evaluations, latest first. Filters, page and ticked runs stand in the address.</summary>
public sealed partial class ResultsPage(ResultsService results, RunJobs runJobs, StudioOptions options, Toasts toasts, NavigationManager navigation, TimeProvider time) : LivePage(toasts, time)
{
    private const int OnAPage = 25;

    /// <summary>How often a list with unfinished runs is read again: they may be another program's, which tells nobody.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(3);

    private CurrentUser? _user;
    private ImportRuns? _import;
    private Paged<RunLine>? _list;
    private RunFacets _facets = new([], [], []);
    private IReadOnlyDictionary<string, string> _jobs = new Dictionary<string, string>();
    private string? _text;
    private IReadOnlyList<ComparisonWarning> _warnings = [];

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "q")] private string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "task")] private string? TaskName { get; set; }

    [SupplyParameterFromQuery(Name = "model")] private string? Model { get; set; }

    [SupplyParameterFromQuery(Name = "state")] private string? State { get; set; }

    [SupplyParameterFromQuery(Name = "source")] private string? Source { get; set; }

    [SupplyParameterFromQuery(Name = "sweep")] private string? Sweep { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageNumber { get; set; }

    /// <summary>Up to two runs, with a comma between them.</summary>
    [SupplyParameterFromQuery(Name = "pick")] private string? PickedText { get; set; }

    private StudioOptions Options => options;

    private IReadOnlyList<string> Picked => [.. (PickedText ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(id => id.All(char.IsAsciiLetterOrDigit)).Distinct().Take(2)];

    private RunQuery Query => new(None(TaskName), None(Model), Enum.TryParse<RunState>(State, ignoreCase: true, out var state) && Enum.IsDefined(state) ? state : null, None(Source), None(Sweep), None(Text));

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        _text = Text;
        await LoadAsync();
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (_list?.Items.Any(r => r.State is RunState.Running or RunState.Open) == true) Again(s_again);
    }

    protected override async Task ReadAsync()
    {
        var page = Math.Clamp(PageNumber ?? 1, 1, 1_000_000);
        _facets = await results.FacetsAsync(Gone);
        _list = await results.ListAsync(Query, page, OnAPage, Gone);
        if (_list.Items.Count == 0 && _list.Total > 0) _list = await results.ListAsync(Query, _list.Pages, OnAPage, Gone);
        _jobs = await runJobs.OfAsync(_user!, _list.Items, Gone);
        _warnings = Picked is [var first, var second] ? await results.WarningsAsync(first, second, Gone) : [];
    }

    private static string? None(string? text) => string.IsNullOrWhiteSpace(text) ? null : text;

    /// <summary>The values there are, and the one that is chosen where it is not among them.</summary>
    private static IEnumerable<string> Choices(IReadOnlyList<string> values, string? chosen) => string.IsNullOrEmpty(chosen) || values.Contains(chosen) ? values : [.. values, chosen];

    private void Pick(string id) =>
        navigation.NavigateTo(Address(("pick", Picked.Contains(id) ? string.Join(',', Picked.Where(p => p != id)) : string.Join(',', Picked.Append(id))), ("page", PageNumber is > 1 ? PageNumber : null)));

    private void Search() => Go("q", _text);

    private void Go(string name, object? value) => navigation.NavigateTo(Address((name, value?.ToString() is { Length: > 0 } text ? text : null)));

    /// <summary>The address with some values changed; another list begins at its first page.</summary>
    private string Address(params (string Name, object? Value)[] changes)
    {
        var values = new Dictionary<string, object?>
        {
            ["q"] = None(Text), ["task"] = None(TaskName), ["model"] = None(Model), ["state"] = None(State), ["source"] = None(Source), ["sweep"] = None(Sweep), ["pick"] = None(PickedText), ["page"] = null,
        };
        foreach (var (name, value) in changes) values[name] = value is "" ? null : value;
        return navigation.GetUriWithQueryParameters("results", values);
    }
}
