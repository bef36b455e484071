namespace Studio.ModelHosting;

/// <summary>Events whose listeners are pages: one that fails must not stop whoever tells it.</summary>
internal static class Listeners
{
    public static void Tell(this Action? listeners, ILogger log)
    {
        if (listeners is null) return;
        foreach (var listener in Delegate.EnumerateInvocationList(listeners))
        {
            try
            {
                listener();
            }
            catch (Exception e)
            {
                log.LogError(e, "a listener of {Type} failed", listener.Target?.GetType().Name);
            }
        }
    }
}
