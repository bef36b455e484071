using Studio.Accounts;
using Studio.Api;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Checkpoints.Hub;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Hosting;
using Conversation = Studio.Engine.Chat.Conversation;
using Ids = Studio.Data.Ids;

namespace Studio.ModelHosting;

/// <summary>The installed models and those in memory.</summary>
public sealed class ModelHost : IAsyncDisposable
{
    private static readonly ModelState NotLoaded = new(false, 0, 0, 0, null);

    private readonly DeviceScheduler _scheduler;
    private readonly TimeProvider _time;
    private readonly StudioOptions _options;
    private readonly ModelTasks _tasks;
    private readonly LoadedModels _loaded; // the device's thread only
    private readonly Lazy<DeviceSettings> _device;
    private readonly Lazy<MediaEncoder> _encoder;
    private readonly Lazy<VisualTokenCache> _tokens;
    private readonly Lazy<SummaryCache> _summaries;
    private readonly Func<HubClient> _hub;
    private readonly ILogger _log;
    private IReadOnlyDictionary<string, (ModelState State, VideoModel Model)> _states = new Dictionary<string, (ModelState, VideoModel)>();

    internal ModelHost(
        StudioOptions options, StudioFolders folders, DeviceScheduler scheduler, ModelCatalog catalog, TimeProvider time, ILogger<ModelTasks> log, Func<HubClient> hub)
    {
        (_options, _scheduler, _time, Catalog, _hub, _log) = (options, scheduler, time, catalog, hub, log);
        BudgetBytes = options.ModelMemoryBytes > 0 ? options.ModelMemoryBytes : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
        _tasks = new(time, log);
        _tasks.Changed += () => Changed.Tell(_log);
        _loaded = new(options.MaxLoadedModels, BudgetBytes, time);
        _device = new(() => DeviceSettings.Resolve(options.Device, options.Dtype));
        _tokens = new(() => new(Path.Combine(folders.Cache, "visual-tokens"), time: time));
        _summaries = new(() => new(Path.Combine(folders.Cache, "summary-rows"), time: time));
        _encoder = new(() => new(MediaTools.Locate(), _tokens.Value, _summaries.Value));
    }

    /// <summary>Raised, on any thread, when a model or a task changed; of progress at most four times a second.</summary>
    public event Action? Changed;

    /// <summary>The model that answers where none is chosen.</summary>
    public string DefaultModel => Catalog.DefaultName;

    /// <summary>Bytes of weights and conversations kept.</summary>
    public long BudgetBytes { get; }

    public ModelMemory Memory
    {
        get
        {
            var states = _states;
            var tokens = _tokens.IsValueCreated ? VisualTokens : null;
            return new(
                Device.Device.ToString(), Device.Dtype.ShortName(), states.Count, _options.MaxLoadedModels, states.Values.Sum(s => s.State.WeightBytes),
                states.Values.Sum(s => s.State.ConversationBytes), BudgetBytes, tokens?.MemoryBytes ?? 0, tokens?.DiskBytes ?? 0);
        }
    }

    /// <summary>Tasks that run, and the last ones that ended; newest first, at most <see cref="ModelTasks.MaxKept"/>.</summary>
    public IReadOnlyList<ModelTask> Tasks => _tasks.List();

    internal ModelCatalog Catalog { get; }

    /// <exception cref="ArgumentException">The device or type of the options is not there.</exception>
    internal DeviceSettings Device => _device.Value;

    /// <summary>Published models that can be pulled.</summary>
    public Task<IReadOnlyList<PublishedModel>> PublishedAsync(CancellationToken ct = default) => Task.Run<IReadOnlyList<PublishedModel>>(
        () =>
        {
            var installed = Catalog.Store.List();
            return [.. PublishedGeometries.All.Select(g => new PublishedModel(g.HubId, g.ShortName, installed.Any(m => m.HubId == g.HubId)))];
        },
        ct);

    public Task<IReadOnlyList<ModelCard>> ListAsync(CancellationToken ct = default) => Task.Run<IReadOnlyList<ModelCard>>(
        () => [.. Catalog.List().Select(m => Catalog.Card(m, Device.Dtype, StateOf(m.Name)))], ct);

