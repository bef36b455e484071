using System.Text.Json;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Hosting;
using Studio.Jobs;
using Studio.Jobs.Data;
using Studio.Jobs.Trainings;

namespace Studio.Pages.Jobs;

/// <summary>One job: how far it is, what it says, what came of it.</summary>
public sealed partial class JobPage(JobService jobs, StudioOptions options, Toasts toasts, NavigationManager navigation, TimeProvider time) : LivePage(toasts, time)
{
    /// <summary>Lines of the log that are shown.</summary>
    private const int LogLines = 300;

    /// <summary>What happens within it is drawn together.</summary>
    private static readonly TimeSpan s_calm = TimeSpan.FromMilliseconds(400);

    /// <summary>Of a request what the server put into it for itself.</summary>
    private static readonly string[] s_added = ["ownerName", "askedAt", "sweepId"];

    private CurrentUser? _user;
    private JobView? _job;
    private JobLogView? _log;
    private ConfirmDialog? _confirm;
    private bool _isMissing;

    [Parameter] public string Id { get; set; } = "";

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    private JobService Jobs => jobs;

    private StudioOptions Options => options;

    private string? TrainingName => _job is { Kind: TrainingKind.KindName, Attempts: > 0 } job && job.Request.TryGetProperty("name", out var name) ? name.GetString() : null;

    protected override void Dispose(bool isDisposing)
    {
        jobs.Changed -= Refresh;
        base.Dispose(isDisposing);
    }

    protected override void OnInitialized() => jobs.Changed += Refresh;

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        await LoadAsync();
    }

    /// <summary>What was asked for: the request's own names and values, but for what is empty and what the server added.</summary>
    private static IEnumerable<(string Name, string Value)> Settings(JsonElement request) => request.ValueKind != JsonValueKind.Object ? [] : request.EnumerateObject().SelectMany(p => p.Value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False or JsonValueKind.Undefined => [],
        _ when s_added.Contains(p.Name) => [],
        JsonValueKind.Object => Settings(p.Value),
        JsonValueKind.Array when p.Value.GetArrayLength() == 0 => [],
        JsonValueKind.Array => [(Spaced(p.Name), string.Join(", ", p.Value.EnumerateArray()))],
        JsonValueKind.String when p.Value.GetString() is "" => [],
        JsonValueKind.True => [(Spaced(p.Name), "yes")],
        _ => [(Spaced(p.Name), p.Value.ToString())],
    });

    /// <summary>"allowMissing" as "Allow missing".</summary>
    private static string Spaced(string name) => string.Concat(name.Select((c, i) => i == 0 ? $"{char.ToUpperInvariant(c)}" : char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));

    private static string Ordinal(int n) => (n % 100) is 11 or 12 or 13 ? $"{n}th" : (n % 10) switch { 1 => $"{n}st", 2 => $"{n}nd", 3 => $"{n}rd", _ => $"{n}th" };

    protected override async Task ReadAsync()
    {
        if (_user is not { } user) return;
        try
        {
            _job = await jobs.GetAsync(user, Id, Gone);
            _log = await jobs.LogAsync(user, Id, LogLines, Gone);
            _isMissing = false;
        }
        catch (RequestException)
        {
            _isMissing = true;
        }
    }

    private Task SetPriorityAsync(ChangeEventArgs e) =>
        Enum.TryParse<JobPriority>(e.Value?.ToString(), out var priority) ? TryAsync(() => jobs.SetPriorityAsync(_user!, Id, priority, Gone)) : Task.CompletedTask;

    private async Task ForgetAsync()
    {
        if (!await _confirm!.AskAsync()) return;
        if (await TryAsync(() => jobs.DeleteAsync(_user!, Id, Gone))) navigation.NavigateTo("jobs");
    }

    /// <summary>Called on any thread, a few times a second while it runs.</summary>
    private void Refresh(string id, string ownerId)
    {
        // Another job's end may move this one forward in the queue.
        if (id == Id || _job?.State == JobState.Queued) Again(s_calm);
    }
}
