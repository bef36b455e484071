using Studio.Accounts;

namespace Studio.ModelHosting;

/// <summary>The line before the one device.</summary>
public sealed class DeviceScheduler
{
    /// <summary>Raised, on any thread, when something entered, began or left.</summary>
    public event Action? Changed;

    /// <summary>The line as a person may see it.</summary>
    public QueueSnapshot Snapshot(CurrentUser user)
    {
        Changed?.Invoke();
        throw new NotImplementedException();
    }
}
