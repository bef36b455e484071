namespace Studio.Engine.World;

/// <summary>
/// What each patch of a drawn picture shows: the same truth that questions are written from, laid on a tower's grid. A patch shows an
/// object where its middle lies within the inner part of the picture, and the patch that holds an object's middle always does; of two
/// objects the one drawn later counts.
/// </summary>
public sealed class PatchTruth
{
    /// <summary>Stands for nothing: no object, no colour, no letter.</summary>
    public const int Nothing = -1;

    /// <summary>Numbers of letters: positions in what can be written.</summary>
    public static int Letters => TextPainter.Letters.Length;

    /// <summary>The letter of a number.</summary>
    public static char LetterOf(int number) => TextPainter.Letters[number];

    /// <summary>Numbers of colours: 0 for natural ones, 1 + a <see cref="WorldColour"/>.</summary>
    public static int Colours => WorldColours.All.Count + 1;

    // Share of an object's size, from its middle, that counts as its inner part: art does not fill its square.
    private const double Inner = 0.42;

    // A letter is five of seven cells wide, with one between two.
    private const double LetterWidths = 11.0 / 7;

    // A patch that a mark's plate reaches into by a quarter shows the mark, and one that a letter reaches into by a quarter that letter.
    private const double MarkReach = 0.25;

    // A letter's width as a share of its height; what lies between two is left out.
    private const double LetterWidth = 5.0 / 7;

    private readonly int[] _objects, _colours, _first, _second, _standing, _cells, _motions, _directions; // row by row, grid × grid

