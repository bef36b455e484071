namespace Studio.Engine.World;

/// <summary>Short marks that can be written: two digits, or a letter and a digit.</summary>
internal static class WorldMarks
{
    internal const int Forms = 2;

    // Letters that cannot be taken for digits or for one another in 5 × 7 cells.
    private const string Letters = "ACEFHJKLMNPRTUVWXY";

    public static string Draw(WorldRandom random, int form) => form == 0
        ? random.Between(10, 99).ToString()
        : $"{Letters[random.Below(Letters.Length)]}{random.Between(2, 9)}";

    /// <summary>Different marks of one form, none of them <paramref name="but"/>.</summary>
    public static List<string> DrawOthers(WorldRandom random, int form, int count, string but)
    {
        var others = new List<string>();
        while (others.Count < count)
        {
            string mark = Draw(random, form);
            if (mark != but && !others.Contains(mark))
            {
                others.Add(mark);
            }
        }

        return others;
    }
}
