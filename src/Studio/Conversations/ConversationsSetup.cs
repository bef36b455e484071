using Microsoft.EntityFrameworkCore;
using Studio.Data;
using Studio.Engine.Checkpoints.Hub;
using Studio.ModelHosting;

namespace Studio.Conversations;

/// <summary>Conversations, the models that answer, and their API.</summary>
internal static class ConversationsSetup
{
    public static IServiceCollection AddConversations(this IServiceCollection services)
    {
        _ = services.AddSingleton<DeviceScheduler>().AddSingleton<ModelCatalog>().AddSingleton<MachineRatesSource>();
        _ = services.AddSingleton<Func<HubClient>>(_ => () => new(HubOptions.FromEnvironment()));
        _ = services.AddSingleton(p => new ModelHost(
            p.Get<Hosting.StudioOptions>(), p.Get<Hosting.StudioFolders>(), p.Get<DeviceScheduler>(), p.Get<ModelCatalog>(), p.Get<TimeProvider>(),
            p.Get<ILogger<ModelTasks>>(), p.Get<Func<HubClient>>()));
        _ = services.AddSingleton(p => new PlanService(p.Get<IDbContextFactory<StudioDb>>(), p.Get<ModelHost>(), p.Get<MachineRatesSource>()));
        _ = services.AddSingleton<TraceStore>().AddSingleton<AnswerRunner>().AddSingleton<IAnswerEngine, ModelAnswers>();
        _ = services.AddSingleton(p => new AnswerFeed(p.Get<IDbContextFactory<StudioDb>>(), p.Get<IHostApplicationLifetime>()));
        _ = services.AddSingleton(p => new ConversationService(
            p.Get<IDbContextFactory<StudioDb>>(), p.Get<Hosting.StudioFolders>(), p.Get<AnswerRunner>(), p.Get<AnswerFeed>(), p.Get<DeviceScheduler>(), p.Get<ModelHost>(),
            p.Get<TraceStore>(), p.Get<TimeProvider>()));
        return services.AddHostedService<AnswersLifetime>();
    }

    public static IEndpointRouteBuilder MapConversations(this IEndpointRouteBuilder endpoints) => endpoints.MapConversationsApi().MapModelsApi();

    private static T Get<T>(this IServiceProvider services)
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>Takes up what waited when the server starts, and keeps what runs when it stops.</summary>
    private sealed class AnswersLifetime(ConversationService conversations, AnswerRunner runner) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => conversations.ResumeAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => runner.StopAsync();
    }
}
