using Studio.Benchmarks.Machine;
using Studio.Data;
using Studio.Engine.Chat.Planning;
using Studio.Hosting;

namespace Studio.ModelHosting;

/// <summary>What this machine reaches, where it was measured. A first plan has it measured when the device is idle.</summary>
internal sealed class MachineRatesSource(DeviceScheduler scheduler, ModelHost models, StudioFolders folders, TimeProvider time, ILogger<MachineRatesSource> log)
{
    private readonly RatesCache _cache = new(Path.Combine(folders.Cache, "machine"));
    private readonly Lock _lock = new();
    private MachineRates? _rates;
    private Task? _measuring;

    /// <summary>Null until they are measured, which this begins.</summary>
    public MachineRates? TryGet()
    {
        lock (_lock)
        {
            if (_rates is not null) return _rates;
            // The thread count is part of the key, so that another one measures anew.
            _measuring ??= MeasureAsync();
            return _rates;
        }
    }

    /// <summary>Ends when the rates are there, or cannot be had.</summary>
    internal Task MeasuredAsync()
    {
        _ = TryGet();
        lock (_lock) return _measuring ?? Task.CompletedTask;
    }

    private async Task MeasureAsync()
    {
        await Task.Yield(); // out of the lock
        try
        {
            var device = models.Device.Device;
            var cpu = CpuInfo.Parse(File.Exists(CpuInfo.Path) ? await File.ReadAllTextAsync(CpuInfo.Path).ConfigureAwait(false) : null);
            if (_cache.TryRead(MachineProbe.KeyOf(device, cpu)) is { } known)
            {
                Set(known);
                return;
            }

            while (!await TryMeasureAsync(device, cpu).ConfigureAwait(false))
            {
                // It gave way to a question; it waits in line again until the device is idle.
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            log.LogWarning(e, "the machine could not be measured; plans show the range that machines span");
        }
    }

    /// <returns>False where it had to give way.</returns>
    /// <exception cref="ObjectDisposedException">The server stops.</exception>
    private async Task<bool> TryMeasureAsync(Engine.Torch.Device device, CpuInfo cpu)
    {
        try
        {
            var work = new DeviceWork(Ids.New(time), "", "", "measuring the machine", Priority: WorkPriority.Background);
            await scheduler.RunAsync(work, ct => Set(new MachineProbe(time).Get(device, cpu, _cache, ct: ct))).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void Set(MachineRates rates)
    {
        lock (_lock) _rates = rates;
    }
}
