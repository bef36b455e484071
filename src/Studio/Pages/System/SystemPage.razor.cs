using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Machine;
using Studio.Components;
using Studio.Hosting;
using Studio.ModelHosting;
using Studio.Observability;

namespace Studio.Pages.SystemFacts;

/// <summary>The machine, what computes and waits, what lies on the disk, and how the server is set.</summary>
public sealed partial class SystemPage(
    DoctorService doctor, StorageService storage, Versions versions, Caches caches, ModelHost models, DeviceScheduler scheduler, LogLevelSwitch logLevels, StudioOptions options, Toasts toasts)
{
    private const int OwnersOnAPage = 10;

    private readonly CancellationTokenSource _gone = new();
    private CurrentUser? _user;
    private ModelMemory? _memory;
    private string? _deviceProblem;
    private QueueSnapshot? _queue;
    private OwnerUsage? _own;
    private StorageView? _storage;
    private Paged<OwnerUsage>? _owners;
    private Examination? _examination;
    private bool _isExamining;
    private IReadOnlyList<VersionView>? _versions;
    private IReadOnlyList<CacheView>? _caches;
    private int _refreshing;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    [SupplyParameterFromQuery(Name = "owners")] private int? OwnersPage { get; set; }

    private StudioOptions Options => options;

    private LogLevelSwitch LogLevels => logLevels;

    public void Dispose()
    {
        scheduler.Changed -= Refresh;
        models.Changed -= Refresh;
        _gone.Cancel(); // not disposed: what still runs asks it for its token
    }

    protected override void OnInitialized()
    {
        scheduler.Changed += Refresh;
        models.Changed += Refresh;
    }

    protected override async Task OnParametersSetAsync()
    {
        var user = CurrentUser.From((await Authentication).User);
        _examination = doctor.Last;
        ReadDevice(user);
        _own = await storage.OwnAsync(user, _gone.Token);
        if (user.IsAdmin) _owners = await storage.OwnersAsync(Math.Max(1, OwnersPage ?? 1), OwnersOnAPage, _gone.Token);
        _user = user;
    }

    /// <summary>What takes longer comes after the page is there.</summary>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (!firstRender) return;
        try
        {
            _versions = await versions.ReadAsync(_gone.Token);
            StateHasChanged();
            if (_user is { IsAdmin: true })
            {
                _storage = await storage.MeasureAsync(_gone.Token);
                _caches = await caches.MeasureAsync(_gone.Token);
                StateHasChanged();
            }

            if (_examination is null) await ExamineAsync(false);
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private static double Share(double part, double whole) => whole > 0 ? Math.Clamp(part / whole, 0, 1) : 0;

    private static string Percent(double part, double whole) => string.Create(CultureInfo.InvariantCulture, $"{100 * Share(part, whole):0.#} %");

    private static string Count(long n, string one, string? many = null) => $"{n.ToString("N0", CultureInfo.InvariantCulture)} {(n == 1 ? one : many ?? one + "s")}";

    private static string BadgeOf(FindingStatus status) => status switch { FindingStatus.Ok => "badge-ok", FindingStatus.Warn => "badge-warn", _ => "badge-danger" };

    private static string WordOf(FindingStatus status) => status switch { FindingStatus.Ok => "well", FindingStatus.Warn => "could be better", _ => "defect" };

    private void ReadDevice(CurrentUser user)
    {
        _queue = scheduler.Snapshot(user);
        try
        {
            (_memory, _deviceProblem) = (models.Memory, null);
        }
        catch (ArgumentException e)
        {
            _deviceProblem = e.Message; // the device of the settings is not there
        }
    }

    private async Task ExamineAsync(bool measure)
    {
        _isExamining = true;
        StateHasChanged();
        try
        {
            _examination = await doctor.ExamineAsync(measure, _gone.Token);
            if (_user is { IsAdmin: true }) _caches = await caches.MeasureAsync(_gone.Token); // it may have kept what it measured
        }
        catch (OperationCanceledException)
        {
            return;
        }
        finally
        {
            _isExamining = false;
        }

        StateHasChanged();
    }

    private async Task ClearAsync(CacheView cache)
    {
        try
        {
            var after = await caches.ClearAsync(cache.Name, _gone.Token);
            toasts.Info($"{cache.Name}: {Engine.Chat.Planning.Units.Bytes(Math.Max(0, cache.Bytes - after.Bytes))} freed.");
        }
        catch (RequestException e)
        {
            toasts.Error(e.Message);
        }

        _caches = await caches.MeasureAsync(_gone.Token);
    }

    private void SetLogLevel(ChangeEventArgs e)
    {
        if (Enum.TryParse<LogLevel>(e.Value?.ToString(), out var level)) logLevels.Level = level;
    }

    /// <summary>Called on any thread, as often as something moves; drawn when the one before is drawn.</summary>
    private void Refresh()
    {
        if (_user is null || Interlocked.Exchange(ref _refreshing, 1) != 0) return;
        _ = InvokeAsync(() =>
        {
            _ = Interlocked.Exchange(ref _refreshing, 0);
            if (_gone.IsCancellationRequested) return;
            ReadDevice(_user);
            StateHasChanged();
        });
    }
}