    /// <exception cref="RequestException">404.</exception>
    public Task<ModelCard> GetAsync(string name, CancellationToken ct = default) =>
        Task.Run(() => Catalog.Card(Existing(name), Device.Dtype, StateOf(name)), ct);

    /// <summary>Brings a model into memory; waits its turn in the line.</summary>
    /// <exception cref="RequestException">404.</exception>
    public async Task LoadAsync(CurrentUser user, string name, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var model = Existing(name);
        var work = new DeviceWork(Ids.New(_time), user.Id, user.Name, "model", $"loading {model.Name}");
        await _scheduler.RunAsync(work, _ => Settle(() => Acquire(model)), ct).ConfigureAwait(false);
    }

    /// <summary>Gives its memory back, after what is before it in the line.</summary>
    /// <exception cref="RequestException">404.</exception>
    public async Task UnloadAsync(CurrentUser user, string name, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var model = Existing(name);
        if (!StateOf(model.Name).IsLoaded) return;
        var work = new DeviceWork(Ids.New(_time), user.Id, user.Name, "model", $"unloading {model.Name}");
        await _scheduler.RunAsync(work, _ => Settle(() => _loaded.IsHeld(model.Name) ? throw RequestException.Conflict($"an evaluation uses '{model.Name}'; cancel its job, or wait for its end") : _loaded.Unload(model.Name)), ct).ConfigureAwait(false);
    }

    /// <summary>Begins to compare a model's files with what was recorded.</summary>
    /// <exception cref="RequestException">400 for the built-in one, 404, 409, 429.</exception>
    public ModelTask StartVerify(string name)
    {
        var model = Existing(name);
        if (model.Manifest is null) throw RequestException.Invalid($"'{model.Name}' is made by this program: nothing is recorded to compare it with");
        return _tasks.Start("verify", model.Name, async (report, ct) =>
        {
            var total = model.Manifest.TotalBytes;
            var result = await Catalog.Store.VerifyAsync(model.Name, new Relay<long>(done => report("comparing checksums", done, total)), ct).ConfigureAwait(false);
            return result.Problems;
        });
    }

    /// <summary>Begins to pull; begun again after an interruption, it goes on where it stopped.</summary>
    /// <param name="hubId">OWNER/NAME or a published model's short name.</param>
    /// <exception cref="RequestException">400, 409, 429.</exception>
    public ModelTask StartPull(string hubId, string? name = null, string revision = "main")
    {
        ArgumentNullException.ThrowIfNull(hubId);
        var id = PublishedGeometries.TryFind(hubId)?.HubId ?? hubId;
        if (!HubClient.IsHubId(id))
        {
            throw RequestException.Invalid($"'{hubId}' is neither of the form OWNER/NAME nor one of {string.Join(", ", PublishedGeometries.All.Select(g => g.ShortName))}");
        }

        name ??= id[(id.LastIndexOf('/') + 1)..].ToLowerInvariant();
        if (Catalog.TryFind(name) is not null) throw RequestException.Conflict($"there is a model '{name}' already; give another name or remove it first");
        return _tasks.Start("pull", name, async (report, ct) =>
        {
            using var hub = _hub();
            var progress = new Relay<PullProgress>(p => report(p.Problem ?? $"{p.File}: {p.Phase.ToString().ToLowerInvariant()}", p.TotalBytes, p.TotalSize));
            _ = await Catalog.Store.PullAsync(hub, id, name, revision, progress, ct).ConfigureAwait(false);
            return [];
        });
    }

    /// <exception cref="RequestException">404.</exception>
    public void CancelTask(string id) => _tasks.Cancel(id);

