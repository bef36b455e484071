using System.Security.Cryptography;
using System.Text;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;

namespace Studio.Engine.Chat;

/// <summary>
/// The published prompts of both systems as parts: ChatML; before a turn's question its videos and images, each in the place
/// where its visual tokens go.
/// </summary>
/// <remarks>
/// VideoChat-Flash: behind a video a newline, the duration message and one space; further media of the turn on lines of their
/// own. Video-XL: behind a video or image a newline and nothing else; images that are read as frames of one sequence stand
/// together in one place (video-xl.md 2.5 and 4.1).
/// </remarks>
internal static class ConversationPrompt
{
    /// <param name="turns">All turns; the last one has no answer yet.</param>
    /// <param name="media">Of all turns, in order.</param>
    /// <param name="form">Of the last turn; the published one by default.</param>
    public static Prompt Build(VideoModel model, IReadOnlyList<ConversationTurn> turns, IReadOnlyList<PromptMedia> media, string? system, PromptForm? form = null)
    {
        form ??= PromptForm.Chat;
        var (at, written, spans) = (0, new List<ChatTurn>(), new List<PromptPart.Visual>());
        for (var t = 0; t < turns.Count; t++)
        {
            var last = t == turns.Count - 1;
            written.Add(new(ChatRole.User, Content(model, turns[t], [.. media.Skip(at).Take(turns[t].Media.Count)], spans, last && form.IsBare)));
            at += turns[t].Media.Count;
            if (!last) written.Add(new(ChatRole.Assistant, turns[t].AnswerText));
        }

        var (parts, text, visual) = (new List<PromptPart>(), new List<int>(), 0);
        foreach (var id in ChatMl.EncodeTurns(model.Tokenizer, written, system, answerStart: form.AnswerStart))
        {
            if (id != ChatMl.VisualPlaceholderId)
            {
                text.Add(id);
                continue;
            }

            parts.Add(new PromptPart.Text([.. text]));
            text.Clear();
            parts.Add(spans[visual++]);
        }

        parts.Add(new PromptPart.Text([.. text]));
        return new(parts);
    }

    /// <summary>The last turn's content as text, <see cref="ChatMl.VisualPlaceholder"/> for visual tokens.</summary>
    public static string LastTurn(VideoModel model, ConversationTurn turn, IReadOnlyList<PromptMedia> media, PromptForm form) =>
        string.Concat(Content(model, turn, media, [], form.IsBare).Select(part => part.Text ?? ChatMl.VisualPlaceholder));

    /// <summary>The media of a prompt as a trace has them, in their rows.</summary>
    public static List<TracedMedia> Traced(Prompt prompt, IReadOnlyList<PromptMedia> media)
    {
        var (traced, next) = (new List<TracedMedia>(), 0);
        foreach (var span in prompt.Spans)
        {
            for (var row = span.Start; row < span.Start + span.Length; row += media[next++].Count)
            {
                var m = media[next];
                traced.Add(new(
                    m.Name, m.Kind == MediaKind.Video ? "video" : "image", row, m.Count, [.. m.Frames.Select(f => f.Time)], [.. m.Frames.Select(f => f.Index)],
                    m.FramesPerClip, m.TokensPerClip, m.GridHeight, m.GridWidth, m.Owners()));
            }
        }

        return traced;
    }

    private static List<ChatPart> Content(VideoModel model, ConversationTurn turn, IReadOnlyList<PromptMedia> media, List<PromptPart.Visual> spans, bool isBare)
    {
        var (content, pending) = (new List<ChatPart>(), "");
        for (var i = 0; i < media.Count; i++)
        {
            var joined = i;
            while (media[i].IsJoined && joined + 1 < media.Count && media[joined + 1].IsJoined) joined++;
            if (pending.Length > 0) content.Add(ChatPart.OfText(model.JoinsImages ? pending : pending.TrimEnd(' ') + "\n"));
            content.Add(ChatPart.Visual);
            spans.Add(joined == i ? new(media[i].Key, media[i].Tokens) : Joined([.. media.Skip(i).Take(joined + 1 - i)]));
            i = joined;
            pending = isBare ? "" : media[i].Message is { } message ? $"\n{message.Trim()} " : "\n";
        }

        content.Add(ChatPart.OfText(pending + turn.Question));
        return content;
    }

    private static PromptPart.Visual Joined(IReadOnlyList<PromptMedia> media)
    {
        var keys = SHA256.HashData(Encoding.UTF8.GetBytes("joined " + string.Join(' ', media.Select(m => m.Key))));
        return new(Convert.ToHexStringLower(keys), new JoinedTokens([.. media.Select(m => m.Tokens)]));
    }
}
