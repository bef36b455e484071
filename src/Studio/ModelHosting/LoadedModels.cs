using Studio.Engine.Chat;

namespace Studio.ModelHosting;

/// <summary>
/// Models in memory, and of each the conversations whose decoder cache is kept for a further question. Belongs to the
/// device's thread.
/// </summary>
/// <param name="maxModels">Models at once.</param>
/// <param name="budget">Bytes of weights and conversations: beyond it first conversations, then models go, those used longest ago first.</param>
internal sealed class LoadedModels(int maxModels, long budget, TimeProvider time) : IDisposable
{
    /// <summary>Conversations kept, of all models together.</summary>
    public const int MaxConversations = 16;

    private readonly LinkedList<LoadedModel> _models = new(); // latest used first; at most maxModels
    private readonly LinkedList<KeptConversation> _kept = new(); // latest used first; at most MaxConversations

    public IReadOnlyCollection<LoadedModel> Models => _models;

    public IReadOnlyCollection<KeptConversation> Conversations => _kept;

    public long Bytes => _models.Sum(m => m.Model.WeightBytes) + _kept.Sum(k => k.Conversation.HeldBytes);

    /// <param name="load">Called where the model is not there yet, after room was made.</param>
    /// <param name="expectedBytes">Size of its weights.</param>
    public LoadedModel Acquire(string name, string folder, long expectedBytes, Func<VideoModel> load)
    {
        var found = _models.FirstOrDefault(m => m.Name == name);
        if (found is not null && found.Folder != folder)
        {
            Unload(name); // removed and installed again from elsewhere
            found = null;
        }

        if (found is null)
        {
            // One that is held stays, so that there may be one more than the bound for each job that holds one.
            while (_models.Count >= maxModels && LastFree() is { } free) Unload(free.Name);
            Trim(budget - expectedBytes, null);
            found = new(name, folder, load());
        }
        else
        {
            _ = _models.Remove(found);
        }

        found.LastUsed = time.GetUtcNow();
        _ = _models.AddFirst(found);
        return found;
    }

    /// <summary>The conversation of a scope under one compression: with what it read before, if it is still kept.</summary>
    public Conversation Conversation(LoadedModel model, string scope, string compression, string? system, Func<Conversation> begin)
    {
        var key = new ConversationKey(scope, model.Name, compression, system);
        var found = _kept.FirstOrDefault(k => k.Key == key);
        if (found is null)
        {
            while (_kept.Count >= MaxConversations) Drop(_kept.Last!.Value);
            found = new(key, begin());
        }
        else
        {
            _ = _kept.Remove(found);
        }

        _ = _kept.AddFirst(found);
        return found.Conversation;
    }

    /// <summary>After an answer: back within the budget. The model used last stays in any case.</summary>
    public void Trim() => Trim(budget, _models.First?.Value.Name);

    /// <summary>Drops everything but the model used last.</summary>
    /// <returns>Whether there was anything.</returns>
    public bool MakeRoom()
    {
        var before = _kept.Count + _models.Count;
        Trim(0, _models.First?.Value.Name);
        return _kept.Count + _models.Count < before;
    }

    public bool Unload(string name)
    {
        if (_models.FirstOrDefault(m => m.Name == name) is not { } model) return false;
        foreach (var kept in _kept.Where(k => k.Key.Model == name).ToList()) Drop(kept);
        _ = _models.Remove(model);
        model.Model.Dispose();
        return true;
    }

    public void Dispose()
    {
        while (_models.First is { } first) Unload(first.Value.Name);
    }

    private void Trim(long bytes, string? stays)
    {
        while (Bytes > bytes && _kept.Last is { } kept) Drop(kept.Value);
        while (Bytes > bytes && LastFree() is { } model && model.Name != stays) Unload(model.Name);
    }

    public bool IsHeld(string name) => _models.Any(m => m.Name == name && m.IsHeld);

    private LoadedModel? LastFree() => _models.LastOrDefault(m => !m.IsHeld);

    private void Drop(KeptConversation kept)
    {
        _ = _kept.Remove(kept);
        kept.Conversation.Dispose();
    }
}

internal sealed class LoadedModel(string name, string folder, VideoModel model)
{
    private int _holds;

    public string Name => name;

    public string Folder => folder;

    public VideoModel Model => model;

    public DateTimeOffset LastUsed { get; set; }

    /// <summary>A job uses it between pieces of work: it is not unloaded to make room.</summary>
    public bool IsHeld => Volatile.Read(ref _holds) > 0;

    public void Hold() => Interlocked.Increment(ref _holds);

    /// <summary>On any thread.</summary>
    public void Release() => Interlocked.Decrement(ref _holds);
}

/// <summary>Two questions with equal keys may share a decoder cache; what they have in common of their history is reused.</summary>
/// <param name="Scope">The conversation, or whoever asks without one: nothing is shared beyond it.</param>
internal sealed record ConversationKey(string Scope, string Model, string Compression, string? System);

internal sealed record KeptConversation(ConversationKey Key, Conversation Conversation);
