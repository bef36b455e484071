using System.Globalization;
using System.Text;
using Studio.Conversations;
using Studio.Data;

namespace Studio.Cli;

/// <summary>A conversation as a Markdown document: every branch, in the order in which it was asked.</summary>
internal static class ConversationText
{
    public static string Markdown(ConversationView conversation)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {(conversation.Title.Length > 0 ? conversation.Title : "(no title)")}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"{conversation.Id}, by {conversation.OwnerName}, {conversation.CreatedAt:yyyy-MM-dd HH:mm} UTC\n");
        foreach (var message in conversation.Messages) Append(text, message, conversation);
        return text.ToString();
    }

    private static void Append(StringBuilder text, MessageView message, ConversationView conversation)
    {
        if (message.Role == MessageRole.Question)
        {
            text.Append("\n## Question");
            // Where a conversation has branches, what a question follows is not what stands above it.
            if (message.ParentId is not null && conversation.Children(message.ParentId).Skip(1).Any()) text.Append(CultureInfo.InvariantCulture, $" after answer {message.ParentId}");
            text.Append("\n\n");
            foreach (var media in message.Media) text.Append(CultureInfo.InvariantCulture, $"- {media.Name}{(media.VideoId is null ? " (deleted)" : $" (video:{media.VideoId})")}\n");
            if (message.Media.Count > 0) text.Append('\n');
            text.Append(message.Text.TrimEnd()).Append('\n');
            return;
        }

        text.Append(CultureInfo.InvariantCulture, $"\n### Answer {message.Id}\n\n");
        var settings = message.Settings is null ? "" : Components.Chat.SettingsText.Summary(message.Settings);
        var state = message.State switch
        {
            AnswerState.Done => "",
            AnswerState.Failed => $" · failed: {message.Error}",
            AnswerState.Stopped => $" · stopped{(message.Error is null ? "" : $": {message.Error}")}",
            _ => " · under way",
        };
        text.Append(CultureInfo.InvariantCulture, $"{message.Model} · {settings}{state}\n\n{message.Text.TrimEnd()}\n");
    }
}
