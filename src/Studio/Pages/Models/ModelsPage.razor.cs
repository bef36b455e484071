using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Components;
using Studio.Engine.Chat.Planning;
using Studio.ModelHosting;

namespace Studio.Pages.Models;

/// <summary>Installed models, what of them is in memory, and how to get more.</summary>
public sealed partial class ModelsPage(ModelHost models, Toasts toasts)
{
    private readonly CancellationTokenSource _gone = new();
    private readonly Dictionary<string, string> _busy = new(StringComparer.Ordinal);
    private CurrentUser? _user;
    private IReadOnlyList<ModelCard>? _cards;
    private IReadOnlyList<ModelTask> _tasks = [];
    private IReadOnlyList<PublishedModel> _published = [];
    private ModelMemory? _memory;
    private ConfirmDialog? _confirm;
    private (string Title, string Text) _question = ("", "");
    private string _hubId = "";
    private string _name = "";
    private string _revision = "main";
    private string? _problem;
    private int _refreshing;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    private ModelHost Models => models;

    /// <summary>Not disposed itself: what still runs asks it for its token.</summary>
    public void Dispose()
    {
        models.Changed -= Refresh;
        _gone.Cancel();
    }

    protected override void OnInitialized() => models.Changed += Refresh;

    protected override async Task OnParametersSetAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        await LoadListAsync();
        if (_user.IsAdmin) _published = await models.PublishedAsync(_gone.Token);
    }

    private static string Parameters(long n) => n >= 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{n / 1e9:0.0} billion parameters")
        : n >= 1_000_000 ? string.Create(CultureInfo.InvariantCulture, $"{n / 1e6:0} million parameters") : $"{Units.Count(n)} parameters";

    private static string SourceOf(ModelCard card) => card.Source switch
    {
        "built-in" => "made here",
        "hub" => card.HubId ?? "the hub",
        _ => "a folder on the server",
    };

    private static string StateOf(ModelTask task) => task.State switch
    {
        "done" when task.Problems.Count == 0 => task.Kind == "pull" ? "installed" : "sound",
        "done" => "damaged",
        _ => task.State,
    };

    private async Task LoadListAsync()
    {
        _cards = await models.ListAsync(_gone.Token);
        (_tasks, _memory) = (models.Tasks, models.Memory);
    }

    private Task LoadAsync(ModelCard card) => WorkAsync(card, "waits for the device, then loads …", () => models.LoadAsync(_user!, card.Name, _gone.Token));

    private Task UnloadAsync(ModelCard card) => WorkAsync(card, "unloads when its answer has ended …", () => models.UnloadAsync(_user!, card.Name, _gone.Token));

    private async Task RemoveAsync(ModelCard card)
    {
        _question = ($"Remove {card.Name}?", card.Source == "hub"
            ? $"Its files, {Units.Bytes(card.Bytes)}, are deleted. Answers that it gave stay. It can be pulled again."
            : "The studio forgets it; its folder stays where it is. Answers that it gave stay.");
        if (!await _confirm!.AskAsync()) return;
        await WorkAsync(card, "is removed …", async () =>
        {
            var freed = await models.RemoveAsync(_user!, card.Name, _gone.Token);
            toasts.Info($"{card.Name} is removed, {Units.Bytes(freed)} freed.");
        });
    }

    private async Task PullAsync()
    {
        _problem = null;
        try
        {
            _ = models.StartPull(_hubId.Trim(), _name.Trim() is { Length: > 0 } name ? name : null, _revision.Trim() is { Length: > 0 } revision ? revision : "main");
            (_hubId, _name, _revision) = ("", "", "main");
        }
        catch (RequestException e)
        {
            _problem = e.Message;
        }

        await LoadListAsync();
    }

    private async Task WorkAsync(ModelCard card, string what, Func<Task> work)
    {
        _busy[card.Name] = what;
        StateHasChanged();
        try
        {
            await TryAsync(work);
        }
        finally
        {
            _ = _busy.Remove(card.Name);
        }
    }

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message);
        }

        await LoadListAsync();
    }

    /// <summary>Called on any thread, a few times a second while something moves; drawn when the one before is drawn.</summary>
    private void Refresh()
    {
        if (_user is null || Interlocked.Exchange(ref _refreshing, 1) != 0) return;
        _ = InvokeAsync(async () =>
        {
            _ = Interlocked.Exchange(ref _refreshing, 0); // before reading: what changes from here on is drawn again
            try
            {
                await LoadListAsync();
                StateHasChanged();
            }
            catch (OperationCanceledException)
            {
                // The page was left.
            }
        });
    }
}