    /// <param name="grid">Patches a side.</param>
    public PatchTruth(int grid)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(grid, 1);
        Grid = grid;
        int[] Layer() => new int[grid * grid];
        (_objects, _colours, _first, _second, _standing, _cells, _motions, _directions) = (Layer(), Layer(), Layer(), Layer(), Layer(), Layer(), Layer(), Layer());
    }

    public int Grid { get; }

    /// <summary>Value of <see cref="StandingLetters"/> for a patch that holds both.</summary>
    public const int BothLetters = 2;

    /// <summary>Number of the object in <see cref="WorldObjects.All"/>, patch by patch in rows.</summary>
    public ReadOnlySpan<int> Objects => _objects;

    /// <summary>The object's or the card frame's colour, numbered as <see cref="Colours"/> says.</summary>
    public ReadOnlySpan<int> ColourNumbers => _colours;

    /// <summary>First letter of the mark that the patch shows part of.</summary>
    public ReadOnlySpan<int> FirstLetters => _first;

    /// <summary>Its second letter.</summary>
    public ReadOnlySpan<int> SecondLetters => _second;

    /// <summary>Which of the mark's letters stand on the patch itself: 0 the first, 1 the second, 2 both.</summary>
    public ReadOnlySpan<int> StandingLetters => _standing;

    /// <summary>
    /// Part of the picture in which the object stands, or without one the patch itself, a number of <see cref="WorldGrid.Names"/>; nothing for what goes
    /// somewhere and on cards.
    /// </summary>
    public ReadOnlySpan<int> Cells => _cells;

    /// <summary>How the object moves, a <see cref="WorldMotion"/>; nothing for what is still and for pictures on cards.</summary>
    public ReadOnlySpan<int> Motions => _motions;

    /// <summary>Where it goes, a number of <see cref="WorldCaptions.Directions"/>; nothing for what stays in its place.</summary>
    public ReadOnlySpan<int> Directions => _directions;

    /// <summary>What is behind everything; null on a card.</summary>
    public WorldBackdrop? Backdrop { get; private set; }

    /// <summary>Fills in what a frame of a script shows.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The script has no such frame.</exception>
    public void Read(WorldScript script, long frame)
    {
        ArgumentNullException.ThrowIfNull(script);
        if (frame < 0 || frame >= script.FrameCount)
        {
            throw new ArgumentOutOfRangeException(nameof(frame), frame, $"The script has the frames 0 to {script.FrameCount - 1}.");
        }

        foreach (int[] layer in (int[][])[_objects, _colours, _first, _second, _standing, _cells, _motions, _directions])
        {
            Array.Fill(layer, Nothing);
        }

        Backdrop = null;
        int ms = script.TimeOf((int)frame);
        switch (script.SegmentAt(ms))
        {
            case WorldCard card:
                ReadCard(card);
                break;
            case WorldHaystack haystack:
                ReadShot(HaystackShots.At(haystack, ms), ms);
                break;
            case WorldShot shot:
                ReadShot(shot, ms);
                break;
        }
    }

    private void ReadShot(WorldShot shot, int ms)
    {
        Backdrop = new WorldBackdrop(shot.Backdrop);
        for (int patch = 0; patch < _cells.Length; patch++)
        {
            _cells[patch] = CellOf(patch);
        }

        int since = ms - shot.StartMs;
        foreach (WorldActor actor in shot.Actors.Where(a => a.IsSeenAt(since)))
        {
            bool goes = actor.Motion is WorldMotion.Line or WorldMotion.Hop;
            Put(
                actor.Instance, shot.Camera.See(actor.At(since), since, shot.LengthMs), goes ? Nothing : WorldGrid.CellOf(actor.From),
                actor.Motion == WorldMotion.Still ? Nothing : (int)actor.Motion, goes ? WorldCaptions.DirectionOf(actor) : Nothing);
        }

        if (shot.Mark is { } mark)
        {
            Write(mark);
        }
    }

    private void ReadCard(WorldCard card)
    {
        for (int i = 0; i < Grid; i++)
        {
            foreach (int patch in (int[])[i, (Grid * (Grid - 1)) + i, i * Grid, (i * Grid) + Grid - 1])
            {
                _colours[patch] = 1 + (int)card.Frame;
            }
        }

        foreach ((WorldInstance picture, WorldPose pose) in CardPainter.Pictures(card))
        {
            Put(picture, pose);
        }

        if (CardPainter.MarkOf(card) is { } mark)
        {
            Write(mark);
        }
    }

    private void Put(WorldInstance instance, WorldPose pose, int cell = Nothing, int motion = Nothing, int direction = Nothing)
    {
        (double x, double y, double reach) = (Patches(pose.Place.X), Patches(pose.Place.Y), Patches(pose.Size) * Inner);
        Mark(x, y, reach, reach, patch =>
            (_objects[patch], _colours[patch], _cells[patch], _motions[patch], _directions[patch]) = (instance.ObjectId, instance.Tint, cell, motion, direction));
    }

    private void Write(WorldMark mark)
    {
        double half = Patches(mark.Height) / 2;
        (int first, int second) = (TextPainter.Letters.IndexOf(mark.Text[0], StringComparison.Ordinal), TextPainter.Letters.IndexOf(mark.Text[^1], StringComparison.Ordinal));
        double middle = Patches(mark.Place.X), width = LetterWidth * 2 * half, edge = half * LetterWidths;
        Mark(middle, Patches(mark.Place.Y), edge + MarkReach, half + MarkReach, patch =>
        {
            (_first[patch], _second[patch]) = (first, second);
            int column = patch % Grid;
            double Covered(double from) => Math.Min(column + 1, from + width) - Math.Max(column, from);
            _standing[patch] = (Covered(middle - edge) >= MarkReach, Covered(middle + edge - width) >= MarkReach) switch
            {
                (true, true) => BothLetters,
                (true, false) => 0,
                (false, true) => 1,
                _ => column + 0.5 < middle ? 0 : 1, // neither reaches far enough into the patch: the nearer one
            };
        });
    }

    /// <summary>Calls for each patch whose middle is near a point, and for the one that holds the point, where it lies in the picture.</summary>
    private void Mark(double x, double y, double reachX, double reachY, Action<int> set)
    {
        for (int row = 0; row < Grid; row++)
        {
            for (int column = 0; column < Grid; column++)
            {
                bool near = Math.Abs(column + 0.5 - x) < reachX && Math.Abs(row + 0.5 - y) < reachY;
                if (near || (column == (int)Math.Floor(x) && row == (int)Math.Floor(y)))
                {
                    set((row * Grid) + column);
                }
            }
        }
    }

    /// <summary>Part of the picture in which a patch lies, a number of <see cref="WorldGrid.Names"/>.</summary>
    internal int CellOf(int patch) => WorldGrid.CellOf(new WorldPoint(Middle(patch % Grid), Middle(patch / Grid)));

    /// <summary>Middle of a row or column, as a share of the picture.</summary>
    private int Middle(int patch) => ((2 * patch) + 1) * WorldUnits.One / (2 * Grid);

    private double Patches(int share) => (double)share / WorldUnits.One * Grid;
}
