using Studio.Engine.Chat;
using Studio.Engine.Torch;
using Studio.ModelHosting;

namespace Studio.Conversations;

/// <summary>Answers by the models of the host.</summary>
internal sealed class ModelAnswers(ModelHost models) : IAnswerEngine
{
    public EngineAnswer Answer(EngineQuestion question, Action<AnswerEvent> onEvent, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var name = question.Model.Name;
        if (models.TryLoaded(name) is null) onEvent(new AnswerEvent.Progress("model", name, 0, 1));
        // Files are stored under ids; people know them by the names they gave.
        var names = question.Names.ToDictionary(n => Path.GetFileName(n.Key), n => n.Value, StringComparer.Ordinal);
        var spoke = false;
        try
        {
            return WithRoom(Ask, models.MakeRoom, () => !spoke);
        }
        catch (Exception e) when (e is Engine.Video.MediaException or IOException or ArgumentException)
        {
            var (message, named) = (e.Message, Named(e.Message));
            if (message == named) throw;
            throw new InvalidDataException(named, e);
        }

        EngineAnswer Ask() => models.Converse(question.Model, question.Scope, question.System, model => question.Settings.For(model, question.Trace), (conversation, settings) =>
        {
            conversation.Restore(question.History);
            foreach (var path in question.Media) conversation.Attach(path);
            var answer = conversation.Ask(question.Question, settings, Tell, ct);
            var measures = AnswerMeasures.From(name, settings, answer);
            var trace = answer.Trace is not { } t ? null : t with { Model = name, Media = [.. t.Media.Select(m => m with { Name = names.GetValueOrDefault(m.Name, m.Name) })] };
            return new EngineAnswer(answer.Text, measures with { Warnings = [.. measures.Warnings.Select(Named)] }, trace, answer.StopReason == StopReason.Cancelled);
        });

        void Tell(AnswerEvent e)
        {
            spoke |= e is AnswerEvent.Text;
            onEvent(e is AnswerEvent.Progress p ? p with { Name = names.GetValueOrDefault(p.Name, p.Name) } : e);
        }

        string Named(string text)
        {
            foreach (var (path, known) in question.Names) text = text.Replace(path, known, StringComparison.Ordinal).Replace(Path.GetFileName(path), known, StringComparison.Ordinal);
            return text;
        }
    }

    /// <summary>Where the device's memory does not suffice, what was kept for later questions goes, and the question is asked once more.</summary>
    /// <param name="mayRepeat">Not once words were heard.</param>
    internal static T WithRoom<T>(Func<T> ask, Func<bool> makeRoom, Func<bool> mayRepeat)
    {
        try
        {
            return ask();
        }
        catch (TorchException e) when (e.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) && mayRepeat() && makeRoom())
        {
            return ask();
        }
    }
}
