using Studio.ModelHosting;

namespace Studio.Conversations;

/// <summary>Conversations, the models that answer, and their API.</summary>
internal static class ConversationsSetup
{
    public static IServiceCollection AddConversations(this IServiceCollection services) => services
        .AddSingleton<AnswerFeed>()
        .AddSingleton<ConversationService>()
        .AddSingleton<DeviceScheduler>()
        .AddSingleton<ModelHost>()
        .AddSingleton<PlanService>();
}
