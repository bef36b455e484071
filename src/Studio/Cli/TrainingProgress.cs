using System.Globalization;
using Studio.Engine.Training;

namespace Studio.Cli;

/// <summary>The line that tells how far a training is: at most one an interval, besides the first and the last of each stage.</summary>
/// <param name="stages">Of the recipe.</param>
/// <param name="interval">Between two lines.</param>
/// <param name="bar">Draw a bar.</param>
internal sealed class TrainingProgress(TimeProvider time, int stages, TimeSpan interval, bool bar)
{
    /// <summary>Share of an average that the updates before leave to it: about the last fifty count.</summary>
    private const double Inertia = 0.98;

    private const int BarWidth = 12;

    private int _stage = -1;
    private long _shown;
    private double _weight, _loss, _rows, _seconds;

    /// <summary>Takes an update in; the line to show, or null where it is too soon for one.</summary>
    public string? Add(TrainingUpdate update)
    {
        var isFirst = update.StageIndex != _stage;
        if (isFirst) (_stage, _weight, _loss, _rows, _seconds) = (update.StageIndex, 0, 0, 0, 0);
        _weight = Next(_weight, 1);
        _loss = Next(_loss, update.Loss);
        _rows = Next(_rows, update.Rows);
        _seconds = Next(_seconds, update.Seconds);
        if (!isFirst && update.Step < update.Steps && time.GetElapsedTime(_shown) < interval) return null;
        _shown = time.GetTimestamp();
        return Line(update);

        static double Next(double average, double value) => (average * Inertia) + (value * (1 - Inertia));
    }

    private string Line(TrainingUpdate update)
    {
        var left = TimeSpan.FromSeconds(Math.Min(_seconds / _weight * (update.Steps - update.Step), TimeSpan.FromDays(9999).TotalSeconds));
        var done = (int)(BarWidth * update.Step / update.Steps);
        var drawn = bar ? $" [{new string('#', done)}{new string('.', BarWidth - done)}]" : "";
        var replaced = update.Replaced > 0 ? $", {update.Replaced} unreadable replaced" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{update.StageIndex + 1}/{stages} {update.Stage}{drawn} update {update.Step}/{update.Steps}, loss {_loss / _weight:0.000}, {(_seconds > 0 ? _rows / _seconds : 0):0} tokens/s, {Clock(left)} left{replaced}");
    }

    private static string Clock(TimeSpan t) => t.ToString(t.TotalDays >= 1 ? @"d\d\ hh\:mm\:ss" : @"hh\:mm\:ss", CultureInfo.InvariantCulture);
}
