using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Hosting;
using Studio.Jobs;
using Studio.Jobs.Trainings;

namespace Studio.Pages.Jobs;

/// <summary>What runs, waits and has ended in the background. Which of it is shown stands in the address.</summary>
public sealed partial class JobsPage(JobService jobs, TrainingRuns trainings, StudioOptions options, Toasts toasts, NavigationManager navigation, TimeProvider time) : LivePage(toasts, time)
{
    private const int OnAPage = 25;

    /// <summary>Trainings below the jobs; the API lists more.</summary>
    private const int TrainingsShown = 20;

    /// <summary>What happens within it is drawn together.</summary>
    private static readonly TimeSpan s_calm = TimeSpan.FromMilliseconds(500);

    private CurrentUser? _user;
    private Paged<JobView>? _list;
    private IReadOnlyList<JobKindView> _kinds = [];
    private IReadOnlyList<TrainingRunView> _trainings = [];
    private StartTraining? _start;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "show")] private string? Show { get; set; }

    [SupplyParameterFromQuery(Name = "kind")] private string? Kind { get; set; }

    [SupplyParameterFromQuery(Name = "mine")] private bool Mine { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageNumber { get; set; }

    private JobService Jobs => jobs;

    private StudioOptions Options => options;

    private NavigationManager Navigation => navigation;

    private JobFilter Filter => Enum.TryParse<JobFilter>(Show, ignoreCase: true, out var filter) && Enum.IsDefined(filter) ? filter : JobFilter.All;

    private bool IsFiltered => Filter != JobFilter.All || !string.IsNullOrEmpty(Kind) || Mine;

    protected override void Dispose(bool isDisposing)
    {
        jobs.Changed -= Refresh;
        base.Dispose(isDisposing);
    }

    protected override void OnInitialized() => jobs.Changed += Refresh;

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        _kinds = jobs.Kinds(_user);
        await LoadAsync();
    }

    protected override async Task ReadAsync()
    {
        if (_user is not { } user) return;
        var page = Math.Clamp(PageNumber ?? 1, 1, 1_000_000);
        var query = new JobQuery(Filter, Kind, Mine);
        _list = await jobs.ListAsync(user, query, page, OnAPage, Gone);
        if (_list.Items.Count == 0 && _list.Total > 0) _list = await jobs.ListAsync(user, query, _list.Pages, OnAPage, Gone);
        _trainings = await Task.Run(() => (IReadOnlyList<TrainingRunView>)[.. trainings.List().Take(TrainingsShown)], Gone);
    }

    /// <summary>Called on any thread, a few times a second while something runs.</summary>
    private void Refresh(string id, string ownerId)
    {
        if (_user is { } user && (user.IsAdmin || user.Id == ownerId)) Again(s_calm);
    }

    /// <summary>The address with some values changed; another list begins at its first page.</summary>
    private string Address(JobFilter? show = null, string? kind = null, bool? mine = null, int? page = null) => navigation.GetUriWithQueryParameters("jobs", new Dictionary<string, object?>
    {
        ["show"] = (show ?? Filter) is var filter && filter == JobFilter.All ? null : filter.ToString().ToLowerInvariant(),
        ["kind"] = string.IsNullOrEmpty(kind ?? Kind) ? null : kind ?? Kind,
        ["mine"] = (mine ?? Mine) ? true : null,
        ["page"] = page is > 1 ? page : null,
    });
}
