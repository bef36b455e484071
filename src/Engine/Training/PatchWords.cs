using Studio.Engine.Tokenization;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>What one patch shows, in the numbers of <see cref="PatchTruth"/>; <see cref="PatchTruth.Nothing"/> where nothing.</summary>
internal readonly record struct PatchContent(int Thing, int Colour, int First, int Second, int Standing, int Cell, int Motion, int Direction)
{
    public bool IsBare => First < 0 && Thing < 0 && Colour <= 0;

    public static PatchContent Of(PatchTruth truth, int patch) => new(
        truth.Objects[patch], truth.ColourNumbers[patch], truth.FirstLetters[patch], truth.SecondLetters[patch], truth.StandingLetters[patch], truth.Cells[patch], truth.Motions[patch],
        truth.Directions[patch]);
}

/// <summary>The tokens that name what a patch shows, as they stand inside a sentence.</summary>
internal sealed class PatchWords
{
    private readonly Tokenizer _tokenizer;
    private readonly int[][] _objects, _colours, _cells, _directions; // token ids by number

    public PatchWords(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _objects = [.. WorldObjects.All.Select(o => Tokens(o.Name))];
        _colours = [.. WorldColours.All.Select(c => Tokens(c.Name()))];
        _cells = [.. WorldGrid.Names.Select(Tokens)];
        _directions = [.. WorldCaptions.Directions.Select(Tokens)];
    }

    /// <summary>Words of an object, a card's frame or a mark; none for a bare patch.</summary>
    /// <param name="lettersInPlace">Of a mark only the letters that stand on the patch, each as it is written inside a number.</param>
    /// <param name="place">Also in which part of the picture the object stands.</param>
    /// <param name="motion">Also how and where it goes, which a single frame does not show.</param>
    public int[] Of(PatchContent patch, bool lettersInPlace, bool place, bool motion)
    {
        if (patch.First >= 0)
        {
            return Letters(PatchTruth.LetterOf(patch.First), PatchTruth.LetterOf(patch.Second), patch.Standing, lettersInPlace);
        }

        return
        [
            .. patch.Thing >= 0 ? _objects[patch.Thing] : [],
            .. patch.Colour > 0 ? _colours[patch.Colour - 1] : [],
            .. patch.Thing >= 0 && place ? PlaceAndMotion(patch, motion) : [],
        ];
    }

    public int[] Of(WorldBackdrop backdrop) => [.. _colours[(int)backdrop.Colour], .. Tokens(backdrop.Pattern)];

    public int[] OfCell(int cell) => _cells[cell];

    private int[] PlaceAndMotion(PatchContent patch, bool motion)
    {
        if (patch.Direction >= 0 && !motion)
        {
            return [];
        }

        int[] verb = patch.Motion >= 0 && motion ? Tokens(WorldCaptions.Verb((WorldMotion)patch.Motion)) : [];
        return [.. patch.Cell >= 0 ? _cells[patch.Cell] : [], .. verb, .. patch.Direction >= 0 ? _directions[patch.Direction] : []];
    }

    private int[] Letters(char first, char second, int standing, bool inPlace)
    {
        if (!inPlace)
        {
            return Tokens($"{first}{second}");
        }

        char[] here = standing == PatchTruth.BothLetters ? [first, second] : [standing == 0 ? first : second];
        return [.. here.SelectMany(letter => _tokenizer.Encode(letter.ToString()))];
    }

    /// <summary>A word as it stands inside a sentence.</summary>
    private int[] Tokens(string word) => [.. _tokenizer.Encode(" " + word)];
}
