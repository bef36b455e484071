using System.Text;
using Studio.Engine.Training;

namespace Studio.Jobs.Trainings;

/// <summary>
/// Reads a metrics file as it grows, each line once, and keeps a bounded number of points of it. A file that is not a
/// continuation of what was read, as after a resume that cut updates off, is read anew.
/// </summary>
internal sealed class CurveReader(string file)
{
    /// <summary>Points kept; reaching twice as many, neighbours are joined.</summary>
    public const int MaxPoints = 1000;

    /// <summary>Bytes before the position that must still be there.</summary>
    private const int Tail = 64;

    /// <summary>Longest line; what is longer is no update.</summary>
    private const int MaxLine = 1 << 16;

    private readonly Lock _gate = new();
    private readonly List<Point> _points = []; // below 2 × MaxPoints
    private readonly List<CurveStage> _stages = []; // as many as the recipe has
    private byte[] _tail = [];
    private long _position;
    private int _perPoint = 1;
    private long _version;
    private TrainingCurve? _last;

    /// <summary>Takes in what was added since, and gives the whole.</summary>
    public TrainingCurve Read()
    {
        lock (_gate)
        {
            if (Advance() || _last is null) _last = Curve();
            return _last;
        }
    }

    private bool Advance()
    {
        FileStream stream;
        try
        {
            stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return Reset();
        }

        using (stream)
        {
            var hasChanged = !Continues(stream) && Reset();
            stream.Position = _position;
            return ReadLines(stream) || hasChanged;
        }
    }

    private bool ReadLines(FileStream stream)
    {
        var line = new List<byte>(512); // at most MaxLine
        var (hasChanged, length, buffer) = (false, 0L, new byte[1 << 16]);
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            foreach (var b in buffer.AsSpan(0, read))
            {
                length++;
                if (line.Count < MaxLine) line.Add(b);
                if (b != '\n') continue;
                _position += length;
                _tail = length <= MaxLine ? [.. line.TakeLast(Tail)] : [b];
                hasChanged |= length <= MaxLine && Take(line);
                length = 0;
                line.Clear();
            }
        }

        return hasChanged;
    }

    private bool Take(List<byte> line)
    {
        if (TrainingMetrics.TryParse(Encoding.UTF8.GetString([.. line])) is not { } update) return false;
        var stage = _stages.FindIndex(s => s.Index == update.StageIndex);
        if (stage < 0)
        {
            stage = _stages.Count;
            _stages.Add(new(update.Stage, update.StageIndex, _stages.Sum(s => s.Done), 0, update.Steps));
        }

        _stages[stage] = _stages[stage] with { Done = update.Step };
        Add(new(update.StageIndex, _stages[stage].From + update.Step, 1, update.Loss, update.GradientNorm, update.Rows, update.Seconds, update.Rates));
        return true;
    }

    private void Add(Point point)
    {
        if (_points.Count > 0 && _points[^1].Stage == point.Stage && _points[^1].Count < _perPoint) _points[^1] = _points[^1].With(point);
        else _points.Add(point);
        if (_points.Count < 2 * MaxPoints) return;
        _perPoint *= 2;
        var joined = new List<Point>(MaxPoints + 1);
        foreach (var p in _points)
        {
            // Within a stage; a training of more stages than points would join across them.
            if (joined.Count > 0 && joined[^1].Count + p.Count <= _perPoint && (joined[^1].Stage == p.Stage || _stages.Count > MaxPoints / 2)) joined[^1] = joined[^1].With(p);
            else joined.Add(p);
        }

        _points.Clear();
        _points.AddRange(joined);
    }

    private bool Continues(FileStream stream)
    {
        if (_position == 0) return true;
        if (stream.Length < _position) return false;
        stream.Position = _position - _tail.Length;
        var now = new byte[_tail.Length];
        stream.ReadExactly(now);
        return now.AsSpan().SequenceEqual(_tail);
    }

    private bool Reset()
    {
        var had = _position > 0;
        _points.Clear();
        _stages.Clear();
        (_tail, _position, _perPoint) = ([], 0, 1);
        return had;
    }

    private TrainingCurve Curve()
    {
        double[] losses = [.. _points.Select(p => p.Loss / p.Count)];
        var window = Math.Max(5, losses.Length / 40) | 1;
        var groups = _points.SelectMany(p => p.Rates.Keys).Distinct().Order(StringComparer.Ordinal);
        return new(
            _points.Sum(p => p.Count), _perPoint, window, [.. _stages], [.. _points.Select(p => p.Update)], losses, Medians(losses, window), [.. _points.Select(p => p.Norm / p.Count)],
            [.. _points.Select(p => p.Seconds > 0 ? p.Rows / p.Seconds : 0)],
            groups.ToDictionary(g => g, g => (IReadOnlyList<double?>)[.. _points.Select(p => p.Rates.TryGetValue(g, out var rate) ? rate : (double?)null)], StringComparer.Ordinal),
            ++_version);
    }

    /// <summary>Of the values around each, fewer at the ends.</summary>
    internal static double[] Medians(IReadOnlyList<double> values, int window)
    {
        var medians = new double[values.Count];
        for (var i = 0; i < medians.Length; i++)
        {
            var (from, to) = (Math.Max(0, i - (window / 2)), Math.Min(values.Count - 1, i + (window / 2)));
            double[] around = [.. Enumerable.Range(from, to - from + 1).Select(k => values[k])];
            Array.Sort(around);
            medians[i] = around.Length % 2 == 1 ? around[around.Length / 2] : (around[(around.Length / 2) - 1] + around[around.Length / 2]) / 2;
        }

        return medians;
    }

    /// <summary>Sums over its updates; the rates of the last.</summary>
    private sealed record Point(int Stage, long Update, int Count, double Loss, double Norm, double Rows, double Seconds, IReadOnlyDictionary<string, double> Rates)
    {
        public Point With(Point next) => new(next.Stage, next.Update, Count + next.Count, Loss + next.Loss, Norm + next.Norm, Rows + next.Rows, Seconds + next.Seconds, next.Rates);
    }
}