    /// <summary>Forgets a model and deletes the files that were pulled; a folder that was added stays.</summary>
    /// <returns>Bytes freed.</returns>
    /// <exception cref="RequestException">400 for the built-in one, 404, 409 while it is being pulled.</exception>
    public async Task<long> RemoveAsync(CurrentUser user, string name, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(user);
        var model = Existing(name);
        if (model.Manifest is null) throw RequestException.Invalid($"'{model.Name}' is part of this program and cannot be removed");
        if (_tasks.List().Any(t => t.IsRunning && t.Model == model.Name)) throw RequestException.Conflict($"'{model.Name}' is being worked on; wait for it or cancel it");
        await UnloadAsync(user, model.Name, ct).ConfigureAwait(false);
        var freed = await Task.Run(() => Catalog.Store.Remove(model.Name), ct).ConfigureAwait(false);
        Changed.Tell(_log);
        return freed;
    }

    /// <summary>Stops the device, then gives everything back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _scheduler.StopAsync().ConfigureAwait(false);
        await _tasks.DisposeAsync().ConfigureAwait(false);
        _loaded.Dispose(); // the device's thread has ended
        if (_tokens.IsValueCreated) _tokens.Value.Dispose();
        if (_summaries.IsValueCreated) _summaries.Value.Dispose();
    }

    /// <summary>The weights' identity where the model is in memory, for keys of visual tokens.</summary>
    internal VideoModel? TryLoaded(string name) => _states.TryGetValue(name, out var found) ? found.Model : null;

    /// <summary>Bytes and files of what videos became, visual tokens and summary tokens' rows together, on disk and in memory.</summary>
    internal ContentCacheStatistics VisualTokens => _tokens.Value.Statistics + _summaries.Value.Statistics;

    /// <summary>Drops what no answer is using of them.</summary>
    internal void ClearVisualTokens()
    {
        _tokens.Value.Clear();
        _summaries.Value.Clear();
    }

    internal bool HasTokens(string key) => _tokens.Value.Contains(key);

    /// <summary>On the device's thread: a conversation that continues where the scope's last one with the same settings was.</summary>
    internal T Converse<T>(InstalledModel installed, string scope, string? system, Func<VideoModel, AskSettings> settings, Func<Conversation, AskSettings, T> ask)
    {
        return Settle(() =>
        {
            var loaded = Acquire(installed);
            var chosen = settings(loaded.Model);
            var conversation = _loaded.Conversation(loaded, scope, chosen.Compression.ToString(), system, () => new(loaded.Model, _encoder.Value, system, _time));
            return ask(conversation, chosen);
        });
    }

    /// <summary>On the device's thread: the model, which stays in memory until it is released; it is to be used on that thread only.</summary>
    internal LoadedModel Hold(InstalledModel installed) => Settle(() =>
    {
        var loaded = Acquire(installed);
        loaded.Hold();
        return loaded;
    });

    /// <summary>On the device's thread: gives back all that only saves time later.</summary>
    /// <returns>Whether there was anything.</returns>
    internal bool MakeRoom() => Settle(_loaded.MakeRoom);

    private LoadedModel Acquire(InstalledModel model) => _loaded.Acquire(
        model.Name, model.Folder, new DirectoryInfo(model.Folder).EnumerateFiles("*.safetensors").Sum(f => f.Length),
        () => VideoModel.Load(model.Folder, new() { Device = Device.Device, Dtype = Device.Dtype }, _time));

    /// <summary>Runs on the device's thread, then makes room and shows what there is.</summary>
    private T Settle<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        finally
        {
            _loaded.Trim();
            _states = _loaded.Models.ToDictionary(m => m.Name, m =>
            {
                var kept = _loaded.Conversations.Where(k => k.Key.Model == m.Name).ToList();
                return (new ModelState(true, m.Model.WeightBytes, kept.Sum(k => k.Conversation.HeldBytes), kept.Count, m.LastUsed), m.Model);
            });
            Changed.Tell(_log);
        }
    }

    private ModelState StateOf(string name) => _states.TryGetValue(name, out var found) ? found.State : NotLoaded;

    private InstalledModel Existing(string name) => Catalog.TryFind(name) ?? throw RequestException.NotFound("model", name);

    /// <summary>Reports at once, on the caller's thread: reports stay in order.</summary>
    private sealed class Relay<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
