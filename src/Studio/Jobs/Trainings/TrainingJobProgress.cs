using System.Globalization;
using Studio.Engine.Training;

namespace Studio.Jobs.Trainings;

/// <summary>From updates to how far a training is, over all its stages.</summary>
internal sealed class TrainingJobProgress(JobContext job, TrainingRecipe recipe)
{
    /// <summary>Share of an average that the updates before leave to it: about the last fifty count.</summary>
    private const double Inertia = 0.98;

    private int _stage = -1;
    private double _weight, _loss, _rows, _seconds;

    public void Add(TrainingUpdate update)
    {
        if (update.StageIndex != _stage) (_stage, _weight, _loss, _rows, _seconds) = (update.StageIndex, 0, 0, 0, 0);
        _weight = Next(_weight, 1);
        _loss = Next(_loss, update.Loss);
        _rows = Next(_rows, update.Rows);
        _seconds = Next(_seconds, update.Seconds);
        var message = string.Create(
            CultureInfo.InvariantCulture,
            $"{update.Stage} ({update.StageIndex + 1} of {recipe.Stages.Count}), update {update.Step} of {update.Steps}, loss {_loss / _weight:0.000}, {(_seconds > 0 ? _rows / _seconds : 0):0} tokens/s");
        // Stages whose length only their data know count as long as the running one.
        var steps = recipe.Stages.Select((s, i) => (double)(i == update.StageIndex ? update.Steps : s.Steps ?? update.Steps)).ToList();
        job.Report(steps.Take(update.StageIndex).Sum() + update.Step, steps.Sum(), message);

        static double Next(double average, double value) => (average * Inertia) + (value * (1 - Inertia));
    }
}
