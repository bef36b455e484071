using Studio.Conversations;
using Studio.Engine.Chat;
using Studio.ModelHosting;

namespace Studio.Observability;

/// <summary>Counts answers, their tokens and their time on the way through the engine.</summary>
internal sealed class MeteredAnswers(IAnswerEngine engine, StudioMetrics metrics, TimeProvider time) : IAnswerEngine
{
    public EngineAnswer Answer(EngineQuestion question, Action<AnswerEvent> onEvent, CancellationToken ct)
    {
        var start = time.GetTimestamp();
        EngineAnswer? answer = null;
        var state = "failed";
        try
        {
            answer = engine.Answer(question, onEvent, ct);
            state = answer.WasCancelled ? "stopped" : "done";
            return answer;
        }
        catch (OperationCanceledException)
        {
            state = "stopped";
            throw;
        }
        finally
        {
            metrics.AnswerEnded(state, question.Model.Name, answer?.Measures.GeneratedTokens ?? 0, time.GetElapsedTime(start));
        }
    }
}

internal static class AnswerMetrics
{
    /// <summary>Behind the registration of what answers and of the line before the device.</summary>
    public static IServiceCollection MeasureAnswers(this IServiceCollection services)
    {
        var inner = services.Last(d => d.ServiceType == typeof(IAnswerEngine));
        _ = services.AddSingleton<IAnswerEngine>(p => new MeteredAnswers(
            (IAnswerEngine)(inner.ImplementationInstance ?? inner.ImplementationFactory?.Invoke(p) ?? ActivatorUtilities.CreateInstance(p, inner.ImplementationType!)),
            p.GetRequiredService<StudioMetrics>(), p.GetRequiredService<TimeProvider>()));
        return services.AddSingleton<IStudioCache, VisualTokensCache>();
    }

    /// <summary>What the device holds and how long the line before it is.</summary>
    public static void WatchDevice(this StudioMetrics metrics, ModelHost models, DeviceScheduler scheduler)
    {
        metrics.Watch("studio.queue.waiting", "{question}", "Pieces of work that wait for the device.", () => [new(scheduler.Positions().Waiting)]);
        metrics.Watch("studio.device.memory", "By", "Memory held on the device, by kind.", () =>
        {
            var memory = models.Memory;
            return [new(memory.WeightBytes, new KeyValuePair<string, object?>("kind", "weights")), new(memory.ConversationBytes, new KeyValuePair<string, object?>("kind", "conversations"))];
        });
        metrics.Watch("studio.cache.size", "By", "Bytes of caches.", () =>
        {
            var memory = models.Memory;
            return
            [
                new(memory.VisualTokenBytes, new KeyValuePair<string, object?>("cache", "visual tokens, memory")),
                new(memory.VisualTokenDiskBytes, new KeyValuePair<string, object?>("cache", "visual tokens, disk")),
            ];
        });
    }

    /// <summary>Frames that were encoded once.</summary>
    private sealed class VisualTokensCache(ModelHost models) : IStudioCache
    {
        public Task<CacheView> MeasureAsync(CancellationToken ct = default) => Task.Run(() =>
        {
            var now = models.VisualTokens;
            return new CacheView(
                "visual tokens", $"videos as models see them, so that a further question needs no encoding; {Engine.Chat.Planning.Units.Bytes(now.MemoryBytes)} of them in memory",
                now.DiskBytes, now.DiskEntries, VisualTokenCache.DefaultDiskBytes + SummaryCache.DefaultDiskBytes);
        }, ct);

        public Task ClearAsync(CancellationToken ct = default) => Task.Run(models.ClearVisualTokens, ct);
    }
}
