namespace Studio.Library;

/// <summary>Tells open pages of this process that something in somebody's library has changed.</summary>
public sealed class LibraryEvents
{
    /// <summary>Raised with the owner's id, on any thread; handlers must not block.</summary>
    public event Action<string>? Changed;

    internal void Raise(string ownerId) => Changed?.Invoke(ownerId);
}
