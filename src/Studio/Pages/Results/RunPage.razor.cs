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
public sealed partial class RunPage(ResultsService results, RunJobs runJobs, StudioOptions options, Toasts toasts, NavigationManager navigation, TimeProvider time)
{
    private const int OnAPage = 25;

    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _gone = new();
    private CurrentUser? _user;
    private Run? _run;
    private RunLine? _line;
    private RunSummary? _summary;
    private IReadOnlyList<RunGroup> _groups = [];
    private Paged<Sample>? _samples;
    private ConfirmDialog? _confirm;
    private string? _text, _job;
    private string _note = "";
    private bool _isMissing, _canChange, _isFollowing;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [Parameter] public string RunId { get; set; } = "";

    [SupplyParameterFromQuery(Name = "show")] private string? Show { get; set; }

    /// <summary>label:value.</summary>
    [SupplyParameterFromQuery(Name = "group")] private string? Group { get; set; }

    [SupplyParameterFromQuery(Name = "q")] private string? Text { get; set; }

    [SupplyParameterFromQuery(Name = "page")] private int? PageNumber { get; set; }

    private NavigationManager Navigation => navigation;

    private StudioOptions Options => options;

    private SampleQuery Query
    {
        get
        {
            var show = Enum.TryParse<SampleShow>(Show, ignoreCase: true, out var wanted) && Enum.IsDefined(wanted) ? wanted : SampleShow.All;
            var at = Group?.IndexOf(':', StringComparison.Ordinal) ?? -1;
            return new(show, at > 0 ? Group![..at] : null, at > 0 ? Group![(at + 1)..] : null, string.IsNullOrWhiteSpace(Text) ? null : Text);
        }
    }

    /// <summary>Not disposed itself: what still runs asks it for its token.</summary>
    public void Dispose() => _gone.Cancel();

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        _text = Text;
        await LoadAsync();
        if (_run is not null) _note = _run.Note;
    }

    protected override void OnAfterRender(bool firstRender)
    {
        if (_isFollowing || _run is not { State: RunState.Running or RunState.Open }) return;
        _isFollowing = true;
        _ = FollowAsync();
    }

    private static string Version(int number) => number == 0 ? "unknown" : number.ToString(CultureInfo.InvariantCulture);

    private async Task LoadAsync()
    {
        try
        {
            if (await results.FindAsync(RunId, _gone.Token) is not { } run)
            {
                (_run, _isMissing) = (null, true);
                return;
            }

            _line = await results.LineAsync(run, _gone.Token);
            _summary = run.Summary is { } text ? RecordJson.Read<RunSummary>(text) : null;
            if (_groups.Count == 0 || _run?.Id != run.Id || _run.State != run.State) _groups = await results.GroupsAsync(run.Id, _gone.Token);
            var page = Math.Clamp(PageNumber ?? 1, 1, 1_000_000);
            _samples = await results.SamplesAsync(run.Id, Query, page, OnAPage, _gone.Token);
            if (_samples.Items.Count == 0 && _samples.Total > 0) _samples = await results.SamplesAsync(run.Id, Query, _samples.Pages, OnAPage, _gone.Token);
            _job = (await runJobs.OfAsync(_user!, [_line], _gone.Token)).GetValueOrDefault(run.Id);
            (_run, _isMissing, _canChange) = (run, false, ResultsService.CanChange(_user!, run));
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
    }

    private async Task FollowAsync()
    {
        try
        {
            await Task.Delay(s_again, time, _gone.Token);
            await InvokeAsync(async () =>
            {
                await LoadAsync();
                _isFollowing = false;
                StateHasChanged();
            });
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page is gone.
        }
    }

    private async Task SaveNoteAsync()
    {
        if (await TryAsync(() => results.SetNoteAsync(_user!, RunId, _note, _gone.Token))) toasts.Info("The note is saved.");
        await LoadAsync();
    }

    private async Task DeleteAsync()
    {
        if (!await _confirm!.AskAsync()) return;
        if (await TryAsync(() => results.DeleteAsync(_user!, RunId, _gone.Token))) navigation.NavigateTo("results");
    }

    private async Task RerunAsync()
    {
        string? job = null;
        if (await TryAsync(async () => job = await runJobs.RerunAsync(_user!, _run!, _gone.Token))) navigation.NavigateTo($"jobs/{job}");
    }

    private async Task<bool> TryAsync(Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message);
            return false;
        }
    }

    private string Export(string format) => $"api/v1/eval/runs/{RunId}/export?format={format}";

    private string Address(SampleShow? show = null, string? group = null, string? text = null, int? page = null) => navigation.GetUriWithQueryParameters($"results/{RunId}", new Dictionary<string, object?>
    {
        ["show"] = (show ?? Query.Show) is var shown && shown == SampleShow.All ? null : shown.ToString().ToLowerInvariant(),
        ["group"] = string.IsNullOrEmpty(group ?? Group) ? null : group ?? Group,
        ["q"] = string.IsNullOrEmpty(text ?? Text) ? null : text ?? Text,
        ["page"] = page is > 1 ? page : null,
    });
}
