using Studio.Accounts;
using Studio.Api;

namespace Studio.ModelHosting;

/// <summary>The installed models and those in memory.</summary>
public sealed class ModelHost
{
    /// <summary>Raised, on any thread, when a model or a task changed; at most a few times a second.</summary>
    public event Action? Changed;

    /// <summary>The model that answers where none is chosen.</summary>
    public string DefaultModel => throw new NotImplementedException();

    public ModelMemory Memory
    {
        get
        {
            Changed?.Invoke();
            throw new NotImplementedException();
        }
    }

    /// <summary>Tasks that run, and the last ones that ended. Newest first.</summary>
    public IReadOnlyList<ModelTask> Tasks => throw new NotImplementedException();

    /// <summary>Published models that can be pulled.</summary>
    public Task<IReadOnlyList<PublishedModel>> PublishedAsync(CancellationToken ct = default) => throw new NotImplementedException();

    public Task<IReadOnlyList<ModelCard>> ListAsync(CancellationToken ct = default) => throw new NotImplementedException();

    /// <exception cref="RequestException">404.</exception>
    public Task<ModelCard> GetAsync(string name, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Brings a model into memory; waits its turn in the queue.</summary>
    public Task LoadAsync(CurrentUser user, string name, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Gives its memory back when the running answer, if it is the model's, has ended.</summary>
    public Task UnloadAsync(CurrentUser user, string name, CancellationToken ct = default) => throw new NotImplementedException();

    /// <summary>Begins to compare a model's files with what was recorded.</summary>
    public ModelTask StartVerify(string name) => throw new NotImplementedException();

    /// <summary>Begins to pull; begun again after an interruption, it goes on where it stopped.</summary>
    /// <param name="hubId">OWNER/NAME or a published model's short name.</param>
    public ModelTask StartPull(string hubId, string? name = null, string revision = "main") => throw new NotImplementedException();

    /// <exception cref="RequestException">404.</exception>
    public void CancelTask(string id) => throw new NotImplementedException();

    /// <summary>Forgets a model and deletes the files that were pulled.</summary>
    /// <returns>Bytes freed.</returns>
    public Task<long> RemoveAsync(CurrentUser user, string name, CancellationToken ct = default) => throw new NotImplementedException();
}
