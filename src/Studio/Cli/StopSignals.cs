using System.Runtime.InteropServices;

namespace Studio.Cli;

/// <summary>Ctrl-C and SIGTERM ask once to stop at the next good place; the second one ends the process as it would without this.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly PosixSignalRegistration[] _registrations;
    private int _asked;

    /// <param name="onAsked">Called once, from the signal's thread.</param>
    /// <param name="outer">Stops, too.</param>
    public StopSignals(Action onAsked, CancellationToken outer)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(outer);
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(s => PosixSignalRegistration.Create(s, context => Ask(context, onAsked)))];
    }

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _stop.Dispose();
    }

    private void Ask(PosixSignalContext context, Action onAsked)
    {
        if (Interlocked.Exchange(ref _asked, 1) != 0) return;
        context.Cancel = true; // the process goes on
        onAsked();
        _stop.Cancel();
    }
}
